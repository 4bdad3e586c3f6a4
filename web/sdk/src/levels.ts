/** Speaking levels: from microphones by WebAudio, from received tracks by RTP, and who speaks. */

/** Ten times a second: a meter looks alive, a processor does not notice. */
export const LEVEL_INTERVAL_MS = 100;
/** Silence and full voice in dBFS: between them the level runs from 0 to 1. */
const SILENCE_DB = -60;
const LOUD_DB = -12;

/** A linear amplitude (0 to 1) as a speaking level, near to what ears say. */
export function levelOf(amplitude: number): number {
  if (!(amplitude > 0)) return 0;
  const db = 20 * Math.log10(amplitude);
  return Math.min(1, Math.max(0, (db - SILENCE_DB) / (LOUD_DB - SILENCE_DB)));
}

/** One AudioContext for all meters: browsers allow few of them. */
let context: AudioContext | null = null;
let users = 0;
let removeWaker: (() => void) | null = null;

function acquire(): AudioContext | null {
  if (typeof AudioContext === 'undefined') return null;
  users++;
  if (context) return context;
  const made = (context = new AudioContext());
  const wake = () => {
    if (made.state === 'suspended') void made.resume().catch(() => undefined);
  };
  wake();
  // Before a gesture the browser may keep it suspended.
  const doc = globalThis.document;
  for (const type of ['pointerdown', 'keydown']) doc?.addEventListener(type, wake, true);
  removeWaker = () => {
    for (const type of ['pointerdown', 'keydown']) doc?.removeEventListener(type, wake, true);
  };
  return made;
}

function release(): void {
  if (--users > 0) return;
  removeWaker?.();
  void context?.close().catch(() => undefined);
  context = null;
}

/**
 * Calls `listener` about ten times a second with the level (0 to 1) of the
 * stream's first audio track. Returns the function that stops and frees it.
 */
export function createLevelMeter(stream: MediaStream, listener: (level: number) => void): () => void {
  const track = stream.getAudioTracks()[0];
  const audio = track ? acquire() : null;
  if (!track || !audio) return () => undefined;
  const analyser = audio.createAnalyser();
  analyser.fftSize = 1024;
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  source.connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    let power = 0;
    for (const s of samples) power += s * s;
    listener(levelOf(Math.sqrt(power / samples.length)));
  }, LEVEL_INTERVAL_MS);
  let stopped = false;
  return () => {
    if (stopped) return;
    stopped = true;
    clearInterval(timer);
    source.disconnect();
    release();
  };
}

/** The level of what a receiver plays now, or `null` where the browser does not tell this way. */
export function receiverLevel(receiver: RTCRtpReceiver | null | undefined): number | null {
  const source = receiver?.getSynchronizationSources?.()[0];
  return typeof source?.audioLevel === 'number' ? levelOf(source.audioLevel) : null;
}

/** Speech is louder than this; keyboards and breath mostly are not. */
const SPEAKING = 0.35;
/** How much of the last smoothed level stays at each step of 100 ms. */
const MEMORY = 0.7;
/** Another one must be louder by this, for so long, to take over: "hm" is no turn. */
const MARGIN = 0.08;
const TAKEOVER_MS = 500;
/** Pauses between sentences keep the speaker. */
const HOLD_MS = 2_000;

/** Who speaks: smoothed levels with hysteresis. Pure; time is an argument. */
export class ActiveSpeaker {
  current: string | null = null;
  readonly #smooth = new Map<string, number>();
  #heardAt = 0;
  #rival: string | null = null;
  #rivalSince = 0;

  /** Takes everybody's level; returns whether {@link current} changed. */
  update(now: number, levels: ReadonlyMap<string, number>): boolean {
    for (const who of [...this.#smooth.keys()]) if (!levels.has(who)) this.#smooth.delete(who);
    let top: string | null = null;
    let most = SPEAKING;
    for (const [who, level] of levels) {
      const before = this.#smooth.get(who) ?? 0;
      const value = Math.max(level * 0.9, before * MEMORY + level * (1 - MEMORY));
      this.#smooth.set(who, value);
      if (value > most) [top, most] = [who, value];
    }
    const before = this.current;
    const own = this.current === null ? 0 : (this.#smooth.get(this.current) ?? 0);
    if (own > SPEAKING) this.#heardAt = now;
    if (this.current !== null && (!levels.has(this.current) || now - this.#heardAt > HOLD_MS)) this.current = null;
    if (top === null || top === this.current || most < own + MARGIN) this.#rival = null;
    else {
      if (this.#rival !== top) [this.#rival, this.#rivalSince] = [top, now];
      // Into silence one may speak at once.
      if (this.current === null || now - this.#rivalSince >= TAKEOVER_MS) {
        [this.current, this.#heardAt, this.#rival] = [top, now, null];
      }
    }
    return this.current !== before;
  }
}
