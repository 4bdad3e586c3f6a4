import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type Client, type Room } from '../src/index.js';
import { endWorld, makeWorld, record, settle, tick, until, type World } from './fakes.js';

let w: World;
beforeEach(() => void (w = makeWorld()));
afterEach(endWorld);

const join = async (login: string): Promise<[Client, Room]> => {
  const client = await settle(connect({ url: 'ws://s/', login }));
  return [client, await settle(client.join('r'))];
};
const texts = (room: Room) => room.messages.map((m) => m.text);

test('a message is sending, then sent with the server’s id and time', async () => {
  const [, room] = await join('ann');
  const seen = record(room, 'message', 'messageUpdated');
  const message = await settle(room.send('привет 你好 🎈'));
  expect(seen).toEqual(['привет 你好 🎈/sending', 'привет 你好 🎈/sent'].map((s, i) => `${i ? 'messageUpdated' : 'message'}:${s}`));
  expect(message).toMatchObject({ id: 1, own: true, history: false, to: null, from: 'ann', state: 'sent' });
  expect(room.messages).toEqual([message]);
});

test('others get it with sender and id; a private one says to whom', async () => {
  const [, ann] = await join('ann');
  const [, bob] = await join('bob');
  await settle(ann.send('all'));
  await settle(ann.send('you', 'bob'));
  await tick();
  expect(bob.messages.map((m) => [m.text, m.from, m.to, m.own])).toEqual([
    ['all', 'ann', null, false],
    ['you', 'ann', 'bob', false],
  ]);
});

test('a late comer gets the history, marked as such', async () => {
  const [, ann] = await join('ann');
  await settle(ann.send('one'));
  await settle(ann.send('two'));
  const [, bob] = await join('bob');
  await tick();
  expect(bob.messages.map((m) => [m.text, m.history])).toEqual([['one', true], ['two', true]]);
});

test('a refused message rejects, stays as failed, and retry sends it', async () => {
  const [, room] = await join('ann');
  w.server.commandFates = [{ info: 'Text is too long', code: 'too_large' }];
  const seen = record(room, 'messageUpdated');
  await expect(settle(room.send('x'))).rejects.toMatchObject({ reason: 'too_large' });
  expect(room.messages[0]).toMatchObject({ state: 'failed', error: { reason: 'too_large' } });
  await settle(room.messages[0]!.retry());
  expect(room.messages).toHaveLength(1);
  expect(seen).toEqual(['messageUpdated:x/failed', 'messageUpdated:x/sending', 'messageUpdated:x/sent']);
});

test('a message to nobody rejects with not_in_room', async () => {
  const [, room] = await join('ann');
  await expect(settle(room.send('hi', 'nobody'))).rejects.toMatchObject({ reason: 'not_in_room' });
});

test('a message over the server’s limit is refused before it is sent', async () => {
  const [, room] = await join('ann');
  await expect(room.send('ы'.repeat(40_000))).rejects.toMatchObject({ reason: 'too_large' });
  expect(w.server.sent('sendData').filter((d) => d.payload.command === 'broadcast')).toHaveLength(0);
});

test('too many messages a second wait and then go, in order', async () => {
  const [, ann] = await join('ann');
  const [, bob] = await join('bob');
  w.server.commandFates = [{ info: 'Too many messages', code: 'rate_limited' }];
  await settle(Promise.all(['1', '2', '3'].map((t) => ann.send(t))));
  await tick();
  expect(texts(bob)).toEqual(['1', '2', '3']);
});

test('what is written while away is sent after, in order', async () => {
  const [ann, room] = await join('ann');
  const [, bob] = await join('bob');
  w.server.of('ann').breakDown();
  await until(() => ann.state === 'reconnecting');
  const sent = Promise.all([room.send('1'), room.send('2')]);
  expect(room.messages.map((m) => m.state)).toEqual(['sending', 'sending']);
  await settle(sent);
  await tick();
  expect(texts(bob)).toEqual(['1', '2']);
});

test('what was missed while away arrives once, and not as history', async () => {
  const [, room] = await join('ann');
  w.server.puppet('r', 'bob');
  w.server.puppetSays('r', 'bob', 'before');
  await tick();
  w.server.of('ann').breakDown();
  w.server.puppetSays('r', 'bob', 'meanwhile');
  await tick(2_000);
  expect(room.messages.map((m) => [m.text, m.history])).toEqual([['before', false], ['meanwhile', false]]);
  expect(w.server.sent('sendData').at(-1).payload.options).toMatchObject({ history: true, historySince: 1 });
});

test('a message whose answer was lost with the line is not sent twice', async () => {
  const [, ann] = await join('ann');
  const [, bob] = await join('bob');
  const sending = ann.send('once');
  await tick(2); // the server has it; its answer is on the way
  w.server.of('ann').dead = true;
  await settle(sending);
  await tick(1_000);
  expect(texts(bob)).toEqual(['once']);
  expect(ann.messages).toHaveLength(1);
  expect(ann.messages[0]).toMatchObject({ id: 1, state: 'sent' });
});

test('after a server restart ids begin anew and nothing new is taken for old', async () => {
  const [ann, room] = await join('ann');
  await settle(room.send('old'));
  w.server.crash();
  await tick(1_000);
  w.server.start();
  await until(() => ann.state === 'connected');
  w.server.puppet('r', 'bob');
  w.server.puppetSays('r', 'bob', 'new');
  await tick(100);
  expect(texts(room)).toEqual(['old', 'new']);
});

test('leaving fails what was waiting', async () => {
  const [ann, room] = await join('ann');
  w.server.of('ann').breakDown();
  await until(() => ann.state === 'reconnecting');
  const sent = expect(room.send('never')).rejects.toMatchObject({ reason: 'closed' });
  await settle(room.leave());
  await sent;
  await expect(room.send('x')).rejects.toMatchObject({ reason: 'not_in_room' });
});

test('a server without broadcast gets one message for each participant', async () => {
  w.server.knowsVeche = false;
  const [, room] = await join('ann');
  w.server.puppet('r', 'bob');
  w.server.puppet('r', 'cat');
  await tick();
  await settle(room.send('hi'));
  const sends = w.server.sent('sendData').map((d) => d.payload).filter((p) => p.command === 'sendMessage');
  expect(sends.map((p) => p.options.to)).toEqual(['bob', 'cat']);
});

test('a message on a line that is dead but not yet known to be waits for the reconnection', async () => {
  const [, ann] = await join('ann');
  const [, bob] = await join('bob');
  w.server.of('ann').dead = true;
  expect((await settle(ann.send('through'))).state).toBe('sent');
  await tick();
  expect(texts(bob)).toEqual(['through']);
});
