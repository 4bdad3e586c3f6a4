/** Which of the three apps this page is, and what its address asks for. */
import { cleanLogin, cleanRoom, roomName } from './names';
import { prefs } from './prefs';

export type AppName = 'conference' | 'video-chat' | 'video-chat-and-screen-sharing';

export interface AppConfig {
  name: AppName;
  /** How many the room takes; `null` leaves it to the server. */
  capacity: number | null;
  share: boolean;
}

const CONFIGS: Record<AppName, AppConfig> = {
  conference: { name: 'conference', capacity: null, share: true },
  'video-chat': { name: 'video-chat', capacity: 2, share: false },
  'video-chat-and-screen-sharing': { name: 'video-chat-and-screen-sharing', capacity: 2, share: true },
};

export function appConfig(name: string | undefined): AppConfig {
  return CONFIGS[(name ?? '') as AppName] ?? CONFIGS.conference;
}

export interface Asked {
  room: string;
  name: string;
  autojoin: boolean;
  audio: boolean;
  video: boolean;
  /** Whether the room is recorded from its first moment, where this person opens it. */
  record: boolean;
}

export function askedBy(search: string): Asked {
  const query = new URLSearchParams(search);
  return {
    room: cleanRoom(query.get('roomName') ?? query.get('room') ?? '') || roomName(),
    name: cleanLogin(query.get('name') || prefs.get('name') || ''),
    autojoin: query.get('autojoin') === '1',
    audio: query.get('audio') !== '0' && prefs.get('microphoneOn') !== '0',
    video: query.get('video') !== '0' && prefs.get('cameraOn') !== '0',
    record: query.get('record') === '1',
  };
}

/** The link that brings others here. Only the room is in it: name and switches are one's own. */
export function inviteLink(room: string, place: Pick<Location, 'origin' | 'pathname'> = location): string {
  return `${place.origin}${place.pathname}?roomName=${encodeURIComponent(room)}`;
}
