// A flash and a beep at the same moment, from two browsers, and the flash from a third, recorded for a while:
// in the files they are where they were. VECHE_SYNC_SECONDS makes it longer.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { enter, id, leave } from '../lib/app.mjs';
import { EVERY, apart, beeps, flashes, flashingDevices } from '../lib/flash.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const { ann, bob, fox } = PEOPLE;
const s = suite('sync', { server: { env: { VECHE_MIX_ROOMS: 'false' } } });
const SECONDS = Number(process.env.VECHE_SYNC_SECONDS ?? 30);

/**
 * How far picture and sound of one person may drift apart, in ms: what nobody
 * notices (EBU R37). Of two persons it says nothing here: the sound that a
 * starved browser makes comes in bursts, earlier than what its clock says.
 */
const DRIFT = 40;

/** While pages start their timers are late. */
const STARTING = 5;

/**
 * How far apart they may be throughout. Chromium hands on what WebAudio makes
 * some 30 to 60 ms late, the later the busier the machine, and nobody after it
 * can know; sources without that are in the server's own tests, to 40 ms.
 */
const APART = 120;
const LONG = { timeout: (SECONDS + 300) * 1000 };

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];

s.test('picture and sound are together, in each file and across them', async (t) => {
  const persons = [await s.launch(ann), await s.launch(bob), await s.launch(fox, { engine: 'firefox' })];
  const tabs = [];
  for (const person of persons) {
    const before = `(${flashingDevices})(${JSON.stringify({ every: EVERY, hz: person.who.hz })})`;
    tabs.push(await enter(person, s.server, { room: 'sync', query: { record: 1 }, before }));
  }
  await tabs[0].visible(id('recording'));
  await sleep(SECONDS * 1000);
  for (const tab of tabs) await leave(tab);

  const records = join(s.server.dir, 'data/records');
  const room = await until('the room is one file', () => readdirSync(records).find((name) => /^room-.*\.mkv$/.test(name)), { timeout: 60_000 });
  const path = join(records, room);
  const wanted = SECONDS * 1000 / EVERY - 2;
  const seen = [0, 1, 2].map((n) => ({ light: flashes(path, n), sound: n < 2 ? beeps(path, n) : null }));
  for (const [n, { light, sound }] of seen.entries()) {
    assert.ok(light.length >= wanted, `track ${n}: ${light.length} flashes of ${wanted}`);
    assert.ok(!sound || sound.length >= wanted, `track ${n}: ${sound?.length} beeps of ${wanted}`);
  }
  const [first, second, third] = seen;
  const pairs = [
    ['Ann: flash to beep', first.light, first.sound, DRIFT],
    ['Bob: flash to beep', second.light, second.sound, DRIFT],
    ['Bob to Ann: flash', second.light, first.light, Infinity],
    ['Bob to Ann: beep', second.sound, first.sound, Infinity],
    ['Fox to Ann: flash', third.light, first.light, Infinity],
  ];
  for (const [what, these, those, most] of pairs) {
    const settled = these.filter((at) => at > these[0] + STARTING);
    const far = apart(settled, those).filter((ms) => Math.abs(ms) < EVERY / 2);
    const part = Math.ceil(far.length / 3);
    const drift = median(far.slice(-part)) - median(far.slice(0, part));
    t.diagnostic(`${what}: median ${median(far).toFixed(1)} ms, from ${Math.min(...far).toFixed(1)} to ${Math.max(...far).toFixed(1)}, drift ${drift.toFixed(1)} over ${SECONDS} s`);
    assert.ok(Math.abs(median(far)) <= APART, `${what}: ${median(far)} ms`);
    assert.ok(Math.abs(drift) <= most, `${what}: drifts by ${drift} ms`);
  }
}, LONG);
