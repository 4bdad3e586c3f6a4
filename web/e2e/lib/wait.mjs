// Waiting for conditions with deadlines; the only timers of these tests.

import { cpus, loadavg } from 'node:os';

/**
 * How much longer things may take than on an idle machine: browsers beside a
 * compiler on two cores are late, and that is nobody's fault. Bounded, so
 * that what never comes is still found.
 */
export const patience = () => Number(process.env.VECHE_E2E_PATIENCE) || Math.min(4, Math.max(1, loadavg()[0] / (2 * cpus().length)));

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long an answer may come after the deadline: what was asked in time is heard, what hangs has an end. */
const HEARD_OUT = 30_000;

/**
 * Calls `probe` until it returns something truthy, and returns that.
 * A probe that throws counts as "not yet"; its last error is in the message.
 */
export async function until(what, probe, { timeout = 15_000, every = 100 } = {}) {
  const end = Date.now() + timeout * patience();
  let last;
  for (;;) {
    try {
      const value = await before(end + HEARD_OUT, 'it does not answer', probe());
      if (value) return value;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) {
      const why = last ? `: ${last.message ?? last}` : '';
      throw new Error(`${typeof what === 'function' ? what() : what}: not within ${timeout} ms${why}`);
    }
    await sleep(every);
  }
}

/** Checks that `probe` stays truthy for `ms`; for "nothing bad happens". */
export async function holds(what, probe, { ms = 2000, every = 200 } = {}) {
  const end = Date.now() + ms;
  do {
    if (!(await probe())) throw new Error(`${what}: did not hold`);
    await sleep(every);
  } while (Date.now() < end);
}

/** Rejects when `promise` takes longer than `ms`. */
export function within(what, promise, ms) {
  return before(Date.now() + ms * patience(), `${what}: not within ${ms} ms`, promise);
}

async function before(end, message, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(message)), end - Date.now());
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
