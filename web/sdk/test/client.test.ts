import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Client, type Room } from '../src/index.js';
import { FakePeerConnection, endWorld, makeWorld, media, record, settle, tick, until, type World } from './fakes.js';

let w: World;
beforeEach(() => void (w = makeWorld()));
afterEach(endWorld);

const join = async (login: string, room = 'r'): Promise<[Client, Room]> => {
  const client = await settle(connect({ url: 'ws://s/', login }));
  return [client, await settle(client.join(room))];
};
const playAll = (room: Room) => {
  room.on('streamAdded', (s) => void s.play().catch(() => undefined));
  for (const p of room.participants.values()) for (const s of p.streams) void s.play().catch(() => undefined);
};

describe('connecting', () => {
  test('the handshake says who we are and that we know the additions', async () => {
    const client = await settle(connect({ url: 'ws://s/', login: 'ann', token: 'jwt' }));
    expect(w.server.sent('connection')[0]).toMatchObject({
      appKey: 'roomApp',
      custom: { login: 'ann', token: 'jwt', veche: { protocol: 1 } },
    });
    expect(client.state).toBe('connected');
    await settle(client.close());
  });

  test('a server that is away rejects with unreachable', async () => {
    w.server.down = true;
    await expect(settle(connect({ url: 'ws://s/', login: 'ann' }))).rejects.toMatchObject({ reason: 'unreachable' });
  });

  test('a refused connection rejects with refused and the server’s words', async () => {
    w.server.deny = 'Forbidden';
    const refused = settle(connect({ url: 'ws://s/', login: 'ann' }));
    await expect(refused).rejects.toMatchObject({ reason: 'refused', info: 'Forbidden' });
  });

  test('a server that says nothing rejects with timeout', async () => {
    w.server.silent = true;
    await expect(settle(connect({ url: 'ws://s/', login: 'ann' }))).rejects.toMatchObject({ reason: 'timeout' });
  });

  test('the resume token survives a reload and goes with the next connection', async () => {
    const first = await settle(connect({ url: 'ws://s/', login: 'ann' }));
    w.window.dispatchEvent(new Event('pagehide'));
    await tick();
    void first.close();
    await tick();
    const second = await settle(connect({ url: 'ws://s/', login: 'ann' }));
    expect(w.server.sent('connection')[1].custom.veche.resumeToken).toBe('token-1');
    await settle(second.close());
  });

  test('two clients of one page under one login are two persons', async () => {
    const [ann] = await join('ann');
    const other = await settle(connect({ url: 'ws://s/', login: 'ann' }));
    await expect(settle(other.join('r'))).rejects.toMatchObject({ reason: 'login_taken' });
    await tick();
    expect(ann.state).toBe('connected');
  });

  test('close leaves rooms, tells closed once and may be called twice', async () => {
    const [ann, room] = await join('ann');
    const seen = record(ann, 'closed', 'state');
    const left = record(room, 'left');
    await settle(Promise.all([ann.close(), ann.close()]));
    await settle(ann.close());
    expect(seen).toEqual(['state:closed', 'closed:null']);
    expect(left).toEqual(['left:null']);
    expect(w.server.conns.size).toBe(0);
    await expect(ann.join('r')).rejects.toMatchObject({ reason: 'closed' });
  });
});

describe('rooms', () => {
  test('those who are there are known when join resolves', async () => {
    await join('ann');
    const [, room] = await join('bob');
    expect([...room.participants.keys()]).toEqual(['ann']);
  });

  test('join and leave of others are events, own ones are not', async () => {
    const [, room] = await join('ann');
    const seen = record(room, 'participantJoined', 'participantLeft');
    const [bob] = await join('bob');
    await settle(bob.close());
    await tick();
    expect(seen).toEqual(['participantJoined:bob', 'participantLeft:bob']);
  });

  test.each([
    ['Current room is full', 'room_full'],
    ['Room already has user with such login', 'login_taken'],
    ['Restricted access', 'refused'],
  ])('a join refused with "%s" rejects with %s', async (info, reason) => {
    const client = await settle(connect({ url: 'ws://s/', login: 'ann' }));
    w.server.joinRefusals = [info];
    await expect(settle(client.join('r'))).rejects.toMatchObject({ reason, info });
  });

  test('leave then join at once works', async () => {
    const [ann, room] = await join('ann');
    const again = room.leave().then(() => ann.join('r'));
    expect(await settle(again)).not.toBe(room);
  });

  test('joining a room twice gives the same room', async () => {
    const [ann, room] = await join('ann');
    expect(await ann.join('r')).toBe(room);
  });

  test('a participant’s streams are sorted into camera and screen, whatever the room is called', async () => {
    const [, room] = await join('ann', 'screenShare-room');
    w.server.puppet('screenShare-room', 'bob', 'screenShare-room-bob-1', 'screenShare-room-bob-2-screenShare');
    await tick();
    const bob = room.participants.get('bob')!;
    expect([bob.camera?.kind, bob.screen?.kind]).toEqual(['camera', 'screen']);
    expect(bob.camera?.name).toBe('screenShare-room-bob-1');
  });
});

describe('reconnection', () => {
  test('a short break brings session, room, publication and play back, without joins and leaves', async () => {
    const [ann, room] = await join('ann');
    w.server.puppet('r', 'bob', 'r-bob-1');
    await tick();
    playAll(room);
    const camera = await settle(room.publish(media('audio', 'video')));
    const bob = room.participants.get('bob')!;
    const stream = bob.camera!;
    await until(() => stream.status === 'playing');
    const before = { name: camera.name, media: stream.media };
    const seen = record(room, 'participantJoined', 'participantLeft', 'streamAdded', 'streamRemoved', 'connection');
    w.server.of('ann').breakDown();
    await until(() => ann.state === 'reconnecting');
    expect([camera.status, stream.status]).toEqual(['reconnecting', 'reconnecting']);
    expect(Date.now() - ann.reconnectingSince!).toBeLessThan(10);
    await until(() => seen.includes('connection:connected'));
    expect(seen).toEqual(['connection:reconnecting', 'connection:connected']);
    expect(room.participants.get('bob')).toBe(bob);
    expect(bob.camera).toBe(stream);
    expect([camera.status, stream.status, ann.reconnectingSince]).toEqual(['publishing', 'playing', null]);
    expect(camera.name).not.toBe(before.name);
    expect(stream.media).not.toBe(before.media);
  });

  test('what changed meanwhile is told, and nothing else', async () => {
    const [, room] = await join('ann');
    w.server.puppet('r', 'bob', 'r-bob-1');
    w.server.puppet('r', 'cat', 'r-cat-1');
    await tick();
    const seen = record(room, 'participantJoined', 'participantLeft', 'streamAdded', 'streamRemoved');
    w.server.of('ann').breakDown();
    w.server.rooms.get('r')!.delete('bob');
    w.server.puppet('r', 'dan');
    w.server.rooms.get('r')!.get('cat')!.streams.push('r-cat-2-screenShare');
    await tick(2_000);
    expect(seen).toEqual(['streamAdded:cat/screen', 'participantJoined:dan', 'streamRemoved:bob/camera', 'participantLeft:bob']);
  });

  test('a stream that came back under another name is the same object and plays again', async () => {
    const [, room] = await join('ann');
    w.server.puppet('r', 'bob', 'r-bob-1');
    await tick();
    const stream = room.participants.get('bob')!.camera!;
    await settle(stream.play());
    w.server.of('ann').breakDown();
    w.server.rooms.get('r')!.get('bob')!.streams = ['r-bob-2'];
    await until(() => stream.status === 'reconnecting');
    await until(() => stream.status === 'playing');
    expect(stream.name).toBe('r-bob-2');
    expect(room.participants.get('bob')!.streams).toEqual([stream]);
  });

  test('after a server restart the others have time to come back before they count as left', async () => {
    const [, room] = await join('ann');
    w.server.puppet('r', 'bob', 'r-bob-1');
    w.server.puppet('r', 'cat');
    await tick();
    const stream = room.participants.get('bob')!.camera!;
    await settle(stream.play());
    const seen = record(room, 'participantJoined', 'participantLeft', 'streamAdded', 'streamRemoved');
    w.server.crash();
    await tick(3_000);
    w.server.start();
    await until(() => w.server.rooms.get('r')?.has('ann') === true);
    await tick(1_000);
    expect(seen).toEqual([]);
    w.server.puppet('r', 'bob', 'r-bob-9');
    await until(() => stream.status === 'playing');
    await tick(10_000);
    expect(seen).toEqual(['participantLeft:cat']);
    expect(stream.name).toBe('r-bob-9');
  });

  test('attempts back off to a few seconds, and going online ends the wait', async () => {
    const [ann] = await join('ann');
    w.server.crash();
    await tick(120_000);
    expect(ann.state).toBe('reconnecting');
    w.server.start();
    w.window.dispatchEvent(new Event('online'));
    await tick(10);
    expect(ann.state).toBe('connected');
  });

  test('with the server away for two minutes everything is back within the cap', async () => {
    const [ann] = await join('ann');
    w.server.crash();
    await tick(120_000);
    w.server.start();
    await tick(4_100);
    expect(ann.state).toBe('connected');
    expect(w.server.rooms.get('r')!.has('ann')).toBe(true);
  });

  test('a dead network is noticed by silence', async () => {
    const [ann] = await join('ann');
    w.server.of('ann').dead = true;
    await until(() => ann.state === 'reconnecting', 20_000);
    await until(() => ann.state === 'connected');
  });

  test('a connection that sleeps through is kept when the server still answers', async () => {
    const [ann] = await join('ann');
    await tick(60_000);
    expect(ann.state).toBe('connected');
    w.document.dispatchEvent(new Event('visibilitychange'));
    await tick(5_000);
    expect(ann.state).toBe('connected');
    expect(w.server.sent('connection')).toHaveLength(1);
  });

  test('after goingAway the client waits as told, then comes back', async () => {
    const [ann] = await join('ann');
    const seen = record(ann, 'goingAway');
    w.server.of('ann').deliver('goingAway', { reason: 'shutdown', retryAfterMs: 3_000 });
    w.server.of('ann').breakDown();
    await tick(2_900);
    expect([seen, ann.state]).toEqual([['goingAway:shutdown'], 'reconnecting']);
    await tick(2_000);
    expect(ann.state).toBe('connected');
  });

  test('a replaced session does not fight back', async () => {
    const [ann, room] = await join('ann');
    const closed = record(ann, 'closed');
    const left = record(room, 'left');
    w.server.of('ann').kick('replaced');
    await tick(30_000);
    expect([ann.state, closed, left]).toEqual(['closed', ['closed:replaced'], ['left:replaced']]);
    expect(w.server.sent('connection')).toHaveLength(1);
  });

  test('a server that is full or stopping is tried again, one that forbids is not', async () => {
    const [ann] = await join('ann');
    w.server.deny = 'Server is shutting down';
    w.server.of('ann').breakDown();
    await tick(30_000);
    expect(ann.state).toBe('reconnecting');
    w.server.deny = 'Forbidden';
    const closed = record(ann, 'closed');
    await tick(10_000);
    expect([ann.state, closed]).toEqual(['closed', ['closed:refused']]);
  });

  test('with reconnect: false the first loss is the end', async () => {
    const ann = await settle(connect({ url: 'ws://s/', login: 'ann', reconnect: false }));
    const room = await settle(ann.join('r'));
    const left = record(room, 'left');
    w.server.of('ann').breakDown();
    await tick();
    expect([ann.state, left]).toEqual(['closed', ['left:closed']]);
  });

  test('a login still held by the former self is asked for again', async () => {
    const [, room] = await join('ann');
    const seen = record(room, 'connection', 'left');
    w.server.joinRefusals = Array(3).fill('Room already has user with such login');
    w.server.of('ann').breakDown();
    await until(() => seen.length === 2);
    expect(seen).toEqual(['connection:reconnecting', 'connection:connected']);
  });

  test('a room that is full after the break is left with the reason', async () => {
    const [ann, room] = await join('ann');
    const seen = record(room, 'left');
    w.server.joinRefusals = ['Current room is full'];
    w.server.of('ann').breakDown();
    await until(() => seen.length === 1);
    expect(seen).toEqual(['left:room_full']);
    expect(ann.state).toBe('connected');
  });

  test('a join during the break waits for the connection', async () => {
    const [ann] = await join('ann');
    w.server.of('ann').breakDown();
    await until(() => ann.state === 'reconnecting');
    expect((await settle(ann.join('other'))).name).toBe('other');
  });

  test('pagehide closes at once, a page out of the cache connects again', async () => {
    const [ann] = await join('ann');
    w.window.dispatchEvent(new Event('pagehide'));
    await tick(60_000);
    expect(w.server.conns.size).toBe(0);
    w.window.dispatchEvent(new Event('pageshow'));
    await tick();
    expect(ann.state).toBe('connected');
    expect(w.server.rooms.get('r')!.has('ann')).toBe(true);
  });

  test('no peer connection is left open after many breaks and a close', async () => {
    const [ann, room] = await join('ann');
    w.server.puppet('r', 'bob', 'r-bob-1');
    await tick();
    playAll(room);
    await settle(room.publish(media('audio', 'video')));
    for (let i = 0; i < 5; i++) {
      w.server.of('ann').breakDown();
      await tick(3_000);
    }
    expect(FakePeerConnection.all.filter((pc) => !pc.closed)).toHaveLength(2);
    await settle(ann.close());
    await tick();
    expect(FakePeerConnection.all.filter((pc) => !pc.closed)).toHaveLength(0);
  });
});
