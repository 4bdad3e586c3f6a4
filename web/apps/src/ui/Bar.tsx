import type { ComponentChildren } from 'preact';
import { words } from '../i18n';
import type { Call } from '../model/call';
import { keyAria, keyText, type Action } from '../model/keys';
import { Icon } from './Icon';
import type { IconName } from './icons';
import { More } from './More';

interface BarButtonProps {
  testid: string;
  icon: IconName;
  word: string;
  /** What pressing does, where the word alone does not say it. */
  tip?: string;
  action?: Action;
  pressed?: boolean;
  expanded?: boolean;
  tone?: 'off' | 'live' | 'recording' | undefined;
  wide?: boolean;
  /** Asked for, and not yet so. */
  busy?: boolean;
  /** Said after the word to those who do not see the number. */
  hint?: string | undefined;
  onClick: () => void;
  children?: ComponentChildren;
}

export function BarButton({ testid, icon, word, tip, action, pressed, expanded, tone, wide, busy, hint, onClick, children }: BarButtonProps) {
  const says = tip ?? word;
  return (
    <button
      type="button"
      class="bar__button"
      data-testid={testid}
      data-tone={tone}
      data-wide={wide}
      data-tip={action ? `${says}  ${keyText[action]}` : says}
      aria-keyshortcuts={action ? keyAria[action] : undefined}
      aria-busy={busy}
      aria-pressed={pressed}
      aria-expanded={expanded}
      onClick={onClick}
    >
      <span class="bar__icon">
        <Icon name={icon} />
        {children}
      </span>
      <span class="bar__word">{word}</span>
      {hint && <span class="visually-hidden">{hint}</span>}
    </button>
  );
}

/** A dot that grows with the voice, so that one sees that one is heard. */
function Heard({ call }: { call: Call }) {
  const level = call.media.level.value;
  return <span class="bar__heard" style={{ '--level': level.toFixed(2) }} aria-hidden="true" />;
}

export function Bar({ call, canShare, children }: { call: Call; canShare: boolean; children?: ComponentChildren }) {
  const w = words.value;
  const { own, talk } = call;
  const mic = own.on.microphone.value;
  const camera = own.on.camera.value;
  const shares = own.screen.value !== null;
  const panel = call.panel.value;
  const unread = talk.unread.value;
  return (
    <div class="bar" role="region" aria-label={w.bar.label}>
      <div class="bar__start">{children}</div>
      <div class="bar__middle">
        <BarButton
          testid="mic"
          icon={mic || own.lent.value ? 'mic' : 'micOff'}
          word={w.bar.microphone}
          tip={own.lent.value ? w.bar.talking : mic ? w.bar.micOn : w.bar.micOff}
          action="microphone"
          pressed={mic}
          tone={own.lent.value ? 'live' : mic ? undefined : 'off'}
          onClick={() => void own.toggle('microphone')}
        >
          {(mic || own.lent.value) && <Heard call={call} />}
        </BarButton>
        <BarButton
          testid="camera"
          icon={camera ? 'camera' : 'cameraOff'}
          word={w.bar.camera}
          tip={camera ? w.bar.cameraOn : w.bar.cameraOff}
          action="camera"
          pressed={camera}
          tone={camera ? undefined : 'off'}
          onClick={() => void own.toggle('camera')}
        />
        {canShare && (
          <BarButton
            testid="share"
            icon={shares ? 'shareOff' : 'share'}
            word={w.bar.share}
            tip={shares ? w.bar.shareOn : w.bar.shareOff}
            action="share"
            pressed={shares}
            tone={shares ? 'live' : undefined}
            onClick={() => void call.share()}
          />
        )}
        <BarButton
          testid="record"
          icon={call.recording.value.on ? 'recordStop' : 'record'}
          word={w.bar.record}
          tip={call.recording.value.on ? w.bar.recordOn : w.bar.recordOff}
          action="record"
          pressed={call.recording.value.on}
          tone={call.recording.value.on ? 'recording' : undefined}
          busy={call.askingRecord.value}
          wide
          onClick={() => void call.record()}
        />
        <span class="bar__gap" />
        <BarButton testid="chat-toggle" icon="chat" word={w.bar.chat} action="chat" expanded={panel === 'chat'} hint={unread > 0 ? w.chat.unread(unread) : undefined} onClick={() => call.show('chat')}>
          {unread > 0 && (
            <span class="count" data-testid="chat-unread" aria-hidden="true">
              {unread > 99 ? '99+' : unread}
            </span>
          )}
        </BarButton>
        <BarButton testid="people" icon="people" word={w.bar.people} action="people" hint={w.people.count(call.count.value)} wide expanded={panel === 'people'} onClick={() => call.show('people')}>
          <span class="bar__number" aria-hidden="true">
            {call.count.value}
          </span>
        </BarButton>
        <BarButton testid="invite" icon="invite" word={w.invite.button} wide onClick={() => (call.dialog.value = 'invite')} />
        <More call={call} />
      </div>
      <div class="bar__end">
        <button type="button" class="bar__leave" data-testid="leave" onClick={() => void call.leave()}>
          <Icon name="leave" />
          <span>{w.bar.leave}</span>
        </button>
      </div>
    </div>
  );
}
