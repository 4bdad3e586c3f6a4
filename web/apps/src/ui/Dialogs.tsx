import { words } from '../i18n';
import type { Call } from '../model/call';
import { keyText } from '../model/keys';
import { InviteLink } from './InviteLink';
import { Settings } from './Settings';
import { Sheet } from './Sheet';
import { Stats } from './Stats';

function Keys() {
  const w = words.value.keys;
  const rows: [string, string][] = [
    [w.mic, keyText.microphone],
    [w.camera, keyText.camera],
    [w.talk, w.space],
    [w.share, keyText.share],
    [w.record, keyText.record],
    [w.chat, keyText.chat],
    [w.people, keyText.people],
    [w.close, 'Esc'],
  ];
  return (
    <dl class="keys">
      {rows.map(([what, key]) => (
        <div key={what}>
          <dt>{what}</dt>
          <dd>
            <kbd>{key}</kbd>
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Dialogs({ call }: { call: Call }) {
  const w = words.value;
  const close = () => (call.dialog.value = null);
  switch (call.dialog.value) {
    case 'invite':
      return (
        <Sheet key="invite" title={w.invite.title} testid="invite-dialog" onClose={close}>
          <p class="sheet__text">{w.invite.text}</p>
          <InviteLink room={call.room.value} say={(text) => call.notices.say(text)} qr={180} />
        </Sheet>
      );
    case 'settings':
      return (
        <Sheet key="settings" title={w.settings.title} testid="settings" onClose={close}>
          <Settings call={call} />
        </Sheet>
      );
    case 'stats':
      return (
        <Sheet key="stats" title={w.stats.title} testid="stats" onClose={close}>
          <Stats call={call} />
        </Sheet>
      );
    case 'keys':
      return (
        <Sheet key="keys" title={w.keys.title} testid="keys" onClose={close}>
          <Keys />
        </Sheet>
      );
    default:
      return null;
  }
}
