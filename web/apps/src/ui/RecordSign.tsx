import { words } from '../i18n';
import type { Call } from '../model/call';
import { timecode } from '../model/timecode';
import { useSeconds } from './hooks';
import { Icon } from './Icon';

/** Always in sight while the room is recorded: a red dot, and for how long. */
export function RecordSign({ call }: { call: Call }) {
  const { on, problem } = call.recording.value;
  const seconds = useSeconds(call.recordingSince.value);
  if (!on) return null;
  const time = timecode(seconds * 1000);
  const w = words.value.record;
  return (
    <div class="rec-sign" data-testid="recording" data-problem={problem !== null} title={problem ?? undefined}>
      <span class="rec-dot" aria-hidden="true" />
      <span class="visually-hidden">{w.on(time)}</span>
      <span aria-hidden="true">
        REC <time data-testid="recording-time">{time}</time>
      </span>
      {problem !== null && (
        <span class="rec-sign__problem" role="img" aria-label={`${w.trouble}: ${problem}`}>
          <Icon name="warn" size={15} />
        </span>
      )}
    </div>
  );
}
