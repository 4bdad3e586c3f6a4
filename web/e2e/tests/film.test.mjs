// The film of a meeting: Ann alone, then with Bob, and Fox in another browser.
// It is made by the server when the room is over, appears on the Recordings
// page, and shows and lets one hear what was there, when it was there.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { enter, id, leave, meets } from '../lib/app.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { veche } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep } from '../lib/wait.mjs';

const { ann, bob, fox } = PEOPLE;
const s = suite('film');
const ROOM = 'Совет';
const ALONE = 5;
const TOGETHER = 7;
/** White pixels that a short name has at least. */
const LETTERS = 60;
const row = id('recording-row');

const run = (program, ...args) => execFileSync(program, ['-v', 'error', ...args], { maxBuffer: 1 << 28 });
const token = () => readFileSync(join(s.server.dir, 'data/admin-token'), 'utf8').trim();
const ask = async (path) => fetch(`${s.server.http}${path}`, { headers: { authorization: `Bearer ${token()}` } });

/** How far a colour in the film may be from its camera's. */
const NEAR = 45;
const near = (pixels, i, rgb) => rgb.every((v, c) => Math.abs(pixels[i + c] - v) < NEAR);

/** How many of a thousand pixels have about a colour, at a time of the film. */
function share(path, at, rgb) {
  const pixels = run('ffmpeg', '-ss', String(at), '-i', path, '-frames:v', '1', '-vf', 'scale=320:180', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  let found = 0;
  for (let i = 0; i < pixels.length; i += 3) found += near(pixels, i, rgb);
  return (found / (pixels.length / 3)) * 1000;
}

const [WIDTH, HEIGHT] = [1280, 720];
const frame = (path, at) => run('ffmpeg', '-ss', String(at), '-i', path, '-frames:v', '1', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');

/** The box of the pixels of which `pick(i, x)` is true, without what is strewn around it. */
function box(pick) {
  const [columns, rows] = [new Uint32Array(WIDTH), new Uint32Array(HEIGHT)];
  for (let y = 0; y < HEIGHT; y++) {
    for (let x = 0; x < WIDTH; x++) {
      if (!pick((y * WIDTH + x) * 3, x)) continue;
      columns[x]++;
      rows[y]++;
    }
  }
  const [[left, right], [top, bottom]] = [columns, rows].map((line) => {
    const full = Math.max(...line) / 2;
    return [line.findIndex((n) => n > full), line.findLastIndex((n) => n > full) + 1];
  });
  return { left, top, right, bottom };
}

/** Where the pictures of these people are: the colour of each, or, of who has none of their own, what is lit beside the others. */
function tiles(pixels, people) {
  const known = people.filter((who) => who.rgb).map((who) => ({ who, ...box((i) => near(pixels, i, who.rgb)) }));
  // Of a camera that we make the colour is the left half.
  const taken = (x) => known.some(({ left, right }) => x >= left - 2 && x < left + 2 * (right - left) + 4);
  return people.map((who) => known.find((each) => each.who === who) ?? { who, ...box((i, x) => Math.max(pixels[i], pixels[i + 1], pixels[i + 2]) > 80 && !taken(x)) });
}

/** How many pixels of letters, white on what nobody's picture is so white, stand at the lower left of a tile. */
function letters(pixels, { left, top, right, bottom }) {
  let white = 0;
  for (let y = Math.round(bottom - (bottom - top) * 0.12); y < bottom; y++) {
    for (let x = left; x < left + (right - left) / 2; x++) {
      const i = (y * WIDTH + x) * 3;
      white += Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) > 170;
    }
  }
  return white;
}

/** The amplitude of a tone in a piece of sound (Goertzel). */
function tone(path, at, seconds, hz) {
  const bytes = run('ffmpeg', '-ss', String(at), '-t', String(seconds), '-i', path, '-vn', '-ac', '1', '-ar', '48000', '-f', 'f32le', '-');
  const samples = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~3)));
  const k = 2 * Math.cos((2 * Math.PI * hz) / 48_000);
  let [a, b] = [0, 0];
  for (const x of samples) [a, b] = [x + k * a - b, a];
  return (2 * Math.sqrt(Math.max(0, a * a + b * b - k * a * b))) / samples.length;
}

let began = 0;
// In seconds since then.
let together = 0;
let over = 0;

s.test('three people are recorded, one after the other', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: ROOM });
  await a.click(id('record'));
  await a.visible(id('recording'));
  began = Date.now();
  // The film has to have a time in which she is alone.
  await sleep(ALONE * 1000);
  const b = await enter(await s.launch(bob), s.server, { room: ROOM });
  const f = await enter(await s.launch(fox, { engine: 'firefox' }), s.server, { room: ROOM });
  await meets(a, [bob, fox]);
  together = (Date.now() - began) / 1000;
  await sleep(TOGETHER * 1000);
  for (const tab of [f, b, a]) await leave(tab);
  over = (Date.now() - began) / 1000;
});

s.test('the film appears on the page and plays', async () => {
  const tab = await (await s.launch(ann)).open(`${s.server.http}/recordings?lang=en`);
  await tab.visible(id('sign-in'));
  await tab.fill(id('sign-in-token'), token());
  await tab.click(id('sign-in-enter'));
  await tab.visible(row);
  await tab.until('the film is made', async () => {
    const { recordings } = await (await fetch('/rest-api/recordings')).json();
    const failed = recordings[0]?.mix?.state === 'failed' && recordings[0].mix.error;
    if (failed) throw new Error(failed);
    return recordings[0]?.files.some((file) => file.kind === 'film');
  }, undefined, { timeout: 120_000 });
  await tab.click(id('recording-open'));
  await tab.visible(id('one'));
  await tab.until('it plays', async () => {
    const video = document.querySelector('video');
    if (!video || video.readyState < 2) return false;
    video.muted = true;
    await video.play();
    return video.currentTime > 0.3 && video.videoWidth === 1280;
  }, undefined, { timeout: 30_000 });
  // By the list of those who joined, too.
  const titles = await tab.eval((s) => [...document.querySelectorAll(s)].map((el) => el.textContent), id('chapter'));
  assert.ok(titles.length >= 2 && titles[0].includes(ann.login) && titles.some((t) => t.includes(bob.login)), `${titles}`);
  await tab.click(`${id('chapters')} li:nth-child(2) button`);
  await tab.until('the second chapter is shown', (s) => document.querySelector('video').currentTime > 1 && document.querySelector(s), `${id('chapters')} li:nth-child(2) [aria-current]`, { timeout: 15_000 });
  // It seeks, which a film whose index is wrong does not.
  await tab.until('it seeks', async (at) => {
    const video = document.querySelector('video');
    video.currentTime = at;
    await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
    return Math.abs(video.currentTime - at) < 1;
  }, together + 2, { timeout: 30_000 });
});

s.test('it shows and lets one hear who was there, when they were there', async () => {
  const { recordings } = await (await ask('/rest-api/recordings')).json();
  const [recording] = recordings;
  assert.deepEqual([...recording.people].sort(), [ann.login, bob.login, fox.login].sort());
  const file = recording.files.find((each) => each.kind === 'film');
  const path = join(s.dir, 'film.mp4');
  writeFileSync(path, Buffer.from(await (await ask(file.url)).arrayBuffer()));
  const probed = JSON.parse(run('ffprobe', '-show_format', '-show_streams', '-show_chapters', '-of', 'json', path));
  const length = Number(probed.format.duration);
  assert.ok(length > together + TOGETHER - 1 && length < over + 2, `${length} s of ${over}`);
  const kinds = probed.streams.map((stream) => stream.codec_name);
  assert.ok(kinds.includes('h264') && kinds.includes('aac'), `${kinds}`);
  assert.ok(probed.chapters[0].tags.title.includes(ann.login), probed.chapters[0].tags.title);

  const [alone, both] = [ALONE - 1, together + TOGETHER / 2];
  for (const [name, at] of [['alone', alone], ['together', both]]) {
    writeFileSync(join(s.dir, `film-${name}.png`), run('ffmpeg', '-ss', String(at), '-i', path, '-frames:v', '1', '-f', 'image2pipe', '-c:v', 'png', '-'));
  }
  const [annAlone, bobNotYet] = [share(path, alone, ann.rgb), share(path, alone, bob.rgb)];
  assert.ok(annAlone > 150 && bobNotYet < 5, `alone: Ann ${annAlone}, Bob ${bobNotYet}`);
  const [annThen, bobThen] = [share(path, both, ann.rgb), share(path, both, bob.rgb)];
  assert.ok(annThen > 40 && bobThen > 40 && annThen < annAlone, `together: Ann ${annThen}, Bob ${bobThen}`);
  for (const [who, at, there] of [[ann, alone - 2, true], [bob, alone - 2, false], [ann, both - 1, true], [bob, both - 1, true], [fox, both - 1, true]]) {
    const heard = tone(path, at, 2, who.hz);
    assert.equal(heard > 0.004, there, `${who.login} at ${at}: ${heard}`);
  }
});

s.test('it says who is who', async (t) => {
  const records = join(s.server.dir, 'data/records');
  const room = readdirSync(records).find((name) => /^room-.*\.mkv$/.test(name));
  const [named, nameless] = [join(s.dir, 'film.mp4'), join(s.dir, 'film-nameless.mp4')];
  // The same film but for the names. Its pictures are wanted at two moments only.
  veche('mix', join(records, room), '--no-names', '--no-audio', '--fps', '2', '--nice', '0', '--progress', 'none', '--force', '-o', nameless);
  for (const [at, people] of [[ALONE - 1, [ann]], [together + TOGETHER / 2, [ann, bob, fox]]]) {
    const [withNames, without] = [frame(named, at), frame(nameless, at)];
    for (const tile of tiles(without, people)) {
      const [there, plain] = [letters(withNames, tile), letters(without, tile)];
      const found = `${tile.who.login} at ${at.toFixed(1)} s, in ${tile.left},${tile.top} to ${tile.right},${tile.bottom}: ${there} pixels of letters, ${plain} without names`;
      t.diagnostic(found);
      assert.ok(tile.right - tile.left > 100 && tile.bottom - tile.top > 100 && there >= LETTERS && plain === 0, found);
    }
  }
});
