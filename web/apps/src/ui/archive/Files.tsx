import { locale, words } from '../../i18n';
import { signed } from '../../model/archive/http';
import { isPlayable, partOf } from '../../model/archive/standing';
import type { Pass, RecordedFile, Recording } from '../../model/archive/types';
import { sizeText } from '../../model/archive/when';
import { timecode } from '../../model/timecode';
import { Icon } from '../Icon';
import { Face } from '../Tile';

function title(file: RecordedFile): string {
  const w = words.value.archive.one;
  return file.kind === 'film' ? w.film : file.kind === 'room' ? w.room : (file.person ?? file.name);
}

function FileRow({ file, pass, playing, onPlay }: { file: RecordedFile; pass: Pass | null; playing: boolean; onPlay: () => void }) {
  const w = words.value.archive.one;
  const about = file.kind === 'film' ? w.filmText : file.kind === 'room' ? w.roomText : w.streamText;
  const part = file.person === null ? null : partOf(file);
  const name = part === null ? title(file) : `${title(file)}, ${w.part(part)}`;
  const open = file.state === 'recording';
  return (
    <li class="file" data-testid="file" data-kind={file.kind} data-name={file.name} data-playing={playing}>
      <span class="file__sign">{file.kind === 'stream' && file.person ? <Face name={file.person} /> : <Icon name={file.kind === 'film' ? 'film' : 'people'} size={20} />}</span>
      <span class="file__what">
        <span class="file__title">
          <bdi class="file__name">{title(file)}</bdi>
          {part !== null && (
            <span class="tag" data-testid="file-part">
              {w.part(part)}
            </span>
          )}
        </span>
        <span class="file__about">
          {about}
          <bdi class="file__real">{file.name}</bdi>
        </span>
      </span>
      <span class="file__size">
        {timecode(file.durationMs)}
        <span>
          {file.uploaded && (
            <span class="file__cloud" data-testid="file-uploaded" role="img" aria-label={w.uploaded(file.uploaded)} title={w.uploaded(file.uploaded)}>
              <Icon name="cloud" size={14} />
            </span>
          )}
          {sizeText(file.bytes, locale())}
        </span>
      </span>
      <span class="file__acts">
        {isPlayable(file) && (
          <button type="button" class="tool tool--plain" data-testid="file-play" aria-pressed={playing} aria-label={w.play(name)} data-tip={w.play(name)} onClick={onPlay}>
            <Icon name="play" size={18} />
          </button>
        )}
        {!open && (
          <a class="tool tool--plain" data-testid="file-download" href={signed(file.url, pass, { download: '1' })} download={file.name} aria-label={w.downloadOf(name)} data-tip={w.download}>
            <Icon name="download" size={18} />
          </a>
        )}
      </span>
    </li>
  );
}

const ORDER = { film: 0, room: 1, stream: 2 };

export function Files({ recording, pass, playing, onPlay }: { recording: Recording; pass: Pass | null; playing: string | null; onPlay: (url: string) => void }) {
  const w = words.value.archive.one;
  const files = [...recording.files].sort((a, b) => ORDER[a.kind] - ORDER[b.kind]);
  if (files.length === 0) return null;
  return (
    <section class="files" aria-labelledby="files">
      <h2 id="files" class="shelf">
        {w.files}
      </h2>
      <ul class="rows">
        {files.map((file) => (
          <FileRow key={file.name} file={file} pass={pass} playing={file.url === playing} onPlay={() => onPlay(file.url)} />
        ))}
      </ul>
    </section>
  );
}
