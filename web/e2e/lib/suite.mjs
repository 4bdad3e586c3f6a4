// What every test file shares: one server, its people, and the evidence that
// is kept when something fails.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, afterEach, before, test as nodeTest } from 'node:test';
import { launch } from './browser.mjs';
import { startServer } from './server.mjs';

export const OUT = resolve(dirname(fileURLToPath(import.meta.url)), '../out');

/**
 * Sets up a suite: `const s = suite('meet')`, then `s.server`, `s.launch(…)`,
 * `s.test(name, fn)`. People launched inside a test end with it, people
 * launched with `{ keep: true }` with the suite.
 */
export function suite(name, { server: options = {}, startsServer = true } = {}) {
  const dir = join(OUT, name);
  const s = {
    name, dir, server: null, people: [], files: [],
    async launch(who, { keep = false, ...rest } = {}) {
      const person = await launch(who, rest);
      person.keep = keep;
      s.people.push(person);
      return person;
    },
    async end(person) {
      s.people = s.people.filter((p) => p !== person);
      await person.close();
    },
    test(title, body, { timeout = 400_000 } = {}) {
      return nodeTest(title, { timeout }, async (t) => {
        try {
          await body(t);
          for (const tab of s.people.flatMap((p) => p.tabs)) if (!tab.mayFail) checkPage(await tab.eval(() => window.__probe.errors.splice(0)), tab);
          if (s.server && !s.server.mayEnd && !s.server.alive) throw new Error('the server ended during the test');
        } catch (error) {
          await keepEvidence(s, title).catch((e) => console.error('evidence:', e.message));
          throw error;
        }
      });
    },
  };
  before(async () => {
    mkdirSync(dir, { recursive: true });
    if (startsServer) s.server = await startServer({ logTo: join(dir, 'server.log'), ...(typeof options === 'function' ? options() : options) });
  });
  afterEach(async () => {
    const leaving = s.people.filter((p) => !p.keep);
    s.people = s.people.filter((p) => p.keep);
    await Promise.all(leaving.map((p) => p.close().catch(() => {})));
  });
  after(async () => {
    await Promise.all(s.people.map((p) => p.close().catch(() => {})));
    for (const files of s.files) await files.close();
    if (s.server) {
      const panics = s.server.log().split('\n').filter((line) => /panicked at/.test(line));
      await s.server.stop();
      if (panics.length) throw new Error(`the server panicked: ${panics[0]}`);
    }
  });
  return s;
}

// Noise that pages cannot help.
const HARMLESS = [/ResizeObserver loop/];

function checkPage(errors, tab) {
  const real = errors.filter((error) => !HARMLESS.some((ok) => ok.test(error)));
  if (real.length) throw new Error(`${tab.name}: the page threw: ${real.join(' | ')}`);
}

async function keepEvidence(s, title) {
  const base = join(s.dir, title.replace(/[^\p{L}\d]+/gu, '-').slice(0, 80));
  mkdirSync(base, { recursive: true });
  for (const tab of s.people.flatMap((p) => p.tabs)) {
    const label = tab.name.replace(/\W+/g, '-');
    await tab.screenshot(join(base, `${label}.png`)).catch(() => {});
    const state = await tab.eval(async () => ({
      url: location.href, errors: window.__probe.errors, sent: window.__probe.sent.slice(-80), received: window.__probe.received.slice(-120),
      pcs: window.__probe.pcs.map((pc) => [pc.connectionState, pc.iceConnectionState, pc.signalingState]), pairs: await window.__probe.pairs(), inbound: await window.__probe.inbound(),
    })).catch((error) => ({ error: error.message }));
    writeFileSync(join(base, `${label}.json`), JSON.stringify(state, null, 1));
    writeFileSync(join(base, `${label}.console.txt`), tab.log.join('\n'));
  }
  if (s.server) writeFileSync(join(base, 'server.log'), s.server.log().split('\n').slice(-3000).join('\n'));
  console.error(`evidence of “${title}” is in ${base}`);
}
