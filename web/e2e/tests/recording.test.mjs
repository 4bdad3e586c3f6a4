// What a browser publishes is in the file: its colours, its tone, its length.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';
import { PEOPLE } from '../lib/people.mjs';
import { serveSdk } from '../lib/sdk-page.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const { ann } = PEOPLE;
const SECONDS = 6;
const s = suite('recording', { startsServer: false });
let files;
before(async () => {
  files = await serveSdk();
  s.files.push(files);
});

const run = (program, ...args) => execFileSync(program, ['-v', 'error', ...args], { maxBuffer: 1 << 28 });

function probe(path) {
  const { format, streams } = JSON.parse(run('ffprobe', '-count_packets', '-show_format', '-show_streams', '-of', 'json', path));
  const of = (kind) => streams.find((stream) => stream.codec_type === kind);
  return { duration: Number(format.duration), video: of('video'), audio: of('audio') };
}

/** The mean colour of the left half, a second before the end. */
function leftColour(path, at) {
  const pixels = run('ffmpeg', '-ss', String(at), '-i', path, '-frames:v', '1', '-vf', 'crop=iw/2-20:ih:0:0,scale=1:1:flags=area', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');
  return [...pixels.subarray(0, 3)];
}

/** The power of a tone in the sound (Goertzel). */
function power(samples, hz, rate) {
  const k = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [a, b] = [0, 0];
  for (const x of samples) [a, b] = [x + k * a - b, a];
  return a * a + b * b - k * a * b;
}

/** Plays a file in the page: how long it is, how far it came, and what of it was decoded. */
const plays = (tab, path, mime) => tab.eval(async ([base64, type]) => {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const video = document.createElement('video');
  video.src = URL.createObjectURL(new Blob([bytes], { type }));
  document.body.append(video);
  await video.play();
  while (video.currentTime < 2) await new Promise((next) => video.addEventListener('timeupdate', next, { once: true }));
  video.pause();
  return { duration: video.duration, width: video.videoWidth, heard: video.webkitAudioDecodedByteCount, error: video.error?.message ?? null };
}, [readFileSync(path).toString('base64'), mime]);

for (const [codec, name, extension, sound] of [['VP8', 'vp8', 'webm', 'opus'], ['H264', 'h264', 'mp4', 'opus'], ['H264', 'h264', 'mp4', 'aac']]) {
  s.test(`${codec} from Chromium and ${sound} are in a plain ${extension} file`, async () => {
    const wish = sound === 'aac' ? { VECHE_RECORD_AUDIO: 'aac' } : {};
    s.server = await startServer({ env: { VECHE_VIDEO_CODECS: codec, ...wish }, logTo: join(s.dir, `${name}-${sound}.log`) });
    const server = s.server;
    try {
      const tab = await (await s.launch(ann)).open(`${files.origin}/`);
      await tab.until('the SDK is loaded', () => window.ready === true);
      await tab.eval(async ([url, login]) => {
        const client = await window.sdk.connect({ url, login });
        const room = await client.join('recorded');
        const media = await window.sdk.openMedia({ audio: true, video: { width: 320, height: 240 } });
        window.publication = await room.publish(media, { record: true });
      }, [server.ws, ann.login]);
      await until('it is recorded', async () => (await server.metric('veche_recorded_bytes_total')) > 0);
      const began = Date.now();
      await sleep(SECONDS * 1000);
      await tab.eval(() => window.publication.stop());
      const lasted = (Date.now() - began) / 1000;
      const token = readFileSync(join(server.dir, 'data/admin-token'), 'utf8').trim();
      const headers = { authorization: `Bearer ${token}` };
      const found = await until('the file is finished', async () => {
        const list = await (await fetch(`${server.http}/rest-api/recordings`, { headers })).json();
        return list.recordings.find((r) => r.state === 'ready')?.files[0];
      });
      assert.match(found.name, new RegExp(`^stream-.*-Ann\\.${extension}$`));
      assert.equal((await fetch(`${server.http}/client/records/${found.name}`)).status, 401);
      const fetched = await fetch(`${server.http}/client/records/${found.name}`, { headers });
      const path = join(server.dir, 'data/records', found.name);
      assert.ok(Buffer.from(await fetched.arrayBuffer()).equals(readFileSync(path)));

      const { duration, video, audio } = probe(path);
      assert.equal(video.codec_name, name);
      assert.equal(audio.codec_name, sound);
      assert.ok(Math.abs(duration - lasted) < 0.3, `${duration} s of ${lasted} s`);
      assert.ok(Math.abs(Number(video.start_time) - Number(audio.start_time)) < 0.1, `${video.start_time} and ${audio.start_time}`);
      assert.ok(Number(video.nb_read_packets) > 5 * lasted, `${video.nb_read_packets} pictures`);
      const colour = leftColour(path, duration - 1);
      assert.ok(colour.every((c, i) => Math.abs(c - ann.rgb[i]) < 60), `${colour} is not ${ann.rgb}`);
      const pcm = run('ffmpeg', '-i', path, '-vn', '-ac', '1', '-ar', '16000', '-f', 's16le', '-');
      const samples = new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1);
      const own = power(samples, ann.hz, 16000);
      for (const other of [PEOPLE.bob, PEOPLE.cid]) assert.ok(own > 20 * power(samples, other.hz, 16000), `no tone of ${ann.hz} Hz`);
      const played = await plays(tab, path, found.mime);
      assert.ok(played.heard > 0 && played.width > 0 && !played.error, JSON.stringify(played));
      assert.ok(Math.abs(played.duration - duration) < 0.1, `${played.duration} is not ${duration}`);
      // All of it decodes.
      run('ffmpeg', '-xerror', '-i', path, '-f', 'null', '-');
    } finally {
      s.server = null;
      await Promise.all(s.people.splice(0).map((p) => p.close().catch(() => {})));
      await server.stop();
    }
  });
}
