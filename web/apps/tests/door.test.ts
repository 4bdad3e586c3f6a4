import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readDoor, watchDoor, type Door } from '../src/model/door';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answer = (body: unknown, status = 200) => new Response(JSON.stringify(body), { status });

it('reads what the server says, and nothing else', () => {
  expect(readDoor({ people: 2, recording: true })).toEqual({ people: 2, recording: true });
  for (const other of [null, 7, {}, { people: '2', recording: true }, { people: 2 }]) expect(readDoor(other)).toBeNull();
});

it('looks once the name stands still, then again and again, until it is ended', async () => {
  const asked: string[] = [];
  const told: (Door | null)[] = [];
  const answers = [answer({ people: 1, recording: false }), answer('busy', 503), answer({ people: 2, recording: true })];
  const end = watchDoor('a/b?', (door) => told.push(door), async (url) => {
    asked.push(url as string);
    return answers.shift()!;
  });
  await vi.advanceTimersByTimeAsync(300);
  expect(asked).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_500);
  expect(asked).toEqual(Array(3).fill('/room-state?name=a%2Fb%3F'));
  expect(told).toEqual([{ people: 1, recording: false }, null, { people: 2, recording: true }]);
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(3);
});

it('a server that is away is asked again; what comes after the end is not told', async () => {
  const told: (Door | null)[] = [];
  let late: (response: Response) => void = () => undefined;
  const answers = [() => Promise.reject(new TypeError('away')), () => new Promise<Response>((done) => (late = done))];
  const end = watchDoor('r', (door) => told.push(door), () => answers.shift()!());
  await vi.advanceTimersByTimeAsync(6_000);
  expect(told).toEqual([null]);
  end();
  late(answer({ people: 1, recording: true }));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(told).toEqual([null]);
});
