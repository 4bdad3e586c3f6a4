import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Library } from '../src/model/archive/library';
import type { Route } from '../src/model/archive/route';
import { FakeArchive, FakePlace, NOW, recording } from './archive-world';

let archive: FakeArchive;
let place: FakePlace;
beforeEach(() => {
  vi.useFakeTimers({ now: NOW });
  vi.stubGlobal('location', { origin: 'https://veche.example' });
  archive = new FakeArchive();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function opened(route: Partial<Route> = {}): Promise<Library> {
  place = new FakePlace(route);
  const library = new Library(archive, place);
  await library.start();
  return library;
}
const ids = (library: Library) => library.items.value?.map((r) => r.id);
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const lists = () => archive.asked.filter((what) => what.startsWith('list')).length;

describe('the door', () => {
  it('is open to a session that is remembered', async () => {
    archive.recordings = [recording('a')];
    const library = await opened();
    expect(library.door.value).toBe('open');
    expect(ids(library)).toEqual(['a']);
  });

  it('asks for the token, refuses a wrong one, and lets the right one in', async () => {
    archive.signedIn = false;
    archive.recordings = [recording('a')];
    const library = await opened();
    expect(library.door.value).toBe('closed');
    await library.signIn('wrong');
    expect([library.door.value, library.knocked.value]).toEqual(['closed', 'unauthorized']);
    await library.signIn('  right\n');
    expect(archive.asked).toContain('signIn right');
    expect(library.door.value).toBe('open');
    expect(ids(library)).toEqual(['a']);
  });

  it('closes when the session ends meanwhile, and forgets what was seen', async () => {
    archive.recordings = [recording('a')];
    const library = await opened();
    archive.signedIn = false;
    await pass(30_000);
    expect([library.door.value, library.items.value]).toEqual(['closed', null]);
    const asked = archive.asked.length;
    await pass(300_000);
    expect(archive.asked.length).toBe(asked);
  });

  it('closes behind who signs out', async () => {
    const library = await opened();
    await library.signOut();
    expect([library.door.value, archive.signedIn]).toEqual(['closed', false]);
  });
});

describe('asking again', () => {
  it('is often while something changes by itself, and seldom else', async () => {
    archive.recordings = [recording('a', { state: 'recording' })];
    await opened();
    await pass(2_000);
    expect(lists()).toBe(2);
    archive.recordings = [recording('a')];
    await pass(2_000);
    expect(lists()).toBe(3);
    await pass(28_000);
    expect(lists()).toBe(3);
    await pass(2_000);
    expect(lists()).toBe(4);
  });

  it('rests while nobody looks, and goes on at once when somebody does', async () => {
    archive.recordings = [recording('a', { state: 'recording' })];
    await opened();
    place.seen = false;
    await pass(120_000);
    expect(lists()).toBe(1);
    place.seen = true;
    place.again();
    await pass(0);
    expect(lists()).toBe(2);
  });

  it('keeps what is shown while the server is away, and says since when', async () => {
    archive.recordings = [recording('a')];
    const library = await opened();
    archive.fails = 'offline';
    await pass(30_000);
    expect(library.failure.value).toEqual({ trouble: 'offline', since: NOW + 30_000 });
    await pass(8_000);
    expect(library.failure.value?.since).toBe(NOW + 30_000);
    expect(ids(library)).toEqual(['a']);
    archive.fails = null;
    await pass(4_000);
    expect(library.failure.value).toBeNull();
  });

  it('asks for what is active behind the first page, too', async () => {
    archive.pageSize = 2;
    archive.recordings = ['a', 'b', 'c', 'd'].map((id, i) => recording(id, { startedAt: NOW - i * 1000 }));
    archive.recordings[3] = { ...archive.recordings[3]!, mix: { state: 'running', progress: 0.1, secondsLeft: 60, error: null } };
    const library = await opened();
    await library.more();
    expect(ids(library)).toEqual(['a', 'b', 'c', 'd']);
    archive.recordings[3] = { ...archive.recordings[3]!, mix: { state: 'running', progress: 0.7, secondsLeft: 20, error: null } };
    await library.refresh();
    expect(library.items.value?.[3]?.mix?.progress).toBe(0.7);
    expect([ids(library), library.next.value]).toEqual([['a', 'b', 'c', 'd'], null]);
  });
});

describe('search and pages', () => {
  beforeEach(() => {
    archive.recordings = ['apple', 'apricot', 'banana'].map((id) => recording(id, { room: id }));
  });

  it('waits for a pause in typing, and keeps one place in the history', async () => {
    const library = await opened();
    for (const text of ['a', 'ap', 'apr']) {
      library.type(text);
      await pass(100);
    }
    expect(lists()).toBe(1);
    await pass(250);
    expect(archive.asked.at(-1)).toBe('list apr|null|false|null');
    expect(ids(library)).toEqual(['apricot']);
    expect(place.written).toEqual([[null, true]]);
  });

  it('drops the answer to an older question', async () => {
    const library = await opened();
    let release = () => {};
    archive.gate = new Promise((done) => (release = done));
    library.go({ search: 'apple' });
    archive.gate = Promise.resolve();
    library.go({ search: 'banana' });
    await pass(0);
    expect(ids(library)).toEqual(['banana']);
    release();
    await pass(0);
    expect(ids(library)).toEqual(['banana']);
    expect(library.stale.value).toBe(false);
  });

  it('shows the next page once, and keeps it when the first is asked for again', async () => {
    archive.pageSize = 2;
    const library = await opened();
    expect([ids(library), library.total.value]).toEqual([['apple', 'apricot'], 3]);
    await Promise.all([library.more(), library.more()]);
    expect(ids(library)).toEqual(['apple', 'apricot', 'banana']);
    expect(archive.asked.filter((what) => what.endsWith('|apricot'))).toHaveLength(1);
    await pass(30_000);
    expect(ids(library)).toEqual(['apple', 'apricot', 'banana']);
  });

  it('follows the browser’s own buttons', async () => {
    const library = await opened();
    library.go({ id: 'apple' });
    expect(library.one.value?.id).toBe('apple');
    library.arrive({ ...library.route.value, id: null, state: 'broken' });
    await pass(0);
    expect([library.one.value, ids(library)]).toEqual([null, []]);
  });
});

describe('the trash', () => {
  beforeEach(() => {
    archive.recordings = [recording('a'), recording('b')];
  });

  it('takes a recording at once, and gives it back within ten seconds', async () => {
    const library = await opened();
    const removing = library.remove(library.items.value![0]!);
    expect(ids(library)).toEqual(['b']);
    expect(library.total.value).toBe(1);
    await removing;
    await pass(9_000);
    expect(library.toast.value).toMatchObject({ what: 'removed', recording: { id: 'a' } });
    await library.undo();
    await pass(0);
    expect(ids(library)).toEqual(['a', 'b']);
    expect(library.toast.value?.what).toBe('restored');
  });

  it('ends the offer after ten seconds, but not while somebody is at it', async () => {
    const library = await opened();
    await library.remove(library.items.value![0]!);
    library.hold(true);
    await pass(60_000);
    expect(library.toast.value?.what).toBe('removed');
    library.hold(false);
    await pass(10_000);
    expect(library.toast.value).toBeNull();
    await library.undo();
    expect(archive.asked.some((what) => what.startsWith('restore'))).toBe(false);
  });

  it('puts it back where the server refuses, and says why', async () => {
    const library = await opened();
    archive.fails = 'server';
    const removing = library.remove(library.items.value![0]!);
    archive.fails = null;
    await removing;
    await pass(0);
    expect(ids(library)).toEqual(['a', 'b']);
    expect(library.toast.value).toMatchObject({ what: 'failed', error: { message: 'failed: server' } });
  });

  it('is not undone by a list that was asked for before', async () => {
    const library = await opened();
    const gates: (() => void)[] = [];
    const shut = () => (archive.gate = new Promise((done) => gates.push(done)));
    shut();
    const old = library.refresh();
    shut();
    const removing = library.remove(library.items.value![0]!);
    gates[0]!();
    await old;
    expect(ids(library)).toEqual(['b']);
    gates[1]!();
    await removing;
    expect(ids(library)).toEqual(['b']);
  });

  it('closes the page of what was deleted', async () => {
    const library = await opened({ id: 'a' });
    await library.remove(library.one.value!);
    expect(library.route.value.id).toBeNull();
  });

  it('restores and deletes for good in its own view', async () => {
    const library = await opened();
    await library.remove(library.items.value![0]!);
    library.go({ trash: true });
    await pass(0);
    expect(ids(library)).toEqual(['a']);
    await library.removeForever(library.items.value![0]!);
    await pass(0);
    expect(ids(library)).toEqual([]);
    expect(archive.recordings.map((r) => r.id)).toEqual(['b']);
  });

  it('gives up the film of what is deleted', async () => {
    archive.recordings = [recording('a', { mix: { state: 'running', progress: 0, secondsLeft: null, error: null } })];
    const library = await opened();
    await library.remove(library.items.value![0]!);
    expect(archive.asked.filter((what) => /cancel|remove/.test(what))).toEqual(['cancel a', 'remove a']);
  });

  it('takes one press at a time', async () => {
    const library = await opened();
    const [a] = library.items.value!;
    await Promise.all([library.remove(a!), library.remove(a!)]);
    expect(archive.asked.filter((what) => what === 'remove a')).toHaveLength(1);
  });
});

describe('without a trash', () => {
  beforeEach(() => {
    archive.recordings = [recording('a'), recording('b')];
    archive.trash = false;
  });

  it('nothing is deleted before it was asked about', async () => {
    const library = await opened();
    library.wishRemoved(library.items.value![0]!);
    await pass(0);
    expect(library.sheet.value).toMatchObject({ what: 'forever', recording: { id: 'a' } });
    expect(archive.asked.some((what) => /remove|forever/.test(what))).toBe(false);
    expect(ids(library)).toEqual(['a', 'b']);
  });

  it('what was deleted is gone, and that is said without a way back', async () => {
    const library = await opened();
    await library.removeForever(library.items.value![0]!);
    await pass(0);
    expect(library.toast.value).toMatchObject({ what: 'gone', recording: { id: 'a' } });
    await library.undo();
    expect(archive.asked.some((what) => what.startsWith('restore'))).toBe(false);
    expect(ids(library)).toEqual(['b']);
  });

  it('the film of what is deleted is given up first', async () => {
    archive.recordings = [recording('a', { mix: { state: 'queued', progress: 0, secondsLeft: null, error: null } })];
    const library = await opened();
    await library.removeForever(library.items.value![0]!);
    expect(archive.asked.filter((what) => /cancel|forever/.test(what))).toEqual(['cancel a', 'forever a']);
  });

  it('a trash that went away since the page asked is not promised', async () => {
    archive.trash = true;
    const library = await opened();
    archive.trash = false;
    library.wishRemoved(library.items.value![0]!);
    await pass(0);
    expect(library.toast.value?.what).toBe('gone');
  });

  it('is assumed until the server has said that there is one', async () => {
    const library = new Library(archive, new FakePlace());
    library.wishRemoved(archive.recordings[0]!);
    expect(library.sheet.value?.what).toBe('forever');
  });
});

describe('with a trash', () => {
  it('is deleted without a question, and what lies there with one', async () => {
    archive.recordings = [recording('a'), recording('b', { deletedUntil: NOW + 1e9 })];
    const library = await opened();
    library.wishRemoved(library.items.value![0]!);
    await pass(0);
    expect([library.sheet.value, library.toast.value?.what]).toEqual([null, 'removed']);
    library.wishRemoved(archive.recordings[1]!);
    expect(library.sheet.value?.what).toBe('forever');
  });
});

describe('one recording', () => {
  it('is opened by its address, and followed', async () => {
    archive.recordings = [recording('a', { mix: { state: 'running', progress: 0.2, secondsLeft: 9, error: null } })];
    const library = await opened({ id: 'a' });
    expect(library.one.value?.mix?.progress).toBe(0.2);
    archive.recordings = [recording('a', { play: '/client/records/a.film.mp4' })];
    await pass(2_000);
    expect(library.one.value?.play).toBe('/client/records/a.film.mp4');
  });

  it('that is not there is said', async () => {
    const library = await opened({ id: 'zzz' });
    expect([library.oneTrouble.value, library.door.value]).toEqual(['missing', 'open']);
    library.go({ id: null });
    expect(library.oneTrouble.value).toBeNull();
  });

  it('has its film made, and stopped', async () => {
    archive.recordings = [recording('a')];
    const library = await opened({ id: 'a' });
    await library.mix(library.one.value!);
    expect(library.one.value?.mix?.state).toBe('queued');
    await library.cancelMix(library.one.value!);
    expect(library.one.value?.mix).toBeNull();
  });

  it('has links that others can open', async () => {
    archive.recordings = [recording('a')];
    const library = await opened({ id: 'a' });
    expect(await library.link(library.one.value!, 86_400)).toBe('https://veche.example/recordings/a?expires=9&signature=s');
    archive.fails = 'server';
    expect(await library.link(library.one.value!, 60)).toBeNull();
    expect(library.toast.value?.what).toBe('failed');
  });
});

describe('a signed link', () => {
  const guest = { id: 'a', pass: { expires: '9', signature: 's' } };

  it('asks for the one recording and nothing else', async () => {
    archive.recordings = [recording('a'), recording('b')];
    const library = await opened(guest);
    await pass(60_000);
    expect(library.one.value?.id).toBe('a');
    expect(new Set(archive.asked)).toEqual(new Set(['get a']));
  });

  it('that has expired is said, without a door', async () => {
    archive.signedIn = false;
    const library = await opened(guest);
    expect([library.oneTrouble.value, library.door.value]).toEqual(['unauthorized', 'open']);
  });
});
