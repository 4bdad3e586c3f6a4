/**
 * The modern face as types: everything an app meets. The classes behind these
 * interfaces stay inside; state is read-only to callers.
 */
import type { VecheError } from './errors.js';

/** `reconnecting` means: away for now, being brought back without help. */
export type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'closed';

/** What {@link connect} takes. */
export interface ClientOptions {
  /** `ws://` or `wss://` address of the server; by default the page's own origin. */
  url?: string;
  /** The name under which others in a room see this person. Unique in a room. */
  login: string;
  /** A JWT, where the server asks for one. */
  token?: string;
  /** Whether to come back by itself after the network or the server was away. Default `true`. */
  reconnect?: boolean;
  /**
   * Where the resume token is kept, by which a reloaded page gets its login
   * back at once. Default `sessionStorage`; `null` keeps it in memory only.
   */
  resumeStorage?: Storage | null;
}

/** One person's connection to a server. Made by {@link connect}. */
export interface Client {
  /** Where the connection stands. */
  readonly state: ConnectionState;
  /** As given to {@link connect}. */
  readonly login: string;
  /** When the connection was lost (ms since 1970), `null` while connected. */
  readonly reconnectingSince: number | null;
  /**
   * Enters a room; resolves when its participants are known. Rejects with
   * `room_full`, `login_taken`, `refused`, `timeout`, `closed`.
   */
  join(roomName: string, options?: JoinOptions): Promise<Room>;
  /** Listens; returns the function that stops listening. */
  on<E extends keyof ClientEvents>(event: E, listener: (arg: ClientEvents[E]) => void): () => void;
  /** Leaves rooms, stops tracks the SDK opened, frees everything. May be called twice. */
  close(): Promise<void>;
}

/** What {@link Client.join} takes. */
export interface JoinOptions {
  /** How many people the room takes, counting oneself. Only the first join sets it. */
  capacity?: number;
  /** Whether to receive the room's last messages. Default `true`. */
  history?: boolean;
  /** Whether the server records the room from its first moment. Only the first join sets it. */
  record?: boolean;
}

/** Events of a {@link Client}. */
export interface ClientEvents {
  /** The connection changed. */
  state: ConnectionState;
  /** The server says that it will close soon; the client reconnects by itself unless the reason is `replaced`. */
  goingAway: { reason: string; retryAfterMs: number };
  /** The end. `error` is `null` after {@link Client.close}. */
  closed: { error: VecheError | null };
}

/** A room this client is in. */
export interface Room {
  /** As given to {@link Client.join}. */
  readonly name: string;
  /** Own login. */
  readonly login: string;
  /** The others, by login. */
  readonly participants: ReadonlyMap<string, Participant>;
  /** What this client publishes here. */
  readonly publications: readonly LocalPublication[];
  /** The chat, oldest first; the last thousand. */
  readonly messages: readonly ChatMessage[];
  /** Who speaks now (may be oneself), `null` in silence. */
  readonly activeSpeaker: string | null;
  /** Whether the server records the whole room now. */
  readonly recording: RoomRecording;
  /**
   * Starts or stops the recording of the whole room; everybody in it is told.
   * Rejects with `refused` where this login may not, with `unsupported` where
   * the server has no such recording, else with the server's words in `info`.
   */
  record(on: boolean): Promise<void>;
  /** Publishes a stream's first audio and first video track; resolves when the server has it. */
  publish(source: MediaStream, options?: PublishOptions): Promise<LocalPublication>;
  /**
   * Asks for a screen, window or tab and publishes it, with its sound if
   * `audio` is set and the browser can. Ends by itself when stopped in the
   * browser's own bar. Rejects with `screen_cancelled`, `media_denied`, `unsupported`.
   */
  publishScreen(options?: { audio?: boolean }): Promise<LocalPublication>;
  /**
   * Sends to everybody, or to one login. While the connection is away the
   * message waits in state `sending`. Rejects where the server refuses it;
   * the message then stays in {@link Room.messages} as `failed`.
   */
  send(text: string, to?: string): Promise<ChatMessage>;
  /** Leaves; resolves when the login is free again. */
  leave(): Promise<void>;
  /** Listens; returns the function that stops listening. */
  on<E extends keyof RoomEvents>(event: E, listener: (arg: RoomEvents[E]) => void): () => void;
}

/** Events of a {@link Room}. */
export interface RoomEvents {
  /** Somebody came; not told for those found by `join`, nor for those only reconnecting. */
  participantJoined: Participant;
  /** Somebody is gone; their streams were removed before. */
  participantLeft: Participant;
  /** Somebody publishes; `play()` it. */
  streamAdded: RemoteStream;
  /** A stream ended. */
  streamRemoved: RemoteStream;
  /** A new message: others', own ones, and history (`history` is true). */
  message: ChatMessage;
  /** An own message went from `sending` to `sent` or `failed`, or back by `retry()`. */
  messageUpdated: ChatMessage;
  /** Login of who speaks (may be one's own), `null` in silence. */
  activeSpeaker: string | null;
  /** The recording of the room began, ended or met a problem; also told on joining a room that is recorded. */
  recording: RoomRecording;
  /** `reconnecting` while away, `connected` when room, streams and chat are back. */
  connection: ConnectionState;
  /** The end of this room. `error` is `null` after {@link Room.leave}. */
  left: { error: VecheError | null };
}

/** The recording of a whole room. */
export interface RoomRecording {
  /** It runs. */
  readonly on: boolean;
  /** Login of who started it (or, where `on` is false, stopped it); `null` where nobody in the room did. */
  readonly by: string | null;
  /** ms since 1970, by the server's clock; `null` while it does not run. */
  readonly since: number | null;
  /** What is wrong with it in the server's words, such as a full disk; `null` where all is well. */
  readonly problem: string | null;
}

/** Somebody else in the room. The object stays the same through reconnections. */
export interface Participant {
  /** Unique in the room. */
  readonly login: string;
  /** All they publish. */
  readonly streams: readonly RemoteStream[];
  /** The first stream that is not a screen. */
  readonly camera: RemoteStream | null;
  /** The first stream that is a screen. */
  readonly screen: RemoteStream | null;
}

/** What a stream shows. */
export type StreamKind = 'camera' | 'screen';
/** `reconnecting`: wanted, and being brought back; `ended`: over in order; `failed`: see `error`. */
export type RemoteStatus = 'idle' | 'connecting' | 'playing' | 'reconnecting' | 'ended' | 'failed';
/** `reconnecting`: wanted, and being brought back; `ended`: over in order; `failed`: see `error`. */
export type PublicationStatus = 'connecting' | 'publishing' | 'reconnecting' | 'ended' | 'failed';
/** `poor`: visible trouble; `bad`: hardly usable; `unknown`: not yet measured. */
export type ConnectionQuality = 'unknown' | 'good' | 'poor' | 'bad';

/** What {@link RemoteStream.play} takes. */
export interface PlayOptions {
  /** Default `true`. */
  audio?: boolean;
  /** Default `true`. */
  video?: boolean;
  /** `TCP` where UDP is blocked. By default UDP first, TCP if it fails. */
  transport?: 'UDP' | 'TCP';
}

/** Somebody else's camera or screen. */
export interface RemoteStream {
  /** The stream's name on the server; may change by a reconnection. */
  readonly name: string;
  /** Whose it is. */
  readonly login: string;
  /** Camera or screen. */
  readonly kind: StreamKind;
  /** Where it stands. */
  readonly status: RemoteStatus;
  /** Why it failed, where `status` is `failed`. */
  readonly error: VecheError | null;
  /** What arrives; attach it to a `<video>` by {@link RemoteStream.attach}. */
  readonly media: MediaStream | null;
  /** The publisher muted the microphone. Known once it plays. */
  readonly audioMuted: boolean;
  /** The publisher muted the camera. Known once it plays. */
  readonly videoMuted: boolean;
  /** Whether sound is part of it. A guess until it plays. */
  readonly hasAudio: boolean;
  /** Whether a picture is part of it. A guess until it plays. */
  readonly hasVideo: boolean;
  /** Speaking level, 0 to 1, updated about ten times a second. */
  readonly level: number;
  /** Of what arrives here. */
  readonly quality: ConnectionQuality;
  /** Of the picture, 0 until known. */
  readonly width: number;
  /** Of the picture, 0 until known. */
  readonly height: number;
  /** Starts playing; resolves when media flows. Playing twice gives the same media. */
  play(options?: PlayOptions): Promise<MediaStream>;
  /** Stops playing; `play()` may follow. */
  stop(): Promise<void>;
  /** 0 to 1; holds for every element bound by {@link RemoteStream.attach}. */
  setVolume(v: number): void;
  /**
   * Binds an element: source, volume, and start of playback. Where the browser
   * refuses sound before a gesture, the picture plays muted and the sound
   * follows at the first click or key. Returns the function that unbinds.
   */
  attach(el: HTMLMediaElement): () => void;
  /** Numbers of this moment. */
  stats(): Promise<StreamStats>;
  /** Listens; returns the function that stops listening. */
  on<E extends keyof StreamEvents>(event: E, listener: (arg: StreamEvents[E]) => void): () => void;
}

/** Events of a {@link RemoteStream} and of a {@link LocalPublication}. */
export interface StreamEvents {
  /** Any visible property changed (mute, media, name, error). */
  changed: void;
  /** The speaking level, 0 to 1. */
  level: number;
  /** The connection quality changed. */
  quality: ConnectionQuality;
  /** The status changed. */
  status: RemoteStatus | PublicationStatus;
  /** The picture has another size. */
  resize: { width: number; height: number };
}

/** Numbers of one stream, over the time since the last asking. */
export interface StreamStats {
  /** bits a second */
  bitrate: number;
  /** Pictures a second. */
  fps: number;
  /** Of the picture as sent or received. */
  width: number;
  /** Of the picture as sent or received. */
  height: number;
  /** Since the stream began. */
  packetsLost: number;
  /** The larger of sound and picture. */
  jitterMs: number;
  /** There and back, `null` until measured. */
  rttMs: number | null;
  /** The video codec (the audio codec where there is no video), such as `VP8`. */
  codec: string | null;
}

/** What {@link Room.publish} takes. */
export interface PublishOptions {
  /** Default `camera`. */
  kind?: StreamKind;
  /** The last part of the stream's name. */
  name?: string;
  /** bits a second, for the video */
  maxBitrate?: number;
  /** `TCP` where UDP is blocked. By default UDP first, TCP if it fails. */
  transport?: 'UDP' | 'TCP';
  /** Whether the server records this stream. */
  record?: boolean;
}

/** What this client publishes. The object stays the same through reconnections. */
export interface LocalPublication {
  /** The stream's name on the server; another one after each reconnection. */
  readonly name: string;
  /** Camera or screen. */
  readonly kind: StreamKind;
  /** What is published; `replaceTrack` changes its tracks. */
  readonly media: MediaStream;
  /** Where it stands. */
  readonly status: PublicationStatus;
  /** Why it failed, where `status` is `failed`. */
  readonly error: VecheError | null;
  /** By {@link LocalPublication.muteAudio}. */
  readonly audioMuted: boolean;
  /** By {@link LocalPublication.muteVideo}. */
  readonly videoMuted: boolean;
  /** Own speaking level, 0 to 1. */
  readonly level: number;
  /** Of the way to the server. */
  readonly quality: ConnectionQuality;
  /** Sends silence, and tells the others. */
  muteAudio(): void;
  /** Sends sound again. */
  unmuteAudio(): void;
  /** Sends black, and tells the others. The camera stays open. */
  muteVideo(): void;
  /** Sends the picture again; a camera that was unplugged or stopped meanwhile is opened anew. */
  unmuteVideo(): Promise<void>;
  /** Puts another track of the same kind in place, without interrupting anybody; the old one is left to the caller. */
  replaceTrack(track: MediaStreamTrack): Promise<void>;
  /** Unpublishes; tracks that the SDK opened itself (screen) are stopped. */
  stop(): Promise<void>;
  /** Numbers of this moment. */
  stats(): Promise<StreamStats>;
  /** Listens; returns the function that stops listening. */
  on<E extends keyof StreamEvents>(event: E, listener: (arg: StreamEvents[E]) => void): () => void;
}

/** One line of a room's chat. */
export interface ChatMessage {
  /** Made here, never changes: a key for lists. */
  readonly localId: string;
  /** The server's number, growing within the room; `null` until sent. */
  readonly id: number | null;
  /** Login of the sender. */
  readonly from: string;
  /** The recipient of a private message, `null` where everybody gets it. */
  readonly to: string | null;
  /** As it was written, in any script. */
  readonly text: string;
  /** ms since 1970, by the server's clock once sent */
  readonly time: number;
  /** Written by this login. */
  readonly own: boolean;
  /** It came from before this client joined. */
  readonly history: boolean;
  /** `failed` ones may be tried again. */
  readonly state: 'sending' | 'sent' | 'failed';
  /** Why it failed. */
  readonly error: VecheError | null;
  /** Sends a `failed` message again. */
  retry(): Promise<void>;
}

/** What {@link listDevices} gives. */
export interface DeviceList {
  /** `videoinput` */
  cameras: MediaDeviceInfo[];
  /** `audioinput` */
  microphones: MediaDeviceInfo[];
  /** `audiooutput`; not every browser tells them. */
  speakers: MediaDeviceInfo[];
}

/** What {@link openMedia} takes. */
export interface MediaOptions {
  /** A microphone, with echo cancellation. */
  audio?: boolean | { deviceId?: string };
  /** A camera; by default 1280×720 at 30, the front one on phones. */
  video?: boolean | { deviceId?: string; width?: number; height?: number; frameRate?: number };
}
