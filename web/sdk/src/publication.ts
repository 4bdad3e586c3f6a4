/** What this client publishes: a camera or a screen, through reconnections. */
import type {
  ConnectionQuality,
  LocalPublication,
  PublicationStatus,
  PublishOptions,
  StreamEvents,
  StreamKind,
  StreamStats,
} from './api.js';
import { openMedia } from './devices.js';
import type { VecheError } from './errors.js';
import { Emitter } from './events.js';
import { randomHex } from './ids.js';
import { createLevelMeter } from './levels.js';
import { Link, type LinkOwner, type LinkState } from './link.js';
import { Peer, type PeerHooks } from './peer.js';
import { QualityMeter } from './quality.js';
import type { Session } from './session.js';
import { StatsReader, publicStats } from './stats.js';
import type { RateInfo, StreamInfo } from './wire.js';

/** Marks a screen in a stream's name; the published WebSDK's pages look for it too. */
export const SCREEN_MARK = 'screenShare';
/** 720p of a face by VP8. */
const CAMERA_BITRATE = 1_700_000;
/** Sharp text at full size. */
const SCREEN_BITRATE = 3_000_000;
const SCREEN_FRAMERATE = 30;

const STATUS: Record<LinkState, PublicationStatus> = {
  idle: 'connecting',
  connecting: 'connecting',
  up: 'publishing',
  reconnecting: 'reconnecting',
  ended: 'ended',
  failed: 'failed',
};

export interface PublicationSpec extends PublishOptions {
  room: string;
  login: string;
  media: MediaStream;
  /** The SDK opened the tracks and stops them. */
  ownsTracks?: boolean;
  /** Called once, when it is over for good. */
  over(publication: Publication): void;
}

type Kind = 'audio' | 'video';

export class Publication extends Emitter<StreamEvents> implements LocalPublication, LinkOwner {
  readonly kind: StreamKind;
  readonly media: MediaStream;
  name = '';
  status: PublicationStatus = 'connecting';
  audioMuted = false;
  videoMuted = false;
  level = 0;

  readonly endsQuietly = false;
  readonly hooks: Omit<PeerHooks, 'ended'>;
  readonly link: Link;
  readonly #spec: PublicationSpec;
  readonly #quality = new QualityMeter();
  readonly #stats = new StatsReader('out');
  readonly #window = new StatsReader('out');
  /** What the server received, from its last report. */
  #arrived: { rate: number; at: number } | null = null;
  #stopMeter: () => void = () => undefined;
  #over = false;

  constructor(spec: PublicationSpec) {
    super();
    this.#spec = spec;
    this.kind = spec.kind ?? 'camera';
    this.media = spec.media;
    this.hooks = { rate: (info) => this.#rate(info) };
    this.link = new Link(this);
    this.audioMuted = this.#track('audio')?.enabled === false;
    this.videoMuted = this.#track('video')?.enabled === false;
    for (const track of this.media.getTracks()) this.#watch(track);
    this.#meter();
  }

  get error(): VecheError | null {
    return this.link.error;
  }

  get quality(): ConnectionQuality {
    return this.#quality.value;
  }

  muteAudio(): void {
    this.#mute('audio', true);
  }

  unmuteAudio(): void {
    this.#mute('audio', false);
  }

  muteVideo(): void {
    this.#mute('video', true);
  }

  async unmuteVideo(): Promise<void> {
    const track = this.#track('video');
    // A camera that was unplugged or stopped meanwhile is opened again.
    if (this.kind === 'camera' && track?.readyState === 'ended') {
      const media = await openMedia({ video: { deviceId: track.getSettings?.().deviceId } });
      const fresh = media.getVideoTracks()[0];
      if (fresh) await this.replaceTrack(fresh);
    }
    this.#mute('video', false);
  }

  async replaceTrack(track: MediaStreamTrack): Promise<void> {
    const kind = track.kind as Kind;
    const old = this.#track(kind);
    if (old === track) return;
    const { peer } = this.link;
    const sender = kind === 'audio' ? peer?.audioSender : peer?.videoSender;
    track.enabled = !(kind === 'audio' ? this.audioMuted : this.videoMuted);
    this.#hint(track);
    if (sender) await sender.replaceTrack(track);
    if (old) this.media.removeTrack(old);
    this.media.addTrack(track);
    this.#watch(track);
    if (kind === 'audio') this.#meter();
    this.emit('changed', undefined);
    // A stream keeps its m-lines for life, so a new kind of track needs a new stream.
    if (!sender && this.link.wanted) await this.link.restart();
  }

  async stop(): Promise<void> {
    await this.link.stop();
  }

  async stats(): Promise<StreamStats> {
    return publicStats(await this.#stats.read(this.link.peer?.pc));
  }

  // LinkOwner

  open(session: Session, transport: 'UDP' | 'TCP' | undefined, hooks: PeerHooks): Peer {
    const { room, login, name, record } = this.#spec;
    const mark = this.kind === 'screen' ? `-${SCREEN_MARK}` : '';
    // A new name each time: the old one may still be held by what is being lost.
    this.name = `${room}-${login}-${randomHex(4)}${mark}${name ? `-${name}` : ''}`;
    const audio = this.#track('audio');
    const video = this.#track('video');
    if (video) this.#hint(video);
    const screen = this.kind === 'screen';
    return new Peer(
      session,
      {
        direction: 'publish',
        name: this.name,
        room,
        audio,
        video,
        media: this.media,
        record,
        transport,
        maxBitrate: this.#spec.maxBitrate ?? (screen ? SCREEN_BITRATE : CAMERA_BITRATE),
        maxFramerate: screen ? SCREEN_FRAMERATE : undefined,
        // Text must stay readable; a face should rather get coarser than jerky.
        degradation: screen ? 'maintain-resolution' : 'maintain-framerate',
        extra: { constraints: { audio: !!audio, video: video ? (screen ? { type: 'screen' } : true) : false } },
      },
      hooks,
    );
  }

  up(peer: Peer, _info: StreamInfo): void {
    this.#quality.reset();
    // The first asking then has something to compare with.
    void this.#stats.read(peer.pc).catch(() => undefined);
    this.#arrived = null;
    if (this.audioMuted) this.#tell('audioMuted');
    if (this.videoMuted) this.#tell('videoMuted');
  }

  changed(): void {
    if (this.#over) return;
    const status = STATUS[this.link.state];
    const differs = status !== this.status;
    this.status = status;
    if (status === 'ended' || status === 'failed') this.#end();
    if (differs) this.emit('status', status);
    this.emit('changed', undefined);
  }

  /** Takes one window for {@link quality}. */
  async measure(): Promise<void> {
    const { peer } = this.link;
    if (this.status !== 'publishing' || !peer) return;
    const r = await this.#window.read(peer.pc);
    if (r.received === 0) return;
    const arrived = this.#arrived && Date.now() - this.#arrived.at < 3_000 ? this.#arrived.rate : null;
    const sample = {
      loss: r.lost / (r.lost + r.received),
      rttMs: r.rttMs,
      jitterMs: r.jitterMs,
      // Below 100 kbit/s (muted, still) rates say nothing.
      delivered: arrived !== null && r.bitrate > 100_000 ? Math.min(1, (arrived * 1.15) / r.bitrate) : null,
      limited: r.limited && this.kind === 'camera',
      freezes: 0,
    };
    if (this.#quality.update(sample)) this.emit('quality', this.quality);
  }

  #rate(info: RateInfo): void {
    if (typeof info.videoRate === 'number') this.#arrived = { rate: info.videoRate, at: Date.now() };
  }

  #track(kind: Kind): MediaStreamTrack | undefined {
    return (kind === 'audio' ? this.media.getAudioTracks() : this.media.getVideoTracks())[0];
  }

  #hint(track: MediaStreamTrack): void {
    if (track.kind === 'video' && track.contentHint === '') track.contentHint = this.kind === 'screen' ? 'detail' : 'motion';
  }

  #watch(track: MediaStreamTrack): void {
    track.addEventListener('ended', () => {
      if (!this.media.getTracks().includes(track)) return;
      // "Stop sharing" in the browser's own bar.
      if (this.kind === 'screen' && track.kind === 'video') void this.stop();
      else this.emit('changed', undefined);
    });
  }

  #mute(kind: Kind, muted: boolean): void {
    const track = this.#track(kind);
    if (track) track.enabled = !muted;
    const before = kind === 'audio' ? this.audioMuted : this.videoMuted;
    if (before === muted) return;
    if (kind === 'audio') this.audioMuted = muted;
    else this.videoMuted = muted;
    this.#tell(`${kind}${muted ? 'Muted' : 'Unmuted'}`);
    this.emit('changed', undefined);
  }

  #tell(type: string): void {
    this.link.peer?.sendEvent(type);
  }

  #meter(): void {
    this.#stopMeter();
    this.#stopMeter = createLevelMeter(this.media, (level) => {
      if (Math.abs(level - this.level) < 0.01) return;
      this.level = level;
      this.emit('level', level);
    });
  }

  #end(): void {
    this.#over = true;
    this.#stopMeter();
    this.level = 0;
    if (this.#spec.ownsTracks) for (const track of this.media.getTracks()) track.stop();
    this.#spec.over(this);
  }
}
