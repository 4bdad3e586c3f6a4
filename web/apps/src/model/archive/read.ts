/** The server's answers, read with doubt: a field that is missing or odd becomes the harmless value. */
import { states, type Chapter, type Mix, type Page, type RecordedFile, type Recording, type SignedLink, type Upload } from './types';

type Raw = Record<string, unknown>;

const raw = (value: unknown): Raw => (typeof value === 'object' && value !== null ? (value as Raw) : {});
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);
const size = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : 0);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const one = <T extends string>(value: unknown, of: readonly T[], otherwise: T): T => of.find((each) => each === value) ?? otherwise;

function instant(value: unknown): number | null {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** An address on this server; anything else is not followed. */
function local(value: unknown): string | null {
  const address = text(value);
  return address?.startsWith('/') && !address.startsWith('//') ? address : null;
}

function web(value: unknown): string | null {
  const address = text(value);
  return address && /^https?:\/\//i.test(address) ? address : null;
}

function mixOf(value: unknown): Mix | null {
  if (typeof value !== 'object' || value === null) return null;
  const { state, progress, secondsLeft, error } = raw(value);
  return {
    state: one(state, ['queued', 'running', 'failed', 'done'], 'queued'),
    progress: Math.min(1, size(progress)),
    secondsLeft: typeof secondsLeft === 'number' && secondsLeft >= 0 ? secondsLeft : null,
    error: text(error),
  };
}

function uploadOf(value: unknown): Upload | null {
  if (typeof value !== 'object' || value === null) return null;
  const { state, progress, error, retryAt } = raw(value);
  return {
    state: one(state, ['waiting', 'uploading', 'uploaded', 'failed'], 'waiting'),
    progress: Math.min(1, size(progress)),
    error: text(error),
    retryAt: instant(retryAt),
  };
}

function stored(value: unknown): string | null {
  const place = text(value);
  return place?.startsWith('s3://') ? place : null;
}

function chaptersOf(value: unknown): Chapter[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((each) => {
    const { atMs, title } = raw(each);
    const name = text(title);
    return typeof atMs === 'number' && atMs >= 0 && name ? [{ atMs, title: name }] : [];
  });
}

function fileOf(value: unknown): RecordedFile | null {
  const { name, kind, person, mime, bytes, durationMs, url, state, uploaded, captions, chapters } = raw(value);
  const address = local(url);
  if (!text(name) || !address) return null;
  return {
    name: text(name)!,
    kind: one(kind, ['film', 'room', 'stream'], 'stream'),
    person: text(person),
    mime: text(mime) ?? '',
    bytes: size(bytes),
    durationMs: size(durationMs),
    url: address,
    state: text(state) ?? '',
    uploaded: stored(uploaded),
    captions: local(captions),
    chapters: chaptersOf(chapters),
  };
}

export function recordingOf(value: unknown): Recording | null {
  const r = raw(value);
  const id = text(r['id']);
  if (!id) return null;
  return {
    id,
    kind: one(r['kind'], ['room', 'stream'], 'room'),
    room: text(r['room']),
    stream: text(r['stream']),
    people: list(r['people']).filter((name): name is string => typeof name === 'string'),
    startedAt: instant(r['startedAt']) ?? 0,
    durationMs: size(r['durationMs']),
    bytes: size(r['bytes']),
    state: one(r['state'], states, 'ready'),
    degraded: r['degraded'] === true,
    note: text(r['note']),
    mix: mixOf(r['mix']),
    canMix: typeof r['canMix'] === 'boolean' ? r['canMix'] : null,
    thumbnail: local(r['thumbnail']),
    play: local(r['play']),
    files: list(r['files']).map(fileOf).filter((file) => file !== null),
    deletedUntil: instant(r['deletedUntil']),
    upload: uploadOf(r['upload']),
  };
}

export function pageOf(value: unknown): Page {
  const { recordings, next, total, bytes, trash } = raw(value);
  const read = list(recordings).map(recordingOf).filter((recording) => recording !== null);
  return { recordings: read, next: text(next), total: Math.max(size(total), read.length), bytes: size(bytes), trash: trash !== false };
}

export function linkOf(value: unknown): SignedLink | null {
  const { url, expires } = raw(value);
  const address = local(url) ?? web(url);
  return address ? { url: address, expires: instant(expires) ?? 0 } : null;
}

/** `{code, message}` of a refusal. */
export function refusalOf(value: unknown): { code: string | null; message: string } {
  const { code, message } = raw(value);
  return { code: text(code), message: text(message) ?? '' };
}
