/**
 * One handshaken session: requests with exactly one answer in bounded time, and
 * the server's messages handed to the media session or room they belong to.
 * It lives as long as its socket; coming back is the client's work.
 */
import { Deferred, within } from './deferred.js';
import { VecheError, reasonOf, serverError, type Reason } from './errors.js';
import { uuid } from './ids.js';
import { Socket } from './socket.js';
import type { DataStatus, FailInfo, GoingAway, RateInfo, RoomPayload, StreamEventInfo, StreamInfo, UserData } from './wire.js';

/** TCP, TLS and the upgrade over a slow mobile network. */
const OPEN_TIMEOUT_MS = 10_000;
/** A refusal takes a round trip; a server that asks its backend takes longer. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** A join may wait for the probe of the login's holder (2 s by default). */
const REQUEST_TIMEOUT_MS = 10_000;
/** A request unanswered for this long may mean a dead line; asking settles that before the request is given up. */
const DOUBT_AFTER_MS = 3_000;

/** Reasons of `goingAway` after which coming back is not wanted. */
export const NO_RETURN: Readonly<Record<string, Reason>> = { replaced: 'replaced', flood: 'rate_limited' };

/** A refused connection: a server that is full or stopping may take us later, all else is about us. */
function refusalReason({ info, code }: FailInfo): Reason {
  if (/shutting down|limit of sessions|busy/i.test(info ?? '')) return 'unreachable';
  const reason = reasonOf(info, code);
  return reason === 'server' ? 'refused' : reason;
}

export interface SessionOptions {
  url: string;
  login: string;
  token?: string;
  appKey?: string;
  resumeToken?: string;
  /** Whether to say that we know Veche's additions. */
  veche?: boolean;
  openTimeoutMs?: number;
}

export interface SessionHandlers {
  /** The socket is open, the handshake not done. */
  opened?(): void;
  goingAway?(info: GoingAway): void;
  /** A `fail` that names no stream and no request. */
  warning?(info: FailInfo): void;
  /** An `OnDataEvent` for no known room. */
  data?(payload: unknown): void;
  /** The session is over; not called after {@link Session.close}. */
  closed(error: VecheError): void;
}

/** What a media session hears. */
export interface MediaListener {
  remoteSdp(sdp: string): void;
  status(info: StreamInfo): void;
  event(info: StreamEventInfo): void;
  rate(info: RateInfo): void;
  sessionClosed(): void;
}

export class Session {
  /** Media sessions by mediaSessionId. */
  readonly media = new Map<string, MediaListener>();
  /** Rooms by name. */
  readonly rooms = new Map<string, (payload: RoomPayload) => void>();
  /** What the server said in its hello. */
  user: UserData = {};
  /** Why the server is about to close, once it said so. */
  going: GoingAway | null = null;

  readonly #socket: Socket;
  readonly #handlers: SessionHandlers;
  readonly #requests = new Map<string, Deferred<DataStatus>>();
  readonly #established = new Deferred<Session>();
  #ready = false;
  #over = false;

  private constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#handlers = handlers;
    const timer = setTimeout(
      () => this.#fail(new VecheError('unreachable', 'connection timed out')),
      options.openTimeoutMs || OPEN_TIMEOUT_MS,
    );
    this.#socket = new Socket(options.url, {
      opened: () => {
        clearTimeout(timer);
        handlers.opened?.();
        this.#hello(options);
      },
      frame: (message, data) => this.#frame(message, data),
      closed: (error) => {
        clearTimeout(timer);
        this.#fail(error);
      },
    });
  }

  /** Connects and shakes hands. Rejects with `unreachable`, `timeout`, `refused`. */
  static async open(options: SessionOptions, handlers: SessionHandlers): Promise<Session> {
    const session = new Session(options, handlers);
    return session.#established.promise;
  }

  get alive(): boolean {
    return !this.#over;
  }

  /** Whether the server knows Veche's additions (broadcast, history). */
  get knowsVeche(): boolean {
    return this.user.veche !== undefined;
  }

  send(message: string, ...data: unknown[]): void {
    this.#socket.send(message, ...data);
  }

  /** A room command (`sendData`); resolves when ACCEPTED, rejects with the server's reason. */
  async command(command: string, options: object): Promise<DataStatus> {
    return this.data({ command, options });
  }

  /** `sendData` with any payload. */
  async data(payload: unknown): Promise<DataStatus> {
    if (this.#over) throw new VecheError('closed', 'session is over');
    const operationId = uuid();
    const answer = new Deferred<DataStatus>();
    this.#requests.set(operationId, answer);
    this.send('sendData', { operationId, payload });
    const doubt = setTimeout(() => this.probe(), DOUBT_AFTER_MS);
    try {
      return await within(REQUEST_TIMEOUT_MS, 'sendData', answer.promise);
    } finally {
      clearTimeout(doubt);
      this.#requests.delete(operationId);
    }
  }

  /** Asks the line for a sign of life. */
  probe(): void {
    this.#socket.probe();
  }

  /** Ends the session; requests under way reject with `closed`. */
  close(): void {
    this.#end(new VecheError('closed', 'closed by the client'));
  }

  #hello(options: SessionOptions): void {
    const { login, token, resumeToken, veche = true } = options;
    this.send('connection', {
      appKey: options.appKey || 'roomApp',
      mediaProviders: ['WebRTC'],
      clientVersion: '2.0',
      clientBrowserVersion: globalThis.navigator?.userAgent,
      custom: { login, token, ...(veche && { veche: { protocol: 1, resumeToken } }) },
    });
    const done = within(HANDSHAKE_TIMEOUT_MS, 'connection', this.#established.promise);
    done.catch((e: VecheError) => this.#fail(e));
  }

  #frame(message: string, data: unknown[]): void {
    const first = (data[0] ?? {}) as never;
    switch (message) {
      case 'getUserData':
        this.user = first;
        this.#ready = true;
        return this.#established.resolve(this);
      case 'setRemoteSDP':
        return this.media.get(String(data[0]))?.remoteSdp(String(data[1]));
      case 'notifyStreamStatusEvent':
      case 'notifyVideoFormat':
        return this.#stream(first)?.status(first);
      case 'notifyStreamEvent':
        return this.#stream(first)?.event(first);
      case 'inboundVideoRate':
      case 'outboundVideoRate':
        return this.#stream(first)?.rate(first);
      case 'DataStatusEvent':
        return this.#answer(first);
      case 'OnDataEvent':
        return this.#room((first as { payload?: unknown }).payload);
      case 'goingAway': {
        const { reason = '', retryAfterMs = 0 } = first as Partial<GoingAway>;
        this.going = { reason, retryAfterMs };
        return this.#handlers.goingAway?.(this.going);
      }
      case 'fail':
        return this.#refusal(first);
    }
  }

  #stream(info: { mediaSessionId?: string }): MediaListener | undefined {
    return this.media.get(info.mediaSessionId ?? '');
  }

  #answer(status: DataStatus): void {
    const request = this.#requests.get(status.operationId ?? '');
    if (status.status === 'ACCEPTED') request?.resolve(status);
    else request?.reject(serverError(status.info, status.code));
  }

  #room(payload: unknown): void {
    const room = (payload as RoomPayload | null)?.roomName;
    const listener = room === undefined ? undefined : this.rooms.get(room);
    if (listener) listener(payload as RoomPayload);
    else this.#handlers.data?.(payload);
  }

  #refusal(info: FailInfo): void {
    const error = serverError(info.info, info.code);
    const stream = this.media.get(info.id ?? info.mediaSessionId ?? '');
    const request = this.#requests.get(info.operationId ?? '');
    stream?.status({ status: 'FAILED', info: info.info });
    request?.reject(error);
    if (!stream && !request) this.#handlers.warning?.(info);
    // The server closes after a refused connection; its reason must win over that close.
    if (!this.#ready) this.#fail(new VecheError(refusalReason(info), error.info));
  }

  /** The line is gone or never came: `closed` is told, unless the opening promise tells it. */
  #fail(error: VecheError): void {
    if (this.#over) return;
    const why = this.going && NO_RETURN[this.going.reason] ? new VecheError(NO_RETURN[this.going.reason]!, this.going.reason) : error;
    this.#end(why);
    this.#handlers.closed(why);
  }

  #end(error: VecheError): void {
    if (this.#over) return;
    this.#over = true;
    this.#socket?.close();
    this.#established.reject(error);
    for (const request of this.#requests.values()) request.reject(new VecheError('closed', error.message));
    for (const listener of [...this.media.values()]) listener.sessionClosed();
    this.media.clear();
    this.rooms.clear();
  }
}
