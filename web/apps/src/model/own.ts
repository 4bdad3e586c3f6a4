/** What this person sends: one camera publication, and a screen while it is shared. */
import { signal } from '@preact/signals';
import type { LocalPublication, Room } from '@veche/sdk';
import { dark, type Dark } from './dark';
import { prefs } from './prefs';
import { reasonOf } from './sdk';
import type { Kind, LocalMedia } from './media';

export class OwnStreams {
  readonly camera = signal<LocalPublication | null>(null);
  readonly screen = signal<LocalPublication | null>(null);
  readonly on = { microphone: signal(false), camera: signal(false) };
  /** True while the space bar lends the voice. */
  readonly lent = signal(false);
  readonly publishing = signal(false);
  /** Grows at every change of a publication, to draw again. */
  readonly version = signal(0);

  private room: Room | null = null;
  private nothing: Dark | null = null;
  private readonly media: LocalMedia;
  private readonly failed: (reason: string) => void;
  private unhook: (() => void)[] = [];
  /** Presses come faster than devices open: one change at a time. */
  private queue: Promise<void> = Promise.resolve();

  constructor(media: LocalMedia, failed: (reason: string) => void) {
    this.media = media;
    this.failed = failed;
  }

  /** Sends what the lobby left open. */
  start(room: Room): Promise<void> {
    this.room = room;
    this.on.microphone.value = this.media.state.microphone.value === 'on';
    this.on.camera.value = this.media.state.camera.value === 'on';
    this.watchDevices();
    return this.then(() => this.publish());
  }

  end(): void {
    for (const stop of this.unhook) stop();
    this.unhook = [];
    this.room = null;
    this.camera.value = null;
    this.screen.value = null;
    this.publishing.value = false;
    this.lent.value = false;
    this.lighten();
  }

  /** Another attempt after publishing failed. */
  again(): Promise<void> {
    return this.then(() => this.publish());
  }

  toggle(kind: Kind): Promise<void> {
    const on = !this.on[kind].value;
    return this.then(() => this.turn(kind, on));
  }

  /** Space held: heard meanwhile. */
  lend(on: boolean): void {
    const publication = this.camera.value;
    if (on === this.lent.value || !publication || this.on.microphone.value || !this.media.microphone.value) return;
    this.lent.value = on;
    if (on) this.unmuteAudio(publication);
    else publication.muteAudio();
  }

  async share(): Promise<void> {
    const shown = this.screen.value;
    if (shown) return shown.stop();
    if (!this.room) return;
    const screen = await this.room.publishScreen({ audio: true });
    this.screen.value = screen;
    const stop = screen.on('status', (status) => {
      if (status !== 'ended' && status !== 'failed') return;
      stop();
      if (this.screen.value === screen) this.screen.value = null;
    });
    if (screen.status === 'ended') this.screen.value = null;
    this.unhook.push(stop);
  }

  /** Another device, without interrupting anybody. */
  choose(kind: Kind, deviceId: string): Promise<void> {
    this.media.remember(kind, deviceId);
    return this.then(async () => {
      if (this.room && !this.media[kind].value) return;
      const on = this.room ? this.on[kind].value : this.media.state[kind].value !== 'off';
      if (!(await this.media.openOne(kind, deviceId))) return this.failed('media_in_use');
      const track = this.media[kind].value;
      if (track && this.camera.value) await this.camera.value.replaceTrack(track);
      if (!on && track) this.media.enable(kind, false);
    });
  }

  private then(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step).catch((error: unknown) => this.failed(reasonOf(error)));
    return this.queue;
  }

  private async turn(kind: Kind, on: boolean): Promise<void> {
    prefs.set(kind === 'camera' ? 'cameraOn' : 'microphoneOn', on ? '1' : '0');
    if (on && !this.media[kind].value && !(await this.media.openOne(kind))) {
      const state = this.media.state[kind].value;
      return this.failed(state === 'denied' ? 'media_denied' : state === 'busy' ? 'media_in_use' : 'media_not_found');
    }
    this.on[kind].value = on;
    const publication = this.camera.value;
    const track = this.media[kind].value;
    const sends = publication && (kind === 'camera' ? publication.media.getVideoTracks() : publication.media.getAudioTracks()).length > 0;
    if (!publication || !sends) {
      if (on) await this.publish();
      return;
    }
    if (kind === 'microphone') {
      if (on) this.unmuteAudio(publication);
      else publication.muteAudio();
    } else if (on) {
      if (track) await publication.replaceTrack(track);
      if (track) track.enabled = true;
      await publication.unmuteVideo();
      this.lighten();
    } else {
      publication.muteVideo();
      await this.darken(publication);
    }
    this.media.state[kind].value = on ? 'on' : 'off';
  }

  /** Off means off: the camera's light goes out. */
  private async darken(publication: LocalPublication): Promise<void> {
    const nothing = dark();
    // Without a canvas to film, the camera stays open and sends black.
    if (!nothing) return;
    await publication.replaceTrack(nothing.track);
    this.lighten();
    this.nothing = nothing;
    this.media.release('camera');
  }

  private lighten(): void {
    this.nothing?.end();
    this.nothing = null;
  }

  /** A device that was unplugged is off, and the person hears of it. */
  private watchDevices(): void {
    for (const kind of ['microphone', 'camera'] as const) {
      const stop = this.media.state[kind].subscribe((state) => {
        if (state !== 'missing' || !this.on[kind].value || this.media[kind].value) return;
        this.on[kind].value = false;
        if (kind === 'camera') this.camera.value?.muteVideo();
        else this.camera.value?.muteAudio();
        this.failed('media_not_found');
      });
      this.unhook.push(stop);
    }
  }

  private unmuteAudio(publication: LocalPublication): void {
    // The lobby may have silenced the track itself.
    if (this.media.microphone.value) this.media.microphone.value.enabled = true;
    publication.unmuteAudio();
  }

  /** A first camera, or one that joins a lone microphone: the new publication stands before the old one goes. */
  private async publish(): Promise<void> {
    const tracks = [this.media.microphone.value, this.media.camera.value].filter((track) => track !== null);
    if (!this.room || tracks.length === 0) return;
    const old = this.camera.value;
    const publication = await this.room.publish(new MediaStream(tracks), { kind: 'camera' });
    if (!this.on.microphone.value) publication.muteAudio();
    if (!this.on.camera.value && this.media.camera.value) publication.muteVideo();
    this.camera.value = publication;
    let told = false;
    const sync = () => {
      this.publishing.value = this.camera.value?.status === 'publishing';
      this.version.value++;
      if (publication.status !== 'failed' || publication !== this.camera.value || told) return;
      told = true;
      this.failed(publication.error?.reason ?? 'server');
    };
    this.unhook.push(publication.on('status', sync), publication.on('changed', sync), publication.on('quality', sync));
    sync();
    await old?.stop();
  }
}
