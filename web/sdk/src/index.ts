/**
 * Live rooms in the browser. Two faces of one engine:
 *
 * - the modern one: {@link connect}, promises, typed events;
 * - the one WebSDK users know: `RoomApi.connect(…).on(SESSION_STATUS.ESTABLISHED, …)`.
 */
export type {
  ChatMessage,
  Client,
  ClientEvents,
  ClientOptions,
  ConnectionQuality,
  ConnectionState,
  DeviceList,
  JoinOptions,
  LocalPublication,
  MediaOptions,
  Participant,
  PlayOptions,
  PublicationStatus,
  PublishOptions,
  RemoteStatus,
  RemoteStream,
  Room,
  RoomEvents,
  RoomRecording,
  StreamEvents,
  StreamKind,
  StreamStats,
} from './api.js';
export { MediaError, VecheError, type Reason } from './errors.js';
export { listDevices, onDevicesChanged, openMedia } from './devices.js';
export { checkSupport } from './support.js';
export { checkConnection, type CheckResult, type ConnectionReport } from './check.js';
export { connect } from './client.js';
export { createLevelMeter } from './levels.js';
export * from './compat/index.js';
