// Clients that misbehave, at the real binary's sockets, while a call goes on.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { afterEach } from 'node:test';
import { enter, tile } from '../lib/app.mjs';
import { hears, seesMoving } from '../lib/judge.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';
import { sleep, until, within } from '../lib/wait.mjs';
import { Wire } from '../lib/wire.mjs';

const { ann, bob } = PEOPLE;
const s = suite('clients');
const call = {};
let freezes = 0;
const opened = [];
const wire = async (options) => {
  const w = await Wire.open(s.server, options);
  opened.push(w);
  return w;
};

/** The call next to it: Bob sees Ann move, without joining or playing anew. */
async function callGoesOn() {
  await seesMoving(call.bob, tile(ann), ann, { timeout: 8000 });
  await seesMoving(call.ann, tile(bob), bob, { timeout: 8000 });
  const plays = await call.bob.eval(() => window.__probe.sent.filter((m) => m.message === 'playStream').length);
  assert.equal(plays, 1, 'the call was not set up anew');
}

afterEach(() => { for (const w of opened.splice(0)) w.socket.terminate(); });

s.test('a call begins', async () => {
  call.ann = await enter(await s.launch(ann, { keep: true }), s.server, { room: 'calm' });
  call.bob = await enter(await s.launch(bob, { keep: true }), s.server, { room: 'calm' });
  await callGoesOn();
  await hears(call.bob, tile(ann), ann);
  call.memory = s.server.memory();
});

s.test('what is not JSON, and not a message, is answered or cut off', async () => {
  for (const text of ['', '{', 'null', '[]', '"x"', '7', '{"message":5}', '{"message":"sendData"}', '{"data":[]}', '{"message":"connection","data":{}}',
    '{"message":"connection","data":["x"]}', '{"message":"connection","data":[{"custom":7}]}', `${'['.repeat(60_000)}`, `{"message":"x","data":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`, '\u0000', '{"message":"\\ud800","data":[]}']) {
    const w = await wire({ hello: false });
    w.raw(text);
    // Answered with `fail`, ignored, or closed: but the server stays sane.
    await Promise.race([w.closed, w.next('fail', () => true, 1500).catch(() => {})]);
  }
  const w = await wire();
  w.raw('{');
  assert.equal((await w.next('fail')).code, 'bad_json');
  w.raw(Buffer.from([0xff, 0xfe, 0x00]));
  w.send('sendData', { operationId: 5, payload: 7 });
  await w.next('fail', (d) => d.code === 'bad_message');
  assert.equal((await w.command('join', { name: 'still-alive' })).status, 'ACCEPTED', 'after its bad frames the same client is served');
  await callGoesOn();
});

s.test('invalid UTF-8 in a text frame ends only that socket', async () => {
  const w = await wire({ hello: false });
  // A masked text frame of two bytes that are not UTF-8, past ws's own check.
  w.socket._socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]));
  await within('the socket is closed', w.closed, 5000);
  await callGoesOn();
});

s.test('wrong types in every field are refused with their own code', async () => {
  const w = await wire();
  const odd = [null, 5, -1, 1e308, true, [], {}, '', 'x'.repeat(300), { toString: 1 }, [[[]]]];
  for (const value of odd) {
    w.send('publishStream', { mediaSessionId: value, name: value, sdp: value, hasVideo: value });
    w.send('playStream', { mediaSessionId: value, name: value, sdp: value });
    w.send('stopStream', { mediaSessionId: value, name: value });
    w.send('sendStreamEvent', { mediaSessionId: value, type: value });
    w.send('sendData', { operationId: value, payload: { command: value, options: value } });
    w.send('availableStream', { mediaSessionId: value, name: value });
    await sleep(120);
  }
  if (w.isOpen) {
    const v = await wire({ login: 'after' });
    assert.equal((await v.command('join', { name: 'types' })).status, 'ACCEPTED');
  }
  assert.ok(w.received.length > 0, 'it was answered');
  await callGoesOn();
});

s.test('anything before the handshake is refused', async () => {
  const w = await wire({ hello: false });
  w.send('sendData', { operationId: 'a', payload: { command: 'join', options: { name: 'calm' } } });
  const answer = await Promise.race([w.frame('an answer', ({ message }) => message === 'fail' || message === 'DataStatusEvent').then(({ data: [d] }) => d.code ?? d.status), w.closed.then(() => 'closed')]);
  assert.ok(['not_connected', 'FAILED', 'closed'].includes(answer), answer);
});

s.test('huge frames, names and texts are refused', async () => {
  const w = await wire();
  assert.equal((await w.command('join', { name: 'x'.repeat(5000) })).status, 'FAILED');
  assert.equal((await w.command('join', { name: 'big' })).status, 'ACCEPTED');
  assert.equal((await w.command('broadcast', { roomConfig: { name: 'big' }, text: 'т'.repeat(20_000) })).status, 'FAILED');
  assert.equal((await w.command('broadcast', { roomConfig: { name: 'big' }, text: 'fits' })).status, 'ACCEPTED');

  const before = s.server.memory();
  const big = await wire({ login: 'big' });
  big.raw(`{"message":"sendData","data":["${'x'.repeat(64 * 1024 * 1024)}"]}`);
  const said = await within('the huge frame is refused', Promise.race([big.closed.then(() => 'closed'), big.next('fail', () => true, 15_000).then((d) => d.code, () => 'nothing')]), 15_000);
  assert.ok(['closed', 'too_large'].includes(said), said);
  assert.ok(s.server.memory() - before < 40, `a 64 MB frame cost ${Math.round(s.server.memory() - before)} MB`);
  // A frame that promises 2^62 bytes and sends none.
  const liar = await wire({ login: 'liar' });
  liar.socket._socket.write(Buffer.from([0x81, 0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]));
  await within('the lying frame is refused', liar.closed, 15_000);
  await callGoesOn();
});

s.test('unknown sessions, streams, rooms and foreign names touch nothing', async () => {
  const w = await wire({ login: 'stranger' });
  const id = crypto.randomUUID();
  w.send('playStream', { mediaSessionId: id, name: 'no-such-stream', sdp: OFFER, published: false });
  const failed = await w.next('notifyStreamStatusEvent', (d) => d.mediaSessionId === id && d.status === 'FAILED');
  assert.equal(failed.info, 'Stream not found');
  w.send('unPublishStream', { mediaSessionId: crypto.randomUUID(), name: 'nobody', published: true });
  w.send('stopStream', { mediaSessionId: crypto.randomUUID(), name: 'nobody', published: false });
  await w.command('leave', { name: 'calm' });
  assert.equal((await w.command('sendMessage', { roomConfig: { name: 'calm' }, to: ann.login, text: 'spam' })).status, 'FAILED', 'nor write into it');
  assert.equal((await w.command('broadcast', { roomConfig: { name: 'calm' }, text: 'spam' })).status, 'FAILED');
  assert.equal((await w.command('fly', { name: 'calm' })).status, 'FAILED');
  // Streams of others, by their real names and ids.
  const [stream] = await call.ann.eval(() => window.__probe.sent.filter((m) => m.message === 'publishStream'));
  w.send('unPublishStream', { mediaSessionId: stream.id, name: stream.name, published: true });
  w.send('stopStream', { mediaSessionId: stream.id, name: stream.name, published: false });
  w.send('sendStreamEvent', { mediaSessionId: stream.id, type: 'videoMuted' });
  await callGoesOn();
  assert.equal(await call.bob.eval((sel) => document.querySelector(sel).dataset.video, tile(ann)), 'on');
});

s.test('a replayed operation id is answered once each and harms nobody', async () => {
  const w = await wire({ login: 'replay' });
  const id = crypto.randomUUID();
  assert.equal((await w.command('join', { name: 'replay' }, id)).status, 'ACCEPTED');
  const other = await wire({ login: 'listener' });
  await other.command('join', { name: 'replay' });
  const message = crypto.randomUUID();
  for (let i = 0; i < 3; i++) w.send('sendData', { operationId: message, payload: { command: 'broadcast', options: { roomConfig: { name: 'replay' }, text: 'once' } } });
  await other.next('OnDataEvent', (d) => d.payload.name === 'MESSAGE');
  assert.equal((await w.command('broadcast', { roomConfig: { name: 'replay' }, text: 'after' })).status, 'ACCEPTED');
  await other.next('OnDataEvent', (d) => d.payload.name === 'MESSAGE' && d.payload.info.text === 'after');
  assert.equal(other.received.filter((f) => f.data[0]?.payload?.info?.text === 'once').length, 0, 'the replayed message came once');
});

s.test('SDP garbage fails that stream at once', async () => {
  const w = await wire({ login: 'sdp' });
  await w.command('join', { name: 'sdp' });
  const bad = ['', 'v=0', '\r\n'.repeat(1000), randomBytes(3000).toString('latin1'), OFFER.replace(/a=fingerprint.*\r\n/g, ''), OFFER.replace(/a=ice-ufrag.*\r\n/g, ''),
    OFFER.replace('96 97', '96 97 300 -1 999999999999'), `${OFFER}${'a=rtpmap:96 VP8/90000\r\n'.repeat(2000)}`, OFFER.replace('VP8', 'V'.repeat(20_000)), OFFER.replaceAll('a=mid:', 'a=mid:0'),
    `${OFFER.split('m=')[0]}${`m=${OFFER.split('m=')[1]}`.repeat(200)}`];
  for (const [i, sdp] of bad.entries()) {
    const id = crypto.randomUUID();
    w.send('publishStream', { mediaSessionId: id, name: `sdp-${i}`, published: true, hasVideo: true, hasAudio: true, status: 'PENDING', mediaProvider: 'WebRTC', sdp, custom: { name: 'sdp' } });
    const answer = await Promise.race([
      w.frame(`an answer to offer ${i}`, ({ message, data: [d] }) => message === 'fail' || (message === 'setRemoteSDP' && d === id) || (message === 'notifyStreamStatusEvent' && d.mediaSessionId === id))
        .then(({ message, data: [d] }) => (message === 'setRemoteSDP' ? 'answered' : (d.code ?? d.status))),
      w.closed.then(() => 'closed'),
    ]);
    // What can be made sense of may be answered; nothing may hang or crash.
    assert.ok(['FAILED', 'answered', ...(sdp.length > 50_000 ? ['too_large'] : [])].includes(answer), `${i}: ${answer}`);
    w.send('unPublishStream', { mediaSessionId: id, name: `sdp-${i}`, published: true });
    await sleep(60);
  }
  await callGoesOn();
});

s.test('a flood of commands is limited, for the flooder only', async () => {
  const w = await wire({ login: 'flood' });
  await w.command('join', { name: 'flood' });
  for (let i = 0; i < 3000 && w.isOpen; i++) w.send('sendData', { operationId: `f${i}`, payload: { command: 'broadcast', options: { roomConfig: { name: 'flood' }, text: `${i}` } } });
  await until('limited', () => !w.isOpen || w.received.some((f) => f.data[0]?.code === 'rate_limited' || /rate|many|limit/i.test(f.data[0]?.info ?? '')), { timeout: 10_000 });
  await callGoesOn();
  const v = await wire({ login: 'calm' });
  assert.equal((await v.command('join', { name: 'flood' })).status, 'ACCEPTED');
});

s.test('a reader that does not read is cut off, and the room goes on', async () => {
  const slow = await wire({ login: 'slow' });
  await slow.command('join', { name: 'slow' });
  slow.socket._socket.pause();
  const talker = await wire({ login: 'talker' });
  await talker.command('join', { name: 'slow' });
  const before = s.server.memory();
  const text = 'x'.repeat(8000);
  let n = 0;
  const end = Date.now() + 40_000;
  let left = false;
  while (!left && Date.now() < end) {
    await talker.command('broadcast', { roomConfig: { name: 'slow' }, text: `${n++} ${text}` }).catch(() => {});
    left = talker.received.some((f) => f.data[0]?.payload?.name === 'LEFT' && f.data[0].payload.info === 'slow');
    await sleep(15);
  }
  assert.ok(left, `after ${n} messages the slow reader is still in`);
  assert.ok(s.server.memory() - before < 60, `the slow reader cost ${Math.round(s.server.memory() - before)} MB`);
  await callGoesOn();
});

s.test('datagrams from addresses that ICE has not validated change nothing', async () => {
  const socket = createSocket('udp4');
  const send = (data) => new Promise((done) => socket.send(data, s.server.ports.media, '127.0.0.1', done));
  const clientHello = Buffer.concat([Buffer.from('16fefd0000000000000000', 'hex'), Buffer.from([0, 54]), Buffer.from('0100002a000000000000002a', 'hex'), Buffer.from('fefd', 'hex'), randomBytes(32), Buffer.from('00000002000001000000', 'hex')]);
  let replies = 0;
  socket.on('message', () => replies++);
  for (let round = 0; round < 20; round++) {
    await send(clientHello);
    for (let i = 0; i < 25; i++) {
      await send(Buffer.concat([Buffer.from([0x80, 96, i >> 8, i]), randomBytes(200 + i)])); // RTP
      await send(Buffer.concat([Buffer.from([0x81, 201 + (i % 6), 0, 7]), randomBytes(28)])); // RTCP
      await send(randomBytes(1 + Math.floor(Math.random() * 1400)));
      await send(Buffer.concat([Buffer.from([0x16, 0xfe, 0xfd]), randomBytes(40)])); // broken DTLS
      await send(Buffer.concat([Buffer.from('000100082112a442', 'hex'), randomBytes(12), Buffer.from('00060004', 'hex'), Buffer.from('a:b_')])); // STUN of nobody
      await send(Buffer.concat([Buffer.from('0001ffff2112a442', 'hex'), randomBytes(12)])); // STUN with a lying length
    }
    await send(Buffer.alloc(0));
  }
  await callGoesOn();
  assert.ok(replies <= 20 * 25 * 2, `${replies} answers: no amplifier`);
  socket.close();
});

s.test('the media port over TCP takes garbage, slow writers and half-open sockets', async () => {
  const port = s.server.ports.media;
  const tcp = (data) => new Promise((done) => {
    const socket = connect(port, '127.0.0.1', () => data && socket.write(data));
    socket.on('error', () => {});
    socket.on('close', () => done('closed'));
    setTimeout(() => done('open'), 6000).unref();
    opened.push({ socket: { terminate: () => socket.destroy() } });
  });
  const results = await Promise.all([
    tcp('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
    tcp(Buffer.concat([Buffer.from([0x05, 0xdc]), randomBytes(1500)])),
    tcp(Buffer.concat([Buffer.from([0xff, 0xff]), randomBytes(100_000)])),
    tcp(Buffer.from([0, 0, 0, 0, 0, 0])),
    tcp(Buffer.concat([Buffer.from([0, 28]), Buffer.from('000100082112a442', 'hex'), randomBytes(12), Buffer.from('00060004', 'hex'), Buffer.from('a:b_')])),
  ]);
  assert.equal(results[0], 'closed', 'HTTP on the media port is cut off');
  // Slowloris: one byte a tick, never a whole frame.
  const drips = Array.from({ length: 50 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    opened.push({ socket: { terminate: () => socket.destroy() } });
    return socket;
  });
  for (let i = 0; i < 20; i++) {
    for (const socket of drips) if (!socket.destroyed) socket.write(Buffer.from([i ? 0x41 : 0x05]));
    await sleep(50);
  }
  await callGoesOn();
});

s.test('200 idle sockets on each port do not keep the others out', async () => {
  const idle = [];
  for (const port of [s.server.ports.http, s.server.ports.media, s.server.ports.https]) {
    for (let i = 0; i < 200; i++) {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {});
      idle.push(socket);
    }
  }
  opened.push({ socket: { terminate: () => idle.forEach((socket) => socket.destroy()) } });
  await until('they are connected', () => idle.filter((socket) => !socket.connecting).length === idle.length);
  const slow = connect(s.server.ports.http, '127.0.0.1', () => slow.write('GET / HTTP/1.1\r\nX-A: '));
  opened.push({ socket: { terminate: () => slow.destroy() } });
  slow.on('error', () => {});
  const w = await wire({ login: 'after-idle' });
  assert.equal((await w.command('join', { name: 'idle' })).status, 'ACCEPTED');
  assert.equal((await fetch(`${s.server.http}/healthz`)).status, 200);
  await callGoesOn();
});

s.test('HTTP oddities are answered', async () => {
  for (const path of ['/%00', '/..%2f..%2fetc/passwd', `/${'a'.repeat(9000)}`, '/conference/%ff', '/metrics?x=%', '//', '/assets/../../Cargo.toml']) {
    const response = await fetch(`${s.server.http}${path}`).catch(() => null);
    if (response) {
      assert.ok(response.status < 500, `${path}: ${response.status}`);
      assert.doesNotMatch(await response.text(), /root:x:0|\[workspace\]/);
    }
  }
  const response = await fetch(`${s.server.http}/`, { method: 'POST', body: 'x'.repeat(5_000_000) }).catch(() => null);
  assert.ok(!response || response.status < 500);
});

s.test('after all of that: the call, the memory, and no panic', async (t) => {
  await callGoesOn();
  await hears(call.bob, tile(ann), ann);
  const inbound = await call.bob.eval(() => window.__probe.inbound());
  freezes = inbound.reduce((sum, i) => sum + (i.freezeTime ?? 0), 0);
  t.diagnostic(`Bob's picture stood still ${freezes.toFixed(1)} s in all; server ${call.memory.toFixed(0)} → ${s.server.memory().toFixed(0)} MB`);
  assert.ok(s.server.memory() - call.memory < 120, 'memory is bounded');
  assert.doesNotMatch(s.server.log(), /panicked at/);
});

// A plain VP8 and Opus offer, for requests that never get to media.
const OFFER = ['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0 1', 'a=msid-semantic: WMS x',
  'm=audio 9 UDP/TLS/RTP/SAVPF 111', 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, i) => (i * 7 % 256).toString(16).toUpperCase().padStart(2, '0')).join(':')}`, 'a=setup:actpass', 'a=mid:0', 'a=sendonly', 'a=rtcp-mux', 'a=rtpmap:111 opus/48000/2', 'a=fmtp:111 minptime=10;useinbandfec=1', 'a=ssrc:1111 cname:x',
  'm=video 9 UDP/TLS/RTP/SAVPF 96 97', 'c=IN IP4 0.0.0.0', 'a=rtcp:9 IN IP4 0.0.0.0', 'a=ice-ufrag:abcd', 'a=ice-pwd:abcdefghijklmnopqrstuvwx', 'a=ice-options:trickle',
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, i) => (i * 7 % 256).toString(16).toUpperCase().padStart(2, '0')).join(':')}`, 'a=setup:actpass', 'a=mid:1', 'a=sendonly', 'a=rtcp-mux', 'a=rtcp-rsize', 'a=rtpmap:96 VP8/90000', 'a=rtcp-fb:96 nack', 'a=rtcp-fb:96 nack pli', 'a=rtpmap:97 rtx/90000', 'a=fmtp:97 apt=96', 'a=ssrc:2222 cname:x', ''].join('\r\n');
