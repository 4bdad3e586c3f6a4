/** Names: of rooms (friendly words), and what a person's name looks like. */

const HOW = ['amber', 'autumn', 'birch', 'bright', 'calm', 'clear', 'copper', 'distant', 'early', 'gentle', 'golden', 'green',
  'high', 'kind', 'late', 'light', 'lucky', 'mild', 'misty', 'morning', 'northern', 'open', 'pine', 'quiet', 'river', 'silver',
  'slow', 'snowy', 'southern', 'spring', 'still', 'summer', 'sunny', 'warm', 'white', 'wide', 'wild', 'winter'] as const;
const WHO = ['badger', 'beaver', 'bee', 'cat', 'crane', 'cricket', 'crow', 'deer', 'falcon', 'finch', 'fox', 'goose', 'hare',
  'hawk', 'heron', 'horse', 'lark', 'lynx', 'magpie', 'marten', 'moth', 'otter', 'owl', 'perch', 'pike', 'raven', 'robin',
  'seal', 'sparrow', 'squirrel', 'stork', 'swallow', 'swan', 'swift', 'thrush', 'wolf', 'wren'] as const;
const WHERE = ['bay', 'bell', 'bridge', 'brook', 'court', 'field', 'garden', 'gate', 'grove', 'harbour', 'hill', 'house', 'island',
  'lake', 'lantern', 'market', 'meadow', 'mill', 'orchard', 'path', 'pier', 'porch', 'roof', 'shore', 'square', 'stair',
  'terrace', 'tower', 'valley', 'village', 'well', 'wharf', 'window', 'yard'] as const;

/** `quiet-otter-harbour`: easy to say over a telephone, about 48 000 of them. */
export function roomName(random: () => number = Math.random): string {
  return [HOW, WHO, WHERE].map((words) => words[Math.floor(random() * words.length)]).join('-');
}

/** A room name as it goes into an address: outer space off, at most what the server takes. */
const LONGEST_ROOM = 128;
const LONGEST_LOGIN = 64;

function clean(text: string, longest: number): string {
  // Control and direction characters would let one name pass for another.
  const plain = text.replace(/[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, '').replace(/\s+/gu, ' ');
  return [...plain.trim()].slice(0, longest).join('');
}

export const cleanRoom = (text: string) => clean(text, LONGEST_ROOM);
export const cleanLogin = (text: string) => clean(text, LONGEST_LOGIN);

/** One or two letters that stand for a person. */
export function monogram(name: string): string {
  const words = name.split(/[\s._-]+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = (word: string | undefined) => [...(word ?? '')].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? '';
  const letters = words.length > 1 ? first(words[0]) + first(words.at(-1)) : first(words[0]);
  return (letters || [...name.trim()][0] || '?').toLocaleUpperCase();
}

/** A hue (degrees) out of a name, the same everywhere. Red is kept for endings, so it is left out. */
export function hue(name: string): number {
  let hash = 2166136261;
  for (const char of name.normalize('NFC')) {
    hash ^= char.codePointAt(0)!;
    hash = Math.imul(hash, 16777619);
  }
  return 55 + ((hash >>> 0) % 290);
}

/** A free variation of a taken name: `Ann` → `Ann 2`. */
export function anotherName(name: string): string {
  const match = /^(.*?)\s(\d{1,3})$/u.exec(name);
  return match ? `${match[1]} ${Number(match[2]) + 1}` : `${name} 2`;
}

/** What was typed into the landing field: a room's name, or a pasted link to one. */
export function roomFrom(text: string, origin: string): { path: string | null; room: string } {
  const typed = text.trim();
  if (/^https?:\/\//i.test(typed)) {
    try {
      const url = new URL(typed);
      const room = url.searchParams.get('roomName') ?? url.searchParams.get('room');
      if (room) return { path: url.origin === origin ? url.pathname : null, room: cleanRoom(room) };
    } catch {
      // Not a link after all: it is a name.
    }
  }
  return { path: null, room: cleanRoom(typed) };
}
