// Who takes part: each has a camera picture and a voice of their own, so that
// a judge can say whose picture and whose voice arrived.
import { mkdirSync, existsSync, writeFileSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Colours far apart in hue, for 4:2:0 and low bitrates blur them. Tones are
// no multiples of one another, so that no harmonic of one passes for another.
export const PEOPLE = {
  ann: { login: 'Ann', rgb: [200, 40, 40], hz: 523 },
  bob: { login: 'Bob', rgb: [40, 170, 60], hz: 863 },
  cid: { login: 'Cid', rgb: [50, 70, 200], hz: 1301 },
  dan: { login: 'Dan', rgb: [210, 180, 40], hz: 1789 },
  // Firefox draws its own fake camera; only its tone can be chosen.
  fox: { login: 'Fox', rgb: null, hz: 1103 },
};

const FRAMES = 48;

function yuv([r, g, b]) {
  // BT.601, limited range, as cameras give it.
  const y = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255;
  const u = 128 + (-37.797 * r - 74.203 * g + 112 * b) / 255;
  const v = 128 + (112 * r - 93.786 * g - 18.214 * b) / 255;
  return [y, u, v].map(Math.round);
}

/** The picture: left half one colour; on the right a white bar that falls. */
export function y4m(rgb, { width = 320, height = 240, fps = 15 } = {}) {
  const [cy, cu, cv] = yuv(rgb);
  const header = Buffer.from(`YUV4MPEG2 W${width} H${height} F${fps}:1 Ip A1:1 C420jpeg\n`);
  const frames = [header];
  const bar = Math.round(height / 8);
  for (let f = 0; f < FRAMES; f++) {
    const y = Buffer.alloc(width * height, 30);
    const u = Buffer.alloc((width * height) / 4, 128);
    const v = Buffer.alloc((width * height) / 4, 128);
    for (let row = 0; row < height; row++) y.fill(cy, row * width, row * width + width / 2);
    for (let row = 0; row < height / 2; row++) {
      u.fill(cu, (row * width) / 2, (row * width) / 2 + width / 4);
      v.fill(cv, (row * width) / 2, (row * width) / 2 + width / 4);
    }
    const top = Math.round((f / FRAMES) * (height - bar));
    for (let row = top; row < top + bar; row++) y.fill(235, row * width + width / 2, (row + 1) * width);
    frames.push(Buffer.from('FRAME\n'), y, u, v);
  }
  return Buffer.concat(frames);
}

/** The voice: beeps, because a steady tone is what noise suppression removes. */
export function wav(hz, { seconds = 4, rate = 48_000 } = {}) {
  const n = seconds * rate;
  const data = Buffer.alloc(44 + n * 2);
  data.write('RIFF', 0);
  data.writeUInt32LE(36 + n * 2, 4);
  data.write('WAVEfmt ', 8);
  data.writeUInt32LE(16, 16);
  data.writeUInt16LE(1, 20);
  data.writeUInt16LE(1, 22);
  data.writeUInt32LE(rate, 24);
  data.writeUInt32LE(rate * 2, 28);
  data.writeUInt16LE(2, 32);
  data.writeUInt16LE(16, 34);
  data.write('data', 36);
  data.writeUInt32LE(n * 2, 40);
  const period = rate * 0.5;
  const on = rate * 0.3;
  for (let i = 0; i < n; i++) {
    const at = i % period;
    const edge = Math.min(at, on - at) / (rate * 0.01);
    const envelope = at < on ? Math.min(1, Math.max(0, edge)) : 0;
    data.writeInt16LE(Math.round(12_000 * envelope * Math.sin((2 * Math.PI * hz * i) / rate)), 44 + i * 2);
  }
  return data;
}

/** Paths of a person's camera and voice files, written once a machine. */
export function mediaFiles(who, video = {}) {
  const dir = join(tmpdir(), 'veche-e2e-media');
  mkdirSync(dir, { recursive: true });
  const { width = 320, height = 240, fps = 15 } = video;
  const camera = join(dir, `v1-${who.login}-${width}x${height}-${fps}.y4m`);
  const voice = join(dir, `v1-${who.login}.wav`);
  for (const [path, make] of [[camera, () => y4m(who.rgb, { width, height, fps })], [voice, () => wav(who.hz)]]) {
    if (existsSync(path)) continue;
    // Written aside and renamed: a second run may read it at the same time.
    writeFileSync(`${path}.${process.pid}`, make());
    renameSync(`${path}.${process.pid}`, path);
  }
  return { camera, voice };
}
