/** Every state a person may meet, by name. scripts/shots.mjs photographs each. */
import type { Call } from '../model/call';
import type { AppName } from '../model/app';
import type { Door } from '../model/door';
import { failure, remote, type FakeOptions, type FakeRoom, type FakeSdk } from './fake';
import { person, screen } from './scene';

export interface State {
  app?: AppName;
  options?: FakeOptions;
  name?: string;
  record?: boolean;
  door?: Door;
  /** `false` stays in the lobby. */
  join?: boolean;
  set?: (room: FakeRoom, call: Call, fake: FakeSdk) => void | Promise<void>;
  /** Runs in the lobby instead. */
  before?: (call: Call) => void | Promise<void>;
}

const NAMES = ['Mara Lindqvist', 'Юрий', 'Ines', 'Tomáš Novák', '李小龙', 'Priya Raman', 'Olu', 'Анна Сергеевна', 'Jean-Luc', 'Fatima Zahra', 'Björn', 'Wei', 'Karol', 'Ester', 'Noor', 'Sam'];

function crowd(room: FakeRoom, count: number, dark: readonly number[] = []): void {
  for (let i = 0; i < count; i++) {
    const name = NAMES[i % NAMES.length]! + (i >= NAMES.length ? ` ${i}` : '');
    room.add(name, remote(name, 'camera', person(i), dark.includes(i) ? { videoMuted: true, audioMuted: true } : {}));
  }
}

function quiet(call: Call): void {
  for (const notice of call.notices.list.value) call.notices.dismiss(notice.key);
}

function talk(room: FakeRoom): void {
  const now = Date.now();
  const at = (minutesAgo: number) => ({ time: now - minutesAgo * 60_000 });
  room.say('Mara Lindqvist', 'Good morning, everybody.', at(9));
  room.say('Mara Lindqvist', 'The second draft is here: https://bridge.example.org/drafts/2?view=plan (start with the plan).', at(9));
  room.say('Юрий', 'Доброе утро! Смотрю.', at(8));
  room.say(room.login, 'The span is 118 m now, so the middle pier can go.', at(6));
  room.say(room.login, 'Numbers follow.', at(6));
  room.say('李小龙', '好的，谢谢！', at(5));
  room.say('Mara Lindqvist', '🎉', at(4));
  room.say('Юрий', 'Can you call me after this?', { ...at(2), to: room.login });
  room.say('Ines', '<img src=x onerror=alert(1)> javascript:alert(1)', at(1));
  room.say(room.login, 'And the river gauge, from the archive.', { ...at(0), state: 'failed', error: failure('rate_limited') as never });
}

export const states: Record<string, State> = {
  lobby: { join: false, name: 'Ester' },
  'lobby-new': { join: false, name: '' },
  'lobby-off': { join: false, name: 'Ester Vik', before: (call) => { call.media.release('camera'); call.media.enable('microphone', false); } },
  'lobby-asking': { join: false, name: '', options: { mediaHangs: true } },
  'lobby-denied': { join: false, name: 'Ester', options: { mediaFails: { audio: 'media_denied', video: 'media_denied' } } },
  'lobby-no-camera': { join: false, name: 'Ester', options: { mediaFails: { video: 'media_not_found' } } },
  'lobby-name-taken': { name: 'Ester', options: { joinFails: 'login_taken' } },
  'lobby-unreachable': { name: 'Ester', options: { joinFails: 'unreachable' } },
  'lobby-empty-name': { name: '' },
  'lobby-joining': { name: 'Ester', options: { connectHangs: true } },
  alone: {},
  'alone-again': { set: (room, call) => { crowd(room, 1); room.remove(NAMES[0]!); quiet(call); } },
  two: { app: 'video-chat', set: (room, call) => { crowd(room, 1); quiet(call); } },
  'two-dark': { app: 'video-chat', set: (room, call) => { crowd(room, 1, [0]); quiet(call); } },
  'two-screen': { app: 'video-chat-and-screen-sharing', set: (room, call) => {
    room.add('Mara Lindqvist', remote('Mara Lindqvist', 'camera', person(0)), remote('Mara Lindqvist', 'screen', screen(), { width: 1600, height: 1000 }));
    quiet(call);
  } },
  'two-sharing': { app: 'video-chat-and-screen-sharing', set: async (room, call) => { crowd(room, 1); quiet(call); await call.share(); } },
  three: { set: (room, call) => { crowd(room, 2); room.bus.emit('activeSpeaker', NAMES[0]!); quiet(call); } },
  four: { set: (room, call) => { crowd(room, 3, [2]); room.bus.emit('activeSpeaker', NAMES[1]!); quiet(call); } },
  six: { set: (room, call) => {
    crowd(room, 3, [1]);
    room.add('Priya Raman', remote('Priya Raman', 'camera', null, { status: 'connecting', hasVideo: false }));
    room.add('Olu', remote('Olu', 'camera', person(4), { quality: 'bad', status: 'reconnecting' }));
    room.bus.emit('activeSpeaker', NAMES[0]!);
    quiet(call);
  } },
  failed: { set: (room, call) => {
    crowd(room, 1);
    room.add('Priya Raman', remote('Priya Raman', 'camera', null, { status: 'failed', hasVideo: false, error: failure('no_common_codecs') as never }));
    room.add('Olu');
    quiet(call);
  } },
  twelve: { set: (room, call) => { crowd(room, 11, [3, 7]); room.bus.emit('activeSpeaker', NAMES[4]!); quiet(call); } },
  thirty: { set: (room, call) => { crowd(room, 30, [3, 7, 12, 21]); room.bus.emit('activeSpeaker', NAMES[4]!); quiet(call); } },
  screen: { set: (room, call) => {
    room.add('Mara Lindqvist', remote('Mara Lindqvist', 'camera', person(0)), remote('Mara Lindqvist', 'screen', screen(), { width: 1600, height: 1000 }));
    crowd(room, 0);
    for (let i = 1; i < 5; i++) room.add(NAMES[i]!, remote(NAMES[i]!, 'camera', person(i), i === 3 ? { videoMuted: true, audioMuted: true } : {}));
    room.bus.emit('activeSpeaker', NAMES[0]!);
    quiet(call);
  } },
  pinned: { set: (room, call) => { crowd(room, 5); call.togglePin(`camera/${NAMES[2]!}`); quiet(call); } },
  chat: { set: (room, call) => { crowd(room, 3); talk(room); room.remove(NAMES[2]!); quiet(call); call.show('chat'); } },
  'chat-empty': { set: (room, call) => { crowd(room, 2); quiet(call); call.show('chat'); call.talk.happenings.value = []; } },
  unread: { set: (room, call) => { crowd(room, 3); talk(room); quiet(call); } },
  people: { set: (room, call) => { crowd(room, 5, [1]); room.add('Sam'); room.bus.emit('activeSpeaker', NAMES[0]!); quiet(call); call.show('people'); } },
  muted: { set: async (room, call) => { crowd(room, 2); quiet(call); await call.own.toggle('microphone'); await call.own.toggle('camera'); } },
  notices: { set: (room) => { crowd(room, 2); room.remove(NAMES[1]!); } },
  invite: { set: (room, call) => { crowd(room, 1); quiet(call); call.dialog.value = 'invite'; } },
  settings: { set: (room, call) => { crowd(room, 1); quiet(call); call.dialog.value = 'settings'; } },
  stats: { set: (room, call) => { crowd(room, 2); quiet(call); call.dialog.value = 'stats'; } },
  keys: { set: (room, call) => { crowd(room, 1); quiet(call); call.dialog.value = 'keys'; } },
  more: { set: (room, call) => { crowd(room, 1); quiet(call); setTimeout(() => document.querySelector<HTMLElement>('[data-testid=more]')?.click(), 300); } },
  recorded: { set: async (room, call) => { crowd(room, 3); quiet(call); await room.record(true); call.recordingSince.value = Date.now() - 754_000; } },
  'recorded-found': { set: async (room, call) => { crowd(room, 2); quiet(call); await room.record(true, NAMES[0]!, { since: Date.now() - 4_000_000 }); } },
  'recorded-problem': { set: async (room, call) => { crowd(room, 2); quiet(call); await room.record(true, NAMES[0]!, { problem: 'The disk is full: 120 MB are left.' }); } },
  'recorded-over': { set: async (room, call) => { crowd(room, 1); await room.record(true); await room.record(false); call.notices.list.value = call.notices.list.value.slice(-1); } },
  'recorded-refused': { set: async (room, call) => { crowd(room, 1); quiet(call); room.record = async () => { throw failure('refused'); }; await call.record(); } },
  'lobby-behind': { join: false, name: 'Ester', door: { people: 3, recording: true } },
  'lobby-record': { join: false, name: 'Ester', record: true },
  reconnecting: { set: (room, call) => { crowd(room, 3); quiet(call); room.bus.emit('connection', 'reconnecting'); } },
  'going-away': { set: (room, call, fake) => { crowd(room, 3); quiet(call); fake.client.emit('goingAway', { reason: 'shutdown', retryAfterMs: 1000 }); } },
  'device-failed': { set: (room, call) => { crowd(room, 2); quiet(call); call.notices.tell('The screen could not be shared.', { tone: 'alarm', reason: 'server' }); } },
  full: { options: { joinFails: 'room_full' } },
  replaced: { set: (room) => room.bus.emit('left', { error: failure('replaced') as never }) },
  closed: { set: (room) => room.bus.emit('left', { error: failure('unreachable') as never }) },
  left: { set: (_room, call) => call.leave() },
  unsupported: { options: { unsupported: ['WebRTC'] }, join: false },
};
