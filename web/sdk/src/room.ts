/** A room from inside: joins, keeps members, publications and chat, comes back after a loss. */
import type {
  ChatMessage,
  JoinOptions,
  LocalPublication,
  Participant,
  PublishOptions,
  Room,
  RoomEvents,
  RoomRecording,
} from './api.js';
import { Chat } from './chat.js';
import { Deferred, backoff, sleep, within } from './deferred.js';
import { openScreen } from './devices.js';
import { VecheError, asError, type Reason } from './errors.js';
import { Emitter } from './events.js';
import { ActiveSpeaker, LEVEL_INTERVAL_MS } from './levels.js';
import { Members } from './members.js';
import { Publication } from './publication.js';
import { NOT_RECORDED, recordingOf } from './recording.js';
import type { Session } from './session.js';
import type { DataStatus, RoomPayload } from './wire.js';

/** STATE and ACCEPTED come together; only a broken server sends one of them. */
const STATE_TIMEOUT_MS = 5_000;
/** How long `connected` waits for streams that do not come back. */
const RESTORE_PATIENCE_MS = 10_000;
/** Quality is judged over windows of 2 s. */
const TICKS_PER_WINDOW = 2_000 / LEVEL_INTERVAL_MS;
/** Coming back into a room: half a minute, then the reason is real. */
const REJOIN_ATTEMPTS = 10;
/** Refusals that may pass: our own former self may still hold the login. */
const PASSING: ReadonlySet<Reason> = new Set<Reason>(['login_taken', 'timeout', 'rate_limited']);
/** A room is kept `room_idle_timeout` (60 s by default): its ids go on for at least half of that. */
const IDS_HOLD_MS = 30_000;
const DEFAULT_MESSAGE_BYTES = 65_536;
const LEAVE_TIMEOUT_MS = 2_000;
/** RECORDING follows STATE at once where the room is recorded; where it is not, nothing follows. */
const RECORDING_PATIENCE_MS = 1_500;

export interface RoomHost {
  login: string;
  /** Called once, when the room is left for good. */
  over(room: JoinedRoom): void;
}

export class JoinedRoom extends Emitter<RoomEvents> implements Room {
  readonly name: string;
  readonly login: string;

  readonly #host: RoomHost;
  readonly #options: JoinOptions;
  readonly #members: Members;
  readonly #chat: Chat;
  readonly #publications: Publication[] = [];
  readonly #speaker = new ActiveSpeaker();
  /** `null` until joined, and while away. */
  #session: Session | null = null;
  #state: Deferred<void> | null = null;
  #stateIsWhole = true;
  #awaySince = 0;
  #transmit: ((text: string, to: string | null) => Promise<DataStatus>) | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;
  #tick = 0;
  #over = false;
  #recording: RoomRecording = NOT_RECORDED;
  #recordingStopped = false;
  #recordingDoubt: ReturnType<typeof setTimeout> | undefined;

  constructor(name: string, options: JoinOptions, host: RoomHost) {
    super();
    this.name = name;
    this.login = host.login;
    this.#host = host;
    this.#options = options;
    this.#members = new Members({ room: name, login: host.login, session: () => this.#session, events: this });
    const transmit = () => this.#transmit;
    this.#chat = new Chat({
      login: host.login,
      get transmit() {
        return transmit();
      },
      maxMessageBytes: () => this.#session?.user.veche?.maxMessageBytes ?? DEFAULT_MESSAGE_BYTES,
      added: (message) => this.emit('message', message),
      updated: (message) => this.emit('messageUpdated', message),
    });
  }

  get participants(): ReadonlyMap<string, Participant> {
    return this.#members.people;
  }

  get publications(): readonly LocalPublication[] {
    return this.#publications;
  }

  get messages(): readonly ChatMessage[] {
    return this.#chat.messages;
  }

  get activeSpeaker(): string | null {
    return this.#speaker.current;
  }

  get recording(): RoomRecording {
    return this.#recording;
  }

  async record(on: boolean): Promise<void> {
    this.#assertInside();
    const session = this.#session;
    if (!session?.alive) throw new VecheError('closed', 'the connection is away');
    if (!session.knowsVeche) throw new VecheError('unsupported', 'the server does not record rooms');
    await session.command('record', { name: this.name, on });
  }

  async publish(source: MediaStream, options: PublishOptions = {}): Promise<LocalPublication> {
    return this.#publish(source, options, false);
  }

  async publishScreen(options: { audio?: boolean } = {}): Promise<LocalPublication> {
    this.#assertInside();
    const media = await openScreen(options.audio ?? true);
    // Stopped in the browser's bar, or left, before it began.
    if (this.#over || media.getVideoTracks()[0]?.readyState === 'ended') {
      for (const track of media.getTracks()) track.stop();
      this.#assertInside();
      throw new VecheError('screen_cancelled');
    }
    return this.#publish(media, { kind: 'screen' }, true);
  }

  async send(text: string, to?: string): Promise<ChatMessage> {
    this.#assertInside();
    return this.#chat.send(text, to ?? null);
  }

  async leave(): Promise<void> {
    if (this.#over) return;
    const session = this.#session;
    this.#close(new VecheError('closed', 'left the room'));
    if (session?.alive) {
      const left = session.command('leave', { name: this.name });
      await within(LEAVE_TIMEOUT_MS, 'leave', left).catch(() => undefined);
      session.rooms.delete(this.name);
    }
    this.emit('left', { error: null });
  }

  /** The first join. Rejects with the server's reason. */
  async enter(session: Session): Promise<void> {
    await this.#join(session, {});
    this.#activate(session);
    this.#timer = setInterval(() => this.#sample(), LEVEL_INTERVAL_MS);
  }

  /** The connection is away. */
  suspend(): void {
    if (this.#over) return;
    if (this.#session) this.#awaySince = Date.now();
    this.#session = null;
    this.#transmit = null;
    this.#members.suspend();
    for (const publication of this.#publications) publication.link.suspend();
    this.emit('connection', 'reconnecting');
  }

  /** The connection is back: joins again and brings everything back. Never rejects. */
  async resume(session: Session): Promise<void> {
    const resumed = session.user.veche?.resumed === true;
    const fresh = Date.now() - this.#awaySince < IDS_HOLD_MS;
    // Ids of a room made anew begin anew; then everything is asked for and known messages are dropped here.
    const historySince = resumed && fresh ? this.#chat.lastId : undefined;
    for (let attempt = 0; ; attempt++) {
      try {
        await this.#join(session, { historySince, whole: resumed });
        break;
      } catch (e) {
        if (this.#over || !session.alive) return;
        const error = asError(e);
        if (!PASSING.has(error.reason) || attempt >= REJOIN_ATTEMPTS) return this.fail(error);
        await sleep(backoff(attempt, 500, 4_000));
        if (this.#over || !session.alive) return;
      }
    }
    if (this.#over || !session.alive) return;
    this.#activate(session);
    const back = [this.#members.resume(session), ...this.#publications.map((p) => p.link.resume(session))];
    await within(RESTORE_PATIENCE_MS, 'restore', Promise.all(back)).catch(() => undefined);
    if (this.#session === session) this.emit('connection', 'connected');
  }

  /** The room is lost for good. */
  fail(error: VecheError): void {
    if (this.#over) return;
    this.#close(error);
    this.emit('left', { error });
  }

  async #publish(media: MediaStream, options: PublishOptions, ownsTracks: boolean): Promise<LocalPublication> {
    this.#assertInside();
    const publication = new Publication({
      ...options,
      room: this.name,
      login: this.login,
      media,
      ownsTracks,
      over: (p) => {
        const at = this.#publications.indexOf(p);
        if (at >= 0) this.#publications.splice(at, 1);
      },
    });
    this.#publications.push(publication);
    await publication.link.start(this.#session, options.transport);
    return publication;
  }

  async #join(session: Session, again: { historySince?: number; whole?: boolean }): Promise<void> {
    const { capacity, history = true, record } = this.#options;
    this.#stateIsWhole = again.whole ?? true;
    const state = (this.#state = new Deferred());
    session.rooms.set(this.name, (payload) => this.#event(payload));
    try {
      await session.command('join', {
        name: this.name,
        // A room made anew after a server restart must not begin again what was stopped.
        record: this.#recordingStopped ? undefined : record,
        ...(session.knowsVeche && { capacity, history, historySince: again.historySince }),
      });
      await within(STATE_TIMEOUT_MS, 'STATE', state.promise);
    } catch (e) {
      session.rooms.delete(this.name);
      throw e;
    }
  }

  #activate(session: Session): void {
    this.#session = session;
    this.#transmit = (text, to) => this.#say(session, text, to);
    this.#chat.resume(session.knowsVeche && this.#options.history !== false);
  }

  async #say(session: Session, text: string, to: string | null): Promise<DataStatus> {
    const roomConfig = { name: this.name };
    const private_ = (login: string) => session.command('sendMessage', { roomConfig, to: login, text });
    if (to !== null) return private_(to);
    if (session.knowsVeche) return session.command('broadcast', { roomConfig, text });
    // A server without broadcast: one message to each.
    await Promise.all([...this.#members.people.keys()].map((login) => private_(login).catch(() => undefined)));
    return { time: Date.now() };
  }

  #event({ name, info }: RoomPayload): void {
    if (this.#over) return;
    switch (name) {
      case 'STATE':
        this.#members.state(info, this.#stateIsWhole);
        this.#doubtRecording();
        return this.#state?.resolve();
      case 'JOINED':
        return void (typeof info === 'string' && this.#members.joined(info));
      case 'LEFT':
        return void (typeof info === 'string' && this.#members.left(info));
      case 'PUBLISHED':
        return this.#members.published(info ?? {});
      case 'UNPUBLISHED':
      case 'FAILED':
        return this.#members.unpublished(info ?? {});
      case 'MESSAGE':
        return this.#chat.receive(info ?? {});
      case 'HISTORY':
        return this.#chat.receiveHistory(Array.isArray(info) ? info : []);
      case 'RECORDING':
        this.#recordingStopped = !recordingOf(info).on;
        return this.#setRecording(recordingOf(info));
    }
  }

  /** Known from before a reconnection, and perhaps over meanwhile. */
  #doubtRecording(): void {
    clearTimeout(this.#recordingDoubt);
    if (this.#recording.on) this.#recordingDoubt = setTimeout(() => this.#setRecording(NOT_RECORDED), RECORDING_PATIENCE_MS);
  }

  #setRecording(next: RoomRecording): void {
    clearTimeout(this.#recordingDoubt);
    const was = this.#recording;
    this.#recording = next;
    // A reconnection repeats what is known.
    if (next.on !== was.on || next.since !== was.since || next.problem !== was.problem) this.emit('recording', next);
  }

  #sample(): void {
    const levels = new Map<string, number>();
    for (const stream of this.#members.streams()) {
      stream.sampleLevel();
      if (stream.kind === 'camera') levels.set(stream.login, Math.max(levels.get(stream.login) ?? 0, stream.level));
    }
    for (const p of this.#publications) {
      if (p.kind === 'camera') levels.set(this.login, Math.max(levels.get(this.login) ?? 0, p.audioMuted ? 0 : p.level));
    }
    if (this.#speaker.update(Date.now(), levels)) this.emit('activeSpeaker', this.#speaker.current);
    if (++this.#tick % TICKS_PER_WINDOW === 0) {
      for (const stream of this.#members.streams()) void stream.measure().catch(() => undefined);
      for (const p of this.#publications) void p.measure().catch(() => undefined);
    }
  }

  #close(error: VecheError): void {
    this.#over = true;
    clearInterval(this.#timer);
    clearTimeout(this.#recordingDoubt);
    this.#transmit = null;
    for (const publication of [...this.#publications]) void publication.stop();
    this.#members.close();
    this.#chat.close(error);
    this.#session = null;
    this.#host.over(this);
  }

  #assertInside(): void {
    if (this.#over) throw new VecheError('not_in_room', this.name);
  }
}
