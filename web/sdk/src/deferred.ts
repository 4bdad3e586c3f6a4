/** A promise with its ends outside, and a bound on waiting. */
import { VecheError } from './errors.js';

export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve!: (value: T) => void;
  reject!: (error: VecheError) => void;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // A rejection nobody waits for is not an unhandled one: whoever asked has the promise.
    this.promise.catch(() => undefined);
  }
}

/** `promise`, or rejection with `timeout` after `ms`. */
export function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new VecheError('timeout', `${what}: no answer in ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Waits `base · 2^attempt`, at most `cap`, of which the upper half is chance: a crowd must not come back in one instant. */
export function backoff(attempt: number, base: number, cap: number): number {
  const full = Math.min(cap, base * 2 ** attempt);
  return full / 2 + (Math.random() * full) / 2;
}
