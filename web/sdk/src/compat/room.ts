/** WebSDK's `Room`, `Participant` and a participant's streams. */
import { asError } from '../errors.js';
import { randomHex } from '../ids.js';
import type { Session } from '../session.js';
import type { RoomPayload } from '../wire.js';
import { Callbacks, type Callback } from './callbacks.js';
import { ROOM_EVENT, STREAM_STATUS } from './constants.js';
import type { RoomSession } from './session.js';
import type { CompatStream, StreamOptions } from './stream.js';

interface StreamRef {
  login?: string;
  name?: string;
}

/** A room as WebSDK users know it. */
export class CompatRoom {
  readonly #session: RoomSession;
  readonly #engine: Session;
  readonly #name: string;
  readonly #participants = new Map<string, CompatParticipant>();
  readonly #streams = new Set<CompatStream>();
  readonly #callbacks = new Callbacks();
  readonly #gone: (room: CompatRoom) => void;

  /** @internal */
  constructor(
    session: RoomSession,
    engine: Session,
    options: { name: string; record?: boolean; capacity?: number },
    gone: (room: CompatRoom) => void,
  ) {
    this.#session = session;
    this.#engine = engine;
    this.#name = options.name;
    this.#gone = gone;
    engine.rooms.set(options.name, (payload) => this.#event(payload));
    const { name, record, capacity } = options;
    engine.command('join', { name, record, capacity }).catch((e) => {
      if (!engine.alive) return;
      engine.rooms.delete(name);
      gone(this);
      const error = asError(e);
      this.#callbacks.fire(ROOM_EVENT.FAILED, this, error.info ?? error.reason);
    });
  }

  /** As given to `join`. */
  name(): string {
    return this.#name;
  }
  /** The others. */
  getParticipants(): CompatParticipant[] {
    return [...this.#participants.values()];
  }

  /** Sets the callback of a {@link ROOM_EVENT}. */
  on(event: string, callback: Callback): this {
    this.#callbacks.set(event, callback);
    return this;
  }

  /** Publishes camera and microphone (or what `constraints` say) into the room. */
  publish(options: StreamOptions = {}): CompatStream {
    const own = `${this.#name}-${this.#session.username()}-${randomHex(4)}`;
    const name = options.name ? `${own}-${options.name}` : own;
    return this.stream({ ...options, name }).publish();
  }

  /** Leaves; resolves with the room when the login is free again. */
  async leave(): Promise<this> {
    const left = this.#engine.command('leave', { name: this.#name });
    for (const stream of this.#streams) stream.stop();
    try {
      await left;
    } finally {
      this.#engine.rooms.delete(this.#name);
      this.#participants.clear();
      this.#gone(this);
    }
    return this;
  }

  /** @internal */
  stream(options: StreamOptions): CompatStream {
    const custom = { ...options.custom, name: this.#name };
    const stream = this.#session.openStream({ ...options, custom }, (ended) => this.#streams.delete(ended));
    this.#streams.add(stream);
    return stream;
  }

  /** @internal */
  send(to: string, text: unknown, error?: (e: unknown) => void): void {
    this.#engine
      .command('sendMessage', { roomConfig: { name: this.#name }, to, text })
      .catch((e) => error?.({ info: asError(e).info, status: STREAM_STATUS.FAILED }));
  }

  #event({ name, info }: RoomPayload): void {
    const ref = (info ?? {}) as StreamRef;
    switch (name) {
      case 'STATE':
        for (const entry of Array.isArray(info) ? (info as unknown[]) : []) {
          if (typeof entry === 'string') this.#person(entry);
          else this.#published(entry as StreamRef);
        }
        return this.#callbacks.fire(ROOM_EVENT.STATE, this);
      case 'JOINED':
        return this.#callbacks.fire(ROOM_EVENT.JOINED, this.#person(String(info)));
      case 'LEFT': {
        const gone = this.#participants.get(String(info));
        this.#participants.delete(String(info));
        if (gone) this.#callbacks.fire(ROOM_EVENT.LEFT, gone);
        return;
      }
      case 'PUBLISHED': {
        const who = this.#published(ref);
        if (who) this.#callbacks.fire(ROOM_EVENT.PUBLISHED, who);
        return;
      }
      case 'UNPUBLISHED':
      case 'FAILED':
        return void this.#participants.get(ref.login ?? '')?.remove(ref.name ?? '');
      case 'MESSAGE': {
        const { from, text } = info as { from?: string; text?: unknown };
        const sender = this.#participants.get(from ?? '');
        if (sender) this.#callbacks.fire(ROOM_EVENT.MESSAGE, { from: sender, text });
        return;
      }
    }
  }

  #person(login: string): CompatParticipant {
    let person = this.#participants.get(login);
    if (!person) this.#participants.set(login, (person = new CompatParticipant(this, login)));
    return person;
  }

  #published({ login, name }: StreamRef): CompatParticipant | null {
    if (typeof login !== 'string' || typeof name !== 'string') return null;
    const person = this.#person(login);
    person.add(name);
    return person;
  }
}

/** Somebody else in the room. */
export class CompatParticipant {
  readonly #room: CompatRoom;
  readonly #login: string;
  /** By stream name. */
  readonly streams: Record<string, ParticipantStream> = Object.create(null);

  /** @internal */
  constructor(room: CompatRoom, login: string) {
    this.#room = room;
    this.#login = login;
  }

  /** The login. */
  name(): string {
    return this.#login;
  }
  /** What they publish. */
  getStreams(): ParticipantStream[] {
    return Object.values(this.streams);
  }
  /** A message to this participant alone; `error` is called with `{info}` where the server refuses it. */
  sendMessage(text: unknown, error?: (e: unknown) => void): void {
    this.#room.send(this.#login, text, error);
  }

  /** @internal */
  add(name: string): void {
    this.streams[name] ??= new ParticipantStream(this.#room, name);
  }
  /** @internal */
  remove(name: string): void {
    delete this.streams[name];
  }
}

/** One stream of somebody else. */
export class ParticipantStream {
  readonly #room: CompatRoom;
  readonly #name: string;
  #stream: CompatStream | null = null;

  /** @internal */
  constructor(room: CompatRoom, name: string) {
    this.#room = room;
    this.#name = name;
  }

  /** Plays into `display`; returns the stream to set callbacks on. */
  play(display: HTMLElement | null, options: StreamOptions = {}): CompatStream {
    this.#stream = this.#room.stream({ ...options, name: this.#name, display });
    return this.#stream.play();
  }
  /** Stops playing it. */
  stop(): void {
    this.#stream?.stop();
  }
  /** The id of its element in the display, once it plays. */
  id(): string | undefined {
    return this.#stream?.id();
  }
  /** Its name on the server. */
  streamName(): string {
    return this.#name;
  }
}
