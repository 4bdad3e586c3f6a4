/**
 * Who is in the room and what they publish, as events of real changes only:
 * after a reconnection the server's STATE is compared with what was known, and
 * those who have to come back themselves are given a while to do so.
 */
import type { Participant, RemoteStream, RoomEvents } from './api.js';
import type { Emitter } from './events.js';
import { Remote, kindOf } from './remote-stream.js';
import type { Session } from './session.js';

/** After a server restart everybody reconnects within their own backoff (4 s at most) and joins again. */
const RETURN_GRACE_MS = 8_000;

export class Person implements Participant {
  readonly streams: Remote[] = [];
  /** In the room's list, and not only remembered from before a reconnection. */
  present = true;

  constructor(readonly login: string) {}

  get camera(): RemoteStream | null {
    return this.streams.find((s) => s.kind === 'camera') ?? null;
  }

  get screen(): RemoteStream | null {
    return this.streams.find((s) => s.kind === 'screen') ?? null;
  }
}

export interface MembersHost {
  room: string;
  login: string;
  session(): Session | null;
  events: Emitter<RoomEvents>;
}

export class Members {
  readonly people = new Map<string, Person>();
  readonly #host: MembersHost;
  #grace: ReturnType<typeof setTimeout> | undefined;

  constructor(host: MembersHost) {
    this.#host = host;
  }

  /** All streams of everybody. */
  *streams(): Iterable<Remote> {
    for (const person of this.people.values()) yield* person.streams;
  }

  /** The server's whole truth. `authoritative`: whoever is missing has left, and is not just on the way back. */
  state(info: unknown, authoritative: boolean): void {
    const listed = new Map<string, string[]>();
    for (const entry of Array.isArray(info) ? (info as unknown[]) : []) {
      const { login, name } = typeof entry === 'string' ? { login: entry, name: undefined } : (entry as StreamRef);
      if (typeof login !== 'string' || login === this.#host.login) continue;
      const names = listed.get(login) ?? [];
      if (typeof name === 'string') names.push(name);
      listed.set(login, names);
    }
    for (const person of this.people.values()) {
      const names = listed.get(person.login);
      person.present = names !== undefined;
      for (const stream of person.streams) stream.present = names?.includes(stream.name) ?? false;
    }
    for (const [login, names] of listed) {
      this.joined(login);
      for (const name of names) this.published({ login, name });
    }
    clearTimeout(this.#grace);
    if (authoritative) this.#sweep();
    else this.#grace = setTimeout(() => this.#sweep(), RETURN_GRACE_MS);
  }

  joined(login: string): Person | null {
    if (login === this.#host.login) return null;
    let person = this.people.get(login);
    if (person) person.present = true;
    else {
      this.people.set(login, (person = new Person(login)));
      this.#host.events.emit('participantJoined', person);
    }
    return person;
  }

  left(login: string): void {
    const person = this.people.get(login);
    if (!person) return;
    for (const stream of [...person.streams]) this.#remove(person, stream);
    this.people.delete(login);
    this.#host.events.emit('participantLeft', person);
  }

  published({ login, name }: StreamRef): void {
    if (typeof login !== 'string' || typeof name !== 'string') return;
    const person = this.joined(login);
    if (!person) return;
    const { room, session } = this.#host;
    const kind = kindOf(name, room, login);
    const known =
      person.streams.find((s) => s.name === name) ?? person.streams.find((s) => !s.present && s.kind === kind);
    if (known) {
      known.rename(name);
      const now = session();
      if (now) void known.link.resume(now);
      return;
    }
    const stream = new Remote({ room, login, name, session });
    person.streams.push(stream);
    this.#host.events.emit('streamAdded', stream);
  }

  unpublished({ login, name }: StreamRef): void {
    const person = this.people.get(login ?? '');
    const stream = person?.streams.find((s) => s.name === name);
    if (person && stream) this.#remove(person, stream);
  }

  /** The connection is away. */
  suspend(): void {
    clearTimeout(this.#grace);
    for (const stream of this.streams()) stream.link.suspend();
  }

  /** The connection is back; resolves when all that was playing and is there plays again. */
  async resume(session: Session): Promise<void> {
    const present = [...this.streams()].filter((s) => s.present);
    await Promise.all(present.map((s) => s.link.resume(session)));
  }

  close(): void {
    clearTimeout(this.#grace);
    for (const stream of this.streams()) void stream.end();
    this.people.clear();
  }

  #sweep(): void {
    for (const person of [...this.people.values()]) {
      for (const stream of [...person.streams]) if (!stream.present) this.#remove(person, stream);
      if (!person.present) this.left(person.login);
    }
  }

  #remove(person: Person, stream: Remote): void {
    person.streams.splice(person.streams.indexOf(stream), 1);
    void stream.end();
    this.#host.events.emit('streamRemoved', stream);
  }
}

export interface StreamRef {
  login?: string;
  name?: string;
}
