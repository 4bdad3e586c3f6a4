import { describe, expect, it } from 'vitest';
import type { ChatMessage } from '@veche/sdk';
import { groupChat, type Happening } from '../src/model/chat';

const MINUTE = 60_000;
let next = 0;

function said(from: string, time: number, extra: Partial<ChatMessage> = {}): ChatMessage {
  return {
    localId: `m${next++}`, id: next, from, to: null, text: 'x', time, own: false, history: false, state: 'sent', error: null,
    retry: () => Promise.resolve(), ...extra,
  };
}
const line = (kind: Happening['kind'], login: string, time: number): Happening => ({ key: `${kind}${login}${time}`, kind, login, time });
const shape = (...args: Parameters<typeof groupChat>) =>
  groupChat(...args).map((block) => (block.kind === 'line' ? `${block.what}:${block.logins.join('+')}` : `${block.from}×${block.messages.length}`));

describe('grouping the chat', () => {
  it('puts one person and one minute into one block', () => {
    expect(shape([said('ann', 0), said('ann', 100), said('bob', 200), said('ann', 300)], [])).toEqual(['ann×2', 'bob×1', 'ann×1']);
    expect(shape([said('ann', 0), said('ann', MINUTE)], [])).toEqual(['ann×1', 'ann×1']);
  });

  it('keeps what was said privately apart', () => {
    expect(shape([said('ann', 0), said('ann', 1, { to: 'me' }), said('ann', 2)], [])).toEqual(['ann×1', 'ann×1', 'ann×1']);
  });

  it('puts comings and goings between the messages by time', () => {
    const messages = [said('ann', 10), said('ann', 30)];
    expect(shape(messages, [line('joined', 'bob', 20), line('left', 'bob', 40)])).toEqual(['ann×1', 'joined:bob', 'ann×1', 'left:bob']);
  });

  it('says several comings in a minute in one line', () => {
    expect(shape([], [line('joined', 'a', 1), line('joined', 'b', 2), line('left', 'a', 3), line('joined', 'c', MINUTE + 1)])).toEqual([
      'joined:a+b', 'left:a', 'joined:c',
    ]);
  });
});
