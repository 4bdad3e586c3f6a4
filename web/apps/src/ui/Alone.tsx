import { words } from '../i18n';
import type { Call } from '../model/call';
import { InviteLink } from './InviteLink';
import { Ring } from './Ring';

/** Nobody else is here: how to change that. */
export function Alone({ call }: { call: Call }) {
  const w = words.value.alone;
  return (
    <section class="alone" data-testid="alone">
      <Ring story={call.met.value ? 'left' : 'first'} size={92} />
      <h2 class="alone__title">{call.met.value ? w.left : w.first}</h2>
      <p class="alone__text">{w.text}</p>
      <InviteLink room={call.room.value} say={(text) => call.notices.say(text)} />
    </section>
  );
}
