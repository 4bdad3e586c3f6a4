// What players show of a file, judged by its pictures as ffmpeg decodes them
// from the first to the last: a player that seeks by a wrong index shows
// another moment.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { patience } from './wait.mjs';

/** Pictures are compared at this size. */
const [WIDTH, HEIGHT] = [64, 48];
const BYTES = WIDTH * HEIGHT * 3;

/** Seconds of play before the seeking begins. */
const PLAYED = 2;

/** How far a picture may be from the same one of another decoder, of 255: they weigh colours and scale a little differently. */
const SAME = 12;

const run = (program, ...args) => execFileSync(program, ['-v', 'error', ...args], { maxBuffer: 1 << 28 });
// The times are told apart from the pixels: in those of a format without times, two pictures may seem to have one.
const small = (path) => run('ffmpeg', '-i', path, '-fps_mode', 'passthrough', '-vf', `scale=${WIDTH}:${HEIGHT}:flags=area,setpts=N/TB`, '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-');

/** All pictures of a file: when, and their pixels. */
export function pictures(path) {
  const { frames } = JSON.parse(run('ffprobe', '-select_streams', 'v', '-show_entries', 'frame=best_effort_timestamp_time', '-of', 'json', path));
  const pixels = small(path);
  assert.equal(pixels.length, frames.length * BYTES, 'each picture decodes');
  return frames.map((frame, i) => ({ at: Number(frame.best_effort_timestamp_time), pixels: pixels.subarray(i * BYTES, (i + 1) * BYTES) }));
}

/** How far two pictures are from each other in the mean, of 255. */
export function difference(a, b) {
  let sum = 0;
  for (let i = 0; i < BYTES; i++) sum += Math.abs(a[i] - b[i]);
  return sum / BYTES;
}

/**
 * Fails unless `pixels` are what `decoded` has within `near` seconds of `at`,
 * or has shown since before, and not anything else of it.
 */
export function showsMoment(who, decoded, at, pixels, near = 0.2) {
  const since = Math.min(at - near, decoded.findLast((picture) => picture.at <= at)?.at ?? 0);
  const off = decoded.map((picture) => ({ at: picture.at, by: difference(picture.pixels, pixels) })).sort((a, b) => a.by - b.by);
  const there = off.find((picture) => picture.at >= since && picture.at <= at + near)?.by ?? Infinity;
  const usual = off[off.length >> 1].by;
  const found = `${who} at ${at.toFixed(2)} s: off by ${there.toFixed(1)}, usually by ${usual.toFixed(1)}; most like ${off[0].at.toFixed(2)} s, off by ${off[0].by.toFixed(1)}`;
  assert.ok(there < SAME && there < usual / 2, found);
  return found;
}

/**
 * Plays a file in the page and then seeks to `shares` of its length in turn:
 * how long the page takes it to be, what of its sound it decodes, and where it
 * was and what it showed after each. Null when this browser says that it
 * cannot play such a file.
 */
export async function plays(tab, path, type, shares) {
  const played = await tab.eval(async ([base64, mime, seeks, [width, height], seconds]) => {
    const video = document.createElement('video');
    if (!video.canPlayType(mime)) return null;
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    video.src = URL.createObjectURL(new Blob([bytes], { type: mime.split(';')[0] }));
    document.body.append(video);
    const failed = new Promise((_, reject) => video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true }));
    const happens = (name) => Promise.race([failed, new Promise((next) => video.addEventListener(name, next, { once: true }))]);
    await Promise.race([failed, video.play()]);
    while (video.currentTime < seconds) await happens('timeupdate');
    video.pause();
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    pen.imageSmoothingQuality = 'high';
    const sights = [];
    for (const share of seeks) {
      const seeked = happens('seeked');
      video.currentTime = share * video.duration;
      await seeked;
      pen.drawImage(video, 0, 0, width, height);
      const { data } = pen.getImageData(0, 0, width, height);
      const pixels = [];
      for (let i = 0; i < data.length; i += 4) pixels.push(data[i], data[i + 1], data[i + 2]);
      sights.push({ wanted: share * video.duration, at: video.currentTime, pixels });
    }
    const sound = await new OfflineAudioContext(1, 1, 16_000).decodeAudioData(bytes.buffer);
    return { duration: video.duration, width: video.videoWidth, sights, rate: sound.sampleRate, samples: [...sound.getChannelData(0)] };
  }, [readFileSync(path).toString('base64'), type, shares, [WIDTH, HEIGHT], PLAYED]);
  return played;
}

/**
 * The first picture that VLC shows when it begins at that second; null when it
 * shows none, as of a file that it cannot read. It refuses to run as root.
 */
export function vlcShows(path, at) {
  const dir = mkdtempSync(join(tmpdir(), 'veche-e2e-vlc-'));
  try {
    chmodSync(dir, 0o777);
    const file = join(dir, `file${extname(path)}`);
    copyFileSync(path, file);
    chmodSync(file, 0o644);
    const as = process.getuid() === 0 ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups'] : [];
    const [program, ...args] = [
      ...as, 'cvlc', '--intf=dummy', '--quiet', '--play-and-exit', '--vout=dummy', '--aout=dummy', '--no-drop-late-frames', `--start-time=${at}`, '--run-time=1',
      '--video-filter=scene', '--scene-format=png', '--scene-ratio=1', `--scene-width=${WIDTH}`, `--scene-height=${HEIGHT}`, `--scene-path=${dir}`, file,
    ];
    execFileSync(program, args, { env: { ...process.env, HOME: dir }, stdio: 'ignore', timeout: Math.round(20_000 * patience()) });
    const [first] = readdirSync(dir).filter((name) => name.endsWith('.png')).sort();
    return first ? small(join(dir, first)) : null;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
