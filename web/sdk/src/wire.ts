/** The wire's shapes that the SDK reads. Every field may be missing: servers differ. */

export interface StreamInfo {
  mediaSessionId?: string;
  name?: string;
  status?: string;
  info?: string;
  hasAudio?: boolean;
  hasVideo?: boolean;
  audioState?: { muted?: boolean };
  videoState?: { muted?: boolean };
  width?: number;
  height?: number;
  recordName?: string;
  /** In `notifyVideoFormat`. */
  streamerVideoWidth?: number;
  streamerVideoHeight?: number;
}

export interface StreamEventInfo {
  mediaSessionId?: string;
  type?: string;
  payload?: Record<string, unknown> | null;
}

/** `inboundVideoRate` (to a publisher), `outboundVideoRate` (to a player). */
export interface RateInfo {
  mediaSessionId?: string;
  videoRate?: number;
  lostPackets?: number;
}

export interface DataStatus {
  operationId?: string;
  status?: string;
  info?: string;
  code?: string;
  messageId?: number;
  time?: number;
}

export interface RoomPayload {
  roomName?: string;
  name?: string;
  info?: unknown;
}

export interface UserData {
  authToken?: string;
  login?: string;
  veche?: { protocol?: number; server?: string; resumeToken?: string; resumed?: boolean; maxMessageBytes?: number };
  [key: string]: unknown;
}

export interface FailInfo {
  info?: string;
  code?: string;
  id?: string;
  mediaSessionId?: string;
  operationId?: string;
  apiMethod?: string;
}

export interface GoingAway {
  reason: string;
  retryAfterMs: number;
}
