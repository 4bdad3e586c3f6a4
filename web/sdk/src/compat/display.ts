/** Local and received media inside a page's `display` element, as WebSDK pages expect it: a `<video>` with the stream's id. */
import { mediaError, MediaError } from '../errors.js';
import { openScreen } from '../devices.js';
import { uuid } from '../ids.js';

const CACHED = '-LOCAL_CACHED_VIDEO';

/** `true`, `false`, or getUserMedia's words with WebSDK's `type`, `mediaSource`. */
export interface CompatConstraints {
  /** Default `true`. */
  audio?: boolean | (MediaTrackConstraints & { outputId?: string; [key: string]: unknown });
  /** Default `true`; `{type: "screen"}` asks for a screen. */
  video?: boolean | (MediaTrackConstraints & { type?: string; mediaSource?: string; maxBitrate?: number; [key: string]: unknown });
  /** A stream of the page's own (canvas, …). */
  customStream?: MediaStream;
}

interface Local {
  video: HTMLVideoElement;
  media: MediaStream;
  key: string;
}

const locals = new WeakMap<HTMLElement, Local>();

const keyOf = (c: CompatConstraints): string => JSON.stringify([c.audio ?? true, c.video ?? true]);

function addVideo(display: HTMLElement | null | undefined, id: string): HTMLVideoElement | null {
  if (!display) return null;
  const video = document.createElement('video');
  video.id = id;
  video.autoplay = true;
  video.playsInline = true;
  video.style.width = '100%';
  display.appendChild(video);
  return video;
}

/** Opens (or takes over the cached) local media and shows them, silent, under `id`. */
export async function showLocal(
  display: HTMLElement | null | undefined,
  constraints: CompatConstraints,
  id: string = uuid() + CACHED,
): Promise<MediaStream> {
  const cached = display ? locals.get(display) : undefined;
  const key = keyOf(constraints);
  if (cached && cached.key === key && !constraints.customStream && cached.media.getTracks().every((t) => t.readyState === 'live')) {
    cached.video.id = id;
    return cached.media;
  }
  if (display && cached) releaseLocal(display);
  const media = constraints.customStream ?? (await open(constraints));
  const video = addVideo(display, id);
  if (display && video) {
    video.muted = true; // own sound would echo
    video.srcObject = media;
    void video.play().catch(() => undefined);
    locals.set(display, { video, media, key });
  }
  return media;
}

/** The stream is over: the picture stays where the page wants it cached, else everything is freed. */
export function endLocal(display: HTMLElement | null | undefined, media: MediaStream | null, cache: boolean): void {
  const local = display ? locals.get(display) : undefined;
  if (display && local && local.media === media) {
    if (cache) local.video.id += local.video.id.endsWith(CACHED) ? '' : CACHED;
    else releaseLocal(display);
  } else if (!cache) media?.getTracks().forEach((t) => t.stop());
}

/** Stops and removes a display's local media; whether there were any. */
export function releaseLocal(display: HTMLElement): boolean {
  const local = locals.get(display);
  if (!local) return false;
  locals.delete(display);
  for (const track of local.media.getTracks()) track.stop();
  local.video.srcObject = null;
  local.video.remove();
  return true;
}

/** An element for received media. */
export function addRemote(display: HTMLElement | null | undefined, id: string): HTMLVideoElement | null {
  return addVideo(display, id);
}

async function open(constraints: CompatConstraints): Promise<MediaStream> {
  const { audio = true, video = true } = constraints;
  if (typeof video === 'object' && video.type === 'screen') return screen(audio);
  const devices = globalThis.navigator?.mediaDevices;
  if (!devices?.getUserMedia) throw new MediaError('unsupported', 'camera and microphone need HTTPS');
  try {
    return await devices.getUserMedia({ audio, video });
  } catch (e) {
    throw mediaError(e);
  }
}

/** A screen, with the microphone where the page asks for sound. */
async function screen(audio: CompatConstraints['audio']): Promise<MediaStream> {
  const media = await openScreen(false);
  if (!audio) return media;
  try {
    const mic = await navigator.mediaDevices.getUserMedia({ audio });
    for (const track of mic.getAudioTracks()) media.addTrack(track);
    return media;
  } catch (e) {
    for (const track of media.getTracks()) track.stop();
    throw mediaError(e);
  }
}
