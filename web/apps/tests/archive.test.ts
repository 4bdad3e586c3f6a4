import { describe, expect, it } from 'vitest';
import { HttpArchive, signed } from '../src/model/archive/http';
import { append, merge } from '../src/model/archive/merge';
import { pageOf, recordingOf } from '../src/model/archive/read';
import { addressOf, routeOf } from '../src/model/archive/route';
import { bestOf, filmless, filmWish, isActive, isLively, isPlayable, lengthOf, partOf, standing, waitsFor } from '../src/model/archive/standing';
import { absolute, relative, shelfOf, sizeText } from '../src/model/archive/when';
import { NOW, recording } from './archive-world';

const FULL = {
  id: 'r1', kind: 'room', room: 'Standup', stream: null, people: ['Ann', 'Юрий'], startedAt: '2026-11-22T14:05:00Z', durationMs: 60_000, bytes: 5_000,
  state: 'ready', degraded: true, note: 'lost 3 s', mix: { state: 'running', progress: 0.5, secondsLeft: 10, error: null }, canMix: true,
  thumbnail: '/rest-api/recordings/r1/thumbnail', play: '/client/records/r1.film.mp4',
  files: [{ name: 'r1.film.mp4', kind: 'film', person: null, mime: 'video/mp4', bytes: 5, durationMs: 6, url: '/client/records/r1.film.mp4', state: 'ready', uploaded: 's3://calls/r1.film.mp4', captions: '/rest-api/recordings/r1/chat.vtt', chapters: [{ atMs: 0, title: 'Ann joins' }] }],
  deletedUntil: null, upload: { state: 'failed', progress: 0.25, error: 'no bucket', retryAt: '2026-11-22T15:00:00Z' },
};

describe('what the server says', () => {
  it('takes only chapters that are some', () => {
    const odd = [{ atMs: 5, title: 'a' }, { atMs: -1, title: 'b' }, { atMs: '7', title: 'c' }, { atMs: 8 }, null, 'x'];
    const [file] = recordingOf({ ...FULL, files: [{ ...FULL.files[0], chapters: odd }] })!.files;
    expect(file!.chapters).toEqual([{ atMs: 5, title: 'a' }]);
  });
  it('is read as it is', () => {
    expect(recordingOf(FULL)).toEqual({ ...FULL, startedAt: Date.UTC(2026, 10, 22, 14, 5), upload: { ...FULL.upload, retryAt: Date.UTC(2026, 10, 22, 15) } });
  });

  it('is harmless where it is odd', () => {
    expect(recordingOf({})).toBeNull();
    expect(recordingOf('x')).toBeNull();
    const odd = recordingOf({ ...FULL, state: 'exploded', people: ['Ann', 7], bytes: -4, startedAt: 'soon', mix: 'no', upload: { state: 'lost', progress: 7, error: 5 }, files: [{ name: 'x' }, null] });
    expect(odd).toMatchObject({ state: 'ready', people: ['Ann'], bytes: 0, startedAt: 0, mix: null, files: [], upload: { state: 'waiting', progress: 1, error: null, retryAt: null } });
    expect(recordingOf({ ...FULL, upload: undefined })?.upload).toBeNull();
    for (const canMix of [undefined, null, 'no', 0]) expect(recordingOf({ ...FULL, canMix })?.canMix, String(canMix)).toBeNull();
    expect(pageOf(null)).toEqual({ recordings: [], next: null, total: 0, bytes: 0, trash: true });
  });

  it('has a trash unless it says that there is none', () => {
    for (const [trash, expected] of [[undefined, true], [null, true], [true, true], [false, false]]) expect(pageOf({ trash }).trash, String(trash)).toBe(expected);
  });

  it('leads nowhere else', () => {
    const lured = recordingOf({ ...FULL, play: 'https://evil.example/x', thumbnail: '//evil.example/x', files: [{ ...FULL.files[0], url: 'javascript:alert(1)' }, { ...FULL.files[0], uploaded: 'javascript:alert(1)' }] });
    expect([lured?.play, lured?.thumbnail, lured?.files.length, lured?.files[0]?.uploaded]).toEqual([null, null, 1, null]);
  });
});

describe('over HTTP', () => {
  const world = (status: number, body: unknown = {}, pass: ConstructorParameters<typeof HttpArchive>[0] = null) => {
    const asked: [string, string, string | undefined][] = [];
    const fetch = (async (url: string, init: RequestInit) => {
      asked.push([init.method!, url, init.body as string | undefined]);
      if (status === 0) throw new TypeError('Failed to fetch');
      return new Response(status === 204 ? null : JSON.stringify(body), { status });
    }) as typeof globalThis.fetch;
    return { archive: new HttpArchive(pass, fetch), asked };
  };

  it('asks as the interface says', async () => {
    const { archive, asked } = world(200, FULL);
    await archive.list({ search: 'Ann & Юрий', state: 'ready', trash: false }, 'c1');
    await archive.get('a/b');
    await archive.remove('x');
    await archive.restore('x');
    await archive.mix('x');
    await archive.cancelMix('x');
    await archive.signIn('t');
    await archive.signOut();
    await archive.link('x', 60).catch(() => undefined);
    expect(asked.map(([method, url, body]) => `${method} ${decodeURIComponent(url)} ${body ?? ''}`.trim())).toEqual([
      'GET /rest-api/recordings?limit=50&trash=false&search=Ann+&+Юрий&state=ready&after=c1',
      'GET /rest-api/recordings/a/b',
      'DELETE /rest-api/recordings/x',
      'POST /rest-api/recordings/x/restore {}',
      'POST /rest-api/recordings/x/mix {}',
      'DELETE /rest-api/recordings/x/mix',
      'POST /rest-api/session {"token":"t"}',
      'DELETE /rest-api/session',
      'POST /rest-api/recordings/x/link {"expiresInSeconds":60}',
    ]);
    expect(asked[1]![1]).toContain('a%2Fb');
    const empty = world(204);
    await empty.archive.removeForever('x');
    expect(empty.asked[0]!.slice(0, 2)).toEqual(['DELETE', '/rest-api/recordings/x/forever']);
  });

  it('carries a link’s signature everywhere', async () => {
    const pass = { expires: '12', signature: 'a+b' };
    const { archive, asked } = world(200, FULL, pass);
    await archive.get('x');
    expect(asked[0]![1]).toBe('/rest-api/recordings/x?expires=12&signature=a%2Bb');
    expect(signed('/f?x=1', pass, { download: '1' })).toBe('/f?x=1&download=1&expires=12&signature=a%2Bb');
    expect(signed('/f', null)).toBe('/f');
    expect(signed('/f%20x?expires=12&signature=ab', { expires: '12', signature: 'ab' }, { download: '1' })).toBe('/f%20x?expires=12&signature=ab&download=1');
  });

  it('a link that does not open it is one that lacks the right', async () => {
    const { archive } = world(403, { code: 'link_expired', message: 'the link has expired' }, { expires: '1', signature: 's' });
    await expect(archive.get('x')).rejects.toMatchObject({ trouble: 'unauthorized', code: 'link_expired' });
  });

  it.each([[0, 'offline'], [401, 'unauthorized'], [403, 'server'], [404, 'missing'], [410, 'missing'], [429, 'busy'], [503, 'busy'], [409, 'server'], [500, 'server']])('%i is %s', async (status, trouble) => {
    const { archive } = world(status, { code: 'some_code', message: 'Some words.' });
    const failed = archive.get('x');
    await expect(failed).rejects.toMatchObject({ trouble });
    if (status) await expect(failed).rejects.toMatchObject({ code: 'some_code', message: 'Some words.' });
  });
});

describe('addresses', () => {
  it.each(['/recordings', '/recordings?search=%D0%AE%D1%80%D0%B8%D0%B9&state=broken', '/recordings?trash=1', '/recordings/2026%20a%2Fb', '/recordings/r1?search=x', '/recordings/r1?expires=17&signature=ab%2Bc'])('%s is there and back', (address) => {
    const url = new URL(address, 'https://x');
    expect(addressOf(routeOf(url))).toBe(address);
  });

  it('a signature alone, and one without a recording, opens nothing', () => {
    for (const address of ['/recordings/r1?signature=x', '/recordings?expires=1&signature=x']) expect(routeOf(new URL(address, 'https://x')).pass).toBeNull();
  });
});

describe('how a recording stands', () => {
  const mix = (state: 'queued' | 'running' | 'failed' | 'done') => ({ mix: { state, progress: 0.1, secondsLeft: null, error: null } });

  it('is one thing at a time', () => {
    const cases: [Parameters<typeof recording>[1], string][] = [
      [{ state: 'recording', ...mix('queued') }, 'recording'], [{ state: 'finishing' }, 'finishing'], [{ state: 'broken', degraded: true }, 'broken'],
      [mix('running'), 'mixing'], [mix('queued'), 'queued'], [{ ...mix('failed'), degraded: true }, 'unmixed'],
      [{ state: 'recovered', ...mix('done') }, 'recovered'], [{ degraded: true }, 'degraded'], [mix('done'), 'ready'], [{}, 'ready'],
    ];
    for (const [change, expected] of cases) expect(standing(recording('a', change)), JSON.stringify(change)).toBe(expected);
  });

  it('says what one waits for', () => {
    const file = recordingOf(FULL)!.files[0]!;
    const cases: [Parameters<typeof recording>[1], string][] = [
      [{ state: 'recording' }, 'recording'], [{ state: 'recording', kind: 'stream' }, 'recordingStream'], [{ state: 'finishing', kind: 'stream' }, 'finishing'],
      [mix('running'), 'mixing'], [mix('queued'), 'queued'], [{ state: 'broken', files: [file] }, 'broken'],
      [{ files: [file], ...mix('failed') }, 'choose'], [{ files: [file] }, 'choose'], [{ degraded: true }, 'nothing'], [{ files: [{ ...file, mime: 'video/x-matroska' }] }, 'nothing'],
    ];
    for (const [change, expected] of cases) expect(waitsFor(recording('a', change)), JSON.stringify(change)).toBe(expected);
  });

  it('grows while it runs', () => {
    expect(lengthOf(recording('a', { state: 'recording', startedAt: NOW - 90_000, durationMs: 60_000 }), NOW)).toBe(90_000);
    expect(lengthOf(recording('a', { startedAt: NOW - 90_000, durationMs: 60_000 }), NOW)).toBe(60_000);
  });

  it('is asked for often while it is on its way to the bucket', () => {
    const upload = (state: 'waiting' | 'uploading' | 'uploaded' | 'failed') => recording('a', { upload: { state, progress: 0.4, error: null, retryAt: null } });
    expect([isLively(upload('uploading')), isActive(upload('uploading'))]).toEqual([true, false]);
    for (const state of ['waiting', 'uploaded', 'failed'] as const) expect(isLively(upload(state)), state).toBe(false);
    expect(standing(upload('failed'))).toBe('ready');
  });

  it('decides what can be wished', () => {
    const file = recordingOf(FULL)!.files[0]!;
    const wish = (change: Parameters<typeof recording>[1]) => filmWish(recording('a', { files: [file], ...change }));
    expect(wish({})).toBe('again');
    expect(wish({ files: [{ ...file, kind: 'room' }] })).toBe('make');
    expect(wish(mix('running'))).toBe('cancel');
    for (const change of [{ state: 'recording' }, { files: [] }, { kind: 'stream' }, { deletedUntil: 1 }] as const) expect(wish(change)).toBeNull();
    for (const files of [[file], [{ ...file, kind: 'room' as const }]]) expect(wish({ files, canMix: false })).toBeNull();
    expect(wish({ canMix: true })).toBe('again');
    expect(wish({ canMix: true, state: 'recording' })).toBeNull();
    expect(wish({ canMix: false, ...mix('queued') })).toBe('cancel');
    expect([isPlayable(file), isPlayable({ ...file, mime: 'video/x-matroska' }), isPlayable({ ...file, state: 'recording' })]).toEqual([true, false, false]);
  });
});

describe('what is downloaded', () => {
  const file = (kind: 'film' | 'room' | 'stream', url: string) => ({ ...recordingOf(FULL)!.files[0]!, kind, url });
  const [film, room, ann] = [file('film', '/film'), file('room', '/room'), file('stream', '/ann')];
  const cases: [change: Parameters<typeof recording>[1], url: string | undefined][] = [
    [{ files: [room, ann, film], play: '/ann' }, '/film'],
    [{ files: [room, ann], play: '/ann' }, '/ann'],
    [{ files: [room, ann] }, '/room'],
    [{ files: [] }, undefined],
    [{ files: [room], state: 'recording' }, undefined],
    [{ files: [room], state: 'finishing' }, undefined],
    [{ files: [room], state: 'broken' }, '/room'],
  ];
  it.each(cases)('of %j: %s', (change, url) => {
    expect(bestOf(recording('a', change))?.url).toBe(url);
  });
});

describe('the files of one person', () => {
  const file = recordingOf(FULL)!.files[0]!;
  const cases: [name: string, kind: 'film' | 'room' | 'stream', part: number | null][] = [
    ['call-Ann.webm', 'stream', null],
    ['call-Ann-part2.webm', 'stream', 2],
    ['call-Ann-part12.mp4', 'stream', 12],
    ['call-part2-Ann.webm', 'stream', null],
    ['call-Ann-part2', 'stream', null],
    ['call-Ann-part2-3.webm', 'stream', 2],
    ['call-Ann-part1.webm', 'stream', null],
    ['call-Ann-part.webm', 'stream', null],
    ['counterpart2.webm', 'stream', null],
    // A room that is called so.
    ['talk-part2.mkv', 'room', null],
  ];
  it.each(cases)('%s, %s: part %s', (name, kind, part) => {
    expect(partOf({ ...file, name, kind })).toBe(part);
  });
});

describe('a film that failed', () => {
  const file = recordingOf(FULL)!.files[0]!;
  const cases: [change: Parameters<typeof recording>[1], mayMix: boolean, says: string][] = [
    [{}, true, 'unmixed whole retry'],
    [{}, false, 'unmixed whole fetch'],
    [{ canMix: false }, true, 'unmixed whole fetch'],
    [{ degraded: true }, true, 'unmixed degraded retry'],
    [{ degraded: true, canMix: false }, true, 'unmixed degraded fetch'],
    [{ state: 'broken' }, false, 'unmixed degraded fetch'],
    [{ files: [{ ...file, state: 'broken' }] }, true, 'unmixed degraded retry'],
    [{ files: [] }, true, 'unmixed'],
    [{ files: [], degraded: true }, true, 'unmixed degraded'],
    [{ deletedUntil: NOW }, true, 'unmixed whole fetch'],
  ];
  it.each(cases)('%j, %s: %s', (change, mayMix, says) => {
    const failed = recording('a', { mix: { state: 'failed', progress: 0, secondsLeft: null, error: null }, files: [file], ...change });
    expect(filmless(failed, mayMix).join(' ')).toBe(says);
  });
});

describe('pages put together', () => {
  const at = (id: string, minutes: number) => recording(id, { startedAt: NOW - minutes * 60_000 });
  const page = (recordings: ReturnType<typeof recording>[], next: string | null) => ({ recordings, next, total: 9, bytes: 9, trash: true });

  it('a new one comes on top, and older pages stay', () => {
    const before = { items: [at('b', 1), at('c', 2), at('d', 3)], next: 'd' };
    expect(merge(before, page([at('a', 0), at('b', 1)], 'b'))).toMatchObject({ items: [{ id: 'a' }, { id: 'b' }, { id: 'c' }, { id: 'd' }], next: 'd' });
  });

  it('one that is gone from the first page is gone', () => {
    const before = { items: [at('a', 0), at('b', 1), at('c', 2), at('d', 3)], next: null };
    expect(merge(before, page([at('a', 0), at('c', 2)], 'c')).items.map((r) => r.id)).toEqual(['a', 'c', 'd']);
  });

  it('the last page is the whole truth', () => {
    expect(merge({ items: [at('a', 0), at('b', 1)], next: null }, page([at('a', 0)], null))).toMatchObject({ items: [{ id: 'a' }], next: null });
    expect(merge({ items: [at('a', 0)], next: null }, page([], null)).items).toEqual([]);
  });

  it('one that moved between pages stands once', () => {
    expect(append({ items: [at('a', 0), at('b', 1)], next: 'b' }, page([at('b', 1), at('c', 2)], null)).items.map((r) => r.id)).toEqual(['a', 'b', 'c']);
  });
});

describe('days and sizes', () => {
  const noon = new Date(2026, 10, 22, 12, 0).getTime();
  const ago = (hours: number) => noon - hours * 3_600_000;

  it('shelves are those people speak of', () => {
    expect([1, 13, 40, 100, 24 * 7].map((h) => shelfOf(ago(h), noon, 'en').kind)).toEqual(['today', 'yesterday', 'week', 'week', 'month']);
    expect(shelfOf(ago(24 * 40), noon, 'ru')).toEqual({ kind: 'month', month: 'Октябрь 2026 г.' });
  });

  it('a day that a clock change made longer is still yesterday', () => {
    const monday = new Date(2026, 9, 26, 0, 30).getTime();
    expect(shelfOf(new Date(2026, 9, 25, 0, 10).getTime(), monday, 'en').kind).toBe('yesterday');
  });

  it('distances are said in the largest unit that fits', () => {
    expect([0.001, 0.5, 5, 30, 24 * 20, 24 * 100, 24 * 800].map((h) => relative(ago(h), noon, 'en'))).toEqual(['now', '30 minutes ago', '5 hours ago', 'yesterday', '2 weeks ago', '3 months ago', '2 years ago']);
    expect(relative(noon + 6 * 86_400_000, noon, 'ru')).toBe('через 6 дней');
    expect(absolute(ago(24 * 400), noon, 'en')).toContain('2025');
    expect(absolute(ago(24), noon, 'en')).not.toContain('2026');
  });

  it('sizes have two or three figures', () => {
    expect([0, 999, 84_000, 999_600, 1_450_000, 576_000_000, 5_000_000_000, 41_234_000_000].map((n) => sizeText(n, 'en'))).toEqual(['0 byte', '999 byte', '84 kB', '1 MB', '1.5 MB', '576 MB', '5 GB', '41.2 GB']);
  });
});
