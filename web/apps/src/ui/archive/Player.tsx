import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../i18n';
import { signed } from '../../model/archive/http';
import { isActive, isPlayable, standing, titleOf } from '../../model/archive/standing';
import type { Chapter, Pass, Recording } from '../../model/archive/types';
import { timecode } from '../../model/timecode';
import { Icon } from '../Icon';
import { Progress } from './Standing';
import { Length, Mosaic } from './Thumb';

const SEEK_SECONDS = 10;

/** Space and arrows, wherever the focus is on the page of a recording but not in a control. */
function useSeeking(video: { current: HTMLVideoElement | null }): void {
  useEffect(() => {
    const down = (event: KeyboardEvent) => {
      const el = video.current;
      const focus = document.activeElement;
      if (!el || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
      if (focus === el || focus?.closest('button, a, input, select, textarea, dialog')) return;
      if (event.key === ' ') void (el.paused ? el.play().catch(() => undefined) : el.pause());
      else if (event.key === 'ArrowRight') el.currentTime += SEEK_SECONDS;
      else if (event.key === 'ArrowLeft') el.currentTime -= SEEK_SECONDS;
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', down);
    return () => removeEventListener('keydown', down);
  }, []);
}

/** What stands where the picture would be: who was there, and what one waits for. */
function Waiting({ recording }: { recording: Recording }) {
  const w = words.value.archive;
  const now = standing(recording);
  // What else there is to say stands below.
  const text = isActive(recording) || now === 'broken' ? w.says[now as keyof typeof w.says] : recording.files.some(isPlayable) ? w.one.choose : w.one.nothing;
  return (
    <div class="player player--waiting" data-testid="player-waiting" data-standing={now}>
      <Mosaic people={recording.people} />
      <div class="player__words">
        {now === 'recording' && (
          <p class="player__live">
            <span class="rec-dot" aria-hidden="true" />
            <Length recording={recording} />
          </p>
        )}
        <p>{text}</p>
        {now === 'mixing' && <Progress recording={recording} />}
        {now === 'mixing' && recording.mix?.secondsLeft != null && <p class="player__left">{w.left(recording.mix.secondsLeft)}</p>}
      </div>
    </div>
  );
}

/** Where somebody joined or shared: a list to jump by. The one that is shown is marked. */
function Chapters({ chapters, video, pass }: { chapters: readonly Chapter[]; video: { current: HTMLVideoElement | null }; pass: Pass | null }) {
  const w = words.value.archive.one;
  const [now, setNow] = useState(0);
  useEffect(() => {
    const el = video.current;
    if (!el) return undefined;
    const tell = () => setNow(el.currentTime * 1000);
    el.addEventListener('timeupdate', tell);
    el.addEventListener('seeking', tell);
    return () => {
      el.removeEventListener('timeupdate', tell);
      el.removeEventListener('seeking', tell);
    };
  }, [chapters, pass]);
  const shown = chapters.findLastIndex((chapter) => chapter.atMs <= now);
  return (
    <nav class="chapters" aria-label={w.chapters} data-testid="chapters">
      <ol>
        {chapters.map((chapter, i) => (
          <li key={i}>
            <button
              type="button"
              data-testid="chapter"
              aria-current={i === shown ? 'true' : undefined}
              onClick={() => {
                const el = video.current;
                if (!el) return;
                el.currentTime = chapter.atMs / 1000;
                void el.play().catch(() => undefined);
              }}
            >
              <span class="chapters__at">{timecode(chapter.atMs)}</span>
              <bdi>{chapter.title}</bdi>
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

/** A film that seeks. `source` is what was chosen among the files, else the best there is. */
export function Player({ recording, pass, source, start }: { recording: Recording; pass: Pass | null; source: string | null; start: boolean }) {
  const w = words.value.archive.one;
  const video = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState<string | null>(null);
  const [failed, setFailed] = useState<string | null>(null);
  const address = source ?? recording.play;
  useSeeking(video);
  useEffect(() => {
    if (start) video.current?.play().catch(() => undefined);
  }, [address, start]);
  if (address === null) return <Waiting recording={recording} />;
  const { thumbnail } = recording;
  const chapters = recording.files.find((file) => file.url === address)?.chapters ?? [];
  return (
    <>
    <div class="player">
      <video
        key={address}
        ref={video}
        data-testid="player"
        src={signed(address, pass)}
        poster={thumbnail ? signed(thumbnail, pass) : undefined}
        aria-label={w.player(titleOf(recording))}
        controls
        playsInline
        preload="metadata"
        onError={() => setFailed(address)}
        data-shown={shown === address || thumbnail !== null}
        onLoadedMetadata={() => setFailed(null)}
        onLoadedData={() => setShown(address)}
      />
      {failed === address && (
        <p class="player__failed" role="alert" data-testid="player-failed">
          <Icon name="warn" size={20} />
          {w.cannotPlay}
        </p>
      )}
    </div>
      {chapters.length > 1 && <Chapters chapters={chapters} video={video} pass={pass} />}
    </>
  );
}
