/** A server of recordings in memory, and a page around a library. */
import type { Place } from '../src/model/archive/library';
import type { Route } from '../src/model/archive/route';
import { ArchiveError, type Archive, type Page, type Query, type Recording, type Trouble } from '../src/model/archive/types';

export const NOW = 1_700_000_000_000;

export function recording(id: string, change: Partial<Recording> = {}): Recording {
  return {
    id, kind: 'room', room: `room ${id}`, stream: null, people: ['Ann'], startedAt: NOW - 1000, durationMs: 60_000, bytes: 1000,
    state: 'ready', degraded: false, note: null, mix: null, canMix: null, thumbnail: null, play: null, files: [], deletedUntil: null, upload: null, ...change,
  };
}

/** Keeps to the interface; says what was asked, and fails on wish. */
export class FakeArchive implements Archive {
  recordings: Recording[] = [];
  signedIn = true;
  fails: Trouble | null = null;
  pageSize = 50;
  /** `false`: what is deleted is gone. */
  trash = true;
  readonly asked: string[] = [];
  /** Answers wait until this resolves. */
  gate: Promise<void> = Promise.resolve();

  private async answer<T>(what: string, value: () => T): Promise<T> {
    this.asked.push(what);
    const { fails } = this;
    await this.gate;
    if (fails) throw new ArchiveError(fails, `failed: ${fails}`);
    if (!this.signedIn) throw new ArchiveError('unauthorized', 'no session');
    return value();
  }
  private find(id: string): Recording {
    const found = this.recordings.find((r) => r.id === id);
    if (!found) throw new ArchiveError('missing', 'no such recording');
    return found;
  }
  private change(id: string, change: Partial<Recording>): Recording {
    const next = { ...this.find(id), ...change };
    this.recordings = this.recordings.map((r) => (r.id === id ? next : r));
    return next;
  }
  list({ search, state, trash }: Query, after: string | null): Promise<Page> {
    return this.answer(`list ${search}|${state}|${trash}|${after}`, () => {
      const all = this.recordings.filter((r) => (r.deletedUntil !== null) === trash && (!state || r.state === state) && r.room!.includes(search));
      const from = after === null ? 0 : all.findIndex((r) => r.id === after) + 1;
      const page = all.slice(from, from + this.pageSize);
      const next = from + this.pageSize < all.length ? page.at(-1)!.id : null;
      return { recordings: page, next, total: all.length, bytes: all.reduce((sum, r) => sum + r.bytes, 0), trash: this.trash };
    });
  }
  get = (id: string) => this.answer(`get ${id}`, () => this.find(id));
  remove = (id: string) => this.answer(`remove ${id}`, () => {
    if (this.trash) return this.change(id, { deletedUntil: NOW + 1e9 });
    const gone = { ...this.find(id), deletedUntil: Date.now() };
    this.recordings = this.recordings.filter((r) => r.id !== id);
    return gone;
  });
  restore = (id: string) => this.answer(`restore ${id}`, () => this.change(id, { deletedUntil: null }));
  mix = (id: string) => this.answer(`mix ${id}`, () => this.change(id, { mix: { state: 'queued', progress: 0, secondsLeft: null, error: null } }));
  cancelMix = (id: string) => this.answer(`cancel ${id}`, () => this.change(id, { mix: null }));
  removeForever = (id: string) => this.answer(`forever ${id}`, () => {
    this.find(id);
    this.recordings = this.recordings.filter((r) => r.id !== id);
  });
  link = (id: string, seconds: number) => this.answer(`link ${id} ${seconds}`, () => ({ url: `/recordings/${id}?expires=9&signature=s`, expires: NOW }));
  async signIn(token: string): Promise<void> {
    this.asked.push(`signIn ${token}`);
    if (this.fails) throw new ArchiveError(this.fails, '');
    if (token !== 'right') throw new ArchiveError('unauthorized', '');
    this.signedIn = true;
  }
  async signOut(): Promise<void> {
    this.signedIn = false;
  }
}

export class FakePlace implements Place {
  seen = true;
  again: () => void = () => undefined;
  readonly written: [string | null, boolean][] = [];
  route: Route;

  constructor(route: Partial<Route> = {}) {
    this.route = { id: null, pass: null, search: '', state: null, trash: false, ...route };
  }
  read = () => this.route;
  write = (route: Route, replace: boolean) => {
    this.route = route;
    this.written.push([route.id, replace]);
  };
  visible = () => this.seen;
  onVisible = (again: () => void) => (this.again = again);
}
