import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Room, RoomRecording } from '@veche/sdk';
import { actionFor } from '../src/model/keys';
import { timecode } from '../src/model/timecode';

vi.stubGlobal('localStorage', undefined);
vi.stubGlobal('location', { search: '', origin: 'https://x', pathname: '/conference' });
vi.stubGlobal('document', { documentElement: { dataset: {} } });
vi.stubGlobal('navigator', { languages: ['en'], mediaDevices: undefined });

const { Call } = await import('../src/model/call');
const { appConfig } = await import('../src/model/app');
type Veche = ConstructorParameters<typeof Call>[0];

const OFF: RoomRecording = { on: false, by: null, since: null, problem: null };

function world({ record = false, recording = OFF } = {}) {
  const heard = new Map<string, (arg: never) => void>();
  const asked: boolean[] = [];
  const joins: object[] = [];
  let refusal: object | null = null;
  const room = {
    participants: new Map(), messages: [], publications: [], recording,
    on: (event: string, listener: (arg: never) => void) => heard.set(event, listener),
    record: async (on: boolean) => {
      asked.push(on);
      if (refusal) throw refusal;
    },
    leave: async () => undefined,
  };
  const sdk = {
    connect: async () => ({
      state: 'connected', on: () => () => undefined, close: async () => undefined,
      join: async (_name: string, options: object) => {
        joins.push(options);
        return room as unknown as Room;
      },
    }),
    listDevices: async () => ({ cameras: [], microphones: [], speakers: [] }),
    onDevicesChanged: () => () => undefined,
  } as unknown as Veche;
  const call = new Call(sdk, appConfig('conference'), { room: 'r', name: 'Ann', autojoin: false, audio: false, video: false, record });
  const tell = (change: Partial<RoomRecording>) => {
    room.recording = { ...OFF, ...change };
    (heard.get('recording') as (arg: RoomRecording) => void)(room.recording);
  };
  return { call, asked, joins, tell, refuse: (error: object) => (refusal = error) };
}
const said = (call: InstanceType<typeof Call>) => call.notices.list.value.map((notice) => notice.text);
const later = () => vi.advanceTimersByTimeAsync(60_000);

beforeEach(() => void vi.useFakeTimers({ now: 1_700_000_000_000 }));
afterEach(() => void vi.useRealTimers());

describe('recording in the room', () => {
  it('is asked for once, and counts from the moment the server tells it', async () => {
    const { call, asked, tell } = world();
    await call.join();
    await later();
    await Promise.all([call.record(), call.record()]);
    expect(asked).toEqual([true]);
    expect(call.recording.value.on).toBe(false);
    // A server whose clock is an hour ahead.
    tell({ on: true, by: 'Ann', since: Date.now() + 3_600_000 });
    expect(call.recordingSince.value).toBe(Date.now());
    expect(said(call)).toEqual(['You started recording. Everybody here was told.']);
    await call.record();
    expect(asked).toEqual([true, false]);
  });

  it('says who started and who stopped it, also in the chat', async () => {
    const { call, tell } = world();
    await call.join();
    await later();
    tell({ on: true, by: 'Bob', since: 1 });
    tell({ on: false, by: 'Bob' });
    tell({ on: true, by: null, since: 2 });
    expect(said(call)).toEqual(['Bob started recording', 'Bob stopped recording. The film will be on the Recordings page.', 'This room is being recorded']);
    const lines = call.talk.blocks.value.map((block) => (block.kind === 'line' ? [block.what, block.logins] : null));
    expect(lines).toEqual([['recorded', ['Bob']], ['unrecorded', ['Bob']], ['recorded', []]]);
  });

  it('greets who enters a recorded room, and counts since its start', async () => {
    const since = Date.now() - 90_000;
    const { call } = world({ recording: { on: true, by: 'Bob', since, problem: null } });
    await call.join();
    expect(said(call)).toEqual(['This room is being recorded. Bob started it.']);
    expect(call.recordingSince.value).toBe(since);
    expect(call.talk.blocks.value).toEqual([]);
  });

  it('tells a problem once', async () => {
    const { call, tell } = world();
    await call.join();
    await later();
    tell({ on: true, by: 'Ann', since: 1 });
    tell({ on: true, by: 'Ann', since: 1, problem: 'The disk is full' });
    tell({ on: true, by: 'Ann', since: 1, problem: 'The disk is full' });
    expect(said(call).filter((text) => text.includes('disk'))).toHaveLength(1);
  });

  it('tells why it was refused', async () => {
    const { call, refuse } = world();
    await call.join();
    refuse(Object.assign(new Error(), { reason: 'refused', info: 'no' }));
    await call.record();
    refuse(Object.assign(new Error(), { reason: 'server', info: 'Recording failed: the disk is full' }));
    await call.record();
    expect(said(call)).toEqual(['Recording is not allowed to you in this room.', 'The recording could not be switched. Recording failed: the disk is full']);
    expect(call.askingRecord.value).toBe(false);
  });

  it('begins with the room where the address says so', async () => {
    const { call, joins } = world({ record: true });
    await call.join();
    expect(joins).toMatchObject([{ record: true }]);
    const other = world();
    await other.call.join();
    expect(other.joins[0]).not.toHaveProperty('record');
  });

  it('ends with the visit', async () => {
    const { call, tell } = world();
    await call.join();
    tell({ on: true, by: 'Ann', since: 1 });
    await call.leave();
    expect([call.recording.value.on, call.recordingSince.value]).toEqual([false, null]);
  });

  it('has its key, which writes nothing into a text field', () => {
    const press = { code: 'KeyR', ctrlKey: true, metaKey: false, altKey: true, shiftKey: false };
    expect([actionFor(press, false), actionFor(press, true), actionFor({ ...press, altKey: false }, false)]).toEqual(['record', null, null]);
  });
});

it('a time code grows from minutes to hours', () => {
  expect([-5, 0, 59_999, 60_000, 3_599_000, 3_600_000, 36_061_000].map(timecode)).toEqual(['0:00', '0:00', '0:59', '1:00', '59:59', '1:00:00', '10:01:01']);
});
