// The two-way apps and the lobby's hard cases.
import assert from 'node:assert/strict';
import { alone, backIn, enter, id, inRoom, leave, meets, openApp, people, pressJoin, reads, say, switched, tile } from '../lib/app.mjs';
import { hears, seesMoving, seesPicture } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob, cid, dan, fox } = PEOPLE;
const s = suite('apps');

const refused = (tab, reason) => tab.visible(`${id('error-banner')}[data-reason="${reason}"]`, { timeout: 20_000 });

s.test('landing: a room name and a click lead into the lobby', async () => {
  const tab = await (await s.launch(ann)).open(`${s.server.http}/?lang=en`);
  await tab.visible(id('start-conference'));
  await tab.fill(id('landing-room'), 'Комната №1');
  await tab.click(id('start-conference'));
  await tab.visible(id('lobby'));
  assert.equal(await tab.eval((sel) => document.querySelector(sel).value, id('lobby-room')), 'Комната №1');
});

s.test('what is told of a room on its door does not push Join away', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: 'door' });
  await a.click(id('record'));
  await a.visible(id('recording'));
  // The room's state comes when the test says so.
  const before = `(() => { const real = fetch; window.fetch = async (url, options) => {
    if (String(url).startsWith('/room-state')) await new Promise((go) => { window.tell = go; });
    return real(url, options);
  }; })()`;
  const b = await openApp(await s.launch(bob), s.server, { room: 'door', before });
  await b.visible(id('lobby-preview'), { timeout: 20_000 });
  await b.until('it asks for the room’s state', () => typeof window.tell === 'function');
  const top = () => b.eval((sel) => document.querySelector(sel).getBoundingClientRect().top, id('join'));
  const first = await top();
  await b.eval(() => window.tell());
  for (const what of ['lobby-record', 'lobby-people']) await b.visible(id(what));
  assert.ok(Math.abs((await top()) - first) < 2, `Join stood at ${first} and stands at ${await top()}`);
});

s.test('video-chat: two talk, the third is told that the room is full', async () => {
  const a = await enter(await s.launch(ann), s.server, { app: 'chat', room: 'two' });
  await a.visible(id('alone'));
  const link = await a.eval((sel) => document.querySelector(`${sel} [data-testid="invite-link"]`).value, id('alone'));
  assert.match(link, /\/video-chat\?.*roomName=two/);
  const b = await s.launch(bob);
  const tabB = await b.open(link);
  await tabB.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(tabB, bob.login);
  await inRoom(tabB);
  await meets(a, [bob]);
  await meets(tabB, [ann]);
  await say(a, 'вдвоём 💬');
  await reads(tabB, 'вдвоём 💬', { from: ann.login });

  const c = await openApp(await s.launch(cid), s.server, { app: 'chat', room: 'two' });
  await c.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(c, cid.login);
  await refused(c, 'room_full');
  await seesMoving(a, tile(bob), bob);
  assert.equal(await people(a), 2);

  await leave(tabB);
  await alone(a, 1);
  if (await c.has(id('rejoin'))) await c.click(id('rejoin'));
  await backIn(c, cid);
  await meets(a, [cid]);
});

s.test('screen sharing: the screen beside the camera, ended by the browser’s bar', async () => {
  const a = await enter(await s.launch(ann), s.server, { app: 'sharing', room: 'share' });
  const b = await enter(await s.launch(fox, { engine: 'firefox' }), s.server, { app: 'sharing', room: 'share' });
  await meets(b, [ann]);
  await a.click(id('share'));
  await seesPicture(b, tile(ann, 'screen'), { minWidth: 100, timeout: 25_000 });
  await seesMoving(b, tile(ann), ann);
  await hears(b, tile(ann), ann);
  // "Stop sharing" in the browser's own bar ends the track.
  await a.eval(() => window.__probe.screenTracks.forEach((track) => {
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }));
  await switched(a, 'share', false);
  await b.gone(tile(ann, 'screen'));
  await seesMoving(b, tile(ann), ann);
});

s.test('a camera and microphone that are denied: said, and one can join and see', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: 'denied' });
  const person = await s.launch(bob, { deny: true });
  await person.browser.defaultBrowserContext().overridePermissions(s.server.http, []);
  const b = await openApp(person, s.server, { room: 'denied' });
  await b.visible(id('media-note'), { timeout: 20_000 });
  assert.equal(await b.eval((sel) => document.querySelector(sel).dataset.reason, id('media-note')), 'denied');
  await pressJoin(b, bob.login);
  await inRoom(b, { camera: false });
  await meets(b, [ann]);
  await a.visible(tile(bob));
  await say(b, 'вижу, но не показываюсь');
  await reads(a, 'вижу, но не показываюсь', { from: bob.login });
});

s.test('no devices at all: said, and one can join and see', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: 'nodevices' });
  const b = await openApp(await s.launch(cid, { camera: false }), s.server, { room: 'nodevices' });
  await b.visible(id('media-note'), { timeout: 20_000 });
  assert.equal(await b.eval((sel) => document.querySelector(sel).dataset.reason, id('media-note')), 'missing');
  await pressJoin(b, cid.login);
  await inRoom(b, { camera: false });
  await meets(b, [ann]);
  await a.visible(tile(cid));
});

s.test('one without microphone is seen, one without camera is heard, by both engines', async () => {
  const a = await openApp(await s.launch(ann), s.server, { room: 'halves', query: { audio: '0' } });
  await a.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(a, ann.login);
  await inRoom(a);
  const b = await openApp(await s.launch(bob), s.server, { room: 'halves', query: { video: '0' } });
  await b.visible(`${id('lobby-mic')}[data-state="on"]`, { timeout: 20_000 });
  await pressJoin(b, bob.login);
  await inRoom(b);
  const f = await enter(await s.launch(fox, { engine: 'firefox' }), s.server, { room: 'halves' });
  for (const tab of [b, f]) await seesMoving(tab, tile(ann), ann);
  for (const tab of [a, f]) await hears(tab, tile(bob), bob);
  await a.visible(`${tile(bob)}[data-video="off"]`);
  await b.visible(`${tile(ann)}[data-muted="true"]`);
  await meets(a, [fox]);
});

s.test('a name that is taken is refused with that reason, another one gets in', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: 'taken' });
  const b = await openApp(await s.launch(dan), s.server, { room: 'taken' });
  await b.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(b, ann.login);
  await refused(b, 'login_taken');
  await pressJoin(b, dan.login);
  await inRoom(b);
  await meets(a, [dan]);
});

s.test('an empty name is refused before anything is sent', async () => {
  const tab = await openApp(await s.launch(ann), s.server, { room: 'empty' });
  await tab.fill(id('lobby-name'), '   ');
  await tab.click(id('join'));
  await refused(tab, 'empty_name');
  assert.equal(await tab.eval(() => window.__probe.sent.filter((m) => m.command === 'join').length), 0);
});

s.test('leave, then join again at once, ten times', async () => {
  const a = await enter(await s.launch(ann), s.server, { room: 'again' });
  const b = await enter(await s.launch(bob, { args: [] }), s.server, { room: 'again' });
  for (let i = 0; i < 10; i++) {
    await b.click(id('leave'));
    await b.click(id('rejoin'));
    await backIn(b, bob);
  }
  await meets(a, [bob]);
  await meets(b, [ann]);
  await alone(a, 2);
});
