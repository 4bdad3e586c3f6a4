/**
 * One media session on one RTCPeerConnection: the offer goes out inside
 * `publishStream` or `playStream`, the answer comes once, ICE is watched.
 * A peer never restarts; its owner makes another one.
 */
import { Deferred, within } from './deferred.js';
import { VecheError, asError, serverError } from './errors.js';
import { uuid } from './ids.js';
import type { MediaListener, Session } from './session.js';
import type { RateInfo, StreamEventInfo, StreamInfo } from './wire.js';

/** From the request to PUBLISHING or PLAYING: answer, ICE and DTLS. */
const START_TIMEOUT_MS = 12_000;
/** How long ICE may be `disconnected` before it counts as lost: a short Wi-Fi hole heals by itself. */
const DISCONNECT_PATIENCE_MS = 4_000;
/** For UNPUBLISHED or STOPPED after our own stop; then it is over anyway. */
const STOP_TIMEOUT_MS = 3_000;

export interface PeerSpec {
  /** The mediaSessionId, where the caller needs it first. */
  id?: string;
  direction: 'publish' | 'play';
  /** The stream's name. */
  name: string;
  /** The room, if any. */
  room?: string;
  audio?: MediaStreamTrack | boolean;
  video?: MediaStreamTrack | boolean;
  /** The published tracks' stream. */
  media?: MediaStream;
  transport?: 'UDP' | 'TCP';
  /** bits a second, for published video */
  maxBitrate?: number;
  maxFramerate?: number;
  degradation?: RTCDegradationPreference;
  record?: boolean;
  rtcConfig?: RTCConfiguration;
  /** Changes the offer on its way to the server. */
  offerHook?: (sdp: string) => string;
  /** Further fields for the request. */
  extra?: Record<string, unknown>;
}

export interface PeerHooks {
  /** Over after it was up; `null` when it was ended in order (stopped by the server's side). */
  ended(error: VecheError | null): void;
  /** Received tracks are there. */
  tracks?(media: MediaStream): void;
  event?(info: StreamEventInfo): void;
  rate?(info: RateInfo): void;
  /** Every status the server reports. */
  status?(info: StreamInfo): void;
}

export class Peer implements MediaListener {
  /** The mediaSessionId. */
  readonly id: string;
  readonly pc: RTCPeerConnection;
  /** What is received, one stream for both tracks. */
  readonly media = new MediaStream();
  audioSender: RTCRtpSender | null = null;
  videoSender: RTCRtpSender | null = null;
  audioReceiver: RTCRtpReceiver | null = null;
  videoReceiver: RTCRtpReceiver | null = null;

  readonly #session: Session;
  readonly #spec: PeerSpec;
  readonly #hooks: PeerHooks;
  readonly #up = new Deferred<StreamInfo>();
  readonly #stopped = new Deferred<void>();
  #told = false;
  #isUp = false;
  #answered = false;
  #over = false;
  #patience: ReturnType<typeof setTimeout> | undefined;

  constructor(session: Session, spec: PeerSpec, hooks: PeerHooks) {
    this.id = spec.id ?? uuid();
    this.#session = session;
    this.#spec = spec;
    this.#hooks = hooks;
    this.pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle', ...spec.rtcConfig });
    this.pc.addEventListener('connectionstatechange', () => this.#watch());
    this.pc.addEventListener('iceconnectionstatechange', () => this.#watch());
    this.pc.addEventListener('track', (event) => this.#track(event));
  }

  /** Resolves when media flows (PUBLISHING, PLAYING). */
  async start(): Promise<StreamInfo> {
    const { direction } = this.#spec;
    if (!this.#session.alive) this.#finish(new VecheError('closed'));
    else {
      this.#session.media.set(this.id, this);
      this.#offer().catch((e) => this.#finish(asError(e, 'unsupported')));
    }
    within(START_TIMEOUT_MS, direction, this.#up.promise).catch((e: VecheError) => this.#finish(e));
    return this.#up.promise;
  }

  /** Ends it in order; resolves when the server has said so, or after a while without it. */
  async stop(): Promise<void> {
    if (!this.#over) {
      const told = this.#told && this.#session.alive;
      if (told) this.#sayStop();
      this.#release();
      this.#up.reject(new VecheError('closed', 'stopped'));
      if (!told) this.#forget();
    }
    await within(STOP_TIMEOUT_MS, 'stop', this.#stopped.promise).catch(() => undefined);
    this.#forget();
  }

  /** Ends it without a word: the session is gone. */
  drop(): void {
    this.#release();
    this.#forget();
    this.#up.reject(new VecheError('closed', 'connection lost'));
  }

  /** Tells all players of this stream (`audioMuted`, `data`, …). */
  sendEvent(type: string, payload?: unknown): void {
    if (this.#told && !this.#over) this.#session.send('sendStreamEvent', { mediaSessionId: this.id, type, payload });
  }

  // What the session hears about us.

  remoteSdp(sdp: string): void {
    if (this.#over || this.#answered) return;
    this.#answered = true;
    this.#answer(sdp).catch((e) => this.#finish(asError(e, 'unsupported')));
  }

  status(info: StreamInfo): void {
    this.#hooks.status?.(info);
    switch (info.status) {
      case 'PUBLISHING':
      case 'PLAYING':
        if (this.#over) return;
        this.#isUp = true;
        return this.#up.resolve(info);
      case 'FAILED':
      case 'UNPUBLISHED':
      case 'STOPPED':
        this.#told = false;
        this.#forget();
        return this.#finish(info.status === 'FAILED' ? serverError(info.info) : null);
    }
  }

  event(info: StreamEventInfo): void {
    this.#hooks.event?.(info);
  }

  rate(info: RateInfo): void {
    this.#hooks.rate?.(info);
  }

  sessionClosed(): void {
    this.#told = false;
    this.#finish(new VecheError('closed', 'connection lost'));
  }

  async #offer(): Promise<void> {
    const { pc } = this;
    const { direction, audio, video, media } = this.#spec;
    const streams = media ? [media] : [];
    const add = (kind: 'audio' | 'video', what: MediaStreamTrack | boolean | undefined) => {
      if (!what) return null;
      if (direction === 'play') return pc.addTransceiver(kind, { direction: 'recvonly' });
      return typeof what === 'object' ? pc.addTransceiver(what, { direction: 'sendonly', streams }) : null;
    };
    const a = add('audio', audio);
    const v = add('video', video);
    if (!a && !v) throw new VecheError('unsupported', 'neither audio nor video');
    if (direction === 'publish') {
      this.audioSender = a?.sender ?? null;
      this.videoSender = v?.sender ?? null;
    } else {
      this.audioReceiver = a?.receiver ?? null;
      this.videoReceiver = v?.receiver ?? null;
    }
    await pc.setLocalDescription(await pc.createOffer());
    if (this.#over) return;
    // No trickling: the server learns our addresses from our checks.
    let sdp = pc.localDescription?.sdp ?? '';
    if (this.#spec.offerHook) sdp = this.#spec.offerHook(sdp);
    this.#told = true;
    this.#session.send(direction === 'publish' ? 'publishStream' : 'playStream', this.#request(sdp, !!a, !!v));
  }

  #request(sdp: string, hasAudio: boolean, hasVideo: boolean): object {
    const { direction, name, room, record = false, transport, maxBitrate, extra } = this.#spec;
    return {
      mediaSessionId: this.id,
      name,
      published: direction === 'publish',
      hasAudio,
      hasVideo,
      status: 'PENDING',
      record,
      mediaProvider: 'WebRTC',
      sdp,
      custom: room === undefined ? undefined : { name: room },
      bitrate: 0,
      minBitrate: 0,
      maxBitrate: direction === 'publish' && maxBitrate ? Math.round(maxBitrate / 1000) : 0,
      transport,
      ...extra,
    };
  }

  async #answer(sdp: string): Promise<void> {
    await this.pc.setRemoteDescription({ type: 'answer', sdp });
    if (this.#over || !this.videoSender) return;
    const { maxBitrate, maxFramerate, degradation } = this.#spec;
    if (maxBitrate || maxFramerate || degradation) {
      await limitSender(this.videoSender, { maxBitrate, maxFramerate }, degradation);
    }
  }

  #track(event: RTCTrackEvent): void {
    if (this.#spec.direction !== 'play' || this.#over) return;
    this.media.addTrack(event.track);
    this.#hooks.tracks?.(this.media);
  }

  #watch(): void {
    if (this.#over) return;
    const { iceConnectionState: ice, connectionState: all } = this.pc;
    if (ice === 'failed') return this.#finish(new VecheError('ice_failed', 'ICE failed'));
    if (all === 'failed') return this.#finish(new VecheError('dtls_failed', 'DTLS failed'));
    if (ice === 'disconnected') {
      // ICE notices a dead network sooner than the socket's own silence does.
      this.#session.probe();
      this.#patience ??= setTimeout(
        () => this.#finish(new VecheError('ice_failed', 'ICE disconnected')),
        DISCONNECT_PATIENCE_MS,
      );
    } else {
      clearTimeout(this.#patience);
      this.#patience = undefined;
    }
  }

  #finish(error: VecheError | null): void {
    if (this.#over) return;
    if (this.#told && this.#session.alive) {
      // The server must not keep what we gave up; its answer finds nobody, and need not.
      this.#sayStop();
      this.#told = false;
    }
    const wasUp = this.#isUp;
    this.#release();
    this.#forget();
    if (wasUp) this.#hooks.ended(error);
    else this.#up.reject(error ?? new VecheError('closed', 'stopped'));
  }

  #sayStop(): void {
    const published = this.#spec.direction === 'publish';
    this.#session.send(published ? 'unPublishStream' : 'stopStream', {
      mediaSessionId: this.id,
      name: this.#spec.name,
      published,
      hasAudio: !!this.#spec.audio,
      hasVideo: !!this.#spec.video,
      status: this.#isUp ? (published ? 'PUBLISHING' : 'PLAYING') : 'PENDING',
      record: false,
    });
  }

  #release(): void {
    this.#over = true;
    clearTimeout(this.#patience);
    this.pc.close();
  }

  #forget(): void {
    this.#session.media.delete(this.id);
    this.#stopped.resolve();
  }
}

/** Sets a video sender's limits; a browser that knows none of them goes without. */
export async function limitSender(
  sender: RTCRtpSender,
  limits: { maxBitrate?: number; maxFramerate?: number; scaleResolutionDownBy?: number },
  degradation?: RTCDegradationPreference,
): Promise<void> {
  const parameters = sender.getParameters() as RTCRtpSendParameters & { degradationPreference?: string };
  // Firefox before negotiation has no encodings; an empty list cannot be set.
  if (!parameters.encodings?.length) return;
  for (const encoding of parameters.encodings) {
    for (const [key, value] of Object.entries(limits)) {
      if (value) (encoding as Record<string, unknown>)[key] = value;
    }
  }
  if (degradation) parameters.degradationPreference = degradation;
  await sender.setParameters(parameters).catch(() => undefined);
}
