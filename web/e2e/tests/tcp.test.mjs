// UDP is blocked where the browsers are: they meet over ICE-TCP.
import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { after, before } from 'node:test';
import { enter, meets, reads, say, tile } from '../lib/app.mjs';
import { keepsMoving, seesMoving } from '../lib/judge.mjs';
import { Namespace } from '../lib/netns.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob, fox } = PEOPLE;
const net = new Namespace(41);
const s = suite('tcp', { startsServer: false });
before(async () => {
  net.open();
  s.server = await startServer({ host: net.outside, logTo: `${s.dir}/server.log` });
});
after(() => net.close());
process.on('exit', () => net.close());

/** How many datagrams from the namespace reach this side within a moment. */
async function datagramsThrough() {
  const socket = createSocket('udp4');
  await new Promise((done) => socket.bind(0, net.outside, done));
  let n = 0;
  socket.on('message', () => n++);
  for (let i = 0; i < 3; i++) net.udpPasses(socket.address().port);
  await new Promise((done) => setTimeout(done, 200));
  socket.close();
  return n;
}

s.test('browsers without UDP meet by TCP', async () => {
  assert.equal(await datagramsThrough(), 3, 'before the block UDP passes, so the block is what is tested');
  net.blockUdp();
  assert.equal(await datagramsThrough(), 0, 'UDP is really blocked');

  const tabs = {};
  for (const [who, engine] of [[ann, 'chromium'], [bob, 'chromium'], [fox, 'firefox']]) {
    const person = await s.launch(who, { engine, netns: net.name, insecure: true });
    tabs[who.login] = await enter(person, s.server, { room: 'tcp', base: s.server.https });
  }
  await meets(tabs.Ann, [bob, fox]);
  await meets(tabs.Bob, [ann, fox]);
  await meets(tabs.Fox, [ann, bob]);
  for (const tab of Object.values(tabs)) {
    // A pair whose checks are late on a busy machine does not count as succeeded for that moment.
    const pairs = await tab.until('one publishes and plays two', async () => {
      const found = await window.__probe.pairs();
      return found.length >= 3 && found;
    });
    assert.deepEqual([...new Set(pairs.map((p) => p.protocol))], ['tcp'], `${tab.name}: ${JSON.stringify(pairs)}`);
  }
  await say(tabs.Ann, 'без UDP');
  await reads(tabs.Fox, 'без UDP');
  await keepsMoving(tabs.Bob, tile(ann), ann, { ms: 4000 });
});

s.test('one with UDP and one without meet', async () => {
  const a = await enter(await s.launch(ann, { netns: net.name, insecure: true }), s.server, { room: 'mixed', base: s.server.https });
  const b = await enter(await s.launch(bob, { insecure: true }), s.server, { room: 'mixed', base: s.server.https });
  await seesMoving(a, tile(bob), bob);
  await seesMoving(b, tile(ann), ann);
  const protocols = async (tab) => [...new Set((await tab.eval(() => window.__probe.pairs())).map((p) => p.protocol))];
  assert.deepEqual(await protocols(a), ['tcp']);
  assert.deepEqual(await protocols(b), ['udp']);
});
