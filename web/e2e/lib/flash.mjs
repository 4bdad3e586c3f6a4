// A camera that flashes while its microphone beeps, at times that everybody's
// clock knows; and the finding of both in a file.
import { execFileSync } from 'node:child_process';

/** A flash and a beep begin at each multiple of this, in ms since 1970. */
export const EVERY = 1000;

/**
 * Runs in the page before its scripts: instead of the devices there is this.
 * Firefox starts no AudioContext without a sound card: there it is the camera alone.
 */
export function flashingDevices({ every, hz }) {
  const wall = () => performance.timeOrigin + performance.now();
  const lasts = 200;
  const devices = navigator.mediaDevices;
  const real = devices.getUserMedia.bind(devices);
  const beeping = !/firefox/i.test(navigator.userAgent);
  const make = () => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const pen = canvas.getContext('2d');
    // Without a rate a picture is taken whenever something is drawn.
    const [video] = canvas.captureStream().getVideoTracks();
    const context = new AudioContext({ sampleRate: 48_000 });
    const out = context.createMediaStreamDestination();
    const gain = new GainNode(context, { gain: 0 });
    const tone = new OscillatorNode(context, { frequency: hz });
    tone.connect(gain).connect(out);
    tone.start();

    // When the context's clock began, as the wall sees it: the median of what
    // was seen lately, for its clock goes in steps and drifts.
    const seen = [];
    let drawn = 0;
    let white = null;
    let beeped = 0;
    setInterval(() => {
      const now = wall();
      const on = now % every < lasts;
      if (on !== white || now - drawn > 66) {
        [white, drawn] = [on, now];
        pen.fillStyle = on ? '#fff' : '#333';
        pen.fillRect(0, 0, 320, 240);
        // Something moves, so that no encoder leaves the picture out.
        pen.fillStyle = '#777';
        pen.fillRect((now / 20) % 300, 200, 20, 20);
      }
      seen.push(now - context.currentTime * 1000);
      if (seen.length > 400) seen.shift();
      const next = Math.ceil((now + 100) / every) * every;
      if (next !== beeped && next - now < 500 && seen.length > 100) {
        beeped = next;
        const began = [...seen].sort((a, b) => a - b)[seen.length >> 1];
        const at = (next - began) / 1000;
        gain.gain.setValueAtTime(0.5, at);
        gain.gain.setValueAtTime(0, at + lasts / 1000);
      }
    }, 4);
    return { video, audio: out.stream.getAudioTracks()[0] };
  };
  devices.getUserMedia = async (wanted) => {
    const made = make();
    const stream = new MediaStream();
    if (wanted?.video) stream.addTrack(made.video);
    if (wanted?.audio) {
      const sound = beeping ? made.audio : (await real({ audio: true })).getAudioTracks()[0];
      stream.addTrack(sound);
    }
    return stream;
  };
}
const run = (program, ...args) => execFileSync(program, ['-v', 'error', ...args], { maxBuffer: 1 << 30 });

/** The seconds at which track `n` (of the pictures) turns white. */
export function flashes(path, n = 0) {
  const rows = JSON.parse(run('ffprobe', '-f', 'lavfi', '-i', `movie=${path}:s=v\\\\:${n},scale=32:24,signalstats`, '-show_entries', 'frame=pts_time:frame_tags=lavfi.signalstats.YAVG', '-of', 'json')).frames;
  const found = [];
  let white = true;
  for (const row of rows) {
    const now = Number(row.tags['lavfi.signalstats.YAVG']) > 140;
    if (now && !white) found.push(Number(row.pts_time));
    white = now;
  }
  return found;
}

/** The seconds at which track `n` (of the sound) begins to beep. */
export function beeps(path, n = 0) {
  const rate = 16_000;
  const bytes = run('ffmpeg', '-i', path, '-map', `0:a:${n}`, '-af', `aresample=${rate}:async=1:first_pts=0`, '-ac', '1', '-f', 's16le', '-');
  const samples = new Int16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.length & ~1)));
  const found = [];
  let quiet = 0;
  // Loud after a quiet half second.
  for (let i = 0; i < samples.length; i++) {
    if (Math.abs(samples[i]) > 3000) {
      if (quiet > rate / 2) found.push(i / rate);
      quiet = 0;
    } else quiet++;
  }
  return found;
}

/** Of each time in `these` the distance, in ms, to the nearest of `those`. */
export function apart(these, those) {
  return these.map((at) => {
    const nearest = those.reduce((best, other) => (Math.abs(other - at) < Math.abs(best - at) ? other : best), Infinity);
    return (at - nearest) * 1000;
  });
}
