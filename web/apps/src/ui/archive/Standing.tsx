import { words } from '../../i18n';
import { standing } from '../../model/archive/standing';
import type { Recording } from '../../model/archive/types';
import { Icon } from '../Icon';
import type { IconName } from '../icons';
import { ServerSays } from './ServerSays';

const ICONS = { broken: 'warn', unmixed: 'warn', degraded: 'warn', recovered: 'check', ready: 'check', queued: 'clock' } satisfies Record<string, IconName>;

/** A bar that fills, and a word for those who cannot see it. */
export function Progress({ recording }: { recording: Recording }) {
  const w = words.value.archive;
  const progress = Math.round((recording.mix?.progress ?? 0) * 100);
  return (
    <span class="progress" role="progressbar" aria-label={w.progress} aria-valuemin={0} aria-valuemax={100} aria-valuenow={progress}>
      <i style={{ '--done': String(progress / 100) }} />
    </span>
  );
}

/** How it stands, in a word, a sign and a colour. */
export function Standing({ recording }: { recording: Recording }) {
  const w = words.value.archive;
  const now = standing(recording);
  const { mix } = recording;
  const mixing = now === 'mixing';
  return (
    <span class="standing" data-testid="standing" data-standing={now} data-progress={mixing ? Math.round((mix?.progress ?? 0) * 100) : undefined}>
      <span class="standing__word">
        {now === 'recording' ? <span class="rec-dot" aria-hidden="true" /> : now === 'finishing' || mixing ? <i class="spin" aria-hidden="true" /> : <Icon name={ICONS[now]} size={15} />}
        {w.standing[now]}
        {mixing && <span class="standing__percent">{Math.round((mix?.progress ?? 0) * 100)} %</span>}
      </span>
      {mixing && <Progress recording={recording} />}
      {mixing && mix?.secondsLeft != null && <span class="standing__more">{w.left(mix.secondsLeft)}</span>}
      {now === 'unmixed' && mix?.error && <ServerSays class="standing__more" text={mix.error} />}
      {(now === 'broken' || now === 'degraded') && recording.note && <ServerSays class="standing__more" text={recording.note} />}
    </span>
  );
}
