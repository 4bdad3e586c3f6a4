/** Cameras, microphones, speakers, screens: listing and opening. */
import type { DeviceList, MediaOptions } from './api.js';
import { MediaError, mediaError } from './errors.js';

function devices(): MediaDevices {
  const d = globalThis.navigator?.mediaDevices;
  // Browsers hide mediaDevices on pages that are neither HTTPS nor localhost.
  if (!d?.getUserMedia) throw new MediaError('unsupported', 'camera and microphone need HTTPS');
  return d;
}

/** The devices there are. Names are empty until the person has allowed one of them. */
export async function listDevices(): Promise<DeviceList> {
  let all: MediaDeviceInfo[] = [];
  try {
    all = await devices().enumerateDevices();
  } catch (e) {
    throw mediaError(e);
  }
  const of = (kind: MediaDeviceKind) => all.filter((d) => d.kind === kind);
  return { cameras: of('videoinput'), microphones: of('audioinput'), speakers: of('audiooutput') };
}

/** Calls back when a device is plugged or unplugged; returns the function that stops it. */
export function onDevicesChanged(listener: () => void): () => void {
  const d = globalThis.navigator?.mediaDevices;
  if (!d?.addEventListener) return () => undefined;
  d.addEventListener('devicechange', listener);
  return () => d.removeEventListener('devicechange', listener);
}

/**
 * Opens camera and microphone. Rejects with a {@link MediaError}:
 * `media_denied`, `media_not_found`, `media_in_use`, `unsupported`.
 * A `deviceId` that is gone falls back to another device of its kind.
 */
export async function openMedia(options: MediaOptions): Promise<MediaStream> {
  const constraints = (exact: boolean): MediaStreamConstraints => ({
    audio: options.audio ? audio(options.audio, exact) : false,
    video: options.video ? video(options.video, exact) : false,
  });
  const asksDevice = [options.audio, options.video].some((o) => typeof o === 'object' && o.deviceId);
  try {
    return await devices().getUserMedia(constraints(true));
  } catch (e) {
    const error = mediaError(e);
    if (error.reason !== 'media_not_found' || !asksDevice) throw error;
  }
  try {
    return await devices().getUserMedia(constraints(false));
  } catch (e) {
    throw mediaError(e);
  }
}

/** Opens a screen, window or tab by the browser's picker. */
export async function openScreen(withAudio: boolean): Promise<MediaStream> {
  const d = devices();
  if (!d.getDisplayMedia) throw new MediaError('unsupported', 'screen sharing');
  const video = { frameRate: { ideal: 30, max: 30 } };
  // Voice processing spoils music; a tab that plays this very call would echo.
  const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false, suppressLocalAudioPlayback: false };
  const extra = { systemAudio: 'include', surfaceSwitching: 'include', selfBrowserSurface: 'exclude' };
  try {
    return await d.getDisplayMedia({ video, audio: withAudio ? sound : false, ...extra } as DisplayMediaStreamOptions);
  } catch (e) {
    throw mediaError(e, true);
  }
}

function audio(o: true | { deviceId?: string }, exact: boolean): MediaTrackConstraints {
  return {
    echoCancellation: true,
    noiseSuppression: true,
    autoGainControl: true,
    ...(o !== true && device(o.deviceId, exact)),
  };
}

function video(o: Exclude<MediaOptions['video'], false | undefined>, exact: boolean): MediaTrackConstraints {
  const { deviceId, width = 1280, height = 720, frameRate = 30 } = o === true ? {} : o;
  return {
    width: { ideal: width },
    height: { ideal: height },
    frameRate: { ideal: frameRate },
    // Phones: the front camera, unless a device is named.
    ...(deviceId ? device(deviceId, exact) : { facingMode: 'user' }),
  };
}

function device(id: string | undefined, exact: boolean): MediaTrackConstraints {
  return id ? { deviceId: exact ? { exact: id } : { ideal: id } } : {};
}
