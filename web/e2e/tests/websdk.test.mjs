// The published WebSDK's example pages, unmodified, against this server.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { hears, hearsNothing, seesMoving, seesPicture } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';
import { displayOf, joinExample, openExample, published, serveExamples, write } from '../lib/websdk.mjs';

const { ann, bob, cid, fox } = PEOPLE;
const s = suite('websdk');
let files;
before(async () => {
  files = await serveExamples();
  s.files.push(files);
});

async function seesAndHears(tab, who) {
  const display = await displayOf(tab, who.login);
  await seesMoving(tab, display, who);
  await hears(tab, display, who);
}

async function pair(page, room, engines = ['chromium', 'chromium'], folk = [ann, bob]) {
  const tabs = [];
  for (const [i, engine] of engines.entries()) {
    tabs.push(await joinExample(await s.launch(folk[i], { engine }), files, s.server, page, room));
    await published(tabs[i]);
  }
  return tabs;
}

s.test('conference: pictures, tones, chat, mute, leave, rejoin', async () => {
  const [a, b] = await pair('conference', 'ws-conference');
  await seesAndHears(a, bob);
  await seesAndHears(b, ann);

  await write(a, 'Привет, 世界 🎉');
  await b.says('#chat', 'Ann - Привет, 世界 🎉');
  await write(b, '你好 👍🏽');
  await a.says('#chat', 'Bob - 你好 👍🏽');

  await a.click('#localAudioToggle');
  await hearsNothing(b, await displayOf(b, ann.login), ann);
  await b.until('told of the mute', () => window.__probe.received.some((m) => m.message === 'notifyStreamEvent' && m.type === 'audioMuted'));
  await a.click('#localAudioToggle');
  await hears(b, await displayOf(b, ann.login), ann);

  await a.click('#joinBtn');
  await a.until('left', () => document.querySelector('#joinBtn').textContent === 'Join' && !document.querySelector('#joinBtn').disabled);
  await b.says('#chat', 'Ann - left');
  await a.click('#joinBtn');
  await published(a);
  await b.says('#chat', 'Ann - joined');
  await seesAndHears(b, ann);
  await seesAndHears(a, bob);
});

s.test('conference: a taken login is told so', async () => {
  const a = await joinExample(await s.launch(ann), files, s.server, 'conference', 'ws-taken');
  await published(a);
  const b = await openExample(await s.launch(bob), files, s.server, 'conference', 'ws-taken');
  await b.fill('#login', ann.login);
  await b.click('#joinBtn');
  await b.says('#failedInfo', 'Room already has user with such login');
});

s.test('conference: a reloaded page comes back under its name', async () => {
  const [a, b] = await pair('conference', 'ws-reload');
  await seesMoving(b, await displayOf(b, ann.login), ann);
  await a.reload();
  await a.until('the page is ready', () => document.readyState === 'complete' && document.querySelector('#url')?.value);
  await a.fill('#url', s.server.ws);
  await a.fill('#login', ann.login);
  await a.click('#joinBtn');
  await published(a);
  await seesAndHears(b, ann);
  await seesAndHears(a, bob);
});

s.test('video-chat: two meet, the third finds the room full', async () => {
  const [a, b] = await pair('video-chat', 'ws-chat');
  await seesAndHears(a, bob);
  await seesAndHears(b, ann);
  await write(a, 'здравствуй');
  await b.says('#chat', 'Ann - здравствуй');
  const c = await joinExample(await s.launch(cid), files, s.server, 'video-chat', 'ws-chat');
  await c.says('#failedInfo', 'Current room is full.');
  await seesMoving(a, await displayOf(a, bob.login), bob);
});

s.test('video-chat-and-screen-sharing: a screen beside the camera, and its end', async () => {
  const [a, b] = await pair('video-chat-and-screen-sharing', 'ws-share');
  await seesAndHears(a, bob);
  await seesAndHears(b, ann);
  await a.click('#shareBtn');
  await a.says('#shareBtn', 'Unshare', { timeout: 20_000 });
  await seesPicture(b, '#sharedDisplay', { minWidth: 100 });
  await seesMoving(b, '#participant1Display', ann);
  // The end by the browser's own bar is an ended track.
  await a.eval(() => window.__probe.screenTracks.forEach((track) => {
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }));
  await a.until('the share has ended', () => document.querySelector('#shareBtn').textContent === 'Share');
  // The page keeps the element; what played in it has ended.
  await b.until('the shared picture has ended', () => {
    const video = document.querySelector('#sharedDisplay video');
    return !video?.srcObject || video.srcObject.getTracks().every((track) => track.readyState === 'ended' || track.muted);
  });
  await seesMoving(b, '#participant1Display', ann);
});

s.test('conference: Firefox and Chromium meet', async () => {
  const [a, f] = await pair('conference', 'ws-firefox', ['chromium', 'firefox'], [ann, fox]);
  await seesAndHears(a, fox);
  await seesAndHears(f, ann);
  await write(f, 'из Firefox 🦊');
  await a.says('#chat', 'Fox - из Firefox 🦊');
  assert.equal((await f.eval(() => window.__probe.pairs())).every((p) => p.protocol === 'udp'), true);
});

s.test('video-chat: two Firefoxes meet', async () => {
  const fox2 = { ...bob, rgb: null, login: 'Fox2' };
  const [a, b] = await pair('video-chat', 'ws-foxes', ['firefox', 'firefox'], [fox, fox2]);
  await seesAndHears(a, fox2);
  await seesAndHears(b, fox);
});
