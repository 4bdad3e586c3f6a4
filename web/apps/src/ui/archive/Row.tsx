import { locale, words } from '../../i18n';
import { signed } from '../../model/archive/http';
import type { Library } from '../../model/archive/library';
import { addressOf } from '../../model/archive/route';
import { bestOf, isLive, titleOf } from '../../model/archive/standing';
import type { Recording } from '../../model/archive/types';
import { absolute, relative, sizeText } from '../../model/archive/when';
import { Icon } from '../Icon';
import { People } from './People';
import { Standing } from './Standing';
import { Thumb } from './Thumb';
import { UploadSign } from './UploadSign';

/** A click that asks the browser for another tab is the browser's. */
export const isPlain = (event: MouseEvent) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

export function Row({ library, recording, now }: { library: Library; recording: Recording; now: number }) {
  const w = words.value.archive;
  const lang = locale();
  const name = titleOf(recording);
  const { deletedUntil } = recording;
  const final = library.trash.value === false;
  const best = deletedUntil === null ? bestOf(recording) : null;
  return (
    <li class="row" data-testid="recording-row" data-id={recording.id} data-state={recording.state} data-busy={library.busy.value.has(recording.id)}>
      <Thumb recording={recording} pass={null} />
      <span class="row__what">
        <a
          class="row__name"
          data-testid="recording-open"
          href={addressOf({ ...library.route.value, id: recording.id })}
          onClick={(event) => {
            if (!isPlain(event)) return;
            event.preventDefault();
            library.go({ id: recording.id });
          }}
        >
          <bdi>{name}</bdi>
        </a>
        {recording.kind === 'stream' && <span class="tag">{w.stream}</span>}
        <People people={recording.people} />
      </span>
      <span class="row__standing">
        <Standing recording={recording} />
        <UploadSign recording={recording} />
      </span>
      <span class="row__when">
        <span>{relative(recording.startedAt, now, lang)}</span>
        <time dateTime={new Date(recording.startedAt).toISOString()}>{absolute(recording.startedAt, now, lang)}</time>
        {deletedUntil !== null && <span class="row__gone">{w.goneIn(relative(deletedUntil, now, lang))}</span>}
      </span>
      <span class="row__size">{sizeText(recording.bytes, lang)}</span>
      <span class="row__acts">
        {best && (
          <a
            class="tool tool--plain"
            data-testid="recording-download"
            href={signed(best.url, null, { download: '1' })}
            download={best.name}
            aria-label={w.one.downloadOf(name)}
            data-tip={w.one.download}
          >
            <Icon name="download" size={18} />
          </a>
        )}
        {deletedUntil === null ? (
          !isLive(recording) && (
            <button
              type="button"
              class="tool tool--plain"
              data-testid="recording-remove"
              aria-label={final ? `${w.one.forever}: ${name}` : w.removeOf(name)}
              data-tip={final ? w.one.forever : w.remove}
              onClick={() => library.wishRemoved(recording)}
            >
              <Icon name="trash" size={18} />
            </button>
          )
        ) : (
          <>
            <button type="button" class="button button--quiet button--small" data-testid="recording-restore" aria-label={`${w.one.restore}: ${name}`} onClick={() => void library.restore(recording)}>
              {w.one.restore}
            </button>
            <button
              type="button"
              class="tool tool--plain"
              data-testid="recording-forever"
              aria-label={`${w.one.forever}: ${name}`}
              data-tip={w.one.forever}
              onClick={() => library.wishRemoved(recording)}
            >
              <Icon name="trash" size={18} />
            </button>
          </>
        )}
      </span>
    </li>
  );
}
