/**
 * Keeps one wanted media session alive: starts a peer, starts another when it
 * is lost for a reason that may pass, waits while the connection is away.
 * Publications and remote streams are links with more knowledge.
 */
import { Deferred, backoff } from './deferred.js';
import { VecheError, type Reason } from './errors.js';
import type { Peer, PeerHooks } from './peer.js';
import type { Session } from './session.js';
import type { StreamInfo } from './wire.js';

/** Reasons that another attempt may cure. */
const CURABLE: ReadonlySet<Reason> = new Set<Reason>(['ice_failed', 'dtls_failed', 'timeout', 'name_in_use', 'rate_limited']);
/** Until the first success: UDP, TCP, UDP. More would keep the person waiting without hope. */
const FIRST_ATTEMPTS = 3;
/** After it once worked: about half a minute of attempts. */
const LATER_ATTEMPTS = 10;
const RETRY_BASE_MS = 300;
const RETRY_CAP_MS = 4_000;
/** A peer that held this long starts the count of attempts anew. */
const STABLE_MS = 10_000;

export type LinkState = 'idle' | 'connecting' | 'up' | 'reconnecting' | 'ended' | 'failed';

export interface LinkOwner {
  /** Makes the next peer. */
  open(session: Session, transport: 'UDP' | 'TCP' | undefined, hooks: PeerHooks): Peer;
  /** It is up. */
  up(peer: Peer, info: StreamInfo): void;
  /** State or error changed. */
  changed(): void;
  /** Whether an incurable loss after success is an ordinary end (the publisher stopped). */
  readonly endsQuietly: boolean;
  readonly hooks: Omit<PeerHooks, 'ended'>;
}

export class Link {
  state: LinkState = 'idle';
  error: VecheError | null = null;
  peer: Peer | null = null;

  readonly #owner: LinkOwner;
  #transport: 'UDP' | 'TCP' | undefined;
  #session: Session | null = null;
  #goal: Deferred<void> | null = null;
  #everUp = false;
  #upSince = 0;
  #attempt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(owner: LinkOwner) {
    this.#owner = owner;
  }

  /** Whether it should be up (now, or when the connection is back). */
  get wanted(): boolean {
    return this.#goal !== null;
  }

  /** Begins, and resolves when up. Where it is already wanted, waits for that. */
  start(session: Session | null, transport?: 'UDP' | 'TCP'): Promise<void> {
    if (this.#goal) return this.#goal.promise;
    this.#goal = new Deferred();
    this.#transport = transport;
    this.#session = session;
    this.#everUp = false;
    this.#attempt = 0;
    this.error = null;
    const { promise } = this.#goal;
    this.#set(session ? 'connecting' : 'reconnecting');
    this.#try();
    return promise;
  }

  /** The connection is away; it will be resumed with another session. */
  suspend(): void {
    this.#session = null;
    this.#drop();
    if (this.wanted) this.#set('reconnecting');
  }

  /** The connection is back. Resolves when up, or not to be up. Never rejects. */
  async resume(session: Session): Promise<void> {
    this.#session = session;
    this.#attempt = 0;
    if (!this.#goal) return;
    if (this.#everUp) this.#goal = new Deferred();
    const { promise } = this.#goal;
    this.#try();
    await promise.catch(() => undefined);
  }

  /** Replaces the peer by a new one (other tracks, other name) without leaving the wanted state. */
  async restart(): Promise<void> {
    if (!this.#goal) return;
    const old = this.peer;
    this.peer = null;
    clearTimeout(this.#timer);
    this.#goal = new Deferred();
    const { promise } = this.#goal;
    this.#set('reconnecting');
    void old?.stop();
    this.#try();
    await promise;
  }

  /** Not wanted any more. Resolves when the server has let go of it. */
  async stop(state: 'idle' | 'ended' = 'ended', error: VecheError | null = null): Promise<void> {
    const { peer } = this;
    this.peer = null;
    this.#giveUp(state, error, new VecheError('closed', 'stopped'));
    await peer?.stop();
  }

  #try(): void {
    clearTimeout(this.#timer);
    const session = this.#session;
    if (!this.#goal || !session?.alive || this.peer) return;
    let peer: Peer | null = null;
    const hooks: PeerHooks = { ...this.#owner.hooks, ended: (error) => this.#lost(peer, error) };
    try {
      // Every second attempt over TCP, where the caller has not chosen: UDP may be blocked.
      peer = this.#owner.open(session, this.#transport ?? (this.#attempt % 2 === 1 ? 'TCP' : undefined), hooks);
    } catch (e) {
      return this.#fail(new VecheError('unsupported', e instanceof Error ? e.message : String(e)));
    }
    const started = (this.peer = peer);
    started.start().then(
      (info) => this.#success(started, info),
      (error: VecheError) => this.#lost(started, error),
    );
  }

  #success(peer: Peer, info: StreamInfo): void {
    if (this.peer !== peer) return;
    this.#everUp = true;
    this.#upSince = Date.now();
    this.error = null;
    this.#owner.up(peer, info);
    this.#set('up');
    this.#goal?.resolve();
  }

  #lost(peer: Peer | null, error: VecheError | null): void {
    if (!peer || this.peer !== peer) return;
    this.peer = null;
    if (!this.#goal) return;
    if (error === null) return this.#giveUp('ended', null, new VecheError('stream_not_found', 'stream ended'));
    // The session went with it: the client resumes us.
    if (!this.#session?.alive) return this.#set('reconnecting');
    if (Date.now() - this.#upSince > STABLE_MS && this.#everUp) this.#attempt = 0;
    this.#upSince = Date.now();
    const limit = this.#everUp ? LATER_ATTEMPTS : FIRST_ATTEMPTS;
    if (!CURABLE.has(error.reason) || ++this.#attempt >= limit) return this.#fail(error);
    if (this.#everUp) this.#set('reconnecting');
    this.#timer = setTimeout(() => this.#try(), backoff(this.#attempt - 1, RETRY_BASE_MS, RETRY_CAP_MS));
  }

  #fail(error: VecheError): void {
    const quiet = this.#everUp && this.#owner.endsQuietly && !CURABLE.has(error.reason);
    this.#giveUp(quiet ? 'ended' : 'failed', error, error);
  }

  #giveUp(state: LinkState, error: VecheError | null, rejection: VecheError): void {
    clearTimeout(this.#timer);
    const goal = this.#goal;
    this.#goal = null;
    this.error = error;
    this.#set(state);
    goal?.reject(rejection);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const { peer } = this;
    this.peer = null;
    peer?.drop();
  }

  #set(state: LinkState): void {
    this.state = state;
    this.#owner.changed();
  }
}
