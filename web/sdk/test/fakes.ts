/**
 * A network, a server and a browser, all in memory and on vitest's virtual
 * clock. The server keeps to docs/protocol.md closely enough to meet in.
 */
import { vi } from 'vitest';

export class FakeTrack extends EventTarget {
  enabled = true;
  readyState: 'live' | 'ended' = 'live';
  contentHint = '';
  readonly id = Math.random().toString(36).slice(2);
  constructor(readonly kind: 'audio' | 'video') {
    super();
  }
  getSettings() {
    return { deviceId: `${this.kind}-device` };
  }
  stop() {
    this.readyState = 'ended';
  }
  /** As when the person stops it in the browser's bar. */
  endFromOutside() {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

export class FakeMediaStream {
  #tracks: FakeTrack[];
  constructor(tracks: FakeTrack[] = []) {
    this.#tracks = [...tracks];
  }
  getTracks() {
    return [...this.#tracks];
  }
  getAudioTracks() {
    return this.#tracks.filter((t) => t.kind === 'audio');
  }
  getVideoTracks() {
    return this.#tracks.filter((t) => t.kind === 'video');
  }
  addTrack(t: FakeTrack) {
    if (!this.#tracks.includes(t)) this.#tracks.push(t);
  }
  removeTrack(t: FakeTrack) {
    this.#tracks = this.#tracks.filter((x) => x !== t);
  }
}

class FakeSender {
  track: FakeTrack | null = null;
  parameters: any = { encodings: [{}] };
  getParameters() {
    return structuredClone(this.parameters);
  }
  async setParameters(p: any) {
    this.parameters = p;
  }
  async replaceTrack(t: FakeTrack) {
    this.track = t;
  }
}

export class FakePeerConnection extends EventTarget {
  static all: FakePeerConnection[] = [];
  iceConnectionState = 'new';
  connectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remote: string | null = null;
  closed = false;
  readonly transceivers: any[] = [];
  constructor(readonly config: any) {
    super();
    FakePeerConnection.all.push(this);
  }
  addTransceiver(what: FakeTrack | string, init: any) {
    const kind = typeof what === 'string' ? what : what.kind;
    const sender = new FakeSender();
    sender.track = typeof what === 'string' ? null : what;
    const receiver = { track: new FakeTrack(kind as 'audio'), level: 0, getSynchronizationSources: () => [{ audioLevel: receiver.level }] };
    const t = { kind, sender, receiver, ...init };
    this.transceivers.push(t);
    return t;
  }
  async createOffer() {
    return { type: 'offer', sdp: `offer ${this.transceivers.map((t) => `${t.kind}/${t.direction}`).join(' ')}` };
  }
  async setLocalDescription(d: { sdp: string }) {
    this.localDescription = d;
  }
  async setRemoteDescription(d: { sdp: string }) {
    this.remote = d.sdp;
    for (const t of this.transceivers) {
      if (t.direction !== 'recvonly') continue;
      this.dispatchEvent(Object.assign(new Event('track'), { track: t.receiver.track, streams: [] }));
    }
  }
  async getStats() {
    return new Map();
  }
  close() {
    this.closed = true;
  }
  ice(state: string) {
    this.iceConnectionState = state;
    this.dispatchEvent(new Event('iceconnectionstatechange'));
  }
}

interface Member {
  conn: FakeSocket;
  streams: string[];
}

/** A server that one may hurt. */
export class FakeServer {
  readonly conns = new Set<FakeSocket>();
  readonly rooms = new Map<string, Map<string, Member>>();
  readonly history = new Map<string, any[]>();
  readonly tokens = new Map<string, string>();
  /** RECORDING of the rooms that are recorded. */
  readonly recordings = new Map<string, any>();
  /** Every frame from clients. */
  readonly log: { login: string; message: string; data: any }[] = [];
  /** Not reachable at all. */
  down = false;
  /** Takes frames and says nothing. */
  silent = false;
  knowsVeche = true;
  /** Answers to come for joins: info texts, each used once. */
  joinRefusals: string[] = [];
  /** Refuses every connection with this. */
  deny: string | null = null;
  /** Statuses to come for streams instead of success, each used once. `silence` answers nothing. */
  streamFates: ({ info: string } | 'silence')[] = [];
  commandFates: ({ info: string; code?: string } | 'silence')[] = [];
  #nextId = 1;
  #nextToken = 1;

  of(login: string): FakeSocket {
    const conn = [...this.conns].find((c) => c.login === login);
    if (!conn) throw new Error(`${login} is not connected`);
    return conn;
  }
  sent(message: string, login?: string) {
    return this.log.filter((f) => f.message === message && (login === undefined || f.login === login)).map((f) => f.data);
  }
  /** Killed: every line breaks, everything is forgotten. */
  crash() {
    this.down = true;
    for (const conn of [...this.conns]) conn.breakDown();
    this.conns.clear();
    this.rooms.clear();
    this.history.clear();
    this.tokens.clear();
    this.recordings.clear();
    this.#nextId = 1;
  }
  start() {
    this.down = false;
  }
  gone(conn: FakeSocket) {
    this.conns.delete(conn);
    for (const [room, members] of this.rooms) for (const [login, m] of [...members]) if (m.conn === conn) this.#leave(room, login);
  }
  /** A member that is only a row in the server's tables. */
  puppet(room: string, login: string, ...streams: string[]) {
    this.#members(room).set(login, { conn: new FakeSocket('puppet:', true), streams: [] });
    this.tell(room, login, 'JOINED', login);
    for (const name of streams) this.puppetPublishes(room, login, name);
  }
  puppetPublishes(room: string, login: string, name: string) {
    this.#members(room).get(login)!.streams.push(name);
    this.tell(room, login, 'PUBLISHED', { login, name });
  }
  puppetUnpublishes(room: string, login: string, name: string) {
    const m = this.#members(room).get(login)!;
    m.streams = m.streams.filter((s) => s !== name);
    this.tell(room, login, 'UNPUBLISHED', { login, name });
  }
  puppetLeaves(room: string, login: string) {
    this.#leave(room, login);
  }
  puppetSays(room: string, from: string, text: string) {
    const info = { from, text, id: this.#nextId++, time: Date.now(), broadcast: true };
    this.#remember(room, info);
    this.tell(room, from, 'MESSAGE', info);
    return info;
  }
  record(room: string, info: any) {
    if (info.on) this.recordings.set(room, info);
    else this.recordings.delete(room);
    this.tell(room, '', 'RECORDING', info);
  }
  tell(room: string, except: string, name: string, info: unknown) {
    for (const [login, m] of this.#members(room)) if (login !== except) m.conn.deliver('OnDataEvent', { payload: { roomName: room, name, info } });
  }
  #members(room: string) {
    let members = this.rooms.get(room);
    if (!members) this.rooms.set(room, (members = new Map()));
    return members;
  }
  #remember(room: string, info: any) {
    const list = this.history.get(room) ?? [];
    list.push({ from: info.from, text: info.text, id: info.id, time: info.time });
    this.history.set(room, list);
  }
  #leave(room: string, login: string) {
    if (this.#members(room).delete(login)) this.tell(room, login, 'LEFT', login);
  }

  receive(conn: FakeSocket, message: string, data: any) {
    if (message === 'ping' && !this.silent) return conn.deliver('pong', null);
    if (message === 'pong' || message === 'ping') return;
    this.log.push({ login: conn.login, message, data });
    if (this.silent) return;
    switch (message) {
      case 'connection': {
        if (this.deny) {
          conn.deliver('fail', { status: 'FAILED', info: this.deny, apiMethod: 'ConnectionStatusEvent' });
          return conn.breakDown();
        }
        conn.login = data.custom.login;
        const asked = data.custom.veche?.resumeToken;
        const resumed = asked !== undefined && this.tokens.get(asked) === conn.login;
        if (resumed) for (const c of [...this.conns]) if (c !== conn && c.token === asked) c.kick('replaced');
        conn.token = resumed ? asked : `token-${this.#nextToken++}`;
        this.tokens.set(conn.token, conn.login);
        const veche = { protocol: 1, server: 'fake', resumeToken: conn.token, resumed, maxMessageBytes: 65536 };
        return conn.deliver('getUserData', { authToken: 's', status: 'ESTABLISHED', login: conn.login, ...(this.knowsVeche && { veche }) });
      }
      case 'sendData':
        return this.#command(conn, data.operationId, data.payload.command, data.payload.options);
      case 'publishStream':
      case 'playStream': {
        const fate = this.streamFates.shift();
        if (fate === 'silence') return;
        const base = { mediaSessionId: data.mediaSessionId, name: data.name };
        if (fate) return conn.deliver('notifyStreamStatusEvent', { ...base, status: 'FAILED', info: fate.info });
        if (message === 'playStream' && !this.#exists(data.name)) {
          return conn.deliver('notifyStreamStatusEvent', { ...base, status: 'FAILED', info: 'Stream not found' });
        }
        conn.deliver('setRemoteSDP', data.mediaSessionId, 'answer', true);
        if (message === 'playStream') return conn.deliver('notifyStreamStatusEvent', { ...base, status: 'PLAYING' });
        conn.deliver('notifyStreamStatusEvent', { ...base, status: 'PUBLISHING' });
        const room = data.custom?.name;
        if (!room) return;
        this.#members(room).get(conn.login)?.streams.push(data.name);
        return this.tell(room, conn.login, 'PUBLISHED', { login: conn.login, name: data.name });
      }
      case 'unPublishStream':
        for (const [room, members] of this.rooms) {
          const m = members.get(conn.login);
          if (!m?.streams.includes(data.name)) continue;
          m.streams = m.streams.filter((s) => s !== data.name);
          this.tell(room, conn.login, 'UNPUBLISHED', { login: conn.login, name: data.name });
        }
        return conn.deliver('notifyStreamStatusEvent', { mediaSessionId: data.mediaSessionId, status: 'UNPUBLISHED' });
      case 'stopStream':
        return conn.deliver('notifyStreamStatusEvent', { mediaSessionId: data.mediaSessionId, status: 'STOPPED' });
    }
  }
  #exists(name: string) {
    return [...this.rooms.values()].some((members) => [...members.values()].some((m) => m.streams.includes(name)));
  }
  #command(conn: FakeSocket, operationId: string, command: string, options: any) {
    const accept = (more = {}) => conn.deliver('DataStatusEvent', { operationId, status: 'ACCEPTED', ...more });
    const refuse = (info: string, code?: string) => conn.deliver('DataStatusEvent', { operationId, status: 'FAILED', info, code });
    const fate = command === 'join' || command === 'leave' ? undefined : this.commandFates.shift();
    if (fate === 'silence') return;
    if (fate) return refuse(fate.info, fate.code);
    const { login } = conn;
    switch (command) {
      case 'join': {
        const refusal = this.joinRefusals.shift();
        if (refusal) return refuse(refusal);
        const members = this.#members(options.name);
        if (members.has(login)) return refuse('Room already has user with such login');
        if (options.capacity && members.size >= options.capacity) return refuse('Current room is full');
        members.set(login, { conn, streams: [] });
        accept();
        const info = [...members].filter(([l]) => l !== login);
        const rows = info.flatMap(([l, m]): unknown[] => (m.streams.length ? m.streams.map((name) => ({ login: l, name })) : [l]));
        if (options.record && members.size === 1) this.recordings.set(options.name, { on: true, by: login, since: Date.now(), problem: null });
        conn.deliver('OnDataEvent', { payload: { roomName: options.name, name: 'STATE', info: rows } });
        const recorded = this.recordings.get(options.name);
        if (recorded) conn.deliver('OnDataEvent', { payload: { roomName: options.name, name: 'RECORDING', info: recorded } });
        if (options.history) {
          const list = (this.history.get(options.name) ?? []).filter((m) => m.id > (options.historySince ?? 0));
          conn.deliver('OnDataEvent', { payload: { roomName: options.name, name: 'HISTORY', info: list } });
        }
        return this.tell(options.name, login, 'JOINED', login);
      }
      case 'leave':
        this.#leave(options.name, login);
        return accept();
      case 'record':
        accept();
        return this.record(options.name, { on: options.on, by: login, since: options.on ? Date.now() : null, problem: null });
      case 'broadcast': {
        const room = options.roomConfig.name;
        const info = { from: login, text: options.text, id: this.#nextId++, time: Date.now(), broadcast: true };
        this.#remember(room, info);
        this.tell(room, login, 'MESSAGE', info);
        return accept({ messageId: info.id, time: info.time });
      }
      case 'sendMessage': {
        const to = this.#members(options.roomConfig.name).get(options.to);
        if (!to) return refuse(`No such user in the room: ${options.to}`);
        const info = { from: login, text: options.text, id: this.#nextId++, time: Date.now() };
        to.conn.deliver('OnDataEvent', { payload: { roomName: options.roomConfig.name, name: 'MESSAGE', info } });
        return accept({ messageId: info.id, time: info.time });
      }
    }
  }
}

let server: FakeServer;

/** The page's WebSocket; one way takes a millisecond. */
export class FakeSocket {
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: string }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  login = '';
  token = '';
  over = false;
  /** Frames vanish both ways, and nobody is told: a dead network. */
  dead = false;

  constructor(
    readonly url: string,
    puppet = false,
  ) {
    if (puppet) return;
    setTimeout(() => {
      if (this.over) return;
      if (server.down) return this.breakDown();
      server.conns.add(this);
      this.onopen?.();
    }, 1);
  }
  send(text: string) {
    const { message, data } = JSON.parse(text);
    setTimeout(() => {
      if (!this.over && !this.dead) server.receive(this, message, data[0]);
    }, 1);
  }
  deliver(message: string, ...data: unknown[]) {
    const text = JSON.stringify({ message, data });
    setTimeout(() => {
      if (!this.over && !this.dead) this.onmessage?.({ data: text });
    }, 1);
  }
  close() {
    if (this.over) return;
    this.over = true;
    if (!this.dead) server.gone(this);
    setTimeout(() => this.onclose?.({ code: 1000, reason: '' }), 1);
  }
  /** The line breaks, and both ends notice. */
  breakDown() {
    if (this.over) return;
    setTimeout(() => {
      if (this.over) return;
      this.over = true;
      server.gone(this);
      this.onclose?.({ code: 1006, reason: '' });
    }, 1);
  }
  kick(reason: string) {
    this.deliver('goingAway', { reason, retryAfterMs: 0 });
    server.gone(this);
    this.breakDown();
  }
}

class FakeStorage {
  readonly map = new Map<string, string>();
  getItem(k: string) {
    return this.map.get(k) ?? null;
  }
  setItem(k: string, v: string) {
    this.map.set(k, v);
  }
}

export interface World {
  server: FakeServer;
  window: EventTarget;
  document: EventTarget & { visibilityState: string };
  storage: FakeStorage;
  getUserMedia: ReturnType<typeof vi.fn>;
  getDisplayMedia: ReturnType<typeof vi.fn>;
}

/** A new world on virtual time. */
export function makeWorld(): World {
  vi.useFakeTimers({ now: 1_700_000_000_000 });
  server = new FakeServer();
  FakePeerConnection.all = [];
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: 'visible', createElement: (tag: string) => new FakeElement(tag) });
  const storage = new FakeStorage();
  const getUserMedia = vi.fn(async (c: any) => media(...[c.audio && 'audio', c.video && 'video'].filter(Boolean)));
  const getDisplayMedia = vi.fn(async (c: any) => media(...[c.audio && 'audio', 'video'].filter(Boolean)));
  const navigator = { userAgent: 'fake', mediaDevices: { getUserMedia, getDisplayMedia, enumerateDevices: async () => [] } };
  const globals = { WebSocket: FakeSocket, RTCPeerConnection: FakePeerConnection, MediaStream: FakeMediaStream, window, document, sessionStorage: storage, navigator };
  for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
  return { server, window, document, storage, getUserMedia, getDisplayMedia } as unknown as World;
}

export function endWorld() {
  vi.useRealTimers();
  vi.unstubAllGlobals();
}

/** A media element as far as the SDK touches it. */
export class FakeElement extends EventTarget {
  srcObject: unknown = null;
  volume = 1;
  muted = false;
  autoplay = false;
  controls = false;
  id = '';
  videoWidth = 0;
  videoHeight = 0;
  style: Record<string, string> = {};
  readonly children: FakeElement[] = [];
  parent: FakeElement | null = null;
  plays = 0;
  /** Whether the browser refuses sound. */
  refuses = false;
  constructor(readonly tagName: string) {
    super();
  }
  async play() {
    this.plays++;
    if (this.refuses && !this.muted) throw Object.assign(new Error('no gesture'), { name: 'NotAllowedError' });
  }
  appendChild(c: FakeElement) {
    c.parent = this;
    this.children.push(c);
    return c;
  }
  remove() {
    if (this.parent) this.parent.children.splice(this.parent.children.indexOf(this), 1);
  }
  querySelector() {
    return this.children[0] ?? null;
  }
}

export function media(...kinds: string[]): MediaStream {
  return new FakeMediaStream(kinds.map((k) => new FakeTrack(k as 'audio'))) as unknown as MediaStream;
}

export const tick = (ms = 20) => vi.advanceTimersByTimeAsync(ms);

/** Lets virtual time run until `promise` settles, at most `ms`. */
export async function settle<T>(promise: Promise<T>, ms = 60_000): Promise<T> {
  let done = false;
  const watched = promise.finally(() => (done = true));
  watched.catch(() => undefined);
  for (let t = 0; t < ms && !done; t += 5) await vi.advanceTimersByTimeAsync(5);
  if (!done) throw new Error(`nothing after ${ms} ms`);
  return watched;
}

/** Runs virtual time until `condition` holds. */
export async function until(condition: () => boolean, ms = 60_000): Promise<void> {
  for (let t = 0; t < ms; t += 5) {
    if (condition()) return;
    await vi.advanceTimersByTimeAsync(5);
  }
  throw new Error(`condition not met in ${ms} ms: ${condition}`);
}

/** Every event of `source`, in order, as `name:detail`. */
export function record(source: { on(event: never, cb: (arg: any) => void): unknown }, ...events: string[]): string[] {
  const seen: string[] = [];
  for (const event of events) {
    source.on(event as never, (arg) => seen.push(`${event}:${describe(arg)}`));
  }
  return seen;
}

function describe(arg: any): string {
  if (arg && typeof arg === 'object') {
    if ('localId' in arg) return `${arg.text}/${arg.state}`;
    if ('error' in arg && !('login' in arg)) return arg.error?.reason ?? 'null';
    return arg.name && arg.kind ? `${arg.login}/${arg.kind}` : (arg.login ?? arg.reason ?? JSON.stringify(arg));
  }
  return String(arg);
}
