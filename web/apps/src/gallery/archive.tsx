/** The recordings page in every state, over an archive that needs no server. Never part of a build. */
import { render } from 'preact';
import { Library } from '../model/archive/library';
import type { Route } from '../model/archive/route';
import { ArchiveError, type Archive, type Page, type RecordedFile, type Recording, type Trouble } from '../model/archive/types';
import { Recordings } from '../ui/archive/Recordings';
import { film, still } from './scene';

const FILM = '/gallery-film';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const now = Date.now();

const file = (kind: RecordedFile['kind'], person: string | null, mb: number, minutes: number, mime: string): RecordedFile => ({
  name: `20261122-1405-design-review${kind === 'stream' ? `-${person}` : ''}${kind === 'film' ? '.film.mp4' : mime.endsWith('webm') ? '.webm' : '.mkv'}`,
  kind, person, mime, bytes: mb * 1e6, durationMs: minutes * MINUTE, url: `/client/records/${kind}-${person}`, state: 'ready', uploaded: null,
  captions: null,
  chapters: kind === 'film' ? ['Mara Lindqvist joins', 'Ester joins', 'Ester shares a screen', 'Анна Сергеевна and 李小龙 join', 'Mara Lindqvist shares a screen'].map((title, i) => ({ atMs: (i * minutes * MINUTE) / 6, title })) : [],
});

function make(id: string, room: string, people: string[], ago: number, minutes: number, change: Partial<Recording> = {}): Recording {
  const files = [file('film', null, minutes * 11, minutes, 'video/mp4'), file('room', null, minutes * 24, minutes, 'video/x-matroska'), ...people.map((name, i) => file('stream', name, minutes * (6 + i), minutes - i, i % 2 ? 'video/mp4' : 'video/webm'))];
  return {
    id, kind: 'room', room, stream: null, people, startedAt: now - ago, durationMs: minutes * MINUTE + 23_000, bytes: files.reduce((sum, f) => sum + f.bytes, 0),
    state: 'ready', degraded: false, note: null, mix: { state: 'done', progress: 1, secondsLeft: null, error: null },
    canMix: null, thumbnail: null, play: null, files, deletedUntil: null, upload: null, ...change,
  };
}

const running = (progress: number, secondsLeft: number): Recording['mix'] => ({ state: 'running', progress, secondsLeft, error: null });
const uploads = {
  done: { state: 'uploaded', progress: 1, error: null, retryAt: null },
  runs: { state: 'uploading', progress: 0.42, error: null, retryAt: null },
  waits: { state: 'waiting', progress: 0, error: null, retryAt: null },
  failed: { state: 'failed', progress: 0, error: 'there is no bucket calls: make it, or correct record_upload_url', retryAt: now + 8 * MINUTE },
} satisfies Record<string, Recording['upload']>;

const queued: Recording['mix'] = { state: 'queued', progress: 0, secondsLeft: null, error: null };

function shelf(): Recording[] {
  return [
    make('live', 'Design review', ['Mara Lindqvist', 'Юрий', 'Ines', 'Tomáš Novák'], 24 * MINUTE, 24, { state: 'recording', mix: null, files: [] }),
    make('fin', 'standup', ['Wei', 'Karol'], 41 * MINUTE, 12, { state: 'finishing', mix: null }),
    make('mix', 'Bridge over the river: second draft, with the town', ['Priya Raman', 'Olu', 'Анна Сергеевна', 'Jean-Luc', 'Fatima Zahra', 'Björn'], 2 * HOUR, 58, { mix: running(0.42, 190) }),
    make('queue', 'quiet-otter-harbour', ['Ester', 'Noor', 'Sam'], 3 * HOUR, 31, { mix: queued }),
    make('ready1', 'Interview: Mara', ['Mara Lindqvist', 'Ester'], 5 * HOUR, 47, { thumbnail: still(0) }),
    make('deg', 'Вечерний созвон', ['Анна Сергеевна', 'Юрий', '李小龙'], 27 * HOUR, 64, { thumbnail: still(5), degraded: true, note: 'The disk was full for 12 s: the pictures of Юрий are missing from 31:04 on.' }),
    make('ready2', 'Lecture 7', ['Tomáš Novák', 'Ines', 'Wei', 'Karol', 'Noor', 'Sam', 'Priya Raman', 'Olu', 'Björn'], 30 * HOUR, 96, { thumbnail: still(3) }),
    make('rec', 'amber-heron-bell', ['Jean-Luc', 'Fatima Zahra'], 3 * DAY, 18, { state: 'recovered', thumbnail: still(1) }),
    make('nofilm', 'Planning', ['Sam', 'Wei'], 4 * DAY, 25, { mix: { state: 'failed', progress: 0.3, secondsLeft: null, error: 'The stream of Wei cannot be decoded' } }),
    make('stream', 'x', ['Olu'], 9 * DAY, 3, { kind: 'stream', room: null, stream: 'lobby-camera-2', mix: null, thumbnail: still(4) }),
    make('broken', 'mild-crow-pier', [], 12 * DAY, 0, { state: 'broken', durationMs: 0, mix: null, files: [], bytes: 84_000, note: 'The file holds no media.' }),
    ...Array.from({ length: 9 }, (_, i) => make(`old${i}`, ['standup', 'Lesson', 'All hands', 'Choir'][i % 4]!, ['Karol', 'Noor', 'Björn', 'Ester', 'Wei'].slice(i % 3, (i % 3) + 2 + (i % 3)), (20 + i * 9) * DAY, 15 + i * 7, { thumbnail: i % 3 ? still(i) : null })),
  ];
}

interface ArchiveState {
  route?: Partial<Route>;
  recordings?: () => Recording[];
  /** Every request fails so. */
  fails?: Trouble;
  hangs?: boolean;
  more?: boolean;
  /** What is deleted is gone. */
  noTrash?: boolean;
  set?: (library: Library, world: FakeArchive) => void | Promise<void>;
}

class FakeArchive implements Archive {
  fails: Trouble | null;
  readonly state: ArchiveState;
  readonly all: Recording[];

  constructor(state: ArchiveState) {
    this.state = state;
    this.fails = state.fails ?? null;
    this.all = (state.recordings ?? shelf)();
  }
  private async answer<T>(value: () => T): Promise<T> {
    if (this.state.hangs) return new Promise<never>(() => undefined);
    if (this.fails) throw new ArchiveError(this.fails, '');
    return value();
  }
  private find(id: string): Recording {
    const found = this.all.find((recording) => recording.id === id);
    if (!found) throw new ArchiveError('missing', '');
    return found;
  }
  list(query: { search: string; trash: boolean; state: string | null }): Promise<Page> {
    return this.answer(() => {
      const word = query.search.toLowerCase();
      const recordings = this.all.filter((r) => (r.deletedUntil !== null) === query.trash && (!query.state || r.state === query.state) && `${r.room} ${r.people.join(' ')}`.toLowerCase().includes(word));
      return { recordings, next: this.state.more ? 'x' : null, total: this.state.more ? 418 : recordings.length, bytes: recordings.reduce((sum, r) => sum + r.bytes, 0), trash: !this.state.noTrash };
    });
  }
  get = (id: string) => this.answer(() => this.find(id));
  remove = (id: string) => this.answer(() => Object.assign(this.find(id), { deletedUntil: now + 7 * DAY }));
  restore = (id: string) => this.answer(() => Object.assign(this.find(id), { deletedUntil: null }));
  mix = (id: string) => this.answer(() => Object.assign(this.find(id), { mix: queued }));
  cancelMix = (id: string) => this.answer(() => Object.assign(this.find(id), { mix: null }));
  removeForever = (id: string) => this.answer(() => void this.all.splice(this.all.indexOf(this.find(id)), 1));
  link = (id: string, seconds: number) => this.answer(() => ({ url: `/recordings/${id}?expires=1795362000&signature=4fTq8LxZ0cJ2nW`, expires: Date.now() + seconds * 1000 }));
  signIn = (token: string) => this.answer(() => { if (token !== 'right') throw new ArchiveError('unauthorized', ''); });
  signOut = async () => undefined;
}

const pass = { expires: String(Math.round((now + 6 * DAY) / 1000)), signature: 'x' };
const trash = () => shelf().slice(4, 8).map((r, i) => ({ ...r, deletedUntil: now + (i * 2 + 0.6) * DAY }));
const open = (id: string, change: Partial<Recording> = {}): ArchiveState => ({
  route: { id },
  recordings: () => shelf().map((r) => (r.id === id ? { ...r, ...change } : r)),
});

export const archiveStates: Record<string, ArchiveState> = {
  'rec-list': { more: true },
  'rec-loading': { hangs: true },
  'rec-empty': { recordings: () => [] },
  'rec-search': { route: { search: 'mara' } },
  'rec-none': { route: { search: 'zeppelin' } },
  'rec-filter': { route: { state: 'recording' } },
  'rec-away': { set: async (library, archive) => { archive.fails = 'offline'; await library.refresh(); } },
  'rec-offline': { fails: 'offline' },
  'rec-trash': { route: { trash: true }, recordings: trash },
  'rec-trash-empty': { route: { trash: true } },
  'rec-removed': { set: async (library) => { await library.remove(library.items.value![4]!); } },
  'rec-refused': { set: async (library, archive) => { archive.remove = async () => { throw new ArchiveError('server', 'the recording is in use: it is being mixed', 'recording_in_use'); }; await library.remove(library.items.value![2]!); } },
  'rec-refused-unknown': { set: async (library, archive) => { archive.remove = async () => { throw new ArchiveError('server', 'the disk is read-only', 'disk_read_only'); }; await library.remove(library.items.value![4]!); } },
  'rec-keys': { set: (library) => { library.sheet.value = { what: 'keys', recording: null }; } },
  'rec-settings': { set: (library) => { library.sheet.value = { what: 'settings', recording: null }; } },
  'rec-sign-in': { fails: 'unauthorized' },
  'rec-sign-in-wrong': { fails: 'unauthorized', set: async (library) => { await library.signIn('wrong'); } },
  'rec-one': open('ready1', { play: FILM }),
  'rec-one-unplayable': open('ready1', { play: '/gallery.html' }),
  'rec-one-unreachable': open('ready1', { play: '/nothing' }),
  'rec-one-live': open('live'),
  'rec-one-live-stream': open('stream', { state: 'recording', startedAt: now - 3 * MINUTE, files: [], thumbnail: null }),
  'rec-one-mixing': open('mix'),
  'rec-one-queued': open('queue'),
  'rec-one-unmixed': open('nofilm'),
  'rec-one-unmixed-lossy': open('nofilm', { degraded: true, note: 'The disk was full for 12 s.', canMix: false }),
  'rec-one-degraded': open('deg', { play: FILM }),
  'rec-one-recovered': open('rec', { play: FILM }),
  'rec-one-broken': open('broken'),
  'rec-uploads': { recordings: () => shelf().slice(3, 8).map((r, i) => ({ ...r, upload: [null, uploads.done, uploads.runs, uploads.waits, uploads.failed][i]! })) },
  'rec-one-uploading': open('ready1', { play: FILM, upload: uploads.runs }),
  'rec-one-uploaded': { route: { id: 'ready1' }, recordings: () => shelf().map((r) => ({ ...r, play: FILM, upload: uploads.done, files: r.files.map((f) => ({ ...f, uploaded: `s3://calls/meetings/${f.name}` })) })) },
  'rec-one-not-uploaded': open('ready1', { play: FILM, upload: uploads.failed }),
  'rec-one-trash': open('ready1', { deletedUntil: now + 6.4 * DAY, play: FILM }),
  'rec-one-parts': { route: { id: 'ready1' }, recordings: () => shelf().map((r) => ({ ...r, files: r.files.flatMap((f) => (f.kind === 'stream' ? [f, { ...f, name: f.name.replace(/(\.\w+)$/, '-part2$1'), url: `${f.url}-part2` }] : [f])) })) },
  'rec-one-missing': { route: { id: 'nowhere' } },
  'rec-one-loading': { route: { id: 'ready1' }, hangs: true },
  'rec-link': { ...open('ready1'), set: async (library) => {
    library.sheet.value = { what: 'link', recording: library.one.value };
    await new Promise((done) => setTimeout(done, 200));
    document.querySelector<HTMLElement>('[data-testid=link-copy]')?.click();
  } },
  'rec-forever': { route: { trash: true }, recordings: trash, set: (library) => { library.sheet.value = { what: 'forever', recording: library.items.value![0]! }; } },
  'rec-no-trash': { noTrash: true, set: (library) => library.wishRemoved(library.items.value![4]!) },
  'rec-gone': { noTrash: true, set: async (library) => { await library.removeForever(library.items.value![4]!); } },
  'rec-one-no-trash': { ...open('ready1', { play: FILM }), noTrash: true },
  'rec-guest': { ...open('ready1', { play: FILM }), route: { id: 'ready1', pass } },
  'rec-expired': { route: { id: 'ready1', pass: { ...pass, expires: '1' } }, fails: 'unauthorized' },
  'rec-forged': { route: { id: 'ready1', pass }, fails: 'unauthorized' },
};

export async function showArchive(name: string, root: HTMLElement): Promise<void> {
  const state = archiveStates[name]!;
  let route: Route = { id: null, pass: null, search: '', state: null, trash: false, ...state.route };
  const archive = new FakeArchive(state);
  // What a guest's address is given in addition falls into the fragment.
  const address = archive.all.some(({ play }) => play === FILM) ? `${await film()}#` : null;
  archive.all.forEach((recording, i) => (archive.all[i] = recording.play === FILM ? { ...recording, play: address, files: recording.files.map((f) => (f.kind === 'film' ? { ...f, url: address! } : f)) } : recording));
  const library = new Library(archive, { read: () => route, write: (next) => (route = next), visible: () => true, onVisible: () => undefined });
  render(<Recordings library={library} />, root);
  await Promise.race([library.start(), new Promise((done) => setTimeout(done, 200))]);
  await state.set?.(library, archive);
  document.body.dataset['ready'] = 'true';
}
