/** The server's RECORDING, read with doubt: every field may be missing. */
import type { RoomRecording } from './api.js';

export const NOT_RECORDED: RoomRecording = Object.freeze({ on: false, by: null, since: null, problem: null });

export function recordingOf(info: unknown): RoomRecording {
  const { on, by, since, problem } = (info ?? {}) as Partial<Record<keyof RoomRecording, unknown>>;
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
  return {
    on: on === true,
    by: text(by),
    since: on === true && typeof since === 'number' ? since : null,
    problem: text(problem),
  };
}
