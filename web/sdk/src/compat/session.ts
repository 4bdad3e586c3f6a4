/** WebSDK's sessions: plain ones that publish and play streams, and ones with rooms. They do not reconnect: their pages do. */
import { VecheError } from '../errors.js';
import { uuid } from '../ids.js';
import { ResumeToken } from '../resume.js';
import { Session } from '../session.js';
import { Callbacks, type Callback } from './callbacks.js';
import { ERROR_INFO, SESSION_STATUS } from './constants.js';
import { CompatRoom } from './room.js';
import { CompatStream, type StreamOptions } from './stream.js';

/** What `createSession` takes. Other WebSDK options are accepted and have no effect. */
export interface SessionOptions {
  /** `ws://` or `wss://` */
  urlServer: string;
  /** Default `defaultApp`. */
  appKey?: string;
  /** Who one is. */
  custom?: { login?: string; token?: string; [key: string]: unknown };
  /** For every RTCPeerConnection, such as `iceServers`. */
  mediaOptions?: RTCConfiguration;
  /** ms until an unanswered connection counts as failed */
  timeout?: number;
  [other: string]: unknown;
}

/** What `RoomApi.connect` takes. */
export interface RoomSessionOptions {
  /** `ws://` or `wss://` */
  urlServer: string;
  /** The login in rooms. */
  username: string;
  /** A JWT, where the server asks for one. */
  token?: string;
  /** Default `roomApp`. */
  appKey?: string;
  /** For every RTCPeerConnection, such as `iceServers`. */
  mediaOptions?: RTCConfiguration;
  /** ms until an unanswered connection counts as failed */
  timeout?: number;
  [other: string]: unknown;
}

/** A session that publishes and plays streams by name. */
export class CompatSession {
  readonly #id = uuid();
  readonly #url: string;
  readonly #callbacks = new Callbacks();
  readonly #streams = new Map<string, CompatStream>();
  readonly #rtcConfig: RTCConfiguration | undefined;
  readonly #resume: ResumeToken;
  #status: string = SESSION_STATUS.PENDING;
  #session: Session | null = null;
  #opened = false;
  #given = false;
  readonly #over: (session: CompatSession) => void;

  /** @internal */
  constructor(options: SessionOptions, over: (session: CompatSession) => void = () => undefined) {
    this.#over = over;
    if (!options?.urlServer) throw new TypeError(ERROR_INFO.OPTIONS_URLSERVER_MUST_BE_PROVIDED);
    this.#url = options.urlServer;
    this.#rtcConfig = options.mediaOptions;
    const { login = '', token } = options.custom ?? {};
    this.#resume = new ResumeToken(this.#url, login, undefined);
    const appKey = options.appKey || 'defaultApp';
    const resumeToken = login ? this.#resume.value : undefined;
    const opening = Session.open(
      { url: this.#url, login, token, appKey, resumeToken, openTimeoutMs: options.timeout },
      {
        opened: () => {
          this.#opened = true;
          this.#to(SESSION_STATUS.CONNECTED);
        },
        warning: (info) => this.#callbacks.fire(SESSION_STATUS.WARN, info),
        data: (payload) => this.#callbacks.fire(SESSION_STATUS.APP_DATA, { payload }),
        closed: () => this.#ended(),
      },
    );
    opening.then(
      (session) => {
        if (this.#given) return session.close();
        this.#session = session;
        this.#resume.keep(login ? session.user.veche?.resumeToken : undefined);
        this.#to(SESSION_STATUS.ESTABLISHED);
      },
      () => this.#ended(),
    );
  }

  /** Made here, to tell sessions apart. */
  id(): string {
    return this.#id;
  }
  /** One of {@link SESSION_STATUS}. */
  status(): string {
    return this.#status;
  }
  /** As given. */
  getServerUrl(): string {
    return this.#url;
  }

  /** Sets the callback of a {@link SESSION_STATUS}, called with the session. */
  on(event: string, callback: Callback): this {
    this.#callbacks.set(event, callback);
    return this;
  }

  /** A stream to `publish()` or `play()`, named `options.name`. */
  createStream(options: StreamOptions): CompatStream {
    if (!options) throw new TypeError(ERROR_INFO.OPTIONS_MUST_BE_PROVIDED);
    if (!options.name) throw new TypeError(ERROR_INFO.OPTIONS_NAME_MUST_BE_PROVIDED);
    return this.openStream(options, () => undefined);
  }
  /** One of {@link CompatSession.getStreams}. */
  getStream(id: string): CompatStream | undefined {
    return this.#streams.get(id);
  }
  /** Those that have not ended. */
  getStreams(): CompatStream[] {
    return [...this.#streams.values()];
  }

  /** Sends any JSON to the server's application. */
  sendData(payload: unknown): Promise<unknown> {
    if (!this.#session) return Promise.reject(new Error(ERROR_INFO.INVALID_SESSION_STATE));
    return this.#session.data(payload);
  }

  /** Ends the session; DISCONNECTED follows. */
  disconnect(): void {
    if (this.#given) return;
    this.#given = true;
    this.#session?.close();
    queueMicrotask(() => this.#ended());
  }

  /** @internal */
  get engine(): Session | null {
    return this.#session;
  }
  /** @internal */
  openStream(options: StreamOptions, over: (stream: CompatStream) => void): CompatStream {
    if (this.#status !== SESSION_STATUS.ESTABLISHED) throw new Error(ERROR_INFO.INVALID_SESSION_STATE);
    const stream = new CompatStream(() => this.#session, options, this.#rtcConfig, (ended) => {
      this.#streams.delete(ended.id());
      over(ended);
    });
    this.#streams.set(stream.id(), stream);
    return stream;
  }

  protected gone(): void {
    for (const stream of this.getStreams()) stream.sessionLost();
    this.#streams.clear();
  }

  #to(status: string): void {
    this.#status = status;
    this.#callbacks.fire(status, this);
  }

  #ended(): void {
    if (this.#status === SESSION_STATUS.DISCONNECTED || this.#status === SESSION_STATUS.FAILED) return;
    this.#given = true;
    this.#session = null;
    this.#resume.release();
    this.gone();
    this.#over(this);
    this.#to(this.#opened ? SESSION_STATUS.DISCONNECTED : SESSION_STATUS.FAILED);
  }
}

/** A session with rooms. */
export class RoomSession extends CompatSession {
  readonly #username: string;
  readonly #rooms = new Map<string, CompatRoom>();

  /** @internal */
  constructor(options: RoomSessionOptions) {
    const { username, token } = options ?? {};
    super({ ...options, appKey: options?.appKey || 'roomApp', custom: { login: username, token } });
    this.#username = username;
  }

  /** As given. */
  username(): string {
    return this.#username;
  }
  /** Those joined and not left. */
  getRooms(): CompatRoom[] {
    return [...this.#rooms.values()];
  }

  /** Enters a room; STATE or FAILED follows on it. */
  join(options: { name: string; record?: boolean; capacity?: number }): CompatRoom {
    if (!options?.name) throw new TypeError(ERROR_INFO.OPTIONS_NAME_MUST_BE_PROVIDED);
    const engine = this.engine;
    if (!engine) throw new VecheError('closed', ERROR_INFO.INVALID_SESSION_STATE);
    const room = new CompatRoom(this, engine, options, (gone) => {
      if (this.#rooms.get(gone.name()) === gone) this.#rooms.delete(gone.name());
    });
    this.#rooms.set(options.name, room);
    return room;
  }

  protected override gone(): void {
    this.#rooms.clear();
    super.gone();
  }
}
