/**
 * The face WebSDK users know. A page written for it changes its script tag and
 * `Flashphoner` here offers the rest; nothing reconnects behind its back.
 */
import { listDevices } from '../devices.js';
import * as constants from './constants.js';
import { releaseLocal, showLocal, type CompatConstraints } from './display.js';
import { CompatSession, RoomSession, type RoomSessionOptions, type SessionOptions } from './session.js';

export * from './constants.js';
export type { Callback } from './callbacks.js';
export type { CompatConstraints } from './display.js';
export type { CompatRoom, CompatParticipant, ParticipantStream } from './room.js';
export type { CompatSession, RoomSession, RoomSessionOptions, SessionOptions } from './session.js';
export type { CompatStream, StreamOptions } from './stream.js';

/** Connects to the room application; ESTABLISHED, FAILED or DISCONNECTED follows. */
export function createRoomSession(options: RoomSessionOptions): RoomSession {
  return new RoomSession(options);
}

/** Rooms: `RoomApi.connect({urlServer, username, token}).on(SESSION_STATUS.ESTABLISHED, …)`. */
export const RoomApi = Object.freeze({ connect: createRoomSession, events: constants.ROOM_EVENT });

const sessions = new Set<CompatSession>();

interface OldDevice {
  id: string;
  label: string;
  type: string;
}

/** The names of WebSDK's core that make sense here. */
export const Flashphoner = Object.freeze({
  constants,
  roomApi: RoomApi,
  /** Nothing needs initialising; a browser without WebRTC throws here, as it did. */
  init(_options?: object): void {
    if (typeof RTCPeerConnection === 'undefined') throw new Error(constants.ERROR_INFO.NONE_OF_MEDIAPROVIDERS_AVAILABLE);
  },
  getMediaProviders: (): string[] => (typeof RTCPeerConnection === 'undefined' ? [] : ['WebRTC']),
  createSession(options: SessionOptions): CompatSession {
    const session = new CompatSession(options, (ended) => sessions.delete(ended));
    sessions.add(session);
    return session;
  },
  getSessions: (): CompatSession[] => [...sessions],
  getSession: (id: string): CompatSession | undefined => [...sessions].find((s) => s.id() === id),
  /** Cameras, microphones and, where `kind` asks for them, speakers. */
  async getMediaDevices(
    _provider?: string | null,
    labels = false,
    kind: string = constants.MEDIA_DEVICE_KIND.INPUT,
    constraints?: MediaStreamConstraints,
  ): Promise<{ audio: OldDevice[]; video: OldDevice[] }> {
    if (labels) {
      const media = await navigator.mediaDevices.getUserMedia(constraints ?? { audio: true, video: true });
      for (const track of media.getTracks()) track.stop();
    }
    const all = await listDevices();
    const { INPUT, OUTPUT } = constants.MEDIA_DEVICE_KIND;
    const old = (list: MediaDeviceInfo[], type: string): OldDevice[] => list.map((d) => ({ id: d.deviceId, label: d.label, type }));
    const inputs = kind !== OUTPUT;
    const outputs = kind !== INPUT;
    return {
      audio: [...(inputs ? old(all.microphones, 'mic') : []), ...(outputs ? old(all.speakers, 'speaker') : [])],
      video: inputs ? old(all.cameras, 'camera') : [],
    };
  },
  /** Opens local media into a display, where the next `publish` finds them. */
  async getMediaAccess(constraints: CompatConstraints | null, display: HTMLElement): Promise<HTMLElement> {
    await showLocal(display, constraints ?? {});
    return display;
  },
  releaseLocalMedia: (display: HTMLElement): boolean => releaseLocal(display),
  /** For old Safari; nothing is needed now. */
  playFirstVideo: async (_display?: HTMLElement): Promise<void> => undefined,
  playFirstSound: async (): Promise<void> => undefined,
});
