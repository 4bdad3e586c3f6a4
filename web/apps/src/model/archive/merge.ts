/** A list of several pages, of which the first was asked for again. Pure. */
import type { Page, Recording } from './types';

export interface Listed {
  items: readonly Recording[];
  next: string | null;
}

/** The first page as it is now, and behind it what was loaded before and is older. */
export function merge(before: Listed, first: Page): Listed {
  const { recordings, next } = first;
  const last = recordings.at(-1);
  if (!last || next === null) return { items: recordings, next };
  const fresh = new Set(recordings.map(({ id }) => id));
  const older = before.items.filter(({ id, startedAt }) => !fresh.has(id) && startedAt <= last.startedAt);
  return older.length > 0 ? { items: [...recordings, ...older], next: before.next } : { items: recordings, next };
}

/** The next page behind what is there; a recording that moved between them stands once. */
export function append(before: Listed, page: Page): Listed {
  const known = new Set(before.items.map(({ id }) => id));
  return { items: [...before.items, ...page.recordings.filter(({ id }) => !known.has(id))], next: page.next };
}

export function replace(items: readonly Recording[], recording: Recording): readonly Recording[] {
  return items.map((item) => (item.id === recording.id ? recording : item));
}
