/** A person's connection that comes back by itself: sessions come and go, rooms stay. */
import type { Client, ClientEvents, ClientOptions, ConnectionState, JoinOptions, Room } from './api.js';
import { Deferred, backoff, within } from './deferred.js';
import { VecheError, asError, type Reason } from './errors.js';
import { Emitter } from './events.js';
import { ResumeToken } from './resume.js';
import { JoinedRoom } from './room.js';
import { NO_RETURN, Session } from './session.js';

/** The first attempt follows at once, a little spread; then 0.5, 1, 2, 4, 4 … seconds, half of each by chance. */
const FIRST_RETRY_MS = 200;
const RETRY_BASE_MS = 500;
const RETRY_CAP_MS = 4_000;
/** How long a join made while away waits for the connection. */
const READY_TIMEOUT_MS = 20_000;
/** A server that says to come back later is believed up to here. */
const RETRY_AFTER_CAP_MS = 30_000;
/** No further attempt can change these. */
const FINAL: ReadonlySet<Reason> = new Set<Reason>(['refused', 'too_large']);

/**
 * Connects to a server; resolves when the session is established. Rejects with
 * `unreachable`, `refused`, `timeout`, `unsupported`.
 */
export async function connect(options: ClientOptions): Promise<Client> {
  const client = new RoomClient(options);
  await client.open();
  return client;
}

/** The page's own server. */
export function defaultUrl(): string {
  const { protocol, host } = globalThis.location;
  return `${protocol === 'https:' ? 'wss' : 'ws'}://${host}/`;
}

class RoomClient extends Emitter<ClientEvents> implements Client {
  readonly login: string;
  state: ConnectionState = 'connecting';
  reconnectingSince: number | null = null;

  readonly #options: ClientOptions;
  readonly #url: string;
  readonly #token: ResumeToken;
  readonly #rooms = new Set<JoinedRoom>();
  readonly #joining = new Map<string, Promise<Room>>();
  #session: Session | null = null;
  #ready: Deferred<Session> | null = null;
  #attempting = false;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hidden = false;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
    this.login = options.login;
    this.#url = options.url ?? defaultUrl();
    this.#token = new ResumeToken(this.#url, options.login, options.resumeStorage);
  }

  async open(): Promise<void> {
    if (typeof WebSocket === 'undefined') throw new VecheError('unsupported', 'WebSocket');
    try {
      this.#session = await this.#connect();
    } catch (e) {
      this.#token.release();
      this.state = 'closed';
      throw asError(e, 'unreachable');
    }
    this.#listen(true);
    this.#set('connected');
  }

  async join(roomName: string, options: JoinOptions = {}): Promise<Room> {
    for (const room of this.#rooms) if (room.name === roomName) return room;
    const joining = this.#joining.get(roomName) ?? this.#join(roomName, options);
    this.#joining.set(roomName, joining);
    return joining.finally(() => this.#joining.delete(roomName));
  }

  async #join(roomName: string, options: JoinOptions): Promise<Room> {
    for (;;) {
      const session = await this.#whenReady();
      const room = new JoinedRoom(roomName, options, { login: this.login, over: (r) => this.#rooms.delete(r) });
      try {
        await room.enter(session);
        this.#rooms.add(room);
        // The line may have broken between the answer and now.
        if (!session.alive) room.suspend();
        return room;
      } catch (e) {
        const error = asError(e);
        const brokeOff = error.reason === 'closed' && this.state !== 'closed';
        if (!brokeOff) throw error;
      }
    }
  }

  async close(): Promise<void> {
    if (this.state === 'closed') return;
    const rooms = [...this.#rooms];
    const left = Promise.all(rooms.map((room) => room.leave()));
    this.#set('closed');
    await left;
    this.#end(null);
  }

  #connect(): Promise<Session> {
    const { login, token } = this.#options;
    const opening = Session.open(
      { url: this.#url, login, token, resumeToken: this.#token.value },
      {
        goingAway: (info) => this.emit('goingAway', info),
        closed: (error) => {
          if (this.#session && !this.#session.alive) this.#lost(error);
        },
      },
    );
    return opening.then((session) => {
      this.#token.keep(session.user.veche?.resumeToken);
      return session;
    });
  }

  #lost(error: VecheError): void {
    const going = this.#session?.going;
    this.#session = null;
    if (this.state === 'closed') return;
    const unwanted = going != null && going.reason in NO_RETURN;
    if (this.#options.reconnect === false || unwanted) return this.#fail(error);
    this.reconnectingSince = Date.now();
    this.#ready = new Deferred();
    this.#set('reconnecting');
    for (const room of [...this.#rooms]) room.suspend();
    this.#attempt = 0;
    // Half as much again by chance: a restarted server should not meet everybody in one instant.
    const wait = going ? Math.min(going.retryAfterMs, RETRY_AFTER_CAP_MS) * (1 + Math.random() / 2) : 0;
    this.#schedule(wait + FIRST_RETRY_MS * (0.5 + Math.random()));
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    if (!this.#hidden) this.#timer = setTimeout(() => void this.#retry(), ms);
  }

  async #retry(): Promise<void> {
    if (this.#attempting || this.state !== 'reconnecting') return;
    clearTimeout(this.#timer);
    this.#attempting = true;
    try {
      const session = await this.#connect();
      // Closed or hidden while it was opening.
      if (this.state !== 'reconnecting' || this.#hidden) return session.close();
      this.#back(session);
    } catch (e) {
      const error = asError(e, 'unreachable');
      if (this.state !== 'reconnecting') return;
      if (FINAL.has(error.reason)) this.#fail(error);
      else this.#schedule(backoff(this.#attempt++, RETRY_BASE_MS, RETRY_CAP_MS));
    } finally {
      this.#attempting = false;
    }
  }

  #back(session: Session): void {
    this.#session = session;
    this.reconnectingSince = null;
    const ready = this.#ready;
    this.#ready = null;
    this.#set('connected');
    for (const room of [...this.#rooms]) void room.resume(session);
    ready?.resolve(session);
    // It may have died between its handshake and here.
    if (!session.alive) this.#lost(new VecheError('closed'));
  }

  async #whenReady(): Promise<Session> {
    if (this.#session?.alive) return this.#session;
    if (this.state === 'closed' || !this.#ready) throw new VecheError('closed', 'the client is closed');
    return within(READY_TIMEOUT_MS, 'reconnection', this.#ready.promise);
  }

  #fail(error: VecheError): void {
    this.#set('closed');
    for (const room of [...this.#rooms]) room.fail(error);
    this.#end(error);
  }

  #end(error: VecheError | null): void {
    clearTimeout(this.#timer);
    this.#listen(false);
    this.#token.release();
    this.reconnectingSince = null;
    this.#session?.close();
    this.#session = null;
    this.#ready?.reject(error ?? new VecheError('closed', 'the client was closed'));
    this.#ready = null;
    this.emit('closed', { error });
  }

  #set(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    this.emit('state', state);
  }

  #listen(on: boolean): void {
    const { window, document } = globalThis as { window?: Window; document?: Document };
    const change = on ? 'addEventListener' : 'removeEventListener';
    window?.[change]?.('online', this.#nudge);
    window?.[change]?.('pagehide', this.#hide);
    window?.[change]?.('pageshow', this.#show);
    document?.[change]?.('visibilitychange', this.#nudge);
  }

  /** The network or the person is back: no reason to wait for a timer. */
  readonly #nudge = (): void => {
    if (globalThis.document?.visibilityState === 'hidden') return;
    if (this.state === 'reconnecting') void this.#retry();
    else this.#session?.probe();
  };

  /** The page goes: a clean close lets others see it at once. */
  readonly #hide = (): void => {
    this.#hidden = true;
    const session = this.#session;
    if (!session) return;
    session.close();
    this.#lost(new VecheError('closed', 'page hidden'));
  };

  /** The page came back out of the browser's cache. */
  readonly #show = (): void => {
    if (!this.#hidden) return;
    this.#hidden = false;
    this.#nudge();
  };
}
