/** Why a film does not play: the browser's word for it says little, so the server is asked, too. */

/** `unreachable` may pass; `session` and `link` are rights that ended; `unplayable` stays so. */
export type Fault = 'unplayable' | 'unreachable' | 'session' | 'link';

/** `MediaError.MEDIA_ERR_NETWORK`. A file that is refused from the start has the code of one in a strange format. */
const NETWORK = 2;
/** Longer than a server takes that is there. */
const PATIENCE_MS = 8_000;

/** `code` is the `MediaError`'s; `answer` is the status of the address, `null` where nobody answers. Pure. */
export function faultOf(code: number | null, answer: number | null, isGuest: boolean): Fault {
  if (answer === 401) return isGuest ? 'link' : 'session';
  if (answer === 403 && isGuest) return 'link';
  if (answer === null || answer >= 400 || code === NETWORK) return 'unreachable';
  return 'unplayable';
}

/** What the server says of an address. Where it leads to a bucket is not followed: scripts may not read there. */
export async function answerOf(address: string, fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis)): Promise<number | null> {
  try {
    const response = await fetch(address, { method: 'HEAD', cache: 'no-store', credentials: 'same-origin', redirect: 'manual', signal: AbortSignal.timeout(PATIENCE_MS) });
    return response.type === 'opaqueredirect' ? 302 : response.status;
  } catch {
    return null;
  }
}
