// Two Chromiums and a Firefox meet in the conference.
import assert from 'node:assert/strict';
import { alone, backIn, enter, id, leave, meets, people, reads, say, switched, tile } from '../lib/app.mjs';
import { firstPictures, hears, hearsNothing, seesMoving, seesNoPicture, seesPicture } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';
import { patience } from '../lib/wait.mjs';

const { ann, bob, fox } = PEOPLE;
const s = suite('meet');
const room = 'вече';
const tabs = {};
/** The steps after the first one are about three people who have met. */
const met = () => assert.equal(Object.keys(tabs).length, 3, 'the three did not meet');

/** Three browsers share the machine with the server; the figure that counts is printed. */
const FIRST_PICTURE_BOUND_MS = 1500;

s.test('three meet: each sees and hears the others', async () => {
  for (const [key, who, engine] of [['ann', ann], ['bob', bob], ['fox', fox, 'firefox']]) {
    tabs[key] = await enter(await s.launch(who, { engine, keep: true }), s.server, { room });
  }
  await meets(tabs.ann, [bob, fox]);
  await meets(tabs.bob, [ann, fox]);
  await meets(tabs.fox, [ann, bob]);
  for (const tab of Object.values(tabs)) assert.equal(await people(tab), 3);
});

s.test('the first picture comes at once', async (t) => {
  met();
  for (const tab of Object.values(tabs)) {
    const { fromPlay, fromJoin } = await firstPictures(tab);
    t.diagnostic(`${tab.name}: first picture ${fromPlay.join(', ')} ms after playing, ${fromJoin} ms after join`);
    assert.ok(fromPlay.length >= 2 && fromPlay.every((ms) => ms < FIRST_PICTURE_BOUND_MS * patience()), `${tab.name}: ${fromPlay}`);
  }
});

s.test('chat carries Cyrillic, Chinese and emoji, to everybody and back to the sender', async () => {
  met();
  const texts = { ann: 'Привет, вече! Ёжик — «съешь ещё»', bob: '你好，世界：會議開始了', fox: '👩‍👩‍👧‍👦 🎉 👍🏽 🇪🇪 ok' };
  for (const [key, text] of Object.entries(texts)) await say(tabs[key], text);
  for (const tab of Object.values(tabs)) for (const [key, text] of Object.entries(texts)) await reads(tab, text, { from: PEOPLE[key].login });
});

s.test('a name and a text that look like HTML stay text', async () => {
  met();
  const text = '<img src=x onerror="window.pwned=1"><b>bold</b> javascript:alert(1)';
  await say(tabs.ann, text);
  for (const tab of Object.values(tabs)) {
    await reads(tab, text);
    assert.equal(await tab.eval(() => window.pwned), undefined);
    assert.equal(await tab.eval((m) => document.querySelectorAll(`${m} b, ${m} img[src="x"], ${m} a[href^="javascript"]`).length, id('chat-message')), 0);
  }
});

s.test('a shared screen is a second picture, and ends', async () => {
  met();
  await tabs.bob.click(id('share'));
  await switched(tabs.bob, 'share', true);
  for (const key of ['ann', 'fox']) {
    await seesPicture(tabs[key], tile(bob, 'screen'), { timeout: 25_000 });
    await seesMoving(tabs[key], tile(bob), bob);
  }
  await tabs.bob.click(id('share'));
  await switched(tabs.bob, 'share', false);
  for (const key of ['ann', 'fox']) await tabs[key].gone(tile(bob, 'screen'));
});

s.test('a muted microphone is silent and seen as muted, then heard again', async () => {
  met();
  await tabs.ann.click(id('mic'));
  await switched(tabs.ann, 'mic', false);
  for (const key of ['bob', 'fox']) {
    await tabs[key].visible(`${tile(ann)}[data-muted="true"]`);
    await hearsNothing(tabs[key], tile(ann), ann);
    await seesMoving(tabs[key], tile(ann), ann);
  }
  await tabs.ann.click(id('mic'));
  for (const key of ['bob', 'fox']) {
    await tabs[key].visible(`${tile(ann)}[data-muted="false"]`);
    await hears(tabs[key], tile(ann), ann);
  }
});

s.test('a camera that is off is seen as off, then moves again', async () => {
  met();
  await tabs.bob.click(id('camera'));
  await switched(tabs.bob, 'camera', false);
  for (const key of ['ann', 'fox']) {
    await tabs[key].visible(`${tile(bob)}[data-video="off"]`);
    await hears(tabs[key], tile(bob), bob);
  }
  await tabs.bob.click(id('camera'));
  for (const key of ['ann', 'fox']) {
    await tabs[key].visible(`${tile(bob)}[data-video="on"]`);
    await seesMoving(tabs[key], tile(bob), bob);
  }
});

s.test('one leaves: the tile goes, the others go on', async () => {
  met();
  await leave(tabs.bob);
  for (const key of ['ann', 'fox']) {
    await tabs[key].gone(tile(bob));
    await alone(tabs[key], 2);
  }
  await seesMoving(tabs.ann, tile(fox), fox);
  await seesMoving(tabs.fox, tile(ann), ann);
});

s.test('one rejoins at once, under the same name', async () => {
  met();
  await tabs.bob.click(id('rejoin'));
  await backIn(tabs.bob, bob);
  await meets(tabs.bob, [ann, fox]);
  await meets(tabs.ann, [bob]);
  await seesMoving(tabs.fox, tile(bob), bob);
});

s.test('a reloaded page gets its name back at once', async (t) => {
  met();
  const reloaded = Date.now();
  await tabs.ann.reload();
  await backIn(tabs.ann, ann);
  t.diagnostic(`back ${Date.now() - reloaded} ms after the reload`);
  await meets(tabs.ann, [bob, fox]);
  await seesMoving(tabs.bob, tile(ann), ann);
  await seesMoving(tabs.fox, tile(ann), ann);
  await alone(tabs.bob, 3);
  await say(tabs.ann, 'снова здесь 🎈');
  await reads(tabs.fox, 'снова здесь 🎈', { from: ann.login });
});

s.test('a closed browser leaves no picture behind', async () => {
  met();
  await s.end(tabs.bob.person);
  for (const key of ['ann', 'fox']) await tabs[key].gone(tile(bob), { timeout: 20_000 });
  await seesNoPicture(tabs.ann, tile(bob), bob);
  await seesMoving(tabs.ann, tile(fox), fox);
});
