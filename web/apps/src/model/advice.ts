/** What to say about a device that is not there, in this browser. */
import type { Words } from '../i18n';
import type { DeviceState, Kind } from './media';

type Browser = keyof Words['media']['how'];

/** The place where a browser hides its permissions; the only browser difference in the apps. */
export function browserOf(agent: string): Browser {
  if (/iPhone|iPad/i.test(agent)) return 'ios';
  if (/Firefox\//i.test(agent)) return 'firefox';
  if (/Android/i.test(agent)) return 'android';
  if (/Chrome\//i.test(agent)) return 'chromium';
  if (/Safari\//i.test(agent)) return 'safari';
  return 'other';
}

export interface Trouble {
  reason: 'denied' | 'missing' | 'busy' | 'insecure';
  what: Kind | 'both';
}

/** One trouble at a time: the gravest, for both devices together where they share it. */
export function troubleOf(states: Record<Kind, DeviceState>): Trouble | null {
  for (const reason of ['insecure', 'denied', 'busy', 'missing'] as const) {
    const mic = states.microphone === reason;
    const camera = states.camera === reason;
    if (mic || camera) return { reason, what: mic && camera ? 'both' : mic ? 'microphone' : 'camera' };
  }
  return null;
}

export function sentence({ reason, what }: Trouble, words: Words, agent = navigator.userAgent): string {
  const { media } = words;
  if (reason === 'insecure') return media.insecure;
  if (reason === 'denied') return media.denied[what](media.how[browserOf(agent)]);
  return media[reason][what];
}
