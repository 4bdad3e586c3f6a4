// Verdicts about pictures and sound, from decoded pixels and spectra.
import { PEOPLE } from './people.mjs';
import { sleep, until } from './wait.mjs';

/** How far a colour may be from its camera's: chroma subsampling, low bitrate. */
const COLOUR_TOLERANCE = 60;
/** A tone counts when it stands this far over the floor of the spectrum. */
const TONE_OVER_FLOOR_DB = 25;

const far = (a, b) => Math.max(...a.map((v, i) => Math.abs(v - b[i])));

/** Whether a look shows this person's camera (Firefox: a flat changing colour). */
export function matches(who, look) {
  if (!look || look.time === 0) return false;
  if (who.rgb) return far(look.left, who.rgb) < COLOUR_TOLERANCE && look.contrast > 60;
  return look.deviation < 40 && !Object.values(PEOPLE).some((p) => p.rgb && far(look.left, p.rgb) < 30 && look.contrast > 100);
}

const moved = (who, a, b) => {
  if (b.time <= a.time) return false;
  return who.rgb ? Math.abs(a.bar - b.bar) > 0.04 : far(a.all, b.all) > 4;
};

const show = (look) => look ? `${look.width}x${look.height} left=${look.left.map(Math.round)} bar=${look.bar.toFixed(2)} contrast=${Math.round(look.contrast)} flat=${Math.round(look.deviation)} t=${look.time.toFixed(2)}` : 'no picture';

/** Waits until `where` in the tab shows `who`, moving: three different pictures. */
export async function seesMoving(tab, where, who, { timeout = 20_000 } = {}) {
  let last = null;
  const seen = [];
  await until(
    () => `${tab.name} sees ${who.login} moving in ${where} (last: ${show(last)}; ${seen.length} different)`,
    async () => {
      last = await tab.eval((w) => window.__probe.look(w), where);
      if (!matches(who, last)) {
        seen.length = 0;
        return false;
      }
      if (!seen.length || moved(who, seen.at(-1), last)) seen.push(last);
      return seen.length >= 3;
    },
    { timeout, every: 120 },
  );
  return last;
}

/** Waits until anything moving is shown there (a screen has no known pattern). */
export async function seesPicture(tab, where, { timeout = 20_000, minWidth = 3 } = {}) {
  let last = null;
  let first = null;
  await until(
    () => `${tab.name} sees a running picture in ${where} (last: ${show(last)})`,
    async () => {
      last = await tab.eval((w) => window.__probe.look(w), where);
      if (!last || last.width < minWidth) return false;
      first ??= last;
      return last.time > first.time + 0.3;
    },
    { timeout, every: 150 },
  );
  return last;
}

/** Waits until no element under `where` shows this person's picture any more. */
export async function seesNoPicture(tab, where, who, { timeout = 15_000 } = {}) {
  await until(`${tab.name} no longer sees ${who.login} in ${where}`, async () => !matches(who, await tab.eval((w) => window.__probe.look(w), where)), { timeout });
}

const TONES = Object.values(PEOPLE).map((p) => p.hz);

async function spectrum(tab, where, ms) {
  return tab.eval(([w, tones, time]) => window.__probe.listen(w, tones, time), [where, TONES, ms]);
}

const heard = (result, who) => {
  if (!result) return false;
  const own = result.levels[TONES.indexOf(who.hz)];
  return own > -85 && own > result.floor + TONE_OVER_FLOOR_DB;
};

const tell = (result) => result ? `peak ${Math.round(result.peak)} Hz ${Math.round(result.peakLevel)} dB, floor ${Math.round(result.floor)} dB, ${TONES.map((hz, i) => `${hz}:${Math.round(result.levels[i])}`).join(' ')}` : 'no sound track';

/** Waits until `where` sounds at the person's own frequency, and at nobody else's. */
export async function hears(tab, where, who, { timeout = 20_000 } = {}) {
  let last = null;
  await until(
    () => `${tab.name} hears ${who.login} (${who.hz} Hz) in ${where} (last: ${tell(last)})`,
    async () => {
      last = await spectrum(tab, where, 1200);
      if (!heard(last, who)) return false;
      return TONES.every((hz, i) => hz === who.hz || last.levels[i] < last.levels[TONES.indexOf(who.hz)] - 12);
    },
    { timeout },
  );
  return last;
}

/** Waits until the person's tone is gone from `where` for a whole listen. */
export async function hearsNothing(tab, where, who, { timeout = 15_000 } = {}) {
  let last = null;
  await until(
    () => `${tab.name} no longer hears ${who.login} in ${where} (last: ${tell(last)})`,
    async () => {
      last = await spectrum(tab, where, 1200);
      return !heard(last, who);
    },
    { timeout },
  );
}

/** Milliseconds from the moment a `playStream` left to the first decoded picture after it. */
export async function firstPictures(tab) {
  return tab.eval(() => {
    const { sent, frames } = window.__probe;
    const remote = frames.filter((frame) => frame.remote).map((frame) => frame.t);
    const join = sent.find((m) => m.command === 'join')?.t ?? null;
    return {
      fromPlay: sent.filter((m) => m.message === 'playStream').map((m) => Math.round((remote.find((t) => t > m.t) ?? NaN) - m.t)),
      fromJoin: join === null || !remote.length ? null : Math.round(remote[0] - join),
    };
  });
}

/** A picture that must go on: frames decoded grow in each of the checks. */
export async function keepsMoving(tab, where, who, { ms = 3000 } = {}) {
  const end = Date.now() + ms;
  while (Date.now() < end) {
    await seesMoving(tab, where, who, { timeout: 4000 });
    await sleep(200);
  }
}
