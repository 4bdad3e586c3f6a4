import { useEffect, useState } from 'preact/hooks';
import type { LocalPublication, RemoteStream, StreamStats } from '@veche/sdk';
import { clock, language, words } from '../i18n';
import type { Call } from '../model/call';
import { Status } from './Status';

interface Line {
  key: string;
  name: string;
  sent: boolean;
  stats: StreamStats;
}

const EVERY_MS = 1000;

async function gather(call: Call): Promise<Line[]> {
  const w = words.value;
  const all: { name: string; sent: boolean; stream: RemoteStream | LocalPublication }[] = [];
  const { camera, screen } = call.own;
  if (camera.value) all.push({ name: w.tile.you, sent: true, stream: camera.value });
  if (screen.value) all.push({ name: w.tile.yourScreen, sent: true, stream: screen.value });
  for (const person of call.people.value) {
    if (person.camera) all.push({ name: person.login, sent: false, stream: person.camera });
    for (const stream of person.screens) all.push({ name: w.tile.screenOf(person.login), sent: false, stream });
  }
  const lines = await Promise.all(
    all.map(async ({ name, sent, stream }) => {
      try {
        return { key: stream.name, name, sent, stats: await stream.stats() };
      } catch {
        return null;
      }
    }),
  );
  return lines.filter((line) => line !== null);
}

export function Stats({ call }: { call: Call }) {
  const [lines, setLines] = useState<Line[]>([]);
  useEffect(() => {
    let open = true;
    const ask = () => void gather(call).then((next) => open && setLines(next));
    ask();
    const timer = setInterval(ask, EVERY_MS);
    return () => {
      open = false;
      clearInterval(timer);
    };
  }, [call]);
  const w = words.value.stats;
  const number = new Intl.NumberFormat(language.value, { maximumFractionDigits: 0 });
  const ms = (value: number | null) => (value === null ? '–' : `${number.format(value)} ms`);
  return (
    <div class="stats">
      <p class="stats__server">
        <Status call={call} />
        <span>
          {w.since} {clock(call.since.value)}
        </span>
      </p>
      {lines.length === 0 ? (
        <p class="sheet__text">{w.none}</p>
      ) : (
        <div class="stats__scroll" tabIndex={0}>
          <table>
            <thead>
              <tr>
                {[w.stream, w.size, w.rate, w.loss, w.delay, w.jitter, w.codec].map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {lines.map(({ key, name, sent, stats }) => (
                <tr key={key}>
                  <th scope="row">
                    <bdi>{name}</bdi>
                    {sent && <small> {w.sent}</small>}
                  </th>
                  <td>{stats.width > 0 ? `${stats.width}×${stats.height} · ${number.format(stats.fps)}` : '–'}</td>
                  <td>{number.format(stats.bitrate / 1000)} kbit/s</td>
                  <td>{number.format(stats.packetsLost)}</td>
                  <td>{ms(stats.rttMs)}</td>
                  <td>{ms(stats.jitterMs)}</td>
                  <td>{stats.codec ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}
