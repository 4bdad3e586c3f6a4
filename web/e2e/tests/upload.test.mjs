// A meeting that lies in the bucket alone: the page says so, plays it from
// there and saves it, and takes it away for good.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enter, id, leave, meets } from '../lib/app.mjs';
import { startMoto } from '../lib/moto.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { startServer } from '../lib/server.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const { ann, bob } = PEOPLE;
const s = suite('upload', { startsServer: false });
const ROOM = 'Clouds';
const SECONDS = 5;
const row = id('recording-row');

const token = () => readFileSync(join(s.server.dir, 'data/admin-token'), 'utf8').trim();
const media = () => readdirSync(join(s.server.dir, 'data/records')).filter((name) => /\.(webm|mkv|mp4)$/.test(name));
let moto;

async function signedIn(person) {
  const tab = await person.open(`${s.server.http}/recordings?lang=en`);
  await tab.visible(id('sign-in'));
  await tab.fill(id('sign-in-token'), token());
  await tab.click(id('sign-in-enter'));
  await tab.visible(row);
  return tab;
}

s.test('two are recorded, and all of it goes to the bucket', async () => {
  moto = await startMoto('calls');
  s.files.push(moto);
  s.server = await startServer({
    logTo: join(s.dir, 'server.log'),
    env: {
      VECHE_RECORD_UPLOAD_URL: 's3://calls/meetings',
      VECHE_RECORD_UPLOAD_ENDPOINT: moto.endpoint,
      VECHE_RECORD_UPLOAD_ACCESS_KEY_ID: 'veche',
      VECHE_RECORD_UPLOAD_SECRET_ACCESS_KEY: 'never shown',
      VECHE_RECORD_UPLOAD_DELETE_LOCAL: 'true',
    },
  });
  const a = await enter(await s.launch(ann), s.server, { room: ROOM });
  const b = await enter(await s.launch(bob), s.server, { room: ROOM });
  await meets(a, [bob]);
  await a.click(id('record'));
  await a.visible(id('recording'));
  // The recording has to have a length.
  await sleep(SECONDS * 1000);
  for (const tab of [b, a]) await leave(tab);
  const tab = await signedIn(await s.launch(ann));
  await tab.visible(`${id('upload')}[data-upload="uploaded"]`, { timeout: 120_000 });
  await until('nothing is left here', () => media().length === 0, { timeout: 60_000 });
  const keys = await moto.keys();
  for (const end of ['.film.mp4', '.film.json', '.mkv', '.room.jsonl']) assert.ok(keys.some((key) => key.startsWith('meetings/') && key.endsWith(end)), `${end} among ${keys}`);
});

s.test('the film plays, seeks and is saved from there', async () => {
  const tab = await signedIn(await s.launch(ann));
  await tab.eval(() => {
    window.blocked = [];
    document.addEventListener('securitypolicyviolation', (event) => window.blocked.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await tab.click(id('recording-open'));
  await tab.visible(id('one'));
  await tab.visible(id('file-uploaded'));
  await tab.until('it plays', async () => {
    const video = document.querySelector('video');
    if (!video || video.readyState < 2) return false;
    video.muted = true;
    await video.play();
    return video.currentTime > 0.3 && video.videoWidth === 1280;
  }, undefined, { timeout: 30_000 });
  await tab.until('it seeks', async (at) => {
    const video = document.querySelector('video');
    video.currentTime = at;
    await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
    return Math.abs(video.currentTime - at) < 1;
  }, SECONDS - 1, { timeout: 30_000 });
  assert.deepEqual(await tab.eval(() => window.blocked), []);
  const href = await tab.eval((sel) => document.querySelector(sel).href, id('download'));
  const cookie = `Bearer ${token()}`;
  const sent = await fetch(href, { headers: { authorization: cookie }, redirect: 'manual' });
  assert.equal(sent.status, 302);
  const got = await fetch(sent.headers.get('location'));
  assert.match(got.headers.get('content-disposition'), /^attachment; filename=".*\.film\.mp4"; filename\*=UTF-8''Clouds%20/);
  assert.equal(Buffer.from(await got.arrayBuffer()).subarray(4, 8).toString(), 'ftyp');
});

s.test('deleted for good, it is gone from the bucket', async () => {
  const tab = await signedIn(await s.launch(ann));
  const status = await tab.eval(async () => {
    const { recordings } = await (await fetch('/rest-api/recordings')).json();
    return (await fetch(`/rest-api/recordings/${encodeURIComponent(recordings[0].id)}/forever`, { method: 'DELETE' })).status;
  });
  assert.equal(status, 204);
  await until('the bucket is empty', async () => (await moto.keys()).length === 0, { timeout: 30_000 });
});
