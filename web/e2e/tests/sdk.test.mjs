// The SDK in a page of its own, on another origin than the server's.
import assert from 'node:assert/strict';
import { before } from 'node:test';
import { hears, hearsNothing, seesMoving, seesPicture } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { exampleText, serveSdk } from '../lib/sdk-page.mjs';
import { serveBefore, serveFiles } from '../lib/static.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob, cid } = PEOPLE;
const s = suite('sdk');
let files;
before(async () => {
  files = await serveSdk();
  s.files.push(files);
});

const video = (who, kind = 'camera') => `video[data-login="${who.login}"][data-kind="${kind}"]`;

async function page(who, room, options) {
  const tab = await (await s.launch(who, options)).open(`${files.origin}/`);
  await tab.until('the SDK is loaded', () => window.ready === true);
  if (room) await tab.eval(([url, login, name]) => window.enter(url, login, name), [s.server.ws, who.login, room]);
  return tab;
}

const logged = (tab, name, value) => tab.until(`event ${name} ${value ?? ''}`, ([n, v]) => window.log.some((e) => e.name === n && (v === null || e.value === v)), [name, value ?? null]);

s.test('two meet from another origin; stats, quality, levels and speaker tell the truth', async () => {
  const a = await page(ann, 'modern');
  const b = await page(bob, 'modern');
  await seesMoving(a, video(bob), bob);
  await hears(a, video(bob), bob);
  await seesMoving(b, video(ann), ann);
  const stats = await b.until('stats of what plays', async (login) => {
    const x = await window.room.participants.get(login).camera.stats();
    return x.fps > 3 && x.bitrate > 0 && x.codec && x;
  }, ann.login);
  assert.match(stats.codec, /VP8/i);
  assert.equal(stats.width > 0 && stats.height > 0, true);
  assert.ok(stats.packetsLost >= 0 && stats.jitterMs >= 0);
  await b.until('own stats', async () => (await window.publication.stats()).bitrate > 0);
  await b.until('quality is known', (login) => window.room.participants.get(login).camera.quality !== 'unknown', ann.login, { timeout: 30_000 });
  await b.until('a level is heard', ([sel]) => Number(document.querySelector(sel).dataset.level) > 0.02, [video(ann)]);
  await logged(b, 'activeSpeaker');
});

s.test('volume, mute, and switching the camera without publishing anew', async () => {
  const a = await page(ann, 'switch');
  const b = await page(bob, 'switch');
  await seesMoving(b, video(ann), ann);
  await b.eval((login) => window.room.participants.get(login).camera.setVolume(0.25), ann.login);
  assert.equal(await b.eval((sel) => document.querySelector(sel).volume, video(ann)), 0.25);

  await a.eval(() => window.publication.muteAudio());
  await b.until('muted', (login) => window.room.participants.get(login).camera.audioMuted, ann.login);
  await hearsNothing(b, video(ann), ann);
  await a.eval(() => window.publication.unmuteAudio());
  await b.until('unmuted', (login) => !window.room.participants.get(login).camera.audioMuted, ann.login);
  await hears(b, video(ann), ann);
  await a.eval(() => window.publication.muteVideo());
  await b.until('video muted', (login) => window.room.participants.get(login).camera.videoMuted, ann.login);
  await a.eval(() => window.publication.unmuteVideo());
  await seesMoving(b, video(ann), ann);

  const publishes = await a.eval(() => window.__probe.sent.filter((m) => m.message === 'publishStream').length);
  const devices = await a.eval(async () => (await window.sdk.listDevices()).cameras.map((c) => c.label));
  assert.ok(devices.length >= 1 && devices[0].length > 0, `cameras with names: ${devices}`);
  // Bob's colours as the "other camera": a canvas that moves as his camera does.
  await a.eval((rgb) => {
    const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 });
    const pen = canvas.getContext('2d');
    let n = 0;
    setInterval(() => {
      pen.fillStyle = 'rgb(30,30,30)'; pen.fillRect(0, 0, 320, 240);
      pen.fillStyle = `rgb(${rgb})`; pen.fillRect(0, 0, 160, 240);
      pen.fillStyle = '#fff'; pen.fillRect(160, (n++ * 6) % 210, 160, 30);
    }, 66);
    return window.publication.replaceTrack(canvas.captureStream(15).getVideoTracks()[0]);
  }, cid.rgb);
  await seesMoving(b, video(ann), cid);
  await hears(b, video(ann), ann);
  assert.equal(await a.eval(() => window.__probe.sent.filter((m) => m.message === 'publishStream').length), publishes);
});

s.test('a screen, its end by the browser, private messages, history', async () => {
  const a = await page(ann, 'screen');
  const b = await page(bob, 'screen');
  await a.eval(async () => { window.screenPublication = await window.room.publishScreen(); });
  await seesPicture(b, video(ann, 'screen'), { minWidth: 100 });
  await a.eval(() => window.__probe.screenTracks.forEach((track) => {
    track.stop();
    track.dispatchEvent(new Event('ended'));
  }));
  await a.until('the publication has ended', () => window.screenPublication.status === 'ended');
  await b.gone(video(ann, 'screen'));

  assert.equal(await a.eval(async () => (await window.room.send('всем')).state), 'sent');
  assert.equal(await a.eval(async (to) => (await window.room.send('тебе одному', to)).to, bob.login), bob.login);
  await logged(b, 'message', 'тебе одному');
  const c = await page(cid);
  const seen = await c.eval(async ([url]) => {
    await window.enter(url, 'Cid', 'screen', { history: true });
    return window.room.messages.map((m) => [m.text, m.history]);
  }, [s.server.ws]);
  assert.deepEqual(seen, [['всем', true]], 'history has the broadcast and not the private message');
});

s.test('errors are classes with reasons', async () => {
  const tab = await page(ann);
  const reasons = await tab.eval(async ([url]) => {
    const reason = async (work) => work().then(() => 'no error', (error) => (error instanceof window.sdk.VecheError ? error.reason : `not a VecheError: ${error}`));
    const first = await window.sdk.connect({ url, login: 'one', resumeStorage: null });
    const second = await window.sdk.connect({ url, login: 'one', resumeStorage: null });
    const third = await window.sdk.connect({ url, login: 'three', resumeStorage: null });
    await first.join('errors', { capacity: 1 });
    const found = {
      full: await reason(() => third.join('errors')),
      unreachable: await reason(() => window.sdk.connect({ url: 'ws://127.0.0.1:9', login: 'x', reconnect: false })),
    };
    await first.join('roomy');
    found.taken = await reason(() => second.join('roomy'));
    await Promise.all([first.close(), second.close(), third.close()]);
    found.afterClose = await reason(() => first.join('errors'));
    return found;
  }, [s.server.ws]);
  assert.deepEqual(reasons, { full: 'room_full', unreachable: 'unreachable', taken: 'login_taken', afterClose: 'closed' });
});

s.test('the server is away and back: events say so, room, streams and messages are back', async () => {
  const a = await page(ann, 'away');
  const b = await page(bob, 'away');
  await seesMoving(b, video(ann), ann);
  s.server.mayEnd = true;
  await s.server.kill('SIGKILL');
  await logged(a, 'connection', 'reconnecting');
  assert.ok(await a.eval(() => window.client.reconnectingSince > 0));
  // Written while away: sent when back.
  await a.eval(() => { window.pending = window.room.send('из тоннеля'); });
  await s.server.start();
  await logged(a, 'connection', 'connected');
  assert.equal(await a.eval(async () => (await window.pending).state), 'sent');
  await logged(b, 'message', 'из тоннеля');
  await seesMoving(b, video(ann), ann, { timeout: 30_000 });
  await seesMoving(a, video(bob), bob, { timeout: 30_000 });
  await hears(b, video(ann), ann);
});

s.test('close() ends what the SDK opened and says LEFT to the others', async () => {
  const a = await page(ann, 'close');
  const b = await page(bob, 'close');
  await a.eval(() => window.room.publishScreen());
  await seesMoving(b, video(ann), ann);
  await seesPicture(b, video(ann, 'screen'), { minWidth: 100 });
  await a.eval(() => window.client.close());
  await logged(b, 'participantLeft', ann.login);
  await b.gone(video(ann));
  assert.deepEqual(await a.eval(() => ({
    screen: [...new Set(window.__probe.screenTracks.map((track) => track.readyState))],
    connections: [...new Set(window.__probe.pcs.map((pc) => pc.connectionState))],
    socket: window.__probe.sockets.at(-1).readyState >= 2,
  })), { screen: ['ended'], connections: ['closed'], socket: true });
});

s.test('the twenty-line example works on the server and from another origin', async () => {
  // On the server's own origin, as a reverse proxy puts one's page there.
  const proxy = await serveBefore({ host: s.server.host, port: s.server.ports.http }, { '/minimal.html': exampleText() });
  s.files.push(proxy);
  const a = await (await s.launch(ann)).open(`${proxy.origin}/minimal.html?name=${ann.login}&room=twenty`);
  // Elsewhere: the SDK is imported from the server, and told where the server is.
  const text = exampleText().replaceAll("'/sdk/", `'${s.server.http}/sdk/`).replace('connect({', `connect({ url: '${s.server.ws}',`);
  const elsewhere = await serveFiles({ '/': () => ({ type: 'text/html', body: text }) });
  s.files.push(elsewhere);
  const b = await (await s.launch(bob)).open(`${elsewhere.origin}/?name=${bob.login}&room=twenty`);
  const remote = 'video:not([data-own])';
  // One's own picture is the muted one.
  for (const tab of [a, b]) await tab.until('own and the other picture', () => {
    for (const video of document.querySelectorAll('video')) if (video.muted) video.dataset.own = '';
    return document.querySelectorAll('video').length === 2 && document.querySelectorAll('video[data-own]').length === 1;
  });
  await seesMoving(a, remote, bob);
  await seesMoving(b, remote, ann);
  await hears(b, remote, ann);
});

s.test('the face that WebSDK users know: connect, join, publish, play, message, leave', async () => {
  const tabs = [];
  for (const who of [ann, bob]) {
    const tab = await (await s.launch(who)).open(`${files.origin}/compat`);
    await tab.until('the SDK is loaded', () => window.ready === true);
    await tab.eval(([url, login]) => { window.enter(url, login, 'face'); }, [s.server.ws, who.login]);
    await tab.until('publishing', () => window.seen.includes('PUBLISHING'));
    tabs.push(tab);
  }
  const [a, b] = tabs;
  await seesMoving(a, '#far', bob);
  await seesMoving(b, '#far', ann);
  await hears(b, '#far', ann);
  assert.ok(await a.eval(() => window.seen.includes('JOINED Bob')));
  assert.ok(await b.eval(() => window.seen.includes('STATE Ann')));
  await b.eval(() => window.room.getParticipants().forEach((p) => p.sendMessage('по-старому 👋')));
  await a.until('the message', () => window.seen.includes('MESSAGE Bob: по-старому 👋'));
  await b.eval(() => window.room.leave().then(() => window.seen.push('left')));
  await a.until('Bob left', () => window.seen.includes('LEFT Bob'));
  await b.until('leave() resolves', () => window.seen.includes('left'));
});
