import { useEffect, useRef, useState } from 'preact/hooks';
import { words } from '../../i18n';
import { answerOf, faultOf, type Fault } from '../../model/archive/fault';
import { signed } from '../../model/archive/http';
import { standing, titleOf, waitsFor } from '../../model/archive/standing';
import type { Chapter, Pass, Recording } from '../../model/archive/types';
import { timecode } from '../../model/timecode';
import { Failed } from './Failed';
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
  const why = waitsFor(recording);
  // What else there is to say stands below.
  const text = why === 'choose' || why === 'nothing' ? w.one[why] : w.says[why];
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

/** Where a film broke off, and the way back to there. */
function useFaults(video: { current: HTMLVideoElement | null }, address: string | null, pass: Pass | null) {
  const [fault, setFault] = useState<{ of: string | null; what: Fault } | null>(null);
  const place = useRef({ of: address, at: 0, plays: false });
  const returning = useRef(false);
  const shown = fault?.of === address ? fault.what : null;
  useEffect(() => {
    if (shown !== null || !returning.current) return;
    returning.current = false;
    // The button that had the focus is gone.
    video.current?.focus();
  }, [shown]);
  return {
    fault: shown,
    async broke(el: HTMLVideoElement): Promise<void> {
      const { error } = el;
      if (!error || address === null) return;
      const before = place.current.of === address ? place.current : { at: 0, plays: false };
      // One that fails again on the way back is at its beginning.
      place.current = { of: address, at: el.currentTime || before.at, plays: !el.paused || before.plays };
      const answer = await answerOf(signed(address, pass));
      if (video.current === el && el.error === error) setFault({ of: address, what: faultOf(error.code, answer, pass !== null) });
    },
    again(): void {
      const el = video.current;
      if (!el) return;
      returning.current = true;
      setFault(null);
      el.load();
      if (place.current.plays) void el.play().catch(() => undefined);
    },
    loaded(el: HTMLVideoElement): void {
      setFault(null);
      if (place.current.of === address && place.current.at > 0) el.currentTime = place.current.at;
      place.current = { of: address, at: 0, plays: false };
    },
  };
}

interface PlayerProps {
  recording: Recording;
  pass: Pass | null;
  /** What was chosen among the files, else the best there is. */
  source: string | null;
  start: boolean;
  onSignIn: () => void;
}

/** A film that seeks. */
export function Player({ recording, pass, source, start, onSignIn }: PlayerProps) {
  const w = words.value.archive.one;
  const video = useRef<HTMLVideoElement>(null);
  const [shown, setShown] = useState<string | null>(null);
  const address = source ?? recording.play;
  const { fault, broke, again, loaded } = useFaults(video, address, pass);
  useSeeking(video);
  useEffect(() => {
    if (start) video.current?.play().catch(() => undefined);
  }, [address, start]);
  if (address === null) return <Waiting recording={recording} />;
  const { thumbnail } = recording;
  const { chapters = [], captions = null } = recording.files.find((file) => file.url === address) ?? {};
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
        onError={(event) => void broke(event.currentTarget)}
        data-shown={shown === address || thumbnail !== null}
        onLoadedMetadata={(event) => loaded(event.currentTarget)}
        onLoadedData={() => setShown(address)}
      >
        {captions && <track kind="captions" label={w.chat} src={signed(captions, pass)} />}
      </video>
      {fault && <Failed fault={fault} onAgain={again} onSignIn={onSignIn} />}
    </div>
      {chapters.length > 1 && <Chapters chapters={chapters} video={video} pass={pass} />}
    </>
  );
}
