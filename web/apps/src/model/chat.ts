/** The chat as it is read: blocks by person and minute, and quiet lines between them. */
import type { ChatMessage } from '@veche/sdk';

/** What happened in the room besides messages. */
export interface Happening {
  key: string;
  kind: 'joined' | 'left' | 'recorded' | 'unrecorded';
  /** `null` where it was nobody in the room. */
  login: string | null;
  time: number;
}

export interface MessageBlock {
  kind: 'messages';
  key: string;
  from: string;
  to: string | null;
  own: boolean;
  time: number;
  messages: ChatMessage[];
}

export interface LineBlock {
  kind: 'line';
  key: string;
  what: Happening['kind'];
  /** Empty where it was nobody in the room. */
  logins: string[];
  time: number;
}

export type Block = MessageBlock | LineBlock;

const MINUTE_MS = 60_000;

/** Messages keep the order in which they arrived; happenings fall between them by time. */
export function groupChat(messages: readonly ChatMessage[], happenings: readonly Happening[]): Block[] {
  const blocks: Block[] = [];
  let next = 0;
  const linesUntil = (time: number) => {
    for (; next < happenings.length && happenings[next]!.time <= time; next++) addLine(blocks, happenings[next]!);
  };
  for (const message of messages) {
    linesUntil(message.time);
    addMessage(blocks, message);
  }
  linesUntil(Infinity);
  return blocks;
}

function minute(time: number): number {
  return Math.floor(time / MINUTE_MS);
}

function addMessage(blocks: Block[], message: ChatMessage): void {
  const last = blocks.at(-1);
  const same =
    last?.kind === 'messages' &&
    last.from === message.from &&
    last.to === message.to &&
    last.own === message.own &&
    minute(last.time) === minute(message.time);
  if (same) last.messages.push(message);
  else
    blocks.push({
      kind: 'messages',
      key: message.localId,
      from: message.from,
      to: message.to,
      own: message.own,
      time: message.time,
      messages: [message],
    });
}

function addLine(blocks: Block[], { key, kind, login, time }: Happening): void {
  const last = blocks.at(-1);
  // Who came is a crowd; who recorded is one person at a time.
  const crowd = kind === 'joined' || kind === 'left';
  if (crowd && last?.kind === 'line' && last.what === kind && minute(last.time) === minute(time)) last.logins.push(...(login === null ? [] : [login]));
  else blocks.push({ kind: 'line', key, what: kind, logins: login === null ? [] : [login], time });
}
