/** Days and sizes as people say them. Pure: the language and the present are given. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export type Shelf = { kind: 'today' | 'yesterday' | 'week' } | { kind: 'month'; month: string };

function midnight(time: number): number {
  const day = new Date(time);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

/** The heading under which a recording stands. */
export function shelfOf(time: number, now: number, locale: string): Shelf {
  const today = midnight(now);
  if (time >= today) return { kind: 'today' };
  // Twelve hours back from midnight is yesterday, also when a clock change made it 23 or 25 hours long.
  if (time >= midnight(today - 12 * HOUR)) return { kind: 'yesterday' };
  if (time >= midnight(today - 6 * DAY)) return { kind: 'week' };
  const month = new Intl.DateTimeFormat(locale, { month: 'long', year: 'numeric' }).format(time);
  return { kind: 'month', month: month.charAt(0).toLocaleUpperCase(locale) + month.slice(1) };
}

/** `5 minutes ago`, `yesterday`, `in 6 days`. */
export function relative(time: number, now: number, locale: string): string {
  const distance = time - now;
  const far = Math.abs(distance);
  const say = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  if (far < MINUTE) return say.format(0, 'second');
  if (far < HOUR) return say.format(Math.trunc(distance / MINUTE), 'minute');
  if (far < DAY) return say.format(Math.trunc(distance / HOUR), 'hour');
  const days = Math.round((midnight(time) - midnight(now)) / DAY);
  if (Math.abs(days) < 14) return say.format(days, 'day');
  if (Math.abs(days) < 60) return say.format(Math.trunc(days / 7), 'week');
  if (Math.abs(days) < 365) return say.format(Math.trunc(days / 30.4), 'month');
  return say.format(Math.trunc(days / 365), 'year');
}

/** `22 Nov, 14:05`; with the year where it is another one. */
export function absolute(time: number, now: number, locale: string): string {
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', ...(sameYear ? {} : { year: 'numeric' }) }).format(time);
}

/** In full, for one recording's own page. */
export function inFull(time: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(time);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** `1.4 GB`, in thousands as disks are sold. */
export function sizeText(bytes: number, locale: string): string {
  let unit = 0;
  let amount = Math.max(0, bytes);
  // 999.6 would be written as 1000.
  while (amount >= 999.5 && unit < UNITS.length - 1) {
    amount /= 1000;
    unit++;
  }
  const digits = unit >= 2 && amount < 100 ? 1 : 0;
  return new Intl.NumberFormat(locale, { style: 'unit', unit: UNITS[unit], unitDisplay: 'short', maximumFractionDigits: digits }).format(amount);
}
