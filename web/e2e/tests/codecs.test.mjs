// Every codec that is forwarded, through real encoders and decoders; and
// addresses other than IPv4.
import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { before } from 'node:test';
import { hears, keepsMoving, seesMoving } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { serveSdk } from '../lib/sdk-page.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob, fox } = PEOPLE;
const s = suite('codecs', { startsServer: false });
let files;
before(async () => {
  files = await serveSdk();
  s.files.push(files);
});

const video = (who) => `video[data-login="${who.login}"][data-kind="camera"]`;

/** Runs `body` with a server of its own. */
async function withServer(env, body, options = {}) {
  s.server = await startServer({ env, logTo: `${s.dir}/${Object.values(env).join('-') || 'server'}.log`, ...options });
  try {
    await body(s.server);
  } finally {
    const server = s.server;
    s.server = null;
    await Promise.all(s.people.splice(0).map((p) => p.close().catch(() => {})));
    await server.stop();
  }
}

async function page(who, ws, options) {
  const tab = await (await s.launch(who, options)).open(`${files.origin}/`);
  await tab.until('the SDK is loaded', () => window.ready === true);
  await tab.eval(([url, login]) => window.enter(url, login, 'codecs'), [ws, who.login]);
  return tab;
}

/** Two Chromium pages meet; answers what codecs the player says it decodes. */
async function meet(server) {
  const a = await page(ann, server.ws);
  const b = await page(bob, server.ws);
  await seesMoving(a, video(bob), bob);
  await seesMoving(b, video(ann), ann);
  await hears(b, video(ann), ann);
  await keepsMoving(b, video(ann), ann, { ms: 3000 });
  return b.until('codecs of what plays', async () => {
    const found = new Set();
    for (const pc of window.__probe.pcs) {
      const stats = await pc.getStats();
      for (const s of stats.values()) {
        if (s.type === 'inbound-rtp' && s.codecId && stats.get(s.codecId)) found.add(stats.get(s.codecId).mimeType);
      }
    }
    return found.size >= 2 ? [...found].sort() : false;
  });
}

for (const [codec, sound, expected] of [
  ['H264', 'opus', ['audio/opus', 'video/H264']],
  ['VP9', 'PCMU', ['audio/PCMU', 'video/VP9']],
  ['AV1', 'PCMA', ['audio/PCMA', 'video/AV1']],
]) {
  s.test(`${codec} and ${sound} are forwarded`, async () => {
    await withServer({ VECHE_VIDEO_CODECS: codec, VECHE_AUDIO_CODECS: sound }, async (server) => {
      assert.deepEqual(await meet(server), expected);
    });
  });
}

s.test('a browser that cannot decode a stream is told so at once', async () => {
  await withServer({ VECHE_VIDEO_CODECS: 'H264' }, async (server) => {
    await page(ann, server.ws);
    const tab = await (await s.launch(fox, { engine: 'firefox' })).open(`${files.origin}/`);
    await tab.until('the SDK is loaded', () => window.ready === true);
    const found = await tab.eval(async ([url, login]) => {
      const client = await window.sdk.connect({ url, login: 'Fox', resumeStorage: null });
      const room = await client.join('codecs');
      const stream = room.participants.get(login)?.camera
        ?? await new Promise((done) => room.on('streamAdded', done));
      const started = performance.now();
      const reason = await stream.play().then(() => 'played', (error) => error.reason);
      const ms = performance.now() - started;
      await client.close();
      return { reason, ms };
    }, [server.ws, ann.login]);
    assert.equal(found.reason, 'no_common_codecs');
    assert.ok(found.ms < 3000, `${found.ms} ms`);
  });
});

s.test('IPv6 alone carries a call', async (t) => {
  const own = Object.values(networkInterfaces()).flat()
    .find((a) => a.family === 'IPv6' && !a.internal && !a.address.startsWith('fe80'));
  assert.ok(own, 'this machine has no IPv6 address to test with: give an interface one (ip -6 addr add fd00::2/64 dev …)');
  t.diagnostic(`over ${own.address}`);
  await withServer({}, async (server) => {
    await meet(server);
    const pairs = await s.people[1].tabs[0].eval(() => window.__probe.pairs());
    assert.ok(pairs.length > 0, 'candidate pairs');
    assert.deepEqual([...new Set(pairs.map((p) => p.address))], [own.address]);
  }, { host: own.address });
});
