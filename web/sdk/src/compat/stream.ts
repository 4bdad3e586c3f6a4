/** WebSDK's `Stream`: published or played, once; its end is final. */
import { VecheError } from '../errors.js';
import { uuid } from '../ids.js';
import { limitSender, Peer, type PeerHooks } from '../peer.js';
import { Playback } from '../playback.js';
import type { Session } from '../session.js';
import { StatsReader } from '../stats.js';
import type { StreamEventInfo, StreamInfo } from '../wire.js';
import { Callbacks, type Callback } from './callbacks.js';
import { ERROR_INFO, STREAM_EVENT, STREAM_STATUS } from './constants.js';
import { addRemote, endLocal, showLocal, type CompatConstraints } from './display.js';

/** What `createStream`, `room.publish` and `play` take. Other WebSDK options are accepted and have no effect. */
export interface StreamOptions {
  /** Of the stream; in a room a suffix of it. */
  name?: string;
  /** The element that the video is put into. */
  display?: HTMLElement | null;
  /** What to open, or which kinds to receive. */
  constraints?: CompatConstraints;
  /** Whether the server records it. */
  record?: boolean;
  /** Default `true`: the display keeps the camera picture after the stream has ended. */
  cacheLocalResources?: boolean;
  /** Default `true`, for a played stream. */
  receiveAudio?: boolean;
  /** Default `true`, for a played stream. */
  receiveVideo?: boolean;
  /** For the server's application. */
  custom?: Record<string, unknown>;
  /** Comma-separated codecs to take out of the offer. */
  stripCodecs?: string;
  /** One of {@link TRANSPORT_TYPE}. */
  transport?: string;
  /** Where the server forwards it. */
  rtmpUrl?: string;
  /** One of {@link CONTENT_HINT_TYPE}. */
  videoContentHint?: string;
  /** Default `true`. */
  unmutePlayOnStart?: boolean;
  /** Whether the element has the browser's controls. Default `false`. */
  useControls?: boolean;
  /** Accepted, without effect. */
  mediaConnectionConstraints?: unknown;
  [other: string]: unknown;
}

const FINAL: readonly string[] = [STREAM_STATUS.UNPUBLISHED, STREAM_STATUS.STOPPED, STREAM_STATUS.FAILED];

/** A published or played stream as WebSDK users know it. */
export class CompatStream {
  readonly #id = uuid();
  readonly #session: () => Session | null;
  readonly #options: StreamOptions;
  readonly #rtcConfig: RTCConfiguration | undefined;
  readonly #callbacks = new Callbacks();
  readonly #ended: (stream: CompatStream) => void;
  readonly #stats = { in: new StatsReader('in'), out: new StatsReader('out') };
  #status: string = STREAM_STATUS.NEW;
  #info = '';
  #errorInfo = '';
  #published = false;
  #recordName: string | undefined;
  #peer: Peer | null = null;
  #media: MediaStream | null = null;
  #element: HTMLVideoElement | null = null;
  #playback: Playback | null = null;
  #muted = { audio: false, video: false };
  #remoteMuted = { audio: false, video: false };
  #stopAsked = false;
  #volume = 100;
  #bandwidth = -1;
  #remoteBitrate = -1;

  /** @internal */
  constructor(
    session: () => Session | null,
    options: StreamOptions,
    rtcConfig: RTCConfiguration | undefined,
    over: (stream: CompatStream) => void,
  ) {
    this.#session = session;
    this.#options = options;
    this.#rtcConfig = rtcConfig;
    this.#ended = over;
  }

  /** Also the id of its element in the display. */
  id(): string {
    return this.#id;
  }
  /** Its name on the server. */
  name(): string {
    return this.#options.name ?? '';
  }
  /** One of {@link STREAM_STATUS}. */
  status(): string {
    return this.#status;
  }
  /** Whether it is published rather than played. */
  published(): boolean {
    return this.#published;
  }
  /** Why it failed or stopped, in the server's words: one of {@link STREAM_STATUS_INFO}. */
  getInfo(): string {
    return this.#info;
  }
  /** Details of a `LOCAL_ERROR`. */
  getErrorInfo(): string {
    return this.#errorInfo;
  }
  /** The file name of its recording, once told. */
  getRecordInfo(): string | undefined {
    return this.#recordName;
  }
  /** Of what the display shows. */
  videoResolution(): { width: number; height: number } {
    const { videoWidth = 0, videoHeight = 0 } = this.#element ?? {};
    return { width: videoWidth, height: videoHeight };
  }

  /** Sets the callback of a {@link STREAM_STATUS} (called with the stream) or of {@link STREAM_EVENT}. */
  on(event: string, callback: Callback): this {
    this.#callbacks.set(event, callback);
    return this;
  }

  /** Opens camera and microphone (unless the display holds them) and publishes. */
  publish(): this {
    this.#begin(true);
    const { display, constraints = {} } = this.#options;
    showLocal(display, constraints, this.#id).then(
      (media) => {
        if (this.#stopAsked) {
          endLocal(display, media, this.#caches);
          return this.#to(STREAM_STATUS.UNPUBLISHED);
        }
        this.#media = media;
        this.#element = (display?.querySelector('video') as HTMLVideoElement | null | undefined) ?? null;
        this.#start({ audio: media.getAudioTracks()[0], video: media.getVideoTracks()[0], media });
      },
      (e: VecheError) => this.#localError(e),
    );
    return this;
  }

  /** Plays into the display. */
  play(): this {
    this.#begin(false);
    const { constraints = {}, receiveAudio = true, receiveVideo = true } = this.#options;
    const audio = constraints.audio !== false && receiveAudio;
    const video = constraints.video !== false && receiveVideo;
    this.#start({ audio, video });
    return this;
  }

  /** Ends it; UNPUBLISHED, STOPPED or FAILED follows. */
  stop(): void {
    if (this.#stopAsked || FINAL.includes(this.#status)) return;
    this.#stopAsked = true;
    void this.#peer?.stop().then(() => this.#to(this.#published ? STREAM_STATUS.UNPUBLISHED : STREAM_STATUS.STOPPED));
  }

  /** Sends silence, and tells the players. */
  muteAudio(): void {
    this.#mute('audio', true);
  }
  /** Sends sound again. */
  unmuteAudio(): void {
    this.#mute('audio', false);
  }
  /** By {@link CompatStream.muteAudio}. */
  isAudioMuted(): boolean {
    return this.#muted.audio;
  }
  /** Sends black, and tells the players. */
  muteVideo(): void {
    this.#mute('video', true);
  }
  /** Sends the picture again. */
  unmuteVideo(): void {
    this.#mute('video', false);
  }
  /** By {@link CompatStream.muteVideo}. */
  isVideoMuted(): boolean {
    return this.#muted.video;
  }
  /** The publisher's state, for a played stream. */
  getAudioState(): { muted: boolean } {
    return { muted: this.#published ? this.#muted.audio : this.#remoteMuted.audio };
  }
  /** The publisher's state, for a played stream. */
  getVideoState(): { muted: boolean } {
    return { muted: this.#published ? this.#muted.video : this.#remoteMuted.video };
  }

  /** 0 to 100 */
  setVolume(volume: number): void {
    this.#volume = Math.min(100, Math.max(0, volume));
    this.#playback?.volume(this.#volume / 100);
  }
  /** 0 to 100 */
  getVolume(): number {
    return this.#volume;
  }
  /** Silences the element. */
  muteRemoteAudio(): void {
    if (this.#element) this.#element.muted = true;
  }
  /** Lets the element sound again. */
  unmuteRemoteAudio(): void {
    if (this.#element) this.#element.muted = false;
  }
  /** Whether the element is silent. */
  isRemoteAudioMuted(): boolean {
    return this.#element?.muted ?? false;
  }
  /** Plays through another speaker, where the browser can. */
  async setAudioOutputId(id: string): Promise<void> {
    const element = this.#element as (HTMLVideoElement & { setSinkId?: (id: string) => Promise<void> }) | null;
    await element?.setSinkId?.(id);
  }
  /** Shows the element full screen. */
  fullScreen(): void {
    void this.#element?.requestFullscreen?.().catch(() => undefined);
  }

  /** Another camera: `deviceId`, or the next one. Resolves with its id. */
  async switchCam(deviceId?: string): Promise<string> {
    return this.#switch('video', deviceId);
  }
  /** Another microphone: `deviceId`, or the next one. Resolves with its id. */
  async switchMic(deviceId?: string): Promise<string> {
    return this.#switch('audio', deviceId);
  }

  /** Any JSON to all who play this stream, as {@link STREAM_EVENT} of type `data`. */
  sendData(payload: unknown): void {
    this.#peer?.sendEvent('data', payload);
  }

  /** Asks the server for a picture: {@link STREAM_EVENT} `snapshotCompleted` or `snapshotFailed` follows. */
  snapshot(): void {
    this.#session()?.send('snapshot', { name: this.name(), mediaSessionId: this.#id });
  }

  /** Limits of the published video: `maxBitrate` (kbit/s), `frameRate`, `scaleResolutionDownBy`. */
  async updateVideoSettings(s: { maxBitrate?: number; frameRate?: number; scaleResolutionDownBy?: number }): Promise<void> {
    const sender = this.#peer?.videoSender;
    if (!sender) return;
    await limitSender(sender, {
      maxBitrate: s.maxBitrate && s.maxBitrate * 1000,
      maxFramerate: s.frameRate,
      scaleResolutionDownBy: s.scaleResolutionDownBy,
    });
  }

  /** Numbers: the browser's own report where `nativeStats`, else what the modern face gives. */
  async getStats(callback?: Callback, nativeStats = false): Promise<unknown> {
    const pc = this.#peer?.pc;
    if (!pc) throw new Error(ERROR_INFO.CAN_NOT_GET_STATS);
    const key = this.#published ? 'outboundStream' : 'inboundStream';
    const reader = this.#published ? this.#stats.out : this.#stats.in;
    const result = nativeStats ? await pc.getStats() : { [key]: await reader.read(pc) };
    callback?.(result);
    return result;
  }
  /** bits a second, by the server's last `NOT_ENOUGH_BANDWIDTH`; -1 where unknown. */
  getNetworkBandwidth(): number {
    return this.#bandwidth;
  }
  /** bits a second of the publisher, by the server's last `NOT_ENOUGH_BANDWIDTH`; -1 where unknown. */
  getRemoteBitrate(): number {
    return this.#remoteBitrate;
  }

  /** @internal The session is over. */
  sessionLost(): void {
    this.#to(STREAM_STATUS.FAILED, STREAM_STATUS.FAILED);
  }

  get #caches(): boolean {
    return this.#options.cacheLocalResources !== false && !this.#options.constraints?.customStream;
  }

  #begin(published: boolean): void {
    if (this.#status !== STREAM_STATUS.NEW) throw new Error('Invalid stream state');
    this.#published = published;
    this.#status = STREAM_STATUS.PENDING;
    queueMicrotask(() => {
      if (this.#status === STREAM_STATUS.PENDING) this.#callbacks.fire(STREAM_STATUS.PENDING, this);
    });
  }

  #start(tracks: { audio?: MediaStreamTrack | boolean; video?: MediaStreamTrack | boolean; media?: MediaStream }): void {
    const session = this.#session();
    if (!session?.alive) return this.#to(STREAM_STATUS.FAILED, ERROR_INFO.INVALID_SESSION_STATE);
    const { name = '', record, transport, stripCodecs, custom, rtmpUrl, constraints } = this.#options;
    const video = constraints?.video;
    const limit = typeof video === 'object' && video.maxBitrate ? video.maxBitrate * 1000 : undefined;
    const hint = this.#options.videoContentHint;
    if (this.#published && hint && typeof tracks.video === 'object') tracks.video.contentHint = hint;
    const { customStream: _, ...plain } = constraints ?? {};
    const extra = this.#published ? { rtmpUrl, custom, constraints: plain } : { width: 0, height: 0, quality: 0, custom };
    const hooks: PeerHooks = {
      ended: () => undefined,
      tracks: (media) => this.#receive(media),
      event: (info) => this.#event(info),
      status: (info) => this.#server(info),
    };
    const direction = this.#published ? 'publish' : 'play';
    const offerHook = stripCodecs ? (sdp: string) => strip(sdp, stripCodecs) : undefined;
    const tcp = transport === 'TCP' || transport === 'UDP' ? transport : undefined;
    try {
      this.#peer = new Peer(
        session,
        { id: this.#id, direction, name, record, transport: tcp, maxBitrate: limit, offerHook, extra, rtcConfig: this.#rtcConfig, ...tracks },
        { ...hooks, ended: (error) => this.#over(error) },
      );
    } catch (e) {
      return this.#localError(new VecheError('unsupported', String(e)));
    }
    this.#peer.start().catch((error: VecheError) => this.#over(error));
  }

  #server(info: StreamInfo): void {
    const { status, audioState, videoState, recordName } = info;
    if (recordName) this.#recordName = recordName;
    if (typeof audioState?.muted === 'boolean') this.#remoteMuted.audio = audioState.muted;
    if (typeof videoState?.muted === 'boolean') this.#remoteMuted.video = videoState.muted;
    if (info.info) this.#info = info.info;
    if (status === STREAM_STATUS.RESIZE) this.#callbacks.fire(STREAM_STATUS.RESIZE, this);
    else if (status && status in STREAM_STATUS) this.#to(status, info.info);
  }

  /** Ended here rather than by the server's word: ICE, time, the session. */
  #over(error: VecheError | null): void {
    if (error === null || this.#stopAsked) return;
    this.#to(STREAM_STATUS.FAILED, error.info ?? error.reason);
  }

  #localError(error: VecheError): void {
    this.#errorInfo = error.message;
    this.#to(STREAM_STATUS.FAILED, ERROR_INFO.LOCAL_ERROR);
  }

  #to(status: string, info?: string): void {
    if (FINAL.includes(this.#status)) return;
    this.#status = status;
    if (info) this.#info = info;
    if (status === STREAM_STATUS.PUBLISHING) {
      if (this.#muted.audio) this.#peer?.sendEvent('audioMuted');
      if (this.#muted.video) this.#peer?.sendEvent('videoMuted');
    }
    if (FINAL.includes(status)) this.#release();
    this.#callbacks.fire(status, this);
  }

  #release(): void {
    this.#peer?.drop();
    if (this.#published) endLocal(this.#options.display, this.#media, this.#caches);
    this.#playback?.end();
    if (!this.#published) this.#element?.remove();
    this.#element = null;
    this.#ended(this);
  }

  #receive(media: MediaStream): void {
    if (!this.#element) {
      this.#element = addRemote(this.#options.display, this.#id);
      if (!this.#element) return;
      this.#element.controls = this.#options.useControls === true;
      this.#element.muted = this.#options.unmutePlayOnStart === false;
      this.#playback = new Playback(this.#element, () => undefined);
    }
    this.#playback?.show(media, this.#volume / 100);
  }

  #event({ type = '', payload }: StreamEventInfo): void {
    if (/^(audio|video)(M|Unm)uted$/.test(type)) {
      this.#remoteMuted[type.startsWith('audio') ? 'audio' : 'video'] = !type.includes('Un');
    }
    if (type === 'notEnoughBandwidth') {
      const [remote = '-1', network = '-1'] = String(payload?.info).split('/');
      this.#remoteBitrate = Number(remote);
      this.#bandwidth = Number(network);
    }
    this.#callbacks.fire(STREAM_EVENT, { mediaSessionId: this.#id, type, payload });
  }

  #mute(kind: 'audio' | 'video', muted: boolean): void {
    if (!this.#published || this.#muted[kind] === muted) return;
    this.#muted[kind] = muted;
    const tracks = kind === 'audio' ? this.#media?.getAudioTracks() : this.#media?.getVideoTracks();
    for (const track of tracks ?? []) track.enabled = !muted;
    this.#peer?.sendEvent(`${kind}${muted ? 'Muted' : 'Unmuted'}`);
  }

  async #switch(kind: 'audio' | 'video', deviceId?: string): Promise<string> {
    const failure = kind === 'video' ? ERROR_INFO.CAN_NOT_SWITCH_CAM : ERROR_INFO.CAN_NOT_SWITCH_MIC;
    const sender = kind === 'video' ? this.#peer?.videoSender : this.#peer?.audioSender;
    const old = kind === 'video' ? this.#media?.getVideoTracks()[0] : this.#media?.getAudioTracks()[0];
    if (!sender || !old || !this.#media) throw new Error(failure);
    const current = old.getSettings().deviceId;
    const all = (await navigator.mediaDevices.enumerateDevices()).filter((d) => d.kind === `${kind}input`);
    const next = deviceId ?? all[(all.findIndex((d) => d.deviceId === current) + 1) % all.length]?.deviceId;
    if (!next || next === current) throw new Error(failure);
    // Phones open one camera at a time.
    if (kind === 'video') old.stop();
    const fresh = await navigator.mediaDevices.getUserMedia({ [kind]: { deviceId: { exact: next } } });
    const track = fresh.getTracks()[0]!;
    track.enabled = !this.#muted[kind];
    await sender.replaceTrack(track);
    old.stop();
    this.#media.removeTrack(old);
    this.#media.addTrack(track);
    return next;
  }
}

/** Takes codecs out of an offer: their payload types vanish from m-lines and attributes. */
function strip(sdp: string, codecs: string): string {
  const names = codecs.split(',').map((c) => c.trim().toLowerCase()).filter(Boolean);
  const gone = new Set<string>();
  for (const [, pt, name] of sdp.matchAll(/a=rtpmap:(\d+) ([^/\r\n]+)/g)) if (names.includes(name!.toLowerCase())) gone.add(pt!);
  // Retransmission of what is gone goes with it.
  for (const [, pt, apt] of sdp.matchAll(/a=fmtp:(\d+) apt=(\d+)/g)) if (gone.has(apt!)) gone.add(pt!);
  return sdp
    .split('\r\n')
    .filter((line) => !gone.has(/^a=(?:rtpmap|fmtp|rtcp-fb):(\d+)/.exec(line)?.[1] ?? ''))
    .map((line) => {
      const m = /^(m=(?:audio|video) \S+ \S+) (.*)$/.exec(line);
      if (!m) return line;
      return [m[1], ...m[2]!.split(' ').filter((pt) => !gone.has(pt))].join(' ');
    })
    .join('\r\n');
}
