/** The order of faces: who came first stands first, but who speaks is always in sight. */

/**
 * Brings `speaker` to the last visible place when they would be hidden, so
 * that nobody else moves. `visible` is how many tiles the stage shows.
 */
export function withSpeaker(order: readonly string[], speaker: string | null, visible: number): string[] {
  const list = [...order];
  const at = speaker === null ? -1 : list.indexOf(speaker);
  if (at < visible || visible < 1) return list;
  const [id] = list.splice(at, 1);
  if (id !== undefined) list.splice(visible - 1, 0, id);
  return list;
}
