import { describe, expect, it } from 'vitest';
import { answerOf, faultOf, type Fault } from '../src/model/archive/fault';

const [ABORTED, NETWORK, DECODE, UNSUPPORTED] = [1, 2, 3, 4];

describe('why a film does not play', () => {
  const cases: [code: number | null, answer: number | null, operator: Fault, guest: Fault][] = [
    [UNSUPPORTED, 200, 'unplayable', 'unplayable'],
    [DECODE, 200, 'unplayable', 'unplayable'],
    [ABORTED, 200, 'unplayable', 'unplayable'],
    [null, 200, 'unplayable', 'unplayable'],
    // The bucket behind it is not asked.
    [UNSUPPORTED, 302, 'unplayable', 'unplayable'],
    [NETWORK, 302, 'unreachable', 'unreachable'],
    // It is there again.
    [NETWORK, 200, 'unreachable', 'unreachable'],
    [UNSUPPORTED, null, 'unreachable', 'unreachable'],
    [NETWORK, null, 'unreachable', 'unreachable'],
    [UNSUPPORTED, 404, 'unreachable', 'unreachable'],
    [UNSUPPORTED, 410, 'unreachable', 'unreachable'],
    [DECODE, 500, 'unreachable', 'unreachable'],
    [UNSUPPORTED, 503, 'unreachable', 'unreachable'],
    [UNSUPPORTED, 401, 'session', 'link'],
    [NETWORK, 401, 'session', 'link'],
    [UNSUPPORTED, 403, 'unreachable', 'link'],
    [NETWORK, 403, 'unreachable', 'link'],
  ];
  it.each(cases)('code %s and answer %s: %s, to a guest %s', (code, answer, operator, guest) => {
    expect([faultOf(code, answer, false), faultOf(code, answer, true)]).toEqual([operator, guest]);
  });
});

describe('what the server says of an address', () => {
  const asked: [string, RequestInit][] = [];
  const answers = (response: () => Response) => (async (address: string, init: RequestInit) => {
    asked.push([address, init]);
    return response();
  }) as typeof globalThis.fetch;

  it('is its status, without the file', async () => {
    expect(await answerOf('/f?x=1', answers(() => new Response(null, { status: 404 })))).toBe(404);
    expect(asked[0]).toMatchObject(['/f?x=1', { method: 'HEAD', redirect: 'manual' }]);
  });

  it('is that it leads elsewhere', async () => {
    const elsewhere = { type: 'opaqueredirect', status: 0 } as Response;
    expect(await answerOf('/f', answers(() => elsewhere))).toBe(302);
  });

  it('is nothing where nobody answers', async () => {
    expect(await answerOf('/f', answers(() => { throw new TypeError('Failed to fetch'); }))).toBeNull();
  });
});
