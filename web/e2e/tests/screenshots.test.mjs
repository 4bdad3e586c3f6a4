// Every state of the apps, in light and dark and on a phone, as PNG files in
// out/screenshots. The test is that each state can be reached and shown.
import { join } from 'node:path';
import { before } from 'node:test';
import { answer, film, pictures, shelf } from '../lib/archive.mjs';
import { APPS, closeDialog, id, inRoom, openChat, openFromBar, pressJoin, say, tile } from '../lib/app.mjs';
import { faceAsCamera, installFaces, seat } from '../lib/crowd.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { serveSdk } from '../lib/sdk-page.mjs';
import { OUT, suite } from '../lib/suite.mjs';
import { sleep } from '../lib/wait.mjs';

const { ann, bob } = PEOPLE;
const s = suite('screenshots');
const DESKTOP = { width: 1280, height: 800 };
const PHONE = { width: 390, height: 844, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const LANDSCAPE = { width: 844, height: 390, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
let crowd;
let viewer;

before(async () => {
  const files = await serveSdk();
  s.files.push(files);
  crowd = await (await s.launch(bob, { keep: true })).open(`${files.origin}/`, { before: installFaces, name: 'crowd' });
  await crowd.until('the SDK is loaded', () => window.ready === true);
  viewer = await s.launch(ann, { keep: true, viewport: DESKTOP });
});

const scheme = (tab, value) => tab.page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value }]);

/** Takes the state in every variant; the page follows the system's theme. */
async function shoot(tab, name, { landscape = false, phone = true } = {}) {
  // A tab behind another one draws nothing.
  await tab.page.bringToFront();
  const settle = async () => {
    await tab.eval(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await tab.until('the layout is calm', () => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity)).catch(() => {});
    await sleep(250);
  };
  const take = async (variant) => {
    await settle();
    await tab.screenshot(join(OUT, 'screenshots', `${name}-${variant}.png`));
  };
  for (const theme of ['light', 'dark']) {
    await scheme(tab, theme);
    await tab.resize(DESKTOP);
    await take(theme);
    if (!phone) continue;
    await tab.resize(PHONE);
    await take(`phone-${theme}`);
    if (landscape && theme === 'light') {
      await tab.resize(LANDSCAPE);
      await take('phone-landscape');
    }
  }
  await scheme(tab, 'light');
  await tab.resize(DESKTOP);
  await settle();
}

const face = `(${installFaces})(); (${faceAsCamera})();`;
async function lobby(room, { app = 'conference', query = {}, before: script = face } = {}) {
  const search = new URLSearchParams({ roomName: room, theme: 'system', lang: 'en', ...query });
  return viewer.open(`${s.server.http}${APPS[app]}?${search}`, { before: script });
}

async function entered(room, options) {
  const tab = await lobby(room, options);
  await tab.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(tab, options?.login ?? 'Anna');
  await inRoom(tab);
  return tab;
}

const guests = async (tab, n) => tab.until(`${n} guests play`, ([sel, want]) => [...document.querySelectorAll(`${sel}[data-own="false"] video`)].filter((v) => v.videoWidth > 2 && v.currentTime > 0).length >= want, [id('tile'), n], { timeout: 30_000 });

s.test('landing', async () => {
  const tab = await viewer.open(`${s.server.http}/?theme=system&lang=en`);
  await tab.visible(id('start-conference'));
  await shoot(tab, '01-landing', { landscape: true });
  await tab.page.goto(`${s.server.http}/?theme=system&lang=ru`);
  await tab.visible(id('start-conference'));
  await shoot(tab, '01-landing-ru');
  await tab.close();
});

s.test('lobby: preview, error, denied, missing, unsupported', async () => {
  let tab = await lobby('Planning');
  await tab.visible(id('lobby-preview'), { timeout: 20_000 });
  await tab.fill(id('lobby-name'), 'Anna');
  await shoot(tab, '02-lobby', { landscape: true });
  await tab.fill(id('lobby-name'), '');
  await tab.click(id('join'));
  await tab.visible(id('error-banner'));
  await shoot(tab, '02-lobby-empty-name');
  await tab.close();
  tab = await lobby('Планёрка', { query: { lang: 'ru' } });
  await tab.visible(id('lobby-preview'), { timeout: 20_000 });
  await shoot(tab, '02-lobby-ru');
  await tab.close();

  for (const [reason, name] of [['NotAllowedError', 'denied'], ['NotFoundError', 'missing'], ['NotReadableError', 'busy']]) {
    tab = await lobby('Planning', { before: `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', '${reason}'));` });
    await tab.visible(id('media-note'));
    await shoot(tab, `02-lobby-${name}`);
    await tab.close();
  }
  tab = await viewer.open(`${s.server.http}${APPS.conference}?roomName=x&theme=system&lang=en`, { before: 'delete window.RTCPeerConnection;' });
  await tab.visible(id('unsupported'));
  await shoot(tab, '02-unsupported');
  await tab.close();
});

s.test('alone, invite', async () => {
  const tab = await entered('Planning');
  await tab.visible(id('alone'));
  await shoot(tab, '03-alone', { landscape: true });
  await tab.click(id('leave'));
  await tab.visible(id('left'));
  await shoot(tab, '09-left');
  await tab.close();
});

s.test('a call: two, four, eight; chat, panels, dialogs, share, mutes', async () => {
  const tab = await entered('Design review');
  await seat(crowd, s.server.ws, 'Design review', ['Ирина']);
  await guests(tab, 1);
  await shoot(tab, '04-call-2', { landscape: true });
  await seat(crowd, s.server.ws, 'Design review', ['Luca', '美咲']);
  await guests(tab, 3);
  await tab.gone('.notice');
  await shoot(tab, '04-call-4', { landscape: true });

  await crowd.eval(async () => {
    await window.guests['Ирина'].room.send('Всем привет! Слайды: https://example.org/slides');
    await window.guests['美咲'].room.send('こんにちは 👋 見えています');
    await window.guests.Luca.room.send('Looks great on my side 🎉');
  });
  await tab.visible(id('chat-unread'));
  await shoot(tab, '05-unread');
  await openChat(tab);
  await say(tab, 'Two minutes and we start 🙂');
  await shoot(tab, '05-chat', { landscape: true });
  await tab.click(id('chat-toggle'));

  for (const [item, name] of [['menu-people', 'people'], ['menu-invite', 'invite'], ['menu-settings', 'settings'], ['menu-stats', 'stats'], ['menu-keys', 'keys']]) {
    await openFromBar(tab, item, name === 'settings' ? () => shoot(tab, '06-menu') : null);
    await shoot(tab, `06-${name}`);
    await closeDialog(tab);
  }

  await crowd.eval(() => { window.guests.Luca.publication.muteVideo(); window.guests['美咲'].publication.muteAudio(); });
  await tab.visible(`${tile({ login: 'Luca' })}[data-video="off"]`);
  await tab.click(id('mic'));
  await shoot(tab, '04-call-mutes');
  await crowd.eval(async () => {
    const slide = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
    const pen = slide.getContext('2d');
    const draw = () => {
      pen.fillStyle = '#fffdf8'; pen.fillRect(0, 0, 1280, 720);
      pen.fillStyle = '#1f2d2e'; pen.font = '600 64px sans-serif'; pen.fillText('Quarter in three numbers', 90, 150);
      pen.font = '34px sans-serif';
      ['Rooms opened   +38 %', 'First picture   under 300 ms', 'Dropped calls   0.2 %'].forEach((line, i) => { pen.fillText(line, 96, 260 + i * 64); });
      [120, 190, 260, 330].forEach((h, i) => { pen.fillStyle = ['#9dc4bd', '#6ea79d', '#3f8479', '#24685d'][i]; pen.fillRect(760 + i * 110, 600 - h, 80, h); });
    };
    draw();
    setInterval(draw, 200);
    await window.guests['Ирина'].room.publish(slide.captureStream(5), { kind: 'screen' });
  });
  await tab.visible(tile({ login: 'Ирина' }, 'screen'));
  await tab.until('the screen plays', (sel) => document.querySelector(`${sel} video`)?.videoWidth > 100, tile({ login: 'Ирина' }, 'screen'), { timeout: 20_000 });
  await shoot(tab, '07-screen', { landscape: true });
  await openChat(tab);
  await shoot(tab, '07-screen-chat', { phone: false });
  await tab.click(id('chat-toggle'));
  await seat(crowd, s.server.ws, 'Design review', ['Tomás', 'Aïcha', 'Kofi', 'Zoë']);
  await guests(tab, 6);
  await shoot(tab, '07-screen-8', { phone: false });
  await crowd.eval(async () => { for (const p of [...window.guests['Ирина'].room.publications].filter((x) => x.kind === 'screen')) await p.stop(); });
  await tab.gone(tile({ login: 'Ирина' }, 'screen'));
  await tab.gone('.notice');
  await shoot(tab, '04-call-8', { landscape: true });
  await crowd.eval(async () => { for (const guest of Object.values(window.guests)) await guest.client.close(); window.guests = {}; });
  await tab.close();
});

s.test('video-chat, full room, taken name', async () => {
  const tab = await entered('Two of us', { app: 'chat' });
  await seat(crowd, s.server.ws, 'Two of us', ['Luca']);
  await guests(tab, 1);
  await shoot(tab, '08-video-chat', { landscape: true });
  const third = await lobby('Two of us', { app: 'chat' });
  await third.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(third, 'Third');
  await third.visible(`${id('error-banner')}[data-reason="room_full"]`);
  await shoot(third, '10-room-full');
  await third.close();
  const same = await lobby('Two of us', { app: 'conference' });
  await same.visible(id('lobby-preview'), { timeout: 20_000 });
  await crowd.eval(() => window.guests.Luca.client.close());
  await tab.close();
  await same.close();
  await seat(crowd, s.server.ws, 'Standup', ['Anna']);
  const taken = await lobby('Standup');
  await taken.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(taken, 'Anna');
  await taken.visible(`${id('error-banner')}[data-reason="login_taken"]`);
  await shoot(taken, '10-name-taken');
  await taken.close();
});

s.test('a room that is recorded', async () => {
  const tab = await entered('Interview');
  await seat(crowd, s.server.ws, 'Interview', ['Luca']);
  await guests(tab, 1);
  await tab.gone('.notice');
  await tab.click(id('record'));
  await tab.visible(id('recording'));
  await shoot(tab, '12-recorded', { landscape: true });
  await tab.click(id('record'));
  await tab.gone(id('recording'));
  await tab.close();
});

s.test('recordings: sign-in, list, search, trash, one, link, expired, away', async () => {
  const recordings = shelf();
  const world = { recordings, closed: true, pictures: await pictures(crowd, recordings) };
  world.film = film(s.dir, world.pictures.get('review'));
  const tab = await viewer.open('about:blank');
  await answer(tab, world);
  const go = async (path, wanted, lang = 'en') => {
    await tab.page.goto(`${s.server.http}/recordings${path}${path.includes('?') ? '&' : '?'}theme=system&lang=${lang}`);
    await tab.visible(id(wanted));
    await tab.until('pictures have come', () => [...document.images].every((image) => image.complete));
  };
  const at = (ago) => new Date(Date.now() + ago).toISOString();
  await go('', 'sign-in');
  await shoot(tab, '13-recordings-sign-in', { landscape: true });
  world.closed = false;
  await go('', 'recording-row');
  await shoot(tab, '13-recordings', { landscape: true });
  await go('', 'recording-row', 'ru');
  await shoot(tab, '13-recordings-ru');
  await go('?search=zeppelin', 'recordings-empty');
  await shoot(tab, '13-recordings-none');
  world.recordings = [];
  await go('', 'recordings-empty');
  await shoot(tab, '13-recordings-empty');
  world.recordings = recordings.slice(3, 7).map((r, i) => ({ ...r, deletedUntil: at((i * 2 + 1) * 86_400_000) }));
  await go('?trash=1', 'recording-row');
  await shoot(tab, '13-recordings-trash');
  world.recordings = recordings;
  for (const one of ['review', 'live', 'mix', 'unmixed', 'degraded', 'broken']) {
    await go(`/${one}`, 'one');
    await shoot(tab, `14-recording-${one}`, { landscape: one === 'review' });
  }
  await tab.page.goto(`${s.server.http}/recordings/review?theme=system&lang=en`);
  await tab.click(id('copy-link'));
  await tab.click(id('link-copy'));
  await tab.visible(id('link-url'));
  await shoot(tab, '14-recording-link');
  await go('/review?expires=1999999999&signature=x', 'one');
  await shoot(tab, '14-recording-by-link');
  world.closed = true;
  await go('/review?expires=1&signature=x', 'link-expired');
  await shoot(tab, '14-recording-expired');
  world.closed = false;
  world.down = true;
  await go('', 'archive-offline');
  await shoot(tab, '14-recordings-offline');
  await tab.close();
});

s.test('bad moments: the server goes, the call reconnects, somebody else took over', async () => {
  const tab = await entered('Late talk', { login: 'Maria' });
  await seat(crowd, s.server.ws, 'Late talk', ['Luca']);
  await guests(tab, 1);
  s.server.mayEnd = true;
  await s.server.kill('SIGTERM');
  await tab.until('said', (ids) => ids.some((i) => document.querySelector(i)), [id('going-away'), id('reconnecting')]);
  if (await tab.has(id('going-away'))) await shoot(tab, '11-going-away', { phone: false });
  await tab.visible(id('reconnecting'));
  await shoot(tab, '11-reconnecting');
  await s.server.start();
  await inRoom(tab, { timeout: 40_000 });
  await tab.gone(id('reconnecting'));
  // The same tab opened twice shares its session storage: the newer one takes over.
  const storage = await tab.eval(() => JSON.stringify({ ...sessionStorage }));
  const copy = await lobby('Late talk', { before: `${face}; for (const [k, v] of Object.entries(${storage})) sessionStorage.setItem(k, v);` });
  await copy.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(copy, 'Maria');
  await inRoom(copy);
  await tab.visible(`${id('ended')}[data-reason="replaced"]`);
  await shoot(tab, '11-replaced');
});
