// A server's recordings as answers to the page's requests, for states that a
// real server would need hours to come into.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Recordings in every state; `seed` of a face for each that has a picture. */
export function shelf(now = Date.now()) {
  const make = (id, room, people, ago, minutes, more = {}) => {
    const file = (kind, name, mime, mb, person = null) => ({ name, kind, person, mime, bytes: mb * 1e6, durationMs: minutes * MINUTE, url: `/client/records/${name}`, state: 'ready', uploaded: null });
    const files = [
      file('film', `${id}.film.mp4`, 'video/mp4', minutes * 9), file('room', `${id}.mkv`, 'video/x-matroska', minutes * 22),
      ...people.map((person, i) => file('stream', `${id}-${i}.webm`, 'video/webm', minutes * 7, person)),
    ];
    return {
      id, kind: 'room', room, stream: null, people, startedAt: new Date(now - ago).toISOString(), durationMs: minutes * MINUTE + 12_000, bytes: files.reduce((n, f) => n + f.bytes, 0),
      state: 'ready', degraded: false, note: null, mix: { state: 'done', progress: 1, secondsLeft: null, error: null }, thumbnail: `/rest-api/recordings/${id}/thumbnail`,
      play: `/client/records/${id}.film.mp4`, files, deletedUntil: null, ...more,
    };
  };
  const early = { thumbnail: null, play: null };
  return [
    make('live', 'Design review', ['Anna', 'Ирина', 'Luca', '美咲'], 24 * MINUTE, 24, { ...early, state: 'recording', mix: null, files: [] }),
    make('mix', 'Quarter in three numbers', ['Ирина', 'Tomás', 'Aïcha', 'Kofi', 'Zoë'], 2 * HOUR, 58, { ...early, mix: { state: 'running', progress: 0.42, secondsLeft: 190, error: null } }),
    make('queue', 'Standup', ['Anna', 'Kofi'], 3 * HOUR, 12, { ...early, mix: { state: 'queued', progress: 0, secondsLeft: null, error: null } }),
    make('review', 'Interview', ['Luca', 'Anna'], 5 * HOUR, 47),
    make('degraded', 'Планёрка', ['Ирина', 'Anna', '美咲'], 27 * HOUR, 64, { degraded: true, note: 'The disk was full for 12 s.' }),
    make('lecture', 'Lecture 7', ['Zoë', 'Tomás', 'Luca', 'Kofi', 'Aïcha', 'Anna'], 30 * HOUR, 96),
    make('recovered', 'amber-heron-bell', ['美咲', 'Luca'], 3 * DAY, 18, { state: 'recovered' }),
    make('unmixed', 'Planning', ['Kofi', 'Zoë'], 5 * DAY, 25, { ...early, mix: { state: 'failed', progress: 0.3, secondsLeft: null, error: 'The stream of Zoë cannot be decoded' } }),
    make('broken', 'mild-crow-pier', [], 12 * DAY, 0, { ...early, state: 'broken', mix: null, files: [], note: 'The file holds no media.' }),
    make('choir', 'Choir', ['Aïcha', 'Tomás', 'Ирина'], 40 * DAY, 88),
  ];
}

/** Pictures of a meeting, drawn in a page that has `installFaces`; by recording. */
export async function pictures(tab, recordings) {
  const wanted = recordings.filter((r) => r.thumbnail).map((r, i) => [r.id, Math.min(6, r.people.length), i]);
  const drawn = await tab.eval((list) => list.map(([id, count, seed]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const columns = Math.ceil(Math.sqrt(count));
    const rows = Math.ceil(count / columns);
    const pen = canvas.getContext('2d');
    pen.fillStyle = '#0c1512';
    pen.fillRect(0, 0, 640, 360);
    for (let i = 0; i < count; i++) {
      const [w, h] = [640 / columns, 360 / rows];
      pen.save();
      pen.beginPath();
      pen.roundRect((i % columns) * w + 4, Math.floor(i / columns) * h + 4, w - 8, h - 8, 12);
      pen.clip();
      pen.translate((i % columns) * w, Math.floor(i / columns) * h);
      window.drawFace(pen, w, h, seed + i, 1);
      pen.restore();
    }
    return [id, canvas.toDataURL('image/jpeg', 0.9).split(',')[1]];
  }), wanted);
  return new Map(drawn.map(([id, base64]) => [id, Buffer.from(base64, 'base64')]));
}

/** Three seconds of a picture. */
export function film(dir, picture) {
  const still = join(dir, 'still.jpg');
  const path = join(dir, 'film.webm');
  writeFileSync(still, picture);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-loop', '1', '-i', still, '-t', '3', '-r', '10', '-c:v', 'libvpx', '-pix_fmt', 'yuv420p', path]);
  return readFileSync(path);
}

/** Answers the page's requests instead of the server; `world` may change between them. */
export async function answer(tab, world) {
  await tab.page.setRequestInterception(true);
  tab.page.on('request', (request) => {
    const { pathname, searchParams } = new URL(request.url());
    const json = (status, body) => request.respond({ status, contentType: 'application/json', body: JSON.stringify(body) });
    const found = /^\/rest-api\/recordings\/([^/]+)(\/.*)?$/.exec(pathname);
    const one = found && world.recordings.find((r) => r.id === found[1]);
    if (world.down && pathname.startsWith('/rest-api/')) return request.abort('connectionrefused');
    if (pathname.startsWith('/client/records/')) return request.respond({ status: 200, contentType: 'video/webm', body: world.film ?? '' });
    if (!pathname.startsWith('/rest-api/')) return request.continue();
    if (pathname.endsWith('/thumbnail')) return world.pictures?.has(found[1]) ? request.respond({ status: 200, contentType: 'image/jpeg', body: world.pictures.get(found[1]) }) : json(404, {});
    if (world.closed) return json(401, { code: 'unauthorized', message: 'No session' });
    if (found) return one ? json(200, found[2] === '/link' ? { url: `/recordings/${one.id}?expires=1999999999&signature=4fTq8LxZ0cJ2nW`, expires: '2033-05-18T03:33:19Z' } : one) : json(404, { code: 'not_found', message: 'No such recording' });
    const listed = world.recordings.filter((r) => (r.deletedUntil !== null) === (searchParams.get('trash') === 'true') && `${r.room} ${r.people}`.toLowerCase().includes((searchParams.get('search') ?? '').toLowerCase()));
    return json(200, { recordings: listed, next: null, total: listed.length, bytes: listed.reduce((n, r) => n + r.bytes, 0) });
  });
}
