/**
 * Splits a message into text and links. Only http and https become links, the
 * text is never parsed as markup, and an address that hides its host behind
 * `user@` stays text.
 */
export type Piece = { kind: 'text'; text: string } | { kind: 'link'; text: string; href: string };

const CANDIDATE = /(?:https?:\/\/|www\.)[^\s<>"'`{}|\\^\p{Cc}\u200b-\u200f\u202a-\u202e\u2066-\u2069]+/giu;
const TRAILING = /[.,;:!?'"»”’…]+$/u;

/** Longer addresses are text: nobody reads them, and layout suffers. */
const LONGEST_LINK = 2048;

export function linkify(text: string): Piece[] {
  const pieces: Piece[] = [];
  let end = 0;
  const say = (part: string) => {
    const last = pieces.at(-1);
    if (!part) return;
    if (last?.kind === 'text') last.text += part;
    else pieces.push({ kind: 'text', text: part });
  };
  for (const match of text.matchAll(CANDIDATE)) {
    // `xhttp://` and `a@www.b.c` are no addresses.
    const before = text[match.index - 1] ?? ' ';
    const shown = trim(match[0]);
    const href = /[\p{L}\p{N}@_-]/u.test(before) ? null : address(shown);
    if (!href) continue;
    say(text.slice(end, match.index));
    pieces.push({ kind: 'link', text: shown, href });
    end = match.index + shown.length;
  }
  say(text.slice(end));
  return pieces;
}

/** Punctuation that ends the sentence belongs to the sentence. */
function trim(candidate: string): string {
  let link = candidate.replace(TRAILING, '');
  for (const [open, close] of ['()', '[]', '（）'] as const) {
    while (link.endsWith(close!) && count(link, close!) > count(link, open!)) link = link.slice(0, -1).replace(TRAILING, '');
  }
  return link;
}

function count(text: string, char: string): number {
  return text.split(char).length - 1;
}

function address(shown: string): string | null {
  if (shown.length > LONGEST_LINK) return null;
  try {
    const url = new URL(/^www\./i.test(shown) ? `https://${shown}` : shown);
    const web = url.protocol === 'https:' || url.protocol === 'http:';
    if (!web || url.username || url.password || !url.hostname) return null;
    return url.href;
  } catch {
    return null;
  }
}

/** Whether a message is only a few emoji, which are then shown large. */
export function isOnlyEmoji(text: string): boolean {
  return ONLY_EMOJI.test(text.trim());
}

const ONE = String.raw`(?:\p{Regional_Indicator}{2}|\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?(?:\u200D\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?)*)`;
const ONLY_EMOJI = new RegExp(`^(?:${ONE}\\s*){1,3}$`, 'u');
