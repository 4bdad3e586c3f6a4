import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ERROR_INFO, Flashphoner, ROOM_EVENT, RoomApi, SESSION_STATUS, STREAM_EVENT, STREAM_STATUS } from '../src/index.js';
import type { CompatParticipant, CompatRoom, CompatStream, RoomSession } from '../src/index.js';
import { FakeElement, FakePeerConnection, endWorld, makeWorld, settle, tick, until, type World } from './fakes.js';

let w: World;
beforeEach(() => void (w = makeWorld()));
afterEach(endWorld);

const display = () => new FakeElement('div') as unknown as HTMLElement;
const children = (d: HTMLElement) => (d as unknown as FakeElement).children;

async function session(username = 'ann'): Promise<RoomSession> {
  const s = RoomApi.connect({ urlServer: 'ws://s:8080', username });
  await until(() => s.status() === SESSION_STATUS.ESTABLISHED);
  return s;
}
async function inRoom(username = 'ann'): Promise<{ s: RoomSession; room: CompatRoom; log: string[] }> {
  const s = await session(username);
  const log: string[] = [];
  const who = (p: CompatParticipant) => p.name();
  const room = s
    .join({ name: 'r', record: false })
    .on(ROOM_EVENT.STATE, (r: CompatRoom) => log.push(`STATE ${r.getParticipants().map(who).join(',')}`))
    .on(ROOM_EVENT.JOINED, (p) => log.push(`JOINED ${who(p)}`))
    .on(ROOM_EVENT.LEFT, (p) => log.push(`LEFT ${who(p)}`))
    .on(ROOM_EVENT.PUBLISHED, (p) => log.push(`PUBLISHED ${who(p)} ${p.getStreams().length}`))
    .on(ROOM_EVENT.MESSAGE, (m) => log.push(`MESSAGE ${who(m.from)} ${m.text}`))
    .on(ROOM_EVENT.FAILED, (_r, info) => log.push(`FAILED ${info}`));
  await tick();
  return { s, room, log };
}
function follow(stream: CompatStream): string[] {
  const log: string[] = [];
  for (const status of Object.values(STREAM_STATUS)) stream.on(status, (s: CompatStream) => log.push(s.status()));
  return log;
}

describe('sessions', () => {
  test('CONNECTED comes before ESTABLISHED, and the chain gives the session', async () => {
    const log: string[] = [];
    const s: RoomSession = RoomApi.connect({ urlServer: 'ws://s', username: 'ann', token: 't' })
      .on(SESSION_STATUS.CONNECTED, () => log.push('CONNECTED'))
      .on(SESSION_STATUS.ESTABLISHED, (x) => log.push(`ESTABLISHED ${x === s}`));
    await tick();
    expect(log).toEqual(['CONNECTED', 'ESTABLISHED true']);
    expect(w.server.sent('connection')[0]).toMatchObject({ appKey: 'roomApp', custom: { login: 'ann', token: 't' } });
    expect([s.username(), s.getServerUrl()]).toEqual(['ann', 'ws://s']);
  });

  test('a server that is away is FAILED, a lost one DISCONNECTED, and nothing reconnects', async () => {
    const s = await session();
    w.server.of('ann').breakDown();
    await tick(10_000);
    expect([s.status(), w.server.sent('connection').length]).toEqual(['DISCONNECTED', 1]);
    w.server.down = true;
    const other = RoomApi.connect({ urlServer: 'ws://s', username: 'bob' });
    await tick();
    expect(other.status()).toBe('FAILED');
  });

  test('a refused connection warns and disconnects', async () => {
    w.server.deny = 'Forbidden';
    const log: string[] = [];
    RoomApi.connect({ urlServer: 'ws://s', username: 'ann' })
      .on(SESSION_STATUS.WARN, (info) => log.push(info.info))
      .on(SESSION_STATUS.DISCONNECTED, () => log.push('DISCONNECTED'));
    await tick();
    expect(log).toEqual(['Forbidden', 'DISCONNECTED']);
  });

  test('disconnect is told, and a replaced callback is not called', async () => {
    const s = await session();
    const log: string[] = [];
    s.on(SESSION_STATUS.DISCONNECTED, () => log.push('old')).on(SESSION_STATUS.DISCONNECTED, () => log.push('new'));
    s.disconnect();
    await tick();
    expect(log).toEqual(['new']);
    expect(w.server.conns.size).toBe(0);
  });

  test('what is missing is said in the known words', async () => {
    expect(() => RoomApi.connect({} as never)).toThrow(ERROR_INFO.OPTIONS_URLSERVER_MUST_BE_PROVIDED);
    const s = await session();
    expect(() => s.on('', () => undefined)).toThrow(ERROR_INFO.EVENT_CANT_BE_NULL);
    expect(() => s.on('X', null as never)).toThrow(ERROR_INFO.CALLBACK_NEEDS_TO_BE_A_VALID_FUNCTION);
    expect(() => s.join({} as never)).toThrow(ERROR_INFO.OPTIONS_NAME_MUST_BE_PROVIDED);
  });

  test('a plain session publishes and plays streams by name', async () => {
    const s = Flashphoner.createSession({ urlServer: 'ws://s' });
    await until(() => s.status() === 'ESTABLISHED');
    expect(w.server.sent('connection')[0].appKey).toBe('defaultApp');
    const stream = s.createStream({ name: 'cam', display: display(), constraints: { audio: true, video: false } });
    const log = follow(stream);
    stream.publish();
    await tick();
    expect(log).toEqual(['PENDING', 'PUBLISHING']);
    expect(w.server.sent('publishStream')[0]).toMatchObject({ name: 'cam', hasVideo: false, mediaSessionId: stream.id() });
    expect(s.getStreams()).toEqual([stream]);
    stream.stop();
    await tick();
    expect([log.at(-1), s.getStreams()]).toEqual(['UNPUBLISHED', []]);
  });
});

describe('rooms', () => {
  test('state, joins, publications, messages and leaves come as room events', async () => {
    w.server.puppet('r', 'bob', 'r-bob-1', 'r-bob-2-screenShare');
    w.server.puppet('r', 'cat');
    const { room, log } = await inRoom();
    w.server.puppet('r', 'dan', 'r-dan-1');
    w.server.puppetSays('r', 'dan', 'привет');
    w.server.puppetUnpublishes('r', 'bob', 'r-bob-2-screenShare');
    w.server.puppetLeaves('r', 'cat');
    await tick();
    expect(log).toEqual(['STATE bob,cat', 'JOINED dan', 'PUBLISHED dan 1', 'MESSAGE dan привет', 'LEFT cat']);
    const [bob] = room.getParticipants();
    expect(bob!.getStreams().map((x) => x.streamName())).toEqual(['r-bob-1']);
  });

  test('a refused join is FAILED with the server’s words', async () => {
    w.server.joinRefusals = ['Room already has user with such login'];
    const { s, log } = await inRoom();
    expect(log).toEqual(['FAILED Room already has user with such login']);
    expect(s.getRooms()).toEqual([]);
  });

  test('sendMessage goes to one, and a refusal to the caller', async () => {
    w.server.puppet('r', 'bob');
    const { room } = await inRoom();
    const errors: any[] = [];
    const bob = room.getParticipants()[0]!;
    bob.sendMessage('hi');
    await tick();
    w.server.puppetLeaves('r', 'bob');
    bob.sendMessage('again', (e) => errors.push(e));
    await tick();
    expect(w.server.sent('sendData').at(-1).payload).toEqual({ command: 'sendMessage', options: { roomConfig: { name: 'r' }, to: 'bob', text: 'again' } });
    expect(errors[0].info).toContain('bob');
  });

  test('leave is a promise, stops the streams, and join may follow at once', async () => {
    const { s, room } = await inRoom();
    const d = display();
    const stream = room.publish({ display: d, constraints: { audio: true, video: true } });
    await tick();
    await settle(room.leave());
    await tick();
    expect([stream.status(), s.getRooms().length]).toEqual(['UNPUBLISHED', 0]);
    const log: string[] = [];
    s.join({ name: 'r' }).on(ROOM_EVENT.STATE, () => log.push('STATE'));
    await tick();
    expect(log).toEqual(['STATE']);
  });

  test('publish opens the camera into the display under the stream’s id', async () => {
    const { room } = await inRoom();
    const d = display();
    const stream = room.publish({ display: d, constraints: { audio: true, video: true }, name: 'extra' });
    const log = follow(stream);
    await tick();
    expect(log).toEqual(['PENDING', 'PUBLISHING']);
    expect(stream.name()).toMatch(/^r-ann-[0-9a-f]+-extra$/);
    expect(children(d)[0]).toMatchObject({ id: stream.id(), muted: true });
    stream.muteAudio();
    await tick();
    expect(stream.isAudioMuted()).toBe(true);
    expect(w.server.sent('sendStreamEvent')[0]).toMatchObject({ mediaSessionId: stream.id(), type: 'audioMuted' });
    stream.stop();
    await tick();
    expect(log.at(-1)).toBe('UNPUBLISHED');
    expect(children(d)[0]!.id).toContain('LOCAL_CACHED_VIDEO');
    room.publish({ display: d, constraints: { audio: true, video: true } });
    await tick();
    expect([w.getUserMedia.mock.calls.length, children(d).length]).toEqual([1, 1]);
    Flashphoner.releaseLocalMedia(d);
    expect(children(d)).toEqual([]);
  });

  test('a denied camera is FAILED with LOCAL_ERROR', async () => {
    const { room } = await inRoom();
    w.getUserMedia.mockRejectedValue(Object.assign(new Error('no'), { name: 'NotAllowedError' }));
    const stream = room.publish({ display: display() });
    const log = follow(stream);
    await tick();
    expect([log, stream.getInfo()]).toEqual([['PENDING', 'FAILED'], ERROR_INFO.LOCAL_ERROR]);
    expect(stream.getErrorInfo()).toContain('media_denied');
  });

  test('a screen is asked for by constraints.video.type', async () => {
    const { room } = await inRoom();
    room.publish({ display: display(), name: 'screenShare', constraints: { audio: false, video: { type: 'screen' } }, cacheLocalResources: false });
    await tick();
    expect([w.getDisplayMedia.mock.calls.length, w.getUserMedia.mock.calls.length]).toEqual([1, 0]);
    expect(w.server.sent('publishStream')[0].name).toMatch(/-screenShare$/);
  });

  test('play puts an element with the stream’s id into the display and removes it at the end', async () => {
    w.server.puppet('r', 'bob', 'r-bob-1');
    const { room } = await inRoom();
    const d = display();
    const source = room.getParticipants()[0]!.getStreams()[0]!;
    expect(source.id()).toBe(undefined);
    const stream = source.play(d);
    const log = follow(stream);
    const events: string[] = [];
    stream.on(STREAM_EVENT, (e) => events.push(e.type));
    await tick();
    expect(log).toEqual(['PENDING', 'PLAYING']);
    expect(children(d)[0]).toMatchObject({ id: source.id(), muted: false });
    const id = stream.id();
    w.server.of('ann').deliver('notifyStreamEvent', { mediaSessionId: id, type: 'videoMuted' });
    await tick();
    expect([events, stream.getVideoState()]).toEqual([['videoMuted'], { muted: true }]);
    w.server.of('ann').deliver('notifyStreamStatusEvent', { mediaSessionId: id, status: 'FAILED', info: 'Stopped by publisher stop' });
    await tick();
    expect([log.at(-1), stream.getInfo()]).toEqual(['FAILED', 'Stopped by publisher stop']);
    expect(children(d)).toEqual([]);
    expect(FakePeerConnection.all.every((pc) => pc.closed)).toBe(true);
  });

  test('stop of a play that waits ends in STOPPED', async () => {
    w.server.puppet('r', 'bob', 'r-bob-1');
    const { room } = await inRoom();
    w.server.streamFates = ['silence'];
    const stream = room.getParticipants()[0]!.getStreams()[0]!.play(display());
    const log = follow(stream);
    await tick();
    stream.stop();
    await tick();
    expect(log).toEqual(['PENDING', 'STOPPED']);
  });

  test('a lost session fails its streams', async () => {
    const { s, room } = await inRoom();
    const stream = room.publish({ display: display() });
    await tick();
    w.server.of('ann').breakDown();
    await tick();
    expect([s.status(), stream.status(), s.getRooms().length]).toEqual(['DISCONNECTED', 'FAILED', 0]);
  });
});
