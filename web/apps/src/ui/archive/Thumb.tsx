import { useState } from 'preact/hooks';
import { hue, monogram } from '../../model/names';
import { lengthOf } from '../../model/archive/standing';
import { signed } from '../../model/archive/http';
import type { Pass, Recording } from '../../model/archive/types';
import { timecode } from '../../model/timecode';
import { useSeconds } from '../hooks';
import { Ring } from '../Ring';

const MOST_FACES = 4;

/** Where there is no picture: the people who were there, by their letters and colours. */
export function Mosaic({ people }: { people: readonly string[] }) {
  const shown = people.slice(0, MOST_FACES);
  return (
    <span class="mosaic" data-count={shown.length} aria-hidden="true">
      {shown.length === 0 && <Ring story="left" size={40} />}
      {shown.map((name, i) => (
        <span key={i} class="mosaic__face" style={{ '--hue': String(hue(name)) }}>
          {monogram(name)}
        </span>
      ))}
    </span>
  );
}

/** How long it is; while it runs, how long it is by now. */
export function Length({ recording }: { recording: Recording }) {
  const live = recording.state === 'recording';
  // Draws again each second.
  useSeconds(live ? recording.startedAt : null);
  return <time class="length">{timecode(lengthOf(recording, Date.now()))}</time>;
}

export function Thumb({ recording, pass }: { recording: Recording; pass: Pass | null }) {
  const { thumbnail, people, state } = recording;
  const [broken, setBroken] = useState<string | null>(null);
  const shows = thumbnail !== null && broken !== thumbnail;
  return (
    <span class="thumb" data-live={state === 'recording'}>
      <Mosaic people={people} />
      {shows && <img src={signed(thumbnail, pass)} alt="" loading="lazy" decoding="async" onError={() => setBroken(thumbnail)} />}
      <span class="thumb__length">
        {state === 'recording' && <span class="rec-dot" aria-hidden="true" />}
        <Length recording={recording} />
      </span>
    </span>
  );
}
