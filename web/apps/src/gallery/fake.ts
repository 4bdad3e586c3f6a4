/** An SDK without a server, for looking at every state. Never part of a build. */
import type {
  ChatMessage, Client, ClientEvents, LocalPublication, Participant, Reason, RemoteStatus, RemoteStream, Room, RoomEvents, RoomRecording, StreamEvents, StreamKind,
} from '@veche/sdk';
import type { Veche } from '../model/sdk';
import { person, screen } from './scene';

class Bus<M> {
  private readonly heard = new Map<keyof M, Set<(arg: never) => void>>();
  on = <E extends keyof M>(event: E, listener: (arg: M[E]) => void) => {
    const set = this.heard.get(event) ?? new Set();
    this.heard.set(event, set.add(listener as (arg: never) => void));
    return () => void set.delete(listener as (arg: never) => void);
  };
  emit<E extends keyof M>(event: E, arg: M[E]): void {
    for (const listener of [...(this.heard.get(event) ?? [])]) (listener as (arg: M[E]) => void)(arg);
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export const failure = (reason: Reason) => Object.assign(new Error(reason), { reason, info: null });

const STATS = { bitrate: 812_000, fps: 30, width: 1280, height: 720, packetsLost: 3, jitterMs: 4, rttMs: 22, codec: 'VP8' };

export interface FakeStream extends Writable<RemoteStream> {
  emit: Bus<StreamEvents>['emit'];
}

let streams = 0;

export function remote(login: string, kind: StreamKind, media: MediaStream | null, change: Partial<Writable<RemoteStream>> = {}): FakeStream {
  const bus = new Bus<StreamEvents>();
  const stream = {
    name: `${login}-${kind}-${streams++}`, login, kind,
    status: 'playing' as RemoteStatus, error: null, media,
    audioMuted: false, videoMuted: false, hasAudio: true, hasVideo: true,
    level: 0, quality: 'good', width: 640, height: 480,
    play: async () => media!, stop: async () => undefined, setVolume: () => undefined,
    attach(el: HTMLMediaElement) {
      el.srcObject = media;
      el.muted = true;
      el.play().catch(() => undefined);
      return () => (el.srcObject = null);
    },
    stats: async () => STATS,
    on: bus.on, emit: bus.emit.bind(bus),
    ...change,
  };
  return stream as FakeStream;
}

function publication(kind: StreamKind, media: MediaStream): LocalPublication {
  const bus = new Bus<StreamEvents>();
  const self: Writable<LocalPublication> = {
    name: `own-${kind}`, kind, media, status: 'publishing', error: null,
    audioMuted: false, videoMuted: false, level: 0, quality: 'good',
    muteAudio() { self.audioMuted = true; bus.emit('changed', undefined); },
    unmuteAudio() { self.audioMuted = false; bus.emit('changed', undefined); },
    muteVideo() { self.videoMuted = true; bus.emit('changed', undefined); },
    async unmuteVideo() { self.videoMuted = false; bus.emit('changed', undefined); },
    replaceTrack: async () => undefined,
    async stop() { self.status = 'ended'; bus.emit('status', 'ended'); },
    stats: async () => STATS,
    on: bus.on,
  };
  return self;
}

export class FakeRoom {
  readonly bus = new Bus<RoomEvents>();
  readonly participants = new Map<string, Participant>();
  readonly messages: ChatMessage[] = [];
  readonly publications: LocalPublication[] = [];
  readonly activeSpeaker: string | null = null;
  readonly on = this.bus.on;
  recording: RoomRecording = { on: false, by: null, since: null, problem: null };
  private next = 1;
  readonly name: string;
  readonly login: string;

  constructor(name: string, login: string) {
    this.name = name;
    this.login = login;
  }

  add(login: string, ...list: FakeStream[]): void {
    const participant: Participant = {
      login,
      streams: list,
      get camera() { return list.find((s) => s.kind === 'camera') ?? null; },
      get screen() { return list.find((s) => s.kind === 'screen') ?? null; },
    };
    this.participants.set(login, participant);
    this.bus.emit('participantJoined', participant);
  }

  remove(login: string): void {
    const participant = this.participants.get(login);
    this.participants.delete(login);
    if (participant) this.bus.emit('participantLeft', participant);
  }

  say(from: string, text: string, extra: Partial<ChatMessage> = {}): ChatMessage {
    const id = this.next++;
    const message: ChatMessage = {
      localId: `m${id}`, id, from, to: null, text, time: Date.now(), own: from === this.login, history: false,
      state: 'sent', error: null, retry: async () => undefined, ...extra,
    };
    this.messages.push(message);
    this.bus.emit('message', message);
    return message;
  }

  async publish(media: MediaStream): Promise<LocalPublication> {
    return publication('camera', media);
  }
  async publishScreen(): Promise<LocalPublication> {
    return publication('screen', screen());
  }
  async send(text: string, to?: string): Promise<ChatMessage> {
    return this.say(this.login, text, { to: to ?? null });
  }
  async record(on: boolean, by: string | null = this.login, change: Partial<RoomRecording> = {}): Promise<void> {
    this.recording = { on, by, since: on ? Date.now() : null, problem: null, ...change };
    this.bus.emit('recording', this.recording);
  }
  async leave(): Promise<void> {}
}

export interface FakeOptions {
  joinFails?: Reason;
  connectHangs?: boolean;
  mediaFails?: { audio?: Reason; video?: Reason };
  mediaHangs?: boolean;
  unsupported?: string[];
}

export class FakeSdk {
  room: FakeRoom | null = null;
  readonly client = new Bus<ClientEvents>();
  readonly sdk: Veche;

  constructor(options: FakeOptions) {
    const never = new Promise<never>(() => undefined);
    this.sdk = {
      connect: async ({ login }) => {
        if (options.connectHangs) return never;
        const client: Client = {
          state: 'connected', login, reconnectingSince: null,
          join: async (name) => {
            if (options.joinFails) throw failure(options.joinFails);
            this.room = new FakeRoom(name, login);
            return this.room as unknown as Room;
          },
          on: this.client.on,
          close: async () => undefined,
        };
        return client;
      },
      listDevices: async () => {
        const device = (kind: MediaDeviceKind, deviceId: string, label: string) => ({ kind, deviceId, label, groupId: '', toJSON: () => ({}) });
        return {
          cameras: options.mediaFails?.video ? [] : [device('videoinput', 'c1', 'FaceTime HD Camera'), device('videoinput', 'c2', 'Logitech Brio (046d:085e)')],
          microphones: options.mediaFails?.audio ? [] : [device('audioinput', 'm1', 'MacBook Pro Microphone'), device('audioinput', 'm2', 'Jabra Evolve2 65')],
          speakers: [device('audiooutput', 's1', 'MacBook Pro Speakers')],
        };
      },
      onDevicesChanged: () => () => undefined,
      openMedia: async ({ audio, video }) => {
        if (options.mediaHangs) return never;
        const reason = (audio && options.mediaFails?.audio) || (video && options.mediaFails?.video);
        if (reason) throw failure(reason);
        const tracks: MediaStreamTrack[] = [];
        if (audio) tracks.push(...new AudioContext().createMediaStreamDestination().stream.getAudioTracks());
        if (video) tracks.push(...person(2, 1280, 720).getVideoTracks());
        return new MediaStream(tracks);
      },
      createLevelMeter: (_stream, listener) => {
        const timer = setInterval(() => listener(0.28 + 0.22 * Math.sin(Date.now() / 170)), 60);
        return () => clearInterval(timer);
      },
      checkSupport: () => ({ ok: !options.unsupported, missing: options.unsupported ?? [] }),
    };
  }
}
