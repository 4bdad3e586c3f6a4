import { describe, expect, it } from 'vitest';
import type { ChatMessage, Room } from '@veche/sdk';
import { Talk } from '../src/model/talk';

type Listener = (message: ChatMessage) => void;

function roomWith(messages: ChatMessage[] = []) {
  const listeners = new Map<string, Listener>();
  const sent: [string, string | undefined][] = [];
  const room = {
    messages,
    on: (event: string, listener: Listener) => {
      listeners.set(event, listener);
      return () => listeners.delete(event);
    },
    send: (text: string, to?: string) => {
      sent.push([text, to]);
      return Promise.reject(new Error('refused'));
    },
  };
  const arrive = (message: Partial<ChatMessage>) => {
    const full = { localId: String(messages.length), id: 1, from: 'bob', to: null, text: 'x', time: 0, own: false, history: false, state: 'sent', error: null, ...message } as ChatMessage;
    messages.push(full);
    listeners.get('message')?.(full);
  };
  return { room: room as unknown as Room, sent, arrive };
}

describe('the chat of a visit', () => {
  it('counts what others wrote while it was closed, and nothing else', () => {
    const talk = new Talk();
    const { room, arrive } = roomWith();
    const heard: string[] = [];
    talk.start(room, (message) => heard.push(message.text));
    arrive({ text: 'one' });
    arrive({ own: true });
    arrive({ history: true });
    arrive({ text: 'two' });
    expect(talk.unread.value).toBe(2);
    expect(heard).toEqual(['one', 'two']);
    talk.show(true);
    arrive({ text: 'three' });
    expect(talk.unread.value).toBe(0);
  });

  it('sends what is written, keeps no empty message, and leaves a refusal to the message', () => {
    const talk = new Talk();
    const { room, sent } = roomWith();
    talk.start(room, () => undefined);
    talk.draft.value = '   ';
    talk.send();
    talk.draft.value = ' hello ';
    talk.to.value = 'bob';
    talk.send();
    expect(sent).toEqual([['hello', 'bob']]);
    expect(talk.draft.value).toBe('');
  });

  it('writes to everybody again when the one it wrote to has left', () => {
    const talk = new Talk();
    talk.to.value = 'bob';
    talk.happened('left', 'ann');
    expect(talk.to.value).toBe('bob');
    talk.happened('left', 'bob');
    expect(talk.to.value).toBeNull();
  });

  it('keeps a bounded number of comings and goings', () => {
    const talk = new Talk();
    for (let i = 0; i < 700; i++) talk.happened('joined', `p${i}`);
    expect(talk.happenings.value.length).toBe(500);
    expect(talk.happenings.value.at(-1)?.login).toBe('p699');
  });
});
