import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, type Client, type JoinOptions, type Room, type RoomRecording } from '../src/index.js';
import { recordingOf } from '../src/recording.js';
import { endWorld, makeWorld, settle, tick, until, type World } from './fakes.js';

let w: World;
beforeEach(() => void (w = makeWorld()));
afterEach(endWorld);

const join = async (login: string, options?: JoinOptions): Promise<[Client, Room]> => {
  const client = await settle(connect({ url: 'ws://s/', login }));
  return [client, await settle(client.join('r', options))];
};
const told = (room: Room): RoomRecording[] => {
  const seen: RoomRecording[] = [];
  room.on('recording', (recording) => seen.push(recording));
  return seen;
};

describe('the recording of a room', () => {
  test('everybody hears who started and who stopped it', async () => {
    const [, ann] = await join('ann');
    const [, bob] = await join('bob');
    const seen = told(bob);
    await settle(ann.record(true));
    await tick();
    expect(bob.recording).toEqual({ on: true, by: 'ann', since: expect.any(Number), problem: null });
    await settle(bob.record(false));
    await tick();
    expect(ann.recording).toEqual({ on: false, by: 'bob', since: null, problem: null });
    expect(seen.map(({ on, by }) => [on, by])).toEqual([[true, 'ann'], [false, 'bob']]);
    expect(w.server.sent('sendData').filter((d) => d.payload.command === 'record').map((d) => d.payload.options)).toEqual([
      { name: 'r', on: true },
      { name: 'r', on: false },
    ]);
  });

  test('who comes later is told, and a problem is told when it arises', async () => {
    const [, ann] = await join('ann');
    await settle(ann.record(true));
    const [, bob] = await join('bob');
    await tick();
    expect(bob.recording).toMatchObject({ on: true, by: 'ann' });
    const seen = told(bob);
    w.server.record('r', { ...bob.recording, problem: 'The disk is full' });
    w.server.record('r', { ...bob.recording, problem: 'The disk is full' });
    await tick();
    expect(bob.recording.problem).toBe('The disk is full');
    expect(seen).toHaveLength(1);
  });

  test('the first to join may ask for it at once', async () => {
    const [, ann] = await join('ann', { record: true });
    await tick();
    expect(ann.recording).toMatchObject({ on: true, by: 'ann' });
  });

  test('a refusal rejects with the reason', async () => {
    const [, ann] = await join('ann');
    w.server.commandFates = [{ info: 'Only others may switch the recording' }];
    await expect(settle(ann.record(true))).rejects.toMatchObject({ reason: 'refused', info: 'Only others may switch the recording' });
    expect(ann.recording.on).toBe(false);
  });

  test('a server without the additions is not asked', async () => {
    w.server.knowsVeche = false;
    const [, ann] = await join('ann');
    await expect(settle(ann.record(true))).rejects.toMatchObject({ reason: 'unsupported' });
    expect(w.server.sent('sendData').some((d) => d.payload.command === 'record')).toBe(false);
  });

  test('a break says nothing while it goes on', async () => {
    const [client, ann] = await join('ann');
    await settle(ann.record(true));
    await tick();
    const seen = told(ann);
    w.server.of('ann').breakDown();
    await until(() => client.state === 'reconnecting');
    await expect(settle(ann.record(false))).rejects.toMatchObject({ reason: 'closed' });
    await until(() => client.state === 'connected');
    await tick(5_000);
    expect(ann.recording.on).toBe(true);
    expect(seen).toEqual([]);
  });

  test('one that ended during a break is told as ended', async () => {
    const [client, ann] = await join('ann');
    await settle(ann.record(true));
    await tick();
    const seen = told(ann);
    w.server.of('ann').breakDown();
    await until(() => client.state === 'reconnecting');
    w.server.recordings.clear();
    await until(() => client.state === 'connected');
    await tick(5_000);
    expect(seen).toEqual([{ on: false, by: null, since: null, problem: null }]);
  });

  test('what was stopped does not begin again in a room made anew', async () => {
    const [client, ann] = await join('ann', { record: true });
    await tick();
    await settle(ann.record(false));
    await tick();
    w.server.crash();
    await until(() => client.state === 'reconnecting');
    w.server.start();
    await until(() => client.state === 'connected');
    await tick(5_000);
    expect(ann.recording.on).toBe(false);
  });

  test('whatever the server sends is read as something', () => {
    for (const junk of [null, 'on', 7, [], { on: 'yes', by: 3, since: 'now', problem: '' }]) {
      expect(recordingOf(junk)).toEqual({ on: false, by: null, since: null, problem: null });
    }
    expect(recordingOf({ on: true })).toEqual({ on: true, by: null, since: null, problem: null });
  });
});
