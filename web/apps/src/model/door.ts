/** What one may know of a room before one enters it. */
export interface Door {
  /** How many are in it. */
  people: number;
  /** Whether what one says there is recorded. */
  recording: boolean;
}

/** How often the door is looked at while somebody stands before it. */
const EVERY = 5_000;
/** After the last letter of the room's name. */
const SETTLED = 400;

export function readDoor(value: unknown): Door | null {
  const { people, recording } = (value ?? {}) as Record<string, unknown>;
  if (typeof people !== 'number' || typeof recording !== 'boolean') return null;
  return { people, recording };
}

/**
 * Tells now and then what is behind the door of `room`; `null` when the server
 * does not say. Returns what ends it.
 */
export function watchDoor(room: string, tell: (door: Door | null) => void, ask: typeof fetch = fetch.bind(globalThis)): () => void {
  const ended = new AbortController();
  const look = async () => {
    let door: Door | null = null;
    try {
      const answer = await ask(`/room-state?name=${encodeURIComponent(room)}`, { signal: ended.signal });
      if (answer.ok) door = readDoor(await answer.json());
    } catch {
      // Away or busy: the next look tells.
    }
    if (ended.signal.aborted) return;
    tell(door);
    timer = setTimeout(() => void look(), EVERY);
  };
  let timer = setTimeout(() => void look(), SETTLED);
  return () => {
    ended.abort();
    clearTimeout(timer);
  };
}
