import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connect, type LocalPublication, type RemoteStream, type Room } from '../src/index.js';
import {
  FakeElement,
  FakePeerConnection,
  FakeTrack,
  endWorld,
  makeWorld,
  media,
  record,
  settle,
  tick,
  until,
  type World,
} from './fakes.js';

let w: World;
let room: Room;
beforeEach(async () => {
  w = makeWorld();
  const client = await settle(connect({ url: 'ws://s/', login: 'ann' }));
  room = await settle(client.join('r'));
});
afterEach(endWorld);

const lastPeer = () => FakePeerConnection.all.at(-1)!;
const publish = (...kinds: string[]) => settle(room.publish(media(...kinds)));
async function bobsCamera(): Promise<RemoteStream> {
  w.server.puppet('r', 'bob', 'r-bob-1');
  await tick();
  return room.participants.get('bob')!.camera!;
}
const events = () => w.server.sent('sendStreamEvent').map((d) => d.type);

describe('publishing', () => {
  test('audio comes first, both are sendonly, one offer goes out with the request', async () => {
    const p = await publish('audio', 'video');
    const request = w.server.sent('publishStream')[0];
    expect(request).toMatchObject({ published: true, hasAudio: true, hasVideo: true, status: 'PENDING', mediaProvider: 'WebRTC', custom: { name: 'r' } });
    expect(request.sdp).toBe('offer audio/sendonly video/sendonly');
    expect(request.name).toMatch(/^r-ann-[0-9a-f]{8}$/);
    expect([p.status, p.name]).toEqual(['publishing', request.name]);
    expect(lastPeer().config.bundlePolicy).toBe('max-bundle');
  });

  test('a microphone alone is published without video', async () => {
    await publish('audio');
    expect(w.server.sent('publishStream')[0]).toMatchObject({ hasAudio: true, hasVideo: false, sdp: 'offer audio/sendonly' });
  });

  test('nothing to publish rejects with unsupported', async () => {
    await expect(settle(room.publish(media()))).rejects.toMatchObject({ reason: 'unsupported' });
    expect(room.publications).toEqual([]);
  });

  test('the bit rate limit reaches the video sender and the server', async () => {
    await settle(room.publish(media('audio', 'video'), { maxBitrate: 500_000, transport: 'TCP', name: 'x' }));
    expect(w.server.sent('publishStream')[0]).toMatchObject({ maxBitrate: 500, transport: 'TCP' });
    expect(w.server.sent('publishStream')[0].name).toMatch(/-x$/);
    expect(lastPeer().transceivers[1].sender.parameters.encodings[0].maxBitrate).toBe(500_000);
  });

  test.each([
    ['No common codecs', 'no_common_codecs'],
    ['Restricted access', 'refused'],
  ])('"%s" rejects at once with %s', async (info, reason) => {
    w.server.streamFates = [{ info }];
    await expect(settle(room.publish(media('audio')))).rejects.toMatchObject({ reason, info });
    expect(room.publications).toEqual([]);
  });

  test('ICE that fails at first is tried again over TCP', async () => {
    w.server.streamFates = [{ info: 'Failed by ICE timeout' }];
    const p = await publish('audio');
    expect(w.server.sent('publishStream').map((d) => d.transport)).toEqual([undefined, 'TCP']);
    expect(p.status).toBe('publishing');
  });

  test('after three attempts it rejects with the last reason', async () => {
    w.server.streamFates = Array(3).fill({ info: 'Failed by ICE timeout' });
    await expect(settle(room.publish(media('audio')))).rejects.toMatchObject({ reason: 'ice_failed' });
  });

  test('a server that never answers is given up and told to stop', async () => {
    w.server.streamFates = Array(3).fill('silence');
    await expect(settle(room.publish(media('audio')))).rejects.toMatchObject({ reason: 'timeout' });
    await tick();
    expect(w.server.sent('unPublishStream')).toHaveLength(3);
  });

  test('mute disables the track and tells the players, once', async () => {
    const stream = media('audio', 'video');
    const p = await settle(room.publish(stream));
    p.muteAudio();
    p.muteAudio();
    p.muteVideo();
    await p.unmuteVideo();
    await tick();
    expect(events()).toEqual(['audioMuted', 'videoMuted', 'videoUnmuted']);
    expect([stream.getAudioTracks()[0]!.enabled, stream.getVideoTracks()[0]!.enabled]).toEqual([false, true]);
  });

  test('a muted publication says so again after it was re-published', async () => {
    const p = await publish('audio');
    p.muteAudio();
    await tick();
    w.server.of('ann').breakDown();
    await until(() => p.status === 'reconnecting');
    await until(() => p.status === 'publishing');
    await tick();
    expect(events()).toEqual(['audioMuted', 'audioMuted']);
  });

  test('tracks that are already disabled are published as muted', async () => {
    const stream = media('audio');
    stream.getAudioTracks()[0]!.enabled = false;
    const p = await settle(room.publish(stream));
    await tick();
    expect([p.audioMuted, events()]).toEqual([true, ['audioMuted']]);
  });

  test('replaceTrack changes the sender and the stream, and keeps mute', async () => {
    const p = await publish('audio', 'video');
    p.muteVideo();
    const next = new FakeTrack('video');
    await settle(p.replaceTrack(next as never));
    expect(lastPeer().transceivers[1].sender.track).toBe(next);
    expect(p.media.getVideoTracks()).toEqual([next]);
    expect(next.enabled).toBe(false);
    expect(w.server.sent('publishStream')).toHaveLength(1);
  });

  test('a camera added to a microphone makes a new stream in the same publication', async () => {
    const p = await publish('audio');
    const name = p.name;
    await settle(p.replaceTrack(new FakeTrack('video') as never));
    expect(p.status).toBe('publishing');
    expect(p.name).not.toBe(name);
    expect(w.server.sent('publishStream')[1]).toMatchObject({ hasVideo: true });
    await tick();
    expect(w.server.rooms.get('r')!.get('ann')!.streams).toEqual([p.name]);
  });

  test('unmuting a camera that ended opens it again', async () => {
    const p = await publish('audio', 'video');
    p.muteVideo();
    p.media.getVideoTracks()[0]!.stop();
    await settle(p.unmuteVideo());
    expect(w.getUserMedia).toHaveBeenCalledOnce();
    expect([p.videoMuted, p.media.getVideoTracks()[0]!.readyState]).toEqual([false, 'live']);
  });

  test('stop unpublishes, waits for the server, and leaves the caller’s tracks alone', async () => {
    const p = await publish('audio');
    await settle(p.stop());
    expect([p.status, room.publications.length]).toEqual(['ended', 0]);
    expect(w.server.sent('unPublishStream')[0].name).toBe(p.name);
    expect(p.media.getTracks()[0]!.readyState).toBe('live');
    expect(lastPeer().closed).toBe(true);
  });

  test('stop while connecting ends it, and the promise of publish rejects', async () => {
    w.server.streamFates = ['silence'];
    const rejected = expect(room.publish(media('audio'))).rejects.toMatchObject({ reason: 'closed' });
    await tick();
    await settle(room.publications[0]!.stop());
    await rejected;
    expect(w.server.sent('unPublishStream')).toHaveLength(1);
  });
});

describe('screens', () => {
  test('a screen is published under a name that says so, sharp rather than smooth', async () => {
    const p = await settle(room.publishScreen({ audio: true }));
    expect(p.kind).toBe('screen');
    expect(p.name).toMatch(/-screenShare$/);
    expect(p.media.getVideoTracks()[0]!.contentHint).toBe('detail');
    expect(lastPeer().transceivers[1].sender.parameters).toMatchObject({ degradationPreference: 'maintain-resolution', encodings: [{ maxFramerate: 30 }] });
    expect(w.server.sent('publishStream')[0].constraints.video).toEqual({ type: 'screen' });
  });

  test('the browser’s own bar ends it everywhere', async () => {
    const p = await settle(room.publishScreen());
    const seen = record(p, 'status');
    (p.media.getVideoTracks()[0] as unknown as FakeTrack).endFromOutside();
    await tick();
    expect([seen, room.publications.length]).toEqual([['status:ended'], 0]);
    expect(w.server.sent('unPublishStream')).toHaveLength(1);
    expect(p.media.getTracks().every((t) => t.readyState === 'ended')).toBe(true);
  });

  test('a cancelled picker rejects with screen_cancelled', async () => {
    w.getDisplayMedia.mockRejectedValue(Object.assign(new Error('Permission denied'), { name: 'NotAllowedError' }));
    await expect(settle(room.publishScreen())).rejects.toMatchObject({ name: 'MediaError', reason: 'screen_cancelled' });
  });

  test('a denial by the system is told apart', async () => {
    w.getDisplayMedia.mockRejectedValue(Object.assign(new Error('Permission denied by system'), { name: 'NotAllowedError' }));
    await expect(settle(room.publishScreen())).rejects.toMatchObject({ reason: 'media_denied' });
  });
});

describe('playing', () => {
  test('play asks with a recvonly offer and gives one stream with both tracks', async () => {
    const stream = await bobsCamera();
    expect(stream.status).toBe('idle');
    const got = await settle(stream.play());
    expect(w.server.sent('playStream')[0]).toMatchObject({ name: 'r-bob-1', published: false, sdp: 'offer audio/recvonly video/recvonly' });
    expect(got.getTracks().map((t) => t.kind)).toEqual(['audio', 'video']);
    expect([stream.status, stream.media]).toEqual(['playing', got]);
    expect(await settle(stream.play())).toBe(got);
    expect(w.server.sent('playStream')).toHaveLength(1);
  });

  test('play of audio alone asks for no video', async () => {
    const stream = await bobsCamera();
    await settle(stream.play({ video: false, transport: 'TCP' }));
    expect(w.server.sent('playStream')[0]).toMatchObject({ sdp: 'offer audio/recvonly', hasVideo: false, transport: 'TCP' });
    expect([stream.hasAudio, stream.hasVideo]).toEqual([true, false]);
  });

  test.each([
    ['No common codecs', 'no_common_codecs'],
    ['Stream not found', 'stream_not_found'],
  ])('"%s" rejects at once with %s, and another play may follow', async (info, reason) => {
    const stream = await bobsCamera();
    w.server.streamFates = [{ info }];
    await expect(settle(stream.play())).rejects.toMatchObject({ reason });
    expect([stream.status, stream.error?.reason]).toEqual(['failed', reason]);
    await settle(stream.play());
    expect([stream.status, stream.error]).toEqual(['playing', null]);
  });

  test('a publisher that stops ends the stream quietly', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    const seen = record(room, 'streamRemoved');
    const id = w.server.sent('playStream')[0].mediaSessionId;
    w.server.of('ann').deliver('notifyStreamStatusEvent', { mediaSessionId: id, status: 'FAILED', info: 'Stopped by publisher stop' });
    await tick();
    expect(stream.status).toBe('ended');
    w.server.puppetUnpublishes('r', 'bob', 'r-bob-1');
    await tick();
    expect(seen).toEqual(['streamRemoved:bob/camera']);
    expect(lastPeer().closed).toBe(true);
  });

  test('ICE that stays disconnected is replaced without touching the session', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    const old = lastPeer();
    old.ice('disconnected');
    await tick(3_900);
    expect(stream.status).toBe('playing');
    await tick(200);
    expect(stream.status).toBe('reconnecting');
    await until(() => stream.status === 'playing');
    expect(lastPeer()).not.toBe(old);
    expect([old.closed, w.server.sent('connection').length, w.server.sent('stopStream').length]).toEqual([true, 1, 1]);
  });

  test('ICE that recovers within seconds is left alone', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    lastPeer().ice('disconnected');
    await tick(2_000);
    lastPeer().ice('connected');
    await tick(10_000);
    expect([stream.status, FakePeerConnection.all.length]).toEqual(['playing', 1]);
  });

  test('a failed publication comes back under a new name', async () => {
    const p = await publish('audio');
    const name = p.name;
    lastPeer().ice('failed');
    await until(() => p.status === 'reconnecting');
    await until(() => p.status === 'publishing');
    expect(p.name).not.toBe(name);
    await tick();
    expect(w.server.rooms.get('r')!.get('ann')!.streams).toEqual([p.name]);
  });

  test('mute of the other side shows, also to a late player', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    const id = w.server.sent('playStream')[0].mediaSessionId;
    const conn = w.server.of('ann');
    conn.deliver('notifyStreamStatusEvent', { mediaSessionId: id, status: 'PLAYING', audioState: { muted: true }, videoState: { muted: false } });
    await tick();
    expect([stream.audioMuted, stream.videoMuted]).toEqual([true, false]);
    conn.deliver('notifyStreamEvent', { mediaSessionId: id, type: 'audioUnmuted' });
    conn.deliver('notifyStreamEvent', { mediaSessionId: id, type: 'videoMuted' });
    await tick();
    expect([stream.audioMuted, stream.videoMuted]).toEqual([false, true]);
  });

  test('size changes are told', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    const seen = record(stream, 'resize');
    const id = w.server.sent('playStream')[0].mediaSessionId;
    w.server.of('ann').deliver('notifyVideoFormat', { mediaSessionId: id, status: 'RESIZE', streamerVideoWidth: 640, streamerVideoHeight: 360 });
    await tick();
    expect([seen.length, stream.width, stream.height, stream.status]).toEqual([1, 640, 360, 'playing']);
  });

  test('stop leaves the stream playable', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    await settle(stream.stop());
    expect([stream.status, stream.media]).toEqual(['idle', null]);
    await settle(stream.play());
    expect(stream.status).toBe('playing');
  });

  test('the loudest of long enough becomes the active speaker', async () => {
    const stream = await bobsCamera();
    await settle(stream.play());
    const seen = record(room, 'activeSpeaker');
    lastPeer().transceivers[0].receiver.level = 0.2;
    await tick(1_000);
    expect(stream.level).toBeGreaterThan(0.5);
    lastPeer().transceivers[0].receiver.level = 0;
    await tick(5_000);
    expect(seen).toEqual(['activeSpeaker:bob', 'activeSpeaker:null']);
  });
});

describe('elements', () => {
  const attach = (stream: RemoteStream, el: FakeElement) => stream.attach(el as never);

  test('an element attached before play gets the media when it comes, and again after a reconnection', async () => {
    const stream = await bobsCamera();
    const el = new FakeElement('video');
    stream.setVolume(0.3);
    const detach = attach(stream, el);
    await settle(stream.play());
    expect([el.srcObject, el.volume, el.autoplay]).toEqual([stream.media, 0.3, true]);
    w.server.of('ann').breakDown();
    await until(() => stream.status === 'reconnecting');
    await until(() => stream.status === 'playing');
    expect(el.srcObject).toBe(stream.media);
    detach();
    expect(el.srcObject).toBe(null);
  });

  test('refused sound plays muted and comes with the first gesture', async () => {
    const stream = await bobsCamera();
    const el = new FakeElement('video');
    el.refuses = true;
    attach(stream, el);
    await settle(stream.play());
    await tick();
    expect(el.muted).toBe(true);
    el.refuses = false;
    w.document.dispatchEvent(new Event('pointerdown'));
    await tick();
    expect(el.muted).toBe(false);
  });

  test('an element the page wanted silent stays silent', async () => {
    const stream = await bobsCamera();
    const el = new FakeElement('video');
    el.muted = true;
    attach(stream, el);
    await settle(stream.play());
    w.document.dispatchEvent(new Event('keydown'));
    expect(el.muted).toBe(true);
  });
});

test('leaving the room stops everything', async () => {
  const stream = await bobsCamera();
  await settle(stream.play());
  const p: LocalPublication = await publish('audio');
  await settle(room.leave());
  expect([p.status, stream.status]).toEqual(['ended', 'ended']);
  expect(FakePeerConnection.all.every((pc) => pc.closed)).toBe(true);
  expect(w.server.rooms.get('r')!.has('ann')).toBe(false);
});
