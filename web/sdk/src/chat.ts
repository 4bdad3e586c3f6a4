/**
 * One room's chat: what was said, what waits to be sent. Messages leave in the
 * order they were written, one at a time, so that none overtakes another and a
 * lost connection leaves at most one in doubt; HISTORY settles that one.
 */
import type { ChatMessage } from './api.js';
import { Deferred, sleep } from './deferred.js';
import { VecheError, asError } from './errors.js';
import { uuid } from './ids.js';
import type { DataStatus } from './wire.js';

/** Kept for the page; older ones are dropped from the front. */
export const MAX_MESSAGES = 1_000;
/** Waiting to be sent while the connection is away. */
const MAX_PENDING = 100;
/** The server counts messages a second, so this is long enough. */
const RATE_PAUSE_MS = 1_100;
const RATE_ATTEMPTS = 5;
/** JSON around the text of a command, generously. */
const ENVELOPE_BYTES = 1_024;
/** HISTORY follows STATE at once; a server without it must not hold up what waits. */
const HISTORY_PATIENCE_MS = 1_500;

export interface ChatHost {
  login: string;
  /** Sends one message; `null` while the connection is away. */
  transmit: ((text: string, to: string | null) => Promise<DataStatus>) | null;
  maxMessageBytes(): number;
  added(message: ChatMessage): void;
  updated(message: ChatMessage): void;
}

class Message implements ChatMessage {
  readonly localId = uuid();
  readonly history: boolean = false;
  id: number | null = null;
  state: ChatMessage['state'] = 'sent';
  error: VecheError | null = null;
  done: Deferred<ChatMessage> | null = null;

  constructor(
    readonly from: string,
    readonly to: string | null,
    readonly text: string,
    public time: number,
    readonly own: boolean,
    private readonly again: (message: Message) => Promise<ChatMessage>,
    history = false,
  ) {
    this.history = history;
  }

  async retry(): Promise<void> {
    if (this.state === 'failed') await this.again(this);
  }
}

interface WireMessage {
  from?: string;
  text?: unknown;
  id?: number;
  time?: number;
  broadcast?: boolean;
}

export class Chat {
  readonly messages: Message[] = [];
  readonly #host: ChatHost;
  readonly #pending: Message[] = [];
  readonly #known = new Set<string>();
  #sending = false;
  #joinedBefore = false;
  #awaitingHistory: ReturnType<typeof setTimeout> | null = null;

  constructor(host: ChatHost) {
    this.#host = host;
  }

  /** The greatest id seen. */
  get lastId(): number {
    return this.messages.reduce((max, m) => Math.max(max, m.id ?? 0), 0);
  }

  /** Writes a message; resolves when the server has it. */
  send(text: string, to: string | null): Promise<ChatMessage> {
    const tooLarge = new TextEncoder().encode(JSON.stringify(text)).length > this.#host.maxMessageBytes() - ENVELOPE_BYTES;
    if (tooLarge) return Promise.reject(new VecheError('too_large', 'message is too long'));
    if (this.#pending.length >= MAX_PENDING) {
      return Promise.reject(new VecheError('rate_limited', 'too many messages wait to be sent'));
    }
    const message = new Message(this.#host.login, to, text, Date.now(), true, (m) => this.#enqueue(m));
    message.state = 'sending';
    this.#keep(message);
    this.#host.added(message);
    return this.#enqueue(message);
  }

  /** A MESSAGE of somebody else. */
  receive(info: WireMessage): void {
    this.#add(info, false);
  }

  /** HISTORY: what was said before we joined, or while we were away. */
  receiveHistory(list: WireMessage[]): void {
    for (const item of list) {
      const info = { ...item, broadcast: true };
      // What we sent when the line broke, and the server did get.
      const doubtful = info.from === this.#host.login && this.#pending.find((m) => m.to === null && m.text === info.text);
      if (doubtful && !this.#known.has(key(info))) {
        this.#pending.splice(this.#pending.indexOf(doubtful), 1);
        this.#settle(doubtful, { messageId: info.id, time: info.time });
      } else this.#add(info, !this.#joinedBefore);
    }
    this.#joinedBefore = true;
    this.#release();
  }

  /** The room is (re)joined; what waits is sent once HISTORY has settled doubts. */
  resume(awaitHistory: boolean): void {
    if (!awaitHistory) return this.#release();
    this.#awaitingHistory = setTimeout(() => this.#release(), HISTORY_PATIENCE_MS);
  }

  /** Everything waiting fails. */
  close(error: VecheError): void {
    this.#stopWaiting();
    for (const message of this.#pending.splice(0)) this.#fail(message, error);
  }

  #release(): void {
    this.#stopWaiting();
    void this.#flush();
  }

  #stopWaiting(): void {
    if (this.#awaitingHistory) clearTimeout(this.#awaitingHistory);
    this.#awaitingHistory = null;
  }

  #enqueue(message: Message): Promise<ChatMessage> {
    if (message.state === 'failed') {
      message.state = 'sending';
      message.error = null;
      this.#host.updated(message);
    }
    message.done = new Deferred();
    this.#pending.push(message);
    void this.#flush();
    return message.done.promise;
  }

  async #flush(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    let limited = 0;
    let broken: ChatHost['transmit'] = null;
    for (let head = this.#pending[0]; head; head = this.#pending[0]) {
      const { transmit } = this.#host;
      if (!transmit || this.#awaitingHistory) break;
      try {
        const status = await transmit(head.text, head.to);
        if (this.#pending[0] === head) this.#pending.shift();
        this.#settle(head, status);
        limited = 0;
      } catch (e) {
        const error = asError(e);
        // Settled by HISTORY or closed meanwhile.
        if (this.#pending[0] !== head) continue;
        // The line broke: it stays first, and is sent after the reconnection.
        if (error.reason === 'closed' || this.#host.transmit !== transmit) {
          broken = transmit;
          break;
        }
        if (error.reason === 'rate_limited' && ++limited < RATE_ATTEMPTS) {
          await sleep(RATE_PAUSE_MS);
          continue;
        }
        this.#pending.shift();
        this.#fail(head, error);
      }
    }
    this.#sending = false;
    // The line may have come back while the last failure was being sorted out.
    const { transmit } = this.#host;
    if (this.#pending.length > 0 && transmit && transmit !== broken && !this.#awaitingHistory) void this.#flush();
  }

  #settle(message: Message, status: DataStatus): void {
    if (message.state === 'sent') return;
    message.id = status.messageId ?? null;
    message.time = status.time ?? message.time;
    message.state = 'sent';
    this.#known.add(key(message));
    this.#host.updated(message);
    message.done?.resolve(message);
  }

  #fail(message: Message, error: VecheError): void {
    message.state = 'failed';
    message.error = error;
    this.#host.updated(message);
    message.done?.reject(error);
  }

  #add(info: WireMessage, history: boolean): void {
    if (typeof info?.from !== 'string') return;
    // Ids begin anew in a room made anew, so the time belongs to the identity.
    if (typeof info.id === 'number' && this.#known.has(key(info))) return;
    const text = typeof info.text === 'string' ? info.text : JSON.stringify(info.text ?? '');
    const own = info.from === this.#host.login;
    const to = info.broadcast || own ? null : this.#host.login;
    const message = new Message(info.from, to, text, info.time ?? Date.now(), own, (m) => this.#enqueue(m), history);
    message.id = info.id ?? null;
    this.#keep(message);
    if (message.id !== null) this.#known.add(key(message));
    this.#host.added(message);
  }

  #keep(message: Message): void {
    this.messages.push(message);
    if (this.messages.length <= MAX_MESSAGES) return;
    const dropped = this.messages.splice(0, this.messages.length - MAX_MESSAGES);
    for (const m of dropped) this.#known.delete(key(m));
  }
}

function key(m: { id?: number | null; time?: number }): string {
  return `${m.id}:${m.time}`;
}
