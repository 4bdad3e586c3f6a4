// What a browser publishes is in the file: its colours, its tone, its length;
// and both browsers and VLC play it and find any moment of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before } from 'node:test';
import { drawnCamera } from '../lib/drawn.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { difference, pictures, plays, showsMoment, vlcShows } from '../lib/playback.mjs';
import { serveSdk } from '../lib/sdk-page.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const { ann } = PEOPLE;
const fox = { ...PEOPLE.fox, rgb: PEOPLE.dan.rgb };
const SECONDS = 6;
/** Far on and back: shares of a file's length. */
const SEEKS = [0.8, 0.1];
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

/** The mean colour of the left half, without what is blurred in the middle. */
function leftColour(pixels) {
  const sum = [0, 0, 0];
  for (let i = 0; i < pixels.length; i += 3) if ((i / 3) % 64 < 28) for (let c = 0; c < 3; c++) sum[c] += pixels[i + c];
  return sum.map((v) => v / (28 * 48));
}

/** The power of a tone in the sound (Goertzel). */
function power(samples, hz, rate) {
  const k = 2 * Math.cos((2 * Math.PI * hz) / rate);
  let [a, b] = [0, 0];
  for (const x of samples) [a, b] = [x + k * a - b, a];
  return a * a + b * b - k * a * b;
}

/** The sound as samples. */
function samplesOf(path, rate) {
  const pcm = run('ffmpeg', '-i', path, '-vn', '-ac', '1', '-ar', String(rate), '-f', 's16le', '-');
  return new Int16Array(pcm.buffer, pcm.byteOffset, pcm.length >> 1);
}

/** Fails unless a person's tone is in the sound, and nobody else's. */
function sounds(what, who, samples, rate) {
  const own = power(samples, who.hz, rate);
  for (const other of Object.values(PEOPLE)) assert.ok(other.hz === who.hz || own > 20 * power(samples, other.hz, rate), `${what}: no tone of ${who.hz} Hz, but of ${other.hz}`);
}

/**
 * Publishes with `record` for some seconds. They begin between the asking and
 * the first bytes and end when it is stopped: the file is no shorter than the
 * one and no longer than the other.
 */
async function publish(tab, server, login) {
  await tab.until('the SDK is loaded', () => window.ready === true);
  await tab.eval(async ([url, name]) => {
    const client = await window.sdk.connect({ url, login: name });
    window.room = await client.join('recorded');
    window.media = await window.sdk.openMedia({ audio: true, video: { width: 320, height: 240 } });
  }, [server.ws, login]);
  const asked = Date.now();
  const published = tab.eval(async () => { window.publication = await window.room.publish(window.media, { record: true }); });
  await until('it is recorded', async () => (await server.metric('veche_recorded_bytes_total')) > 0, { every: 20 });
  const began = Date.now();
  await published;
  await sleep(SECONDS * 1000);
  const ended = Date.now();
  await tab.eval(() => window.publication.stop());
  return { least: (ended - began) / 1000, most: (Date.now() - asked) / 1000 };
}

// What a browser is asked whether it can play, beside the type that the server says.
const SPELLED = { vp8: 'vp8', h264: 'avc1.42E01F', opus: 'opus', aac: 'mp4a.40.2' };

// Firefox has no H.264 to send (see README).
for (const [codec, name, extension, sound, who, engine] of [
  ['VP8', 'vp8', 'webm', 'opus', ann, 'chromium'],
  ['VP8', 'vp8', 'webm', 'opus', fox, 'firefox'],
  ['H264', 'h264', 'mp4', 'opus', ann, 'chromium'],
  ['H264', 'h264', 'mp4', 'aac', ann, 'chromium'],
]) {
  s.test(`${codec} from ${engine} and ${sound} are in a plain ${extension} file`, async (t) => {
    const wish = sound === 'aac' ? { VECHE_RECORD_AUDIO: 'aac' } : {};
    s.server = await startServer({ env: { VECHE_VIDEO_CODECS: codec, ...wish }, logTo: join(s.dir, `${name}-${sound}-${engine}.log`) });
    const server = s.server;
    try {
      const person = await s.launch(who, { engine });
      const { least, most } = await publish(await person.open(`${files.origin}/`, engine === 'firefox' ? { before: `(${drawnCamera})(${JSON.stringify(who)})` } : {}), server, who.login);
      const token = readFileSync(join(server.dir, 'data/admin-token'), 'utf8').trim();
      const headers = { authorization: `Bearer ${token}` };
      const found = await until('the file is finished', async () => {
        const list = await (await fetch(`${server.http}/rest-api/recordings`, { headers })).json();
        return list.recordings.find((r) => r.state === 'ready')?.files[0];
      });
      assert.match(found.name, new RegExp(`^stream-.*-${who.login}\\.${extension}$`));
      assert.equal((await fetch(`${server.http}/client/records/${found.name}`)).status, 401);
      const fetched = await fetch(`${server.http}/client/records/${found.name}`, { headers });
      const path = join(server.dir, 'data/records', found.name);
      copyFileSync(path, join(s.dir, `${name}-${sound}-${engine}.${extension}`));
      assert.ok(Buffer.from(await fetched.arrayBuffer()).equals(readFileSync(path)));

      const { duration, video, audio } = probe(path);
      assert.equal(video.codec_name, name);
      assert.equal(audio.codec_name, sound);
      assert.ok(duration > least - 0.3 && duration < most + 0.3, `${duration} s of ${least} to ${most} s`);
      assert.ok(Math.abs(Number(video.start_time) - Number(audio.start_time)) < 0.1, `${video.start_time} and ${audio.start_time}`);
      assert.ok(Number(video.nb_read_packets) > 5 * least, `${video.nb_read_packets} pictures`);
      // All of it decodes.
      run('ffmpeg', '-xerror', '-i', path, '-vf', 'setpts=N/TB', '-f', 'null', '-');
      const decoded = pictures(path);
      const at = (time) => decoded.findLast((picture) => picture.at <= time).pixels;
      const colour = leftColour(at(duration - 1));
      assert.ok(colour.every((c, i) => Math.abs(c - who.rgb[i]) < 60), `${colour} is not ${who.rgb}`);
      for (let time = 1; time < duration - 0.5; time++) {
        const by = difference(at(time), at(time - 1));
        assert.ok(by > 3, `the picture of ${time} s is that of a second before, but for ${by}`);
      }
      sounds('the file', who, samplesOf(path, 16_000), 16_000);

      const type = `${found.mime}; codecs="${SPELLED[name]}, ${SPELLED[sound]}"`;
      for (const each of [person, await s.launch(...(engine === 'firefox' ? [ann] : [fox, { engine: 'firefox' }]))]) {
        const played = await plays(await each.open(`${files.origin}/`), path, type, SEEKS);
        if (!played) {
          assert.ok(each.engine === 'firefox' && name === 'h264', `${each.engine} plays no ${type}`);
          t.diagnostic(`this Firefox plays no ${type}`);
          continue;
        }
        assert.ok(played.width > 0 && Math.abs(played.duration - duration) < 0.1, `${each.engine}: ${played.duration} is not ${duration}`);
        for (const { wanted, at: arrived, pixels } of played.sights) {
          assert.ok(Math.abs(arrived - wanted) < 0.1, `${each.engine}: ${arrived} instead of ${wanted}`);
          t.diagnostic(showsMoment(each.engine, decoded, wanted, pixels));
        }
        sounds(each.engine, who, played.samples, played.rate);
        assert.ok(Math.abs(played.samples.length / played.rate - duration) < 0.3, `${each.engine}: ${played.samples.length / played.rate} s of sound`);
      }
      for (const share of SEEKS) {
        const pixels = vlcShows(path, share * duration);
        assert.ok(pixels, `VLC shows nothing at ${share} of it`);
        t.diagnostic(showsMoment('VLC', decoded, share * duration, pixels, 0.4));
      }
    } finally {
      s.server = null;
      await Promise.all(s.people.splice(0).map((p) => p.close().catch(() => {})));
      await server.stop();
    }
  });
}
