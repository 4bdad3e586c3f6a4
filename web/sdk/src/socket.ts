/**
 * One WebSocket: frames in and out, keep-alive both ways, and a watchdog that
 * notices a dead network long before TCP does. Knows no message but ping and pong.
 */
import { VecheError } from './errors.js';

/** How often we ping; the server's own pings come every 5 s. */
const PING_INTERVAL_MS = 4_000;
/** With nothing heard for this long (two server pings and ours unanswered) the line is dead. */
const DEAD_AFTER_MS = 12_000;
/** How fast the server must answer when there is reason to doubt the line; a lossy network repeats a packet for seconds. */
const PROBE_TIMEOUT_MS = 4_000;
/** A tick this late means that the machine slept or the tab was frozen. */
const LATE_TICK_MS = 4_000;

export interface SocketHandlers {
  opened(): void;
  frame(message: string, data: unknown[]): void;
  /** Called once, never after {@link Socket.close}. */
  closed(error: VecheError): void;
}

export class Socket {
  readonly #ws: WebSocket;
  readonly #handlers: SocketHandlers;
  #over = false;
  #open = false;
  #heard = 0;
  #ticked = 0;
  #timer: ReturnType<typeof setInterval> | undefined;
  #probing: ReturnType<typeof setTimeout> | undefined;

  constructor(url: string, handlers: SocketHandlers) {
    this.#handlers = handlers;
    try {
      this.#ws = new WebSocket(url);
    } catch (e) {
      throw new VecheError('unreachable', e instanceof Error ? e.message : String(e));
    }
    this.#ws.onopen = () => {
      if (this.#over) return;
      this.#open = true;
      this.#heard = this.#ticked = Date.now();
      this.#timer = setInterval(() => this.#tick(), PING_INTERVAL_MS);
      handlers.opened();
    };
    this.#ws.onmessage = (event) => this.#receive(event.data);
    this.#ws.onerror = () => undefined; // a close always follows
    this.#ws.onclose = (event) =>
      this.#die(new VecheError(this.#open ? 'closed' : 'unreachable', event.reason || `code ${event.code}`));
  }

  /** Whether a frame sent now has a chance to arrive. */
  get open(): boolean {
    return this.#open && !this.#over;
  }

  /** Sends a frame; silently not, when the line is gone: its owner hears of that by `closed`. */
  send(message: string, ...data: unknown[]): void {
    if (this.open) this.#ws.send(JSON.stringify({ message, data }));
  }

  /** Asks the server for a sign of life and gives the line up where none comes. */
  probe(): void {
    if (!this.open || this.#probing) return;
    const asked = Date.now();
    this.send('ping', null);
    this.#probing = setTimeout(() => {
      this.#probing = undefined;
      if (this.#heard < asked) this.#die(new VecheError('timeout', 'no sign of life'));
    }, PROBE_TIMEOUT_MS);
  }

  /** Ends it; `closed` is not called. */
  close(): void {
    this.#end();
  }

  #tick(): void {
    const now = Date.now();
    const late = now - this.#ticked - PING_INTERVAL_MS > LATE_TICK_MS;
    this.#ticked = now;
    if (late) this.probe();
    else if (now - this.#heard >= DEAD_AFTER_MS) this.#die(new VecheError('timeout', 'nothing heard'));
    else this.send('ping', null);
  }

  #receive(text: unknown): void {
    if (this.#over) return;
    this.#heard = Date.now();
    if (typeof text !== 'string') return;
    let frame: { message?: unknown; data?: unknown };
    try {
      frame = JSON.parse(text) as typeof frame;
    } catch {
      return; // a broken frame harms only itself
    }
    if (!frame || typeof frame.message !== 'string') return;
    const data = Array.isArray(frame.data) ? (frame.data as unknown[]) : [];
    if (frame.message === 'ping') this.send('pong', null);
    else if (frame.message !== 'pong') this.#handlers.frame(frame.message, data);
  }

  #die(error: VecheError): void {
    if (this.#over) return;
    this.#end();
    this.#handlers.closed(error);
  }

  #end(): void {
    this.#over = true;
    clearInterval(this.#timer);
    clearTimeout(this.#probing);
    try {
      this.#ws.close(1000);
    } catch {
      // closing a socket that never opened may throw; it is gone all the same
    }
  }
}
