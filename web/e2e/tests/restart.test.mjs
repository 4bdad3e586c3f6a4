// The server goes away and comes back; the network goes away and comes back.
// Nobody presses anything.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { alone, enter, id, inRoom, meets, reads, say, tile } from '../lib/app.mjs';
import { seesMoving } from '../lib/judge.mjs';
import { Namespace } from '../lib/netns.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob, fox } = PEOPLE;
const net = new Namespace(42);
const s = suite('restart', { startsServer: false });
before(async () => {
  net.open();
  s.server = await startServer({ host: net.outside, logTo: `${s.dir}/server.log` });
});
after(() => net.close());
process.on('exit', () => net.close());

async function everyoneIsBack(tabs, folk) {
  for (const tab of tabs) {
    await inRoom(tab, { timeout: 40_000 });
    await tab.gone(id('reconnecting'));
  }
  for (const [i, tab] of tabs.entries()) await meets(tab, folk.filter((_, j) => j !== i), { timeout: 30_000 });
}

async function three(room) {
  const folk = [ann, bob, fox];
  const tabs = [];
  for (const who of folk) tabs.push(await enter(await s.launch(who, { engine: who === fox ? 'firefox' : 'chromium', netns: net.name, insecure: true }), s.server, { room, base: s.server.https }));
  for (const [i, tab] of tabs.entries()) for (const other of folk.filter((_, j) => j !== i)) await seesMoving(tab, tile(other), other);
  return { tabs, folk };
}

s.test('killed and started, terminated and started: everyone comes back by themselves', async (t) => {
  const { tabs, folk } = await three('restart');
  await say(tabs[0], 'до перезапуска');
  await reads(tabs[2], 'до перезапуска');

  s.server.mayEnd = true;
  await s.server.kill('SIGKILL');
  for (const tab of tabs) await tab.visible(id('reconnecting'));
  const down = Date.now();
  await s.server.start();
  await everyoneIsBack(tabs, folk);
  t.diagnostic(`after SIGKILL everyone sees and hears everyone ${Date.now() - down} ms after the start`);
  await say(tabs[1], 'после перезапуска 🔁');
  for (const tab of tabs) await reads(tab, 'после перезапуска 🔁', { from: bob.login });
  for (const tab of tabs) await reads(tab, 'до перезапуска');

  const ending = s.server.kill('SIGTERM');
  for (const tab of tabs) await tab.until('told that the server goes', () => window.__probe.received.some((m) => m.message === 'goingAway' && m.reason === 'shutdown'));
  const { code } = await ending;
  assert.equal(code, 0, 'a terminated server ends well');
  const again = Date.now();
  await s.server.start();
  await everyoneIsBack(tabs, folk);
  t.diagnostic(`after SIGTERM ${Date.now() - again} ms`);
  await say(tabs[2], 'и снова');
  await reads(tabs[0], 'и снова', { from: fox.login });
});

s.test('the network is lost and found: room, pictures and chat are back', async (t) => {
  const a = await enter(await s.launch(ann, { netns: net.name, insecure: true }), s.server, { room: 'cable', base: s.server.https });
  const b = await enter(await s.launch(bob, { insecure: true }), s.server, { room: 'cable', base: s.server.https });
  await meets(a, [bob]);
  await meets(b, [ann]);
  net.cable(false);
  await a.visible(id('reconnecting'), { timeout: 60_000 });
  const back = Date.now();
  net.cable(true);
  await inRoom(a, { timeout: 60_000 });
  await seesMoving(a, tile(bob), bob, { timeout: 40_000 });
  await seesMoving(b, tile(ann), ann, { timeout: 40_000 });
  t.diagnostic(`back ${Date.now() - back} ms after the cable`);
  await alone(b, 2);
  await say(a, 'нашлась');
  await reads(b, 'нашлась', { from: ann.login });
});

s.test('a short loss is not noticed: the call goes on without joining anew', async () => {
  const a = await enter(await s.launch(ann, { netns: net.name, insecure: true }), s.server, { room: 'blink', base: s.server.https });
  const b = await enter(await s.launch(bob, { insecure: true }), s.server, { room: 'blink', base: s.server.https });
  await meets(b, [ann]);
  const joins = () => a.eval(() => window.__probe.sent.filter((m) => m.command === 'join').length);
  const before = await joins();
  net.cable(false);
  await new Promise((done) => setTimeout(done, 1500));
  net.cable(true);
  await seesMoving(b, tile(ann), ann);
  await seesMoving(a, tile(bob), bob);
  assert.equal(await joins(), before);
});
