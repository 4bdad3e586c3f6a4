/** One visit to a room, from the lobby to the way out. The pages draw what stands here. */
import { computed, signal } from '@preact/signals';
import type { Client, ConnectionState, Participant, Reason, RemoteStream, Room, RoomRecording } from '@veche/sdk';
import { words } from '../i18n';
import type { AppConfig, Asked } from './app';
import type { Door } from './door';
import { LocalMedia } from './media';
import { anotherName, cleanLogin, cleanRoom } from './names';
import { Notices } from './notices';
import { OwnStreams } from './own';
import { prefs } from './prefs';
import { reasonOf, type Veche } from './sdk';
import { Talk } from './talk';

export type Phase = 'lobby' | 'joining' | 'room' | 'left' | 'ended';
export type Panel = 'chat' | 'people' | null;
export type Dialog = 'invite' | 'settings' | 'stats' | 'keys' | null;

/** Somebody else, as drawn: a copy, so that a change is seen. */
export interface Person {
  login: string;
  camera: RemoteStream | null;
  screens: readonly RemoteStream[];
}

function personOf(participant: Participant): Person {
  const screens = participant.streams.filter((stream) => stream.kind === 'screen');
  return { login: participant.login, camera: participant.camera, screens };
}

const NOT_RECORDED: RoomRecording = { on: false, by: null, since: null, problem: null };
/** A recording heard of so soon after the entry was there before: it is told right behind the room's state. */
const FOUND_MS = 500;

export class Call {
  readonly phase = signal<Phase>('lobby');
  readonly connection = signal<ConnectionState>('closed');
  readonly away = signal<number | null>(null);
  readonly going = signal<string | null>(null);
  readonly problem = signal<Reason | 'empty_name' | null>(null);
  readonly room = signal('');
  readonly name = signal('');
  readonly people = signal<readonly Person[]>([]);
  readonly speaker = signal<string | null>(null);
  readonly since = signal(0);
  /** Of the whole room, by the server. */
  readonly recording = signal<RoomRecording>(NOT_RECORDED);
  /** By this machine's clock. */
  readonly recordingSince = signal<number | null>(null);
  /** Between asking for a start or an end and hearing of it. */
  readonly askingRecord = signal(false);
  /** Whether anybody else was here during this visit. */
  readonly met = signal(false);
  readonly panel = signal<Panel>(null);
  readonly dialog = signal<Dialog>(null);
  readonly pinned = signal<string | null>(null);
  readonly count = computed(() => this.people.value.length + 1);

  readonly media: LocalMedia;
  readonly own: OwnStreams;
  /** What is behind the door of the room; `null` while nobody knows. */
  readonly door = signal<Door | null>(null);
  readonly talk = new Talk();
  readonly notices = new Notices();
  readonly config: AppConfig;
  /** Asked for in the address: the room is recorded from its first moment. */
  readonly recordsFromStart: boolean;

  private readonly sdk: Veche;
  private client: Client | null = null;
  private joined: Room | null = null;

  constructor(sdk: Veche, config: AppConfig, asked: Asked) {
    this.sdk = sdk;
    this.config = config;
    this.recordsFromStart = asked.record;
    this.room.value = asked.room;
    this.name.value = asked.name;
    this.media = new LocalMedia(sdk);
    this.own = new OwnStreams(this.media, (reason) => this.alarm(reason));
  }

  /** Opens the devices. Whoever went in before the browser had its answer is seen and heard from then on. */
  async openMedia(wanted: { microphone: boolean; camera: boolean }): Promise<void> {
    await this.media.open(wanted);
    if (this.phase.value !== 'room') return;
    for (const kind of ['microphone', 'camera'] as const) {
      if (this.media.state[kind].value === 'on' && !this.own.on[kind].value) void this.own.toggle(kind);
    }
  }

  /** Connects and enters. What goes wrong stands in `problem` afterwards. */
  async join(): Promise<void> {
    if (this.phase.value === 'joining' || this.phase.value === 'room') return;
    const login = cleanLogin(this.name.value);
    this.room.value = cleanRoom(this.room.value) || this.room.value;
    if (!login) {
      this.problem.value = 'empty_name';
      this.phase.value = 'lobby';
      return;
    }
    this.name.value = login;
    prefs.set('name', login);
    this.problem.value = null;
    this.phase.value = 'joining';
    await this.attempt(login);
  }

  private async attempt(login: string): Promise<void> {
    this.connection.value = 'connecting';
    try {
      this.client = await this.sdk.connect({ login });
      this.connection.value = this.client.state;
      this.listenToClient(this.client);
      const { capacity } = this.config;
      const room = await this.client.join(this.room.value, {
        history: true,
        ...(capacity ? { capacity } : {}),
        ...(this.recordsFromStart ? { record: true } : {}),
      });
      this.enter(room);
    } catch (error) {
      await this.drop();
      this.fail(reasonOf(error));
    }
  }

  async leave(): Promise<void> {
    const room = this.joined;
    this.phase.value = 'left';
    this.settle();
    await room?.leave().catch(() => undefined);
    await this.drop();
  }

  /** Back into the same room with the devices as they were. */
  async rejoin(): Promise<void> {
    this.problem.value = null;
    this.phase.value = 'joining';
    await this.media.open({ microphone: prefs.get('microphoneOn') !== '0', camera: prefs.get('cameraOn') !== '0' });
    await this.attempt(this.name.value);
  }

  /** The taken name's free neighbour. */
  joinAsAnother(): Promise<void> {
    this.name.value = anotherName(this.name.value);
    return this.join();
  }

  show(panel: Panel): void {
    this.panel.value = this.panel.value === panel ? null : panel;
    this.talk.show(this.panel.value === 'chat');
  }

  togglePin(tile: string): void {
    this.pinned.value = this.pinned.value === tile ? null : tile;
  }

  async share(): Promise<void> {
    try {
      await this.own.share();
    } catch (error) {
      const reason = reasonOf(error);
      // Closing the browser's picker is a choice, not a fault.
      if (reason === 'screen_cancelled') return;
      const { shareDenied, shareFailed } = words.value.notices;
      this.notices.tell(reason === 'media_denied' ? shareDenied : shareFailed, { tone: 'alarm', reason });
    }
  }

  /** Starts or stops the recording of the room. Everybody hears of it from the server. */
  async record(): Promise<void> {
    const room = this.joined;
    if (!room || this.askingRecord.value) return;
    this.askingRecord.value = true;
    try {
      await room.record(!room.recording.on);
    } catch (error) {
      const { refused, unsupported, away, failed } = words.value.record;
      const reason = reasonOf(error);
      const said = (error as { info?: string | null }).info ?? '';
      const text = reason === 'refused' ? refused : reason === 'unsupported' ? unsupported : reason === 'closed' || reason === 'timeout' ? away : failed(said);
      this.notices.tell(text, { tone: 'alarm', reason });
    } finally {
      this.askingRecord.value = false;
    }
  }

  private heardRecording(next: RoomRecording): void {
    const was = this.recording.value;
    this.recording.value = next;
    const w = words.value.record;
    const who = next.by === this.name.value ? 'you' : next.by;
    if (next.on !== was.on) {
      const found = next.on && who !== 'you' && Date.now() - this.since.value < FOUND_MS;
      // The server's clock may be another: what begins now begins by this one.
      this.recordingSince.value = !next.on ? null : found ? Math.min(next.since ?? Date.now(), Date.now()) : Date.now();
      if (!found) this.talk.happened(next.on ? 'recorded' : 'unrecorded', next.by);
      const begun = found ? w.found(who) : who === 'you' ? w.youStarted : who ? w.started(who) : w.startedItself;
      this.notices.tell(next.on ? begun : who && who !== 'you' ? w.stoppedBy(who) : w.stopped, { long: true });
    }
    if (next.problem && next.problem !== was.problem) this.notices.tell(w.problem(next.problem), { tone: 'alarm', reason: 'recording' });
  }

  private alarm(reason: string): void {
    const { publishFailed, deviceFailed } = words.value.notices;
    const advice = words.value.reasons[reason as Reason];
    if (reason.startsWith('media_')) this.notices.tell(`${deviceFailed} ${advice?.text ?? ''}`, { tone: 'alarm', reason });
    else this.notices.tell(publishFailed, { tone: 'alarm', reason, action: { word: words.value.media.again, act: () => void this.own.again() } });
  }

  private enter(room: Room): void {
    this.joined = room;
    this.phase.value = 'room';
    this.connection.value = 'connected';
    this.since.value = Date.now();
    this.met.value = false;
    this.talk.start(room, (message) => this.notices.say(words.value.chat.said(message.from, message.text)));
    this.listenToRoom(room);
    for (const participant of room.participants.values()) for (const stream of participant.streams) this.play(stream);
    this.syncPeople();
    if (room.recording.on) this.heardRecording(room.recording);
    void this.own.start(room);
  }

  private listenToClient(client: Client): void {
    client.on('state', (state) => this.setConnection(state));
    client.on('goingAway', ({ reason }) => {
      if (reason !== 'replaced') this.going.value = reason;
    });
    client.on('closed', ({ error }) => {
      if (error && client === this.client) this.end(error.reason);
    });
  }

  private listenToRoom(room: Room): void {
    const { notices, talk } = this;
    room.on('participantJoined', ({ login }) => {
      this.syncPeople();
      talk.happened('joined', login);
      notices.tell(words.value.notices.joined(login));
    });
    room.on('participantLeft', ({ login }) => {
      this.syncPeople();
      talk.happened('left', login);
      notices.tell(words.value.notices.left(login));
    });
    room.on('streamAdded', (stream) => {
      this.play(stream);
      this.syncPeople();
    });
    room.on('streamRemoved', () => this.syncPeople());
    room.on('activeSpeaker', (login) => (this.speaker.value = login));
    room.on('recording', (recording) => this.heardRecording(recording));
    room.on('connection', (state) => this.setConnection(state));
    room.on('left', ({ error }) => {
      if (error && room === this.joined) this.end(error.reason);
    });
  }

  private play(stream: RemoteStream): void {
    // A failure shows on the tile.
    if (stream.status === 'idle') stream.play().catch(() => undefined);
  }

  private syncPeople(): void {
    const people = [...(this.joined?.participants.values() ?? [])].map(personOf);
    if (people.length > 0) this.met.value = true;
    this.people.value = people;
  }

  private setConnection(state: ConnectionState): void {
    const before = this.connection.value;
    this.connection.value = state;
    if (state === 'reconnecting' && this.away.value === null) {
      this.away.value = this.client?.reconnectingSince ?? Date.now();
      this.notices.say(words.value.away.title);
    }
    if (state !== 'connected') return;
    this.away.value = null;
    this.going.value = null;
    if (before === 'reconnecting') {
      this.syncPeople();
      this.notices.tell(words.value.away.back);
    }
  }

  private fail(reason: Reason): void {
    this.problem.value = reason;
    const closedDoor = reason === 'room_full' || reason === 'replaced';
    if (closedDoor) this.end(reason);
    else this.phase.value = 'lobby';
  }

  private end(reason: Reason): void {
    this.problem.value = reason;
    this.phase.value = 'ended';
    this.settle();
    void this.drop();
  }

  private settle(): void {
    this.own.end();
    this.talk.end();
    this.media.close();
    this.joined = null;
    this.recording.value = NOT_RECORDED;
    this.recordingSince.value = null;
    this.people.value = [];
    this.speaker.value = null;
    this.away.value = null;
    this.going.value = null;
    this.dialog.value = null;
    this.panel.value = null;
    this.pinned.value = null;
    this.talk.show(false);
    this.connection.value = 'closed';
  }

  private async drop(): Promise<void> {
    const client = this.client;
    this.client = null;
    await client?.close().catch(() => undefined);
    this.connection.value = 'closed';
  }
}
