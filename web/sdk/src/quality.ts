/** Connection quality: numbers of one window in, a word out, slow to praise. */
import type { ConnectionQuality } from './api.js';

export interface QualitySample {
  /** 0 to 1 */
  loss: number;
  rttMs: number | null;
  jitterMs: number;
  /** What arrived of what the other end says it sent, 0 to 1; `null` where unknown. */
  delivered: number | null;
  /** The encoder is held back by the network. */
  limited: boolean;
  freezes: number;
}

/** Two good windows in a row before the word gets better: a flickering badge tells nothing. */
const WINDOWS_TO_RISE = 2;
const RANK: Record<ConnectionQuality, number> = { unknown: 0, bad: 1, poor: 2, good: 3 };

function judge(s: QualitySample): ConnectionQuality {
  const delivered = s.delivered ?? 1;
  // Opus conceals and video retransmits up to some 3 %; beyond 10 % both fall apart.
  if (s.loss > 0.1 || (s.rttMs ?? 0) > 800 || delivered < 0.5) return 'bad';
  if (s.loss > 0.03 || (s.rttMs ?? 0) > 400 || s.jitterMs > 80 || delivered < 0.75 || s.limited || s.freezes > 0) return 'poor';
  return 'good';
}

export class QualityMeter {
  value: ConnectionQuality = 'unknown';
  #better = 0;

  /** Takes one window's sample; returns whether the word changed. */
  update(sample: QualitySample): boolean {
    const next = judge(sample);
    const rises = RANK[next] > RANK[this.value];
    this.#better = rises ? this.#better + 1 : 0;
    if (next === this.value || (rises && this.value !== 'unknown' && this.#better < WINDOWS_TO_RISE)) return false;
    this.value = next;
    this.#better = 0;
    return true;
  }

  reset(): void {
    this.value = 'unknown';
    this.#better = 0;
  }
}
