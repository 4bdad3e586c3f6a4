import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { mediaError, reasonOf } from '../src/errors.js';
import { ActiveSpeaker, levelOf } from '../src/levels.js';
import { QualityMeter, type QualitySample } from '../src/quality.js';
import { kindOf } from '../src/remote-stream.js';
import { backoff } from '../src/deferred.js';

test.each([
  ['Failed by ICE error', 'ice_failed'],
  ['Failed by ICE timeout', 'ice_failed'],
  ['Failed by ICE keep alive', 'ice_failed'],
  ['Failed by RTP activity', 'ice_failed'],
  ['Failed by DTLS error', 'dtls_failed'],
  ['Failed by DTLS fingerprint error', 'dtls_failed'],
  ['No common codecs', 'no_common_codecs'],
  ['Stream not found', 'stream_not_found'],
  ['Stream name is already in use', 'name_in_use'],
  ['Room already has user with such login', 'login_taken'],
  ['Current room is full', 'room_full'],
  ['Stopped by session disconnect', 'closed'],
  ['Restricted access', 'refused'],
  ['Only others may switch the recording', 'refused'],
  ['Recording is off on this server', 'unsupported'],
  ['Recording failed: the disk is full', 'server'],
  ['Session is not in the room', 'not_in_room'],
  ['No such user in the room', 'not_in_room'],
  ['Session has left the room meanwhile', 'not_in_room'],
  ['Message is too long', 'too_large'],
  ['Too many messages', 'rate_limited'],
  ['Server is busy', 'timeout'],
  ['Failed by error', 'server'],
  ['', 'server'],
  [undefined, 'server'],
])('the info "%s" means %s', (info, reason) => expect(reasonOf(info)).toBe(reason));

test.each([['rate_limited'], ['too_large']])('the code %s wins over its sentence', (code) => {
  expect(reasonOf('whatever it says', code)).toBe(code);
});

test.each([
  ['NotAllowedError', 'media_denied'],
  ['NotFoundError', 'media_not_found'],
  ['OverconstrainedError', 'media_not_found'],
  ['NotReadableError', 'media_in_use'],
  ['TypeError', 'unsupported'],
])('%s of getUserMedia is %s', (name, reason) => {
  expect(mediaError(Object.assign(new Error('x'), { name })).reason).toBe(reason);
});

test('levels run from silence to full voice', () => {
  expect([0, 0.001, 0.25, 1].map((a) => Math.round(levelOf(a) * 100) / 100)).toEqual([0, 0, 1, 1]);
  expect(levelOf(0.03)).toBeGreaterThan(0.5);
});

test('backoff doubles up to its cap, at least half of it', () => {
  for (let n = 0; n < 50; n++) {
    const ms = backoff(n, 500, 4_000);
    const full = Math.min(4_000, 500 * 2 ** n);
    expect(ms).toBeGreaterThanOrEqual(full / 2);
    expect(ms).toBeLessThanOrEqual(full);
  }
});

test('a stream’s kind comes from what follows room and login', () => {
  expect(kindOf('r-bob-ab12', 'r', 'bob')).toBe('camera');
  expect(kindOf('r-bob-ab12-screenShare', 'r', 'bob')).toBe('screen');
  expect(kindOf('screenShare-bob-ab12', 'screenShare', 'bob')).toBe('camera');
});

describe('active speaker', () => {
  /** Feeds levels for `ms`; gives who spoke after each step of 100 ms. */
  const feed = (s: ActiveSpeaker, from: number, ms: number, levels: Record<string, number>) => {
    for (let t = from; t < from + ms; t += 100) s.update(t, new Map(Object.entries(levels)));
    return s.current;
  };
  test('silence has no speaker, a voice into silence is one at once', () => {
    const s = new ActiveSpeaker();
    expect(feed(s, 0, 1_000, { ann: 0.1, bob: 0 })).toBe(null);
    expect(feed(s, 1_000, 200, { ann: 0.9, bob: 0 })).toBe('ann');
  });
  test('a short interjection does not take over, a longer voice does', () => {
    const s = new ActiveSpeaker();
    feed(s, 0, 2_000, { ann: 0.7, bob: 0 });
    expect(feed(s, 2_000, 300, { ann: 0.7, bob: 1 })).toBe('ann');
    feed(s, 2_300, 2_000, { ann: 0.7, bob: 0 });
    expect(feed(s, 4_300, 1_500, { ann: 0.5, bob: 1 })).toBe('bob');
  });
  test('a pause keeps the speaker, silence ends it, leaving ends it at once', () => {
    const s = new ActiveSpeaker();
    feed(s, 0, 1_000, { ann: 0.8 });
    expect(feed(s, 1_000, 1_500, { ann: 0 })).toBe('ann');
    expect(feed(s, 2_500, 2_000, { ann: 0 })).toBe(null);
    feed(s, 5_000, 1_000, { ann: 0.8 });
    expect(feed(s, 6_000, 100, { bob: 0 })).toBe(null);
  });
});

describe('quality', () => {
  const fine: QualitySample = { loss: 0, rttMs: 20, jitterMs: 5, delivered: 1, limited: false, freezes: 0 };
  const after = (...samples: Partial<QualitySample>[]) => {
    const q = new QualityMeter();
    for (const s of samples) q.update({ ...fine, ...s });
    return q.value;
  };
  test('it is unknown, then what the first window says', () => {
    expect([after(), after({}), after({ loss: 0.05 }), after({ loss: 0.2 })]).toEqual(['unknown', 'good', 'poor', 'bad']);
  });
  test('it falls at once and rises after two windows', () => {
    expect(after({}, { rttMs: 900 })).toBe('bad');
    expect(after({ loss: 0.2 }, {})).toBe('bad');
    expect(after({ loss: 0.2 }, {}, {})).toBe('good');
    expect(after({ loss: 0.2 }, {}, { loss: 0.2 }, {})).toBe('bad');
  });
});

test('every text the server can say has a reason', () => {
  const source = readFileSync(new URL('../../../crates/signal/src/info.rs', import.meta.url), 'utf8');
  const texts = [...source.matchAll(/^ {4}[A-Z_]+ = "(.+)";$/gm)].map((m) => m[1]!);
  expect(texts.length).toBeGreaterThan(30);
  expect(texts.map((text) => `${text} → ${reasonOf(text)}`).join('\n')).toMatchSnapshot();
});
