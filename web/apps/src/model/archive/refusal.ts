/** What to say of a refusal. Pure. */
import type { ArchiveWords } from '../../i18n/en-archive';
import type { ArchiveError } from './types';

/** The page's own words by the code, or, where it knows none, what the server said. */
export function refusalText({ code, trouble, message }: ArchiveError, words: ArchiveWords): { own: string; server: string | null } {
  const known: Record<string, string> = words.refusals;
  if (code !== null && Object.hasOwn(known, code)) return { own: known[code]!, server: null };
  if (trouble === 'offline') return { own: words.door.offline, server: null };
  return message ? { own: words.toast.refused, server: message } : { own: words.toast.failed, server: null };
}
