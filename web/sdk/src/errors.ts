/**
 * Errors: one class with a stable reason, and the one table that turns the
 * server's words into reasons.
 */

/** Why something failed. Stable: apps may switch on it and translate it. */
export type Reason =
  /** No connection to the server could be made. */
  | 'unreachable'
  /** The server refused the connection or the request. */
  | 'refused'
  /** No answer in time. */
  | 'timeout'
  /** The client was closed, or the connection went away for good. */
  | 'closed'
  /** The same person connected elsewhere with this session's resume token. */
  | 'replaced'
  | 'room_full'
  | 'login_taken'
  | 'not_in_room'
  | 'no_common_codecs'
  | 'stream_not_found'
  | 'name_in_use'
  | 'ice_failed'
  | 'dtls_failed'
  | 'rate_limited'
  | 'too_large'
  /** The person or the system did not allow the camera or microphone. */
  | 'media_denied'
  | 'media_not_found'
  | 'media_in_use'
  /** The person closed the browser's screen picker. */
  | 'screen_cancelled'
  /** This browser or page (no HTTPS) cannot do it. */
  | 'unsupported'
  /** Anything else that the server said; see {@link VecheError.info}. */
  | 'server';

/** Every rejection of the SDK is one of these. */
export class VecheError extends Error {
  /** Stable code. */
  readonly reason: Reason;
  /** The server's (or the browser's) own words, if there were any. */
  readonly info: string | null;

  constructor(reason: Reason, info: string | null = null) {
    super(info === null ? reason : `${reason}: ${info}`);
    this.name = 'VecheError';
    this.reason = reason;
    this.info = info;
  }
}

/** A camera, microphone or screen could not be opened. */
export class MediaError extends VecheError {
  constructor(reason: Reason, info: string | null = null) {
    super(reason, info);
    this.name = 'MediaError';
  }
}

/** The server's info texts and codes, as prefixes in lower case. */
const REASONS: readonly (readonly [string, Reason])[] = [
  ['room already has user with such login', 'login_taken'],
  ['current room is full', 'room_full'],
  ['no common codecs', 'no_common_codecs'],
  ['stream not found', 'stream_not_found'],
  ['publish stream is not ready', 'stream_not_found'],
  ['stopped by publisher stop', 'stream_not_found'],
  ['stream name is already in use', 'name_in_use'],
  ['failed by ice', 'ice_failed'],
  ['failed by rtp activity', 'ice_failed'],
  ['terminated by keep-alive', 'ice_failed'],
  ['failed by dtls', 'dtls_failed'],
  ['stopped by session disconnect', 'closed'],
  ['restricted access', 'refused'],
  ['only others may', 'refused'],
  ['recording is off', 'unsupported'],
  ['forbidden', 'refused'],
  ['unauthorized', 'refused'],
  ['invalid token', 'refused'],
  ['rate_limited', 'rate_limited'],
  ['too many', 'rate_limited'],
  ['rate limit', 'rate_limited'],
  ['too_large', 'too_large'],
  ['too large', 'too_large'],
  ['too long', 'too_large'],
  ['server is busy', 'timeout'],
];

const NOT_IN_ROOM = /not (in|a member of|joined|found in)|has left the room|no such (room|user|participant|recipient)|room not found|user not found/;

/** The reason behind a server's `info` text (and `code`, where there is one). */
export function reasonOf(info: string | null | undefined, code?: string | null): Reason {
  for (const text of [code, info]) {
    if (!text) continue;
    const low = text.toLowerCase();
    for (const [part, reason] of REASONS) if (low.includes(part)) return reason;
    if (NOT_IN_ROOM.test(low)) return 'not_in_room';
  }
  return code === 'refused' ? 'refused' : 'server';
}

/** A {@link VecheError} from what the server sent. */
export function serverError(info: string | null | undefined, code?: string | null): VecheError {
  return new VecheError(reasonOf(info, code), info ?? code ?? null);
}

/** Anything thrown, as a {@link VecheError}. */
export function asError(e: unknown, reason: Reason = 'server'): VecheError {
  if (e instanceof VecheError) return e;
  return new VecheError(reason, e instanceof Error ? e.message : String(e));
}

/** What getUserMedia and getDisplayMedia threw, as a {@link MediaError}. */
export function mediaError(e: unknown, screen = false): MediaError {
  if (e instanceof MediaError) return e;
  const name = (e as { name?: string } | null)?.name ?? '';
  const text = e instanceof Error ? `${name}: ${e.message}` : String(e);
  switch (name) {
    case 'NotAllowedError':
    case 'SecurityError':
    case 'PermissionDeniedError':
      // Browsers answer a cancelled picker like a denial; only a message about the system differs.
      return new MediaError(screen && !/system/i.test(text) ? 'screen_cancelled' : 'media_denied', text);
    case 'NotFoundError':
    case 'OverconstrainedError':
    case 'DevicesNotFoundError':
      return new MediaError('media_not_found', text);
    case 'NotReadableError':
    case 'TrackStartError':
    case 'AbortError':
      return new MediaError('media_in_use', text);
    default:
      return new MediaError('unsupported', text);
  }
}
