/** Somebody else's camera or screen: played on demand, through reconnections. */
import type {
  ConnectionQuality,
  PlayOptions,
  RemoteStatus,
  RemoteStream,
  StreamEvents,
  StreamKind,
  StreamStats,
} from './api.js';
import { VecheError } from './errors.js';
import { Emitter } from './events.js';
import { levelOf, receiverLevel } from './levels.js';
import { Link, type LinkOwner, type LinkState } from './link.js';
import { Peer, type PeerHooks } from './peer.js';
import { Playback } from './playback.js';
import { SCREEN_MARK } from './publication.js';
import { QualityMeter } from './quality.js';
import type { Session } from './session.js';
import { StatsReader, publicStats } from './stats.js';
import type { RateInfo, StreamEventInfo, StreamInfo } from './wire.js';

const STATUS: Record<LinkState, RemoteStatus> = {
  idle: 'idle',
  connecting: 'connecting',
  up: 'playing',
  reconnecting: 'reconnecting',
  ended: 'ended',
  failed: 'failed',
};

/** Which kind a stream's name says; the room's and login's own words must not count. */
export function kindOf(name: string, room: string, login: string): StreamKind {
  const prefix = `${room}-${login}-`;
  const rest = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return rest.includes(SCREEN_MARK) ? 'screen' : 'camera';
}

export interface RemoteSpec {
  room: string;
  login: string;
  name: string;
  /** The session to play through, `null` while the connection is away. */
  session(): Session | null;
}

export class Remote extends Emitter<StreamEvents> implements RemoteStream, LinkOwner {
  readonly login: string;
  readonly kind: StreamKind;
  name: string;
  status: RemoteStatus = 'idle';
  media: MediaStream | null = null;
  audioMuted = false;
  videoMuted = false;
  hasAudio: boolean;
  hasVideo = true;
  level = 0;
  width = 0;
  height = 0;
  /** In the room's list, and not only remembered from before a reconnection. */
  present = true;

  readonly endsQuietly = true;
  readonly hooks: Omit<PeerHooks, 'ended'>;
  readonly link: Link;
  readonly #spec: RemoteSpec;
  readonly #quality = new QualityMeter();
  readonly #stats = new StatsReader('in');
  readonly #window = new StatsReader('in');
  readonly #elements = new Set<Playback>();
  #volume = 1;
  #play: PlayOptions = {};
  /** What the server sent us, from its last report. */
  #sent: { rate: number; at: number } | null = null;
  /** For browsers that tell the level by getStats only. */
  #statsLevel = 0;
  #over = false;

  constructor(spec: RemoteSpec) {
    super();
    this.#spec = spec;
    this.login = spec.login;
    this.name = spec.name;
    this.kind = kindOf(spec.name, spec.room, spec.login);
    this.hasAudio = this.kind === 'camera';
    this.hooks = {
      tracks: (media) => this.#receive(media),
      event: (info) => this.#event(info),
      rate: (info) => this.#rate(info),
      status: (info) => this.#info(info),
    };
    this.link = new Link(this);
  }

  get error(): VecheError | null {
    return this.link.error;
  }

  get quality(): ConnectionQuality {
    return this.#quality.value;
  }

  async play(options: PlayOptions = {}): Promise<MediaStream> {
    if (this.#over) throw new VecheError('stream_not_found', 'stream has ended');
    if (!this.link.wanted) this.#play = options;
    await this.link.start(this.#spec.session(), options.transport);
    if (!this.media) throw new VecheError('server', 'playing without media');
    return this.media;
  }

  async stop(): Promise<void> {
    if (this.#over) return;
    const stopped = this.link.stop('idle');
    this.#show(null);
    await stopped;
  }

  setVolume(v: number): void {
    this.#volume = Math.min(1, Math.max(0, v));
    for (const element of this.#elements) element.volume(this.#volume);
  }

  attach(el: HTMLMediaElement): () => void {
    const playback = new Playback(el, (width, height) => this.#size(width, height));
    this.#elements.add(playback);
    playback.show(this.media, this.#volume);
    return () => {
      if (this.#elements.delete(playback)) playback.end();
    };
  }

  async stats(): Promise<StreamStats> {
    return publicStats(await this.#stats.read(this.link.peer?.pc));
  }

  /** The same person's same kind of stream came back, maybe under another name. */
  rename(name: string): void {
    this.present = true;
    if (this.name === name) return;
    this.name = name;
    this.emit('changed', undefined);
  }

  /** The stream is gone for good. */
  async end(): Promise<void> {
    if (this.#over) return;
    const stopped = this.link.stop('ended');
    this.#over = true;
    this.#show(null);
    for (const element of this.#elements) element.end();
    this.#elements.clear();
    await stopped;
  }

  // LinkOwner

  open(session: Session, transport: 'UDP' | 'TCP' | undefined, hooks: PeerHooks): Peer {
    const { audio = true, video = true } = this.#play;
    const extra = { width: 0, height: 0, quality: 0 };
    const { name } = this;
    return new Peer(session, { direction: 'play', name, room: this.#spec.room, audio, video, transport, extra }, hooks);
  }

  up(peer: Peer, info: StreamInfo): void {
    this.#quality.reset();
    // The first asking then has something to compare with.
    void this.#stats.read(peer.pc).catch(() => undefined);
    this.#sent = null;
    this.media = peer.media;
    this.hasAudio = info.hasAudio !== false && peer.media.getAudioTracks().length > 0;
    this.hasVideo = info.hasVideo !== false && peer.media.getVideoTracks().length > 0;
  }

  changed(): void {
    if (this.#over) return;
    const status = STATUS[this.link.state];
    const differs = status !== this.status;
    this.status = status;
    if (status === 'ended' || status === 'failed') this.#show(null);
    if (status !== 'playing') this.setLevel(0);
    if (differs) this.emit('status', status);
    this.emit('changed', undefined);
  }

  /** Reads the speaking level of this moment. */
  sampleLevel(): void {
    if (this.status !== 'playing') return;
    this.setLevel(this.audioMuted ? 0 : (receiverLevel(this.link.peer?.audioReceiver) ?? this.#statsLevel));
  }

  setLevel(level: number): void {
    if (Math.abs(level - this.level) < 0.01) return;
    this.level = level;
    this.emit('level', level);
  }

  /** Takes one window for {@link quality}. */
  async measure(): Promise<void> {
    const { peer } = this.link;
    if (this.status !== 'playing' || !peer) return;
    const r = await this.#window.read(peer.pc);
    this.#statsLevel = r.audioLevel === null ? 0 : levelOf(r.audioLevel);
    this.#size(r.width, r.height);
    if (r.received === 0 && r.lost === 0) return;
    const sent = this.#sent && Date.now() - this.#sent.at < 3_000 ? this.#sent.rate : null;
    const sample = {
      loss: r.lost / (r.lost + r.received),
      rttMs: r.rttMs,
      jitterMs: r.jitterMs,
      delivered: sent !== null && sent > 100_000 ? Math.min(1, (r.bitrate * 1.15) / sent) : null,
      limited: false,
      freezes: r.freezes,
    };
    if (this.#quality.update(sample)) this.emit('quality', this.quality);
  }

  #receive(media: MediaStream): void {
    this.#show(media);
    this.emit('changed', undefined);
  }

  #show(media: MediaStream | null): void {
    this.media = media;
    for (const element of this.#elements) element.show(media, this.#volume);
  }

  #event(info: StreamEventInfo): void {
    const { payload } = info;
    switch (info.type) {
      case 'audioMuted':
      case 'audioUnmuted':
        this.audioMuted = info.type === 'audioMuted';
        if (this.audioMuted) this.setLevel(0);
        break;
      case 'videoMuted':
      case 'videoUnmuted':
        this.videoMuted = info.type === 'videoMuted';
        break;
      case 'resize':
        return this.#size(Number(payload?.streamerVideoWidth), Number(payload?.streamerVideoHeight));
      default:
        return;
    }
    this.emit('changed', undefined);
  }

  #info(info: StreamInfo): void {
    const { audioState, videoState } = info;
    if (info.status === 'RESIZE') return this.#size(info.streamerVideoWidth ?? 0, info.streamerVideoHeight ?? 0);
    const before = [this.audioMuted, this.videoMuted];
    if (typeof audioState?.muted === 'boolean') this.audioMuted = audioState.muted;
    if (typeof videoState?.muted === 'boolean') this.videoMuted = videoState.muted;
    if (before[0] !== this.audioMuted || before[1] !== this.videoMuted) this.emit('changed', undefined);
  }

  #rate(info: RateInfo): void {
    if (typeof info.videoRate === 'number') this.#sent = { rate: info.videoRate, at: Date.now() };
  }

  #size(width: number, height: number): void {
    if (!(width > 0 && height > 0) || (width === this.width && height === this.height)) return;
    this.width = width;
    this.height = height;
    this.emit('resize', { width, height });
  }
}
