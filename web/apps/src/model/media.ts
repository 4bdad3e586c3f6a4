/** Own camera and microphone: opening, switching, and why they are not there. */
import { signal } from '@preact/signals';
import type { DeviceList, Reason } from '@veche/sdk';
import { prefs } from './prefs';
import { reasonOf, type Veche } from './sdk';

export type Kind = 'microphone' | 'camera';
export type DeviceState = 'off' | 'asking' | 'on' | 'denied' | 'missing' | 'busy' | 'insecure';

const NO_DEVICES: DeviceList = { cameras: [], microphones: [], speakers: [] };

function stateFor(reason: Reason): DeviceState {
  if (reason === 'media_denied') return 'denied';
  if (reason === 'media_in_use') return 'busy';
  return globalThis.isSecureContext === false ? 'insecure' : 'missing';
}

function stop(track: MediaStreamTrack | null): void {
  track?.stop();
}

export class LocalMedia {
  readonly devices = signal<DeviceList>(NO_DEVICES);
  readonly microphone = signal<MediaStreamTrack | null>(null);
  readonly camera = signal<MediaStreamTrack | null>(null);
  readonly state = { microphone: signal<DeviceState>('off'), camera: signal<DeviceState>('off') };
  /** Loudness of the microphone, 0 to 1. */
  readonly level = signal(0);
  readonly speaker = signal(prefs.get('speaker') ?? '');

  private readonly sdk: Veche;
  private stopMeter: (() => void) | null = null;
  private stopWatching: (() => void) | null = null;

  constructor(sdk: Veche) {
    this.sdk = sdk;
  }

  /** Opens both at once, so that the browser asks once; each may fail alone. */
  async open(wanted: { microphone: boolean; camera: boolean }): Promise<void> {
    this.stopWatching ??= this.sdk.onDevicesChanged(() => void this.list());
    const kinds = (['microphone', 'camera'] as const).filter((kind) => wanted[kind]);
    for (const kind of kinds) this.state[kind].value = 'asking';
    if (kinds.length === 2) {
      try {
        this.adopt(await this.sdk.openMedia({ audio: this.audio(), video: this.video() }));
        return await this.list();
      } catch {
        // One of the two may still be there: ask for each alone.
      }
    }
    for (const kind of kinds) await this.openOne(kind);
    await this.list();
  }

  /** Opens one device; answers whether it is there. */
  async openOne(kind: Kind, deviceId?: string): Promise<boolean> {
    this.state[kind].value = 'asking';
    try {
      const asked = kind === 'microphone' ? { audio: this.audio(deviceId) } : { video: this.video(deviceId) };
      this.adopt(await this.sdk.openMedia(asked));
      return true;
    } catch (error) {
      // The device of before goes on where another could not be opened.
      const kept = this[kind].value;
      this.state[kind].value = kept ? (kept.enabled ? 'on' : 'off') : stateFor(reasonOf(error));
      return false;
    }
  }

  /** Lets a device go: its light goes out. */
  release(kind: Kind): void {
    const track = this[kind];
    stop(track.value);
    track.value = null;
    this.state[kind].value = 'off';
    if (kind === 'microphone') this.meter(null);
  }

  /** A device is silent or dark without being let go. */
  enable(kind: Kind, on: boolean): void {
    const track = this[kind].value;
    if (!track) return;
    track.enabled = on;
    this.state[kind].value = on ? 'on' : 'off';
  }

  remember(kind: Kind | 'speaker', deviceId: string): void {
    prefs.set(kind, deviceId);
    if (kind === 'speaker') this.speaker.value = deviceId;
  }

  chosen(kind: Kind): string {
    return this[kind].value?.getSettings().deviceId ?? prefs.get(kind) ?? '';
  }

  close(): void {
    this.release('microphone');
    this.release('camera');
    this.stopWatching?.();
    this.stopWatching = null;
  }

  private audio(deviceId = prefs.get('microphone') ?? undefined) {
    return deviceId ? { deviceId } : true;
  }

  private video(deviceId = prefs.get('camera') ?? undefined) {
    return deviceId ? { deviceId, width: 1280, height: 720 } : { width: 1280, height: 720 };
  }

  private adopt(stream: MediaStream): void {
    const [audio] = stream.getAudioTracks();
    const [video] = stream.getVideoTracks();
    if (audio) {
      stop(this.microphone.value);
      this.microphone.value = audio;
      this.state.microphone.value = 'on';
      this.watchEnd('microphone', audio);
      this.meter(audio);
    }
    if (video) {
      stop(this.camera.value);
      this.camera.value = video;
      this.state.camera.value = 'on';
      this.watchEnd('camera', video);
    }
  }

  /** An unplugged device ends its track. */
  private watchEnd(kind: Kind, track: MediaStreamTrack): void {
    track.addEventListener('ended', () => {
      if (this[kind].value !== track) return;
      this[kind].value = null;
      this.state[kind].value = 'missing';
    });
  }

  private meter(track: MediaStreamTrack | null): void {
    this.stopMeter?.();
    this.stopMeter = track
      ? this.sdk.createLevelMeter(new MediaStream([track]), (level) => (this.level.value = track.enabled ? level : 0))
      : null;
    this.level.value = 0;
  }

  private async list(): Promise<void> {
    try {
      this.devices.value = await this.sdk.listDevices();
    } catch {
      this.devices.value = NO_DEVICES;
    }
  }
}
