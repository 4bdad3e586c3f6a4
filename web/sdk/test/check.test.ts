import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkConnection } from '../src/index.js';
import { FakePeerConnection, endWorld, makeWorld, media, settle, type World } from './fakes.js';

let w: World;
beforeEach(() => {
  w = makeWorld();
  class FakeAudioContext {
    createMediaStreamDestination = () => ({ stream: media('audio') });
    close = async () => undefined;
  }
  vi.stubGlobal('AudioContext', FakeAudioContext);
});
afterEach(endWorld);

/** Every connection's media goes by this. */
const wentBy = (protocol: string) =>
  vi.spyOn(FakePeerConnection.prototype, 'getStats').mockImplementation(async () =>
    new Map<string, object>([
      ['pair', { type: 'candidate-pair', nominated: true, state: 'succeeded', localCandidateId: 'local' }],
      ['local', { type: 'local-candidate', protocol }],
    ]) as never,
  );

test('where all is well all is ok, and nothing is left behind', async () => {
  const report = await settle(checkConnection({ url: 'ws://s' }));
  expect(Object.values(report).map((r) => r.ok)).toEqual([true, true, true]);
  expect(w.server.sent('publishStream').map((d) => d.transport)).toEqual(['UDP', 'TCP']);
  expect([w.server.conns.size, FakePeerConnection.all.every((pc) => pc.closed)]).toEqual([0, true]);
});

test('media that went by TCP although UDP was asked for says so', async () => {
  wentBy('tcp');
  const report = await settle(checkConnection({ url: 'ws://s' }));
  expect([report.udp.ok, report.udp.error?.reason, report.tcp.ok]).toEqual([false, 'ice_failed', true]);
});

test('without signalling nothing else is tried', async () => {
  w.server.down = true;
  const report = await settle(checkConnection({ url: 'ws://s' }));
  expect([report.signalling.error?.reason, report.udp.ok, FakePeerConnection.all.length]).toEqual(['unreachable', false, 0]);
});
