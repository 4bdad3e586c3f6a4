/** The constants WebSDK users know, with the same values. */

/** What a session may say; events of `session.on`. */
export const SESSION_STATUS = Object.freeze({
  PENDING: 'PENDING',
  CONNECTED: 'CONNECTED',
  ESTABLISHED: 'ESTABLISHED',
  DISCONNECTED: 'DISCONNECTED',
  FAILED: 'FAILED',
  WARN: 'WARN',
  APP_DATA: 'APP_DATA',
});

/** What a stream may say; events of `stream.on`. */
export const STREAM_STATUS = Object.freeze({
  NEW: 'NEW',
  PENDING: 'PENDING',
  PUBLISHING: 'PUBLISHING',
  PLAYING: 'PLAYING',
  PAUSED: 'PAUSED',
  UNPUBLISHED: 'UNPUBLISHED',
  STOPPED: 'STOPPED',
  FAILED: 'FAILED',
  PLAYBACK_PROBLEM: 'PLAYBACK_PROBLEM',
  RESIZE: 'RESIZE',
  SNAPSHOT_COMPLETE: 'SNAPSHOT_COMPLETE',
  NOT_ENOUGH_BANDWIDTH: 'NOT_ENOUGH_BANDWIDTH',
});

/** Events of `room.on`. */
export const ROOM_EVENT = Object.freeze({
  STATE: 'STATE',
  JOINED: 'JOINED',
  LEFT: 'LEFT',
  PUBLISHED: 'PUBLISHED',
  MESSAGE: 'MESSAGE',
  FAILED: 'FAILED',
});

/** The event's name for `stream.on(STREAM_EVENT, …)`. */
export const STREAM_EVENT = 'STREAM_EVENT';

/** `type` of a {@link STREAM_EVENT}. */
export const STREAM_EVENT_TYPE = Object.freeze({
  AUDIO_MUTED: 'audioMuted',
  AUDIO_UNMUTED: 'audioUnmuted',
  VIDEO_MUTED: 'videoMuted',
  VIDEO_UNMUTED: 'videoUnmuted',
  DATA: 'data',
  SNAPSHOT_COMPLETED: 'snapshotCompleted',
  SNAPSHOT_FAILED: 'snapshotFailed',
  RESIZE: 'resize',
  NOT_ENOUGH_BANDWIDTH: 'notEnoughBandwidth',
});

/** The server's words behind FAILED, UNPUBLISHED and STOPPED. */
export const STREAM_STATUS_INFO = Object.freeze({
  FAILED_BY_ICE_ERROR: 'Failed by ICE error',
  FAILED_BY_ICE_TIMEOUT: 'Failed by ICE timeout',
  FAILED_BY_KEEP_ALIVE: 'Failed by ICE keep alive',
  FAILED_BY_DTLS_FINGERPRINT_ERROR: 'Failed by DTLS fingerprint error',
  FAILED_BY_DTLS_ERROR: 'Failed by DTLS error',
  FAILED_BY_RTP_ACTIVITY: 'Failed by RTP activity',
  FAILED_BY_ERROR: 'Failed by error',
  STOPPED_BY_SESSION_DISCONNECT: 'Stopped by session disconnect',
  STOPPED_BY_REST_TERMINATE: 'Stopped by rest /terminate',
  STOPPED_BY_PUBLISHER_STOP: 'Stopped by publisher stop',
  STOPPED_BY_USER: 'Stopped by user',
  PUBLISH_STREAM_IS_NOT_READY: 'Publish stream is not ready',
  STREAM_NOT_FOUND: 'Stream not found',
  STREAM_NAME_ALREADY_IN_USE: 'Stream name is already in use',
  MEDIASESSION_ID_NULL: 'MediaSessionId is null',
  MEDIASESSION_ID_ALREADY_IN_USE: 'MediaSessionId is already in use',
  SESSION_NOT_READY: 'Session not ready',
  SESSION_DOES_NOT_EXIST: 'Session does not exist',
  NO_COMMON_CODECS: 'No common codecs',
  STREAM_FAILED: 'Stream failed',
  TERMINATED_BY_KEEP_ALIVE: 'Terminated by keep-alive',
  TRANSCODING_REQUIRED_BUT_DISABLED: 'Transcoding required, but disabled',
  RESTRICTED_ACCESS: 'Restricted access',
  NO_AVAILABLE_TRANSCODERS: 'No available transcoders',
});

/** Words of the SDK's own errors. */
export const ERROR_INFO = Object.freeze({
  NONE_OF_MEDIAPROVIDERS_AVAILABLE: 'None of MediaProviders available',
  OPTIONS_URLSERVER_MUST_BE_PROVIDED: 'options.urlServer must be provided',
  OPTIONS_MUST_BE_PROVIDED: 'options must be provided',
  OPTIONS_NAME_MUST_BE_PROVIDED: 'options.name must be provided',
  INVALID_SESSION_STATE: 'Invalid session state',
  EVENT_CANT_BE_NULL: "Event can't be null",
  CALLBACK_NEEDS_TO_BE_A_VALID_FUNCTION: 'Callback needs to be a valid function',
  CAN_NOT_SWITCH_CAM: 'Number of cams is less than 2 or camera is already used by other application',
  CAN_NOT_SWITCH_MIC: 'Number of mics is less than 2 or microphone is already used by other application',
  CAN_NOT_GET_STATS: 'Cannot get PeerConnection stats',
  LOCAL_ERROR: 'Local error',
});

/** How media goes. */
export const TRANSPORT_TYPE = Object.freeze({ UDP: 'UDP', TCP: 'TCP' });

/** For `Flashphoner.getMediaDevices`. */
export const MEDIA_DEVICE_KIND = Object.freeze({ OUTPUT: 'output', INPUT: 'input', ALL: 'all' });

/** What the encoder should favour. */
export const CONTENT_HINT_TYPE = Object.freeze({ MOTION: 'motion', DETAIL: 'detail', TEXT: 'text' });
