/** What the server knows of a recording, as its REST interface says it (`/rest-api/openapi.json`). */

export const states = ['recording', 'finishing', 'ready', 'recovered', 'broken'] as const;
export type State = (typeof states)[number];

/** The work on the film: one picture and one sound composed of all streams. */
export interface Mix {
  state: 'queued' | 'running' | 'failed' | 'done';
  /** 0 to 1 */
  progress: number;
  secondsLeft: number | null;
  error: string | null;
}

/** The way to the bucket, where recordings go to one. */
export interface Upload {
  /** `failed` is tried again. */
  state: 'waiting' | 'uploading' | 'uploaded' | 'failed';
  /** 0 to 1 */
  progress: number;
  /** Why it did not work; nobody tells those who come by a link. */
  error: string | null;
  /** ms since 1970 */
  retryAt: number | null;
}

export interface RecordedFile {
  name: string;
  /** `room` holds everybody's tracks beside each other, `stream` one person's. */
  kind: 'film' | 'room' | 'stream';
  person: string | null;
  mime: string;
  bytes: number;
  durationMs: number;
  url: string;
  state: string;
  /** Where its confirmed copy lies: `s3://BUCKET/KEY`. No address that a browser opens. */
  uploaded: string | null;
  /** Of a film: its chat, as WebVTT. */
  captions: string | null;
  /** Places in a film to jump to, in order of time. */
  chapters: readonly Chapter[];
}

export interface Chapter {
  atMs: number;
  title: string;
}

export interface Recording {
  id: string;
  kind: 'room' | 'stream';
  room: string | null;
  stream: string | null;
  people: readonly string[];
  /** ms since 1970 */
  startedAt: number;
  durationMs: number;
  bytes: number;
  state: State;
  /** Something of it was lost; `note` says what. */
  degraded: boolean;
  note: string | null;
  mix: Mix | null;
  /** Whether a film of it can be asked for now; `null` where the server does not say. */
  canMix: boolean | null;
  thumbnail: string | null;
  /** The best file that browsers play. */
  play: string | null;
  files: readonly RecordedFile[];
  /** In the trash until then, ms since 1970. */
  deletedUntil: number | null;
  upload: Upload | null;
}

export interface Page {
  recordings: Recording[];
  /** Where the next page begins. */
  next: string | null;
  /** Of all that match, not of this page. */
  total: number;
  bytes: number;
  /** Whether what is deleted goes to a trash first; without one it is gone at once. */
  trash: boolean;
}

export interface Query {
  search: string;
  state: State | null;
  trash: boolean;
}

export interface SignedLink {
  /** Absolute or from the root of this server. */
  url: string;
  /** ms since 1970 */
  expires: number;
}

/** A link's right to one recording, out of its address. */
export interface Pass {
  /** Seconds since 1970, as in the address. */
  expires: string;
  signature: string;
}

/** `unauthorized`: who are you; `expired`: this link no longer opens it. */
export type Trouble = 'offline' | 'unauthorized' | 'missing' | 'busy' | 'server';

/** The code of an answer that is none: the page and the server are not of one age. */
export const ODD_ANSWER = 'odd_answer';

export class ArchiveError extends Error {
  readonly trouble: Trouble;
  /** The server's stable code, where it gave one, or `ODD_ANSWER`. */
  readonly code: string | null;

  constructor(trouble: Trouble, message: string, code: string | null = null) {
    super(message);
    this.name = 'ArchiveError';
    this.trouble = trouble;
    this.code = code;
  }
}

/** All that the page asks of a server. The gallery and the tests put another in its place. */
export interface Archive {
  list(query: Query, after: string | null): Promise<Page>;
  get(id: string): Promise<Recording>;
  /** Into the trash, or away where there is none: then `deletedUntil` is the present. */
  remove(id: string): Promise<Recording>;
  restore(id: string): Promise<Recording>;
  removeForever(id: string): Promise<void>;
  mix(id: string): Promise<Recording>;
  cancelMix(id: string): Promise<Recording>;
  link(id: string, seconds: number): Promise<SignedLink>;
  signIn(token: string): Promise<void>;
  signOut(): Promise<void>;
}
