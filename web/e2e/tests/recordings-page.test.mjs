// The Recordings page over the real server: two people are recorded, and what
// they said is found, deleted, taken back and handed on by a link.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enter, id, leave, meets, reads, say } from '../lib/app.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until } from '../lib/wait.mjs';

const { ann, bob, cid } = PEOPLE;
const s = suite('recordings-page');
const ROOM = 'Вечернее вече';
const SECONDS = 6;
const row = `${id('recording-row')}`;

const token = () => readFileSync(join(s.server.dir, 'data/admin-token'), 'utf8').trim();
const page = async (person, path = '') => person.open(`${s.server.http}/recordings${path}${path.includes('?') ? '&' : '?'}lang=en`);

async function signedIn(person, path) {
  const tab = await page(person, path);
  await tab.visible(id('sign-in'));
  await tab.fill(id('sign-in-token'), token());
  await tab.click(id('sign-in-enter'));
  await tab.gone(id('sign-in'));
  return tab;
}

s.test('two are recorded, and everybody sees it; who comes later is told', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: ROOM });
  const b = await enter(await s.launch(bob), s.server, { room: ROOM });
  await meets(a, [bob]);
  await a.click(id('record'));
  for (const tab of [a, b]) await tab.visible(id('recording'));
  await b.says('.notice', `${ann.login} started recording`);
  const began = Date.now();
  await say(a, 'записано 🎬');
  await reads(b, 'записано 🎬', { from: ann.login });
  const c = await enter(await s.launch(cid), s.server, { room: ROOM });
  await c.visible(id('recording'));
  await c.says('.notice', 'This room is being recorded');
  // The recording has to have a length.
  await sleep(Math.max(0, SECONDS * 1000 - (Date.now() - began)));
  await b.until('the time runs', (sel) => /^0:0[4-9]|^0:[1-5]/.test(document.querySelector(sel)?.textContent ?? ''), id('recording-time'));
  await b.click(id('record'));
  for (const tab of [a, b, c]) await tab.gone(id('recording'));
  await a.says('.notice', `${bob.login} stopped recording`);
  for (const tab of [a, b, c]) await leave(tab);
});

s.test('the page asks for the token, and finds what was recorded', async () => {
  const tab = await page(await s.launch(ann));
  await tab.visible(id('sign-in'));
  await tab.fill(id('sign-in-token'), 'wrong');
  await tab.click(id('sign-in-enter'));
  await tab.visible(`${id('error-banner')}[data-reason="unauthorized"]`);
  await tab.fill(id('sign-in-token'), token());
  await tab.click(id('sign-in-enter'));
  await tab.visible(row);
  const text = await tab.text(row);
  for (const word of [ROOM, ann.login, bob.login]) assert.ok(text.includes(word), `${word} in ${text}`);
  await tab.until('it is finished', (sel) => ['ready', 'recovered'].includes(document.querySelector(sel)?.dataset.state), row, { timeout: 60_000 });

  // Reloaded, the browser is still let in.
  await tab.page.reload();
  await tab.visible(row);
  await tab.fill(id('recordings-search'), 'вечернее');
  await tab.visible(row);
  await tab.fill(id('recordings-search'), 'nothing like it');
  await tab.visible(`${id('recordings-empty')}[data-why="search"]`);
  await tab.fill(id('recordings-search'), bob.login);
  await tab.visible(row);

  await tab.click(id('recording-open'));
  await tab.visible(id('one'));
  const names = await tab.eval((sel) => [...document.querySelectorAll(sel)].map((el) => el.textContent), `${id('file')}[data-kind="stream"] .file__name`);
  for (const who of [ann, bob]) assert.ok(names.includes(who.login), `a file of ${who.login} among ${names}`);
  const status = await tab.eval(async (sel) => (await fetch(document.querySelector(sel).href, { headers: { range: 'bytes=0-99' } })).status, id('file-download'));
  assert.equal(status, 206);
  await tab.press('Escape');
  await tab.visible(row);
  await tab.click(id('sign-out'));
  await tab.visible(id('sign-in'));
  await tab.page.reload();
  await tab.visible(id('sign-in'));
});

s.test('deleted, taken back, in the trash, restored', async () => {
  const tab = await signedIn(await s.launch(ann));
  await tab.visible(row);
  const here = () => tab.eval((sel) => document.querySelectorAll(sel).length, row);
  const before = await here();
  await tab.eval((sel) => document.querySelector(sel).focus(), id('recording-open'));
  await tab.press('Delete');
  await tab.visible(`${id('toast')}[data-what="removed"]`);
  await until('the row is gone', async () => (await here()) === before - 1);
  await tab.click(id('undo'));
  await until('the row is back', async () => (await here()) === before);

  await tab.eval((sel) => document.querySelector(sel).focus(), id('recording-open'));
  await tab.press('Delete');
  await tab.visible(`${id('toast')}[data-what="removed"]`);
  await tab.eval((sel) => document.querySelector(sel).click(), id('filter-trash'));
  await tab.visible(id('recording-restore'));
  await tab.click(id('recording-restore'));
  await tab.visible(`${id('recordings-empty')}[data-why="trash"]`);
  await tab.eval((sel) => document.querySelector(sel).click(), id('filter-all'));
  await until('the row is back', async () => (await here()) === before);
});

s.test('a link opens one recording to a stranger, and nothing else', async () => {
  const tab = await signedIn(await s.launch(ann));
  await tab.visible(row);
  await tab.click(id('recording-open'));
  await tab.visible(id('copy-link'));
  await tab.click(id('copy-link'));
  await tab.click(id('link-copy'));
  await tab.visible(id('link-url'));
  const link = await tab.eval((sel) => document.querySelector(sel).value, id('link-url'));

  const stranger = await s.launch(bob);
  const seen = await stranger.open(`${link}&lang=en`);
  await seen.visible(id('one'));
  assert.ok((await seen.text(id('one'))).includes(ROOM));
  for (const forbidden of ['remove', 'copy-link', 'mix', 'sign-out', 'back']) assert.ok(!(await seen.has(id(forbidden))), forbidden);
  const statuses = await seen.eval(async (sel) => {
    const file = document.querySelector(sel).href;
    const ask = async (url, options) => (await fetch(url, options)).status;
    return [await ask(file, { headers: { range: 'bytes=0-9' } }), await ask(file.replace(/signature=[^&]+/, 'signature=x')), await ask('/rest-api/recordings'), await ask(`/rest-api/recordings/x${new URL(file).search}`)];
  }, id('file-download'));
  assert.equal(statuses[0], 206);
  for (const status of statuses.slice(1)) assert.ok([401, 403, 404].includes(status), `${statuses}`);

  const forged = new URL(link);
  forged.searchParams.set('expires', '1000000000');
  const late = await stranger.open(`${forged}&lang=en`);
  await late.visible(`${id('link-expired')}[data-reason="expired"]`);
});
