/** How a recording stands: the one thing to say of it, and what can be done with it. */
import type { RecordedFile, Recording } from './types';

export type Standing = 'recording' | 'finishing' | 'broken' | 'mixing' | 'queued' | 'unmixed' | 'recovered' | 'degraded' | 'ready';

/** The gravest or the newest first. */
export function standing({ state, mix, degraded }: Recording): Standing {
  if (state === 'recording' || state === 'finishing' || state === 'broken') return state;
  if (mix?.state === 'running') return 'mixing';
  if (mix?.state === 'queued') return 'queued';
  if (mix?.state === 'failed') return 'unmixed';
  if (state === 'recovered') return 'recovered';
  return degraded ? 'degraded' : 'ready';
}

const ACTIVE: ReadonlySet<Standing> = new Set<Standing>(['recording', 'finishing', 'mixing', 'queued']);

/** It changes by itself, so it is worth asking often. */
export const isActive = (recording: Recording): boolean => ACTIVE.has(standing(recording));

/** Something of it moves, if only to the bucket. */
export const isLively = (recording: Recording): boolean => isActive(recording) || recording.upload?.state === 'uploading';

/** Its files are being written. */
export const isLive = ({ state }: Recording): boolean => state === 'recording' || state === 'finishing';

/** A recording that runs grows between two answers of the server. */
export function lengthOf({ state, durationMs, startedAt }: Recording, now: number): number {
  return state === 'recording' ? Math.max(durationMs, now - startedAt) : durationMs;
}

export const filmOf = ({ files }: Recording): RecordedFile | null => files.find((file) => file.kind === 'film') ?? null;

/** What is downloaded where one takes the recording and not one of its files; none while it is written. */
export function bestOf(recording: Recording): RecordedFile | null {
  if (isLive(recording)) return null;
  return filmOf(recording) ?? recording.files.find((file) => file.url === recording.play) ?? recording.files[0] ?? null;
}

/** Whether a film can be asked for now, and whether it would be another one. */
export function filmWish(recording: Recording): 'make' | 'again' | 'cancel' | null {
  const now = standing(recording);
  if (recording.kind !== 'room' || recording.deletedUntil !== null) return null;
  if (now === 'mixing' || now === 'queued') return 'cancel';
  if (recording.canMix === false || now === 'recording' || now === 'finishing' || recording.files.length === 0) return null;
  return filmOf(recording) ? 'again' : 'make';
}

/** What there is to say where the film failed, sentence by sentence, to somebody who may have it made again or not. */
export function filmless(recording: Recording, mayMix: boolean): ('unmixed' | 'whole' | 'degraded' | 'retry' | 'fetch')[] {
  const lossy = recording.degraded || recording.state === 'broken' || recording.files.some((file) => file.state === 'broken');
  if (recording.files.length === 0) return lossy ? ['unmixed', 'degraded'] : ['unmixed'];
  return ['unmixed', lossy ? 'degraded' : 'whole', mayMix && filmWish(recording) !== null ? 'retry' : 'fetch'];
}

/** A turned phone and another codec go on in another file of the same person: `NAME-part2.webm`, `NAME-part2-3.webm` where that is taken. */
export function partOf({ name, kind }: RecordedFile): number | null {
  const [, part] = (kind === 'stream' && /-part([2-9]|[1-9]\d{1,3})(?:-\d{1,5})?\.[^.]+$/.exec(name)) || [];
  return part === undefined ? null : Number(part);
}

/** Containers that some browser plays; it says itself which. */
export const isPlayable = ({ mime, state }: RecordedFile): boolean => /^(video|audio)\/(mp4|webm|ogg)\b/i.test(mime) && state !== 'recording';

/** Which sentence stands in the place of the picture. */
export function waitsFor(recording: Recording): 'recording' | 'recordingStream' | 'finishing' | 'mixing' | 'queued' | 'broken' | 'choose' | 'nothing' {
  const now = standing(recording);
  if (now === 'recording') return recording.kind === 'stream' ? 'recordingStream' : 'recording';
  if (now === 'finishing' || now === 'mixing' || now === 'queued' || now === 'broken') return now;
  return recording.files.some(isPlayable) ? 'choose' : 'nothing';
}

/** What goes by the name of the recording. */
export const titleOf = ({ room, stream, id }: Recording): string => room ?? stream ?? id;
