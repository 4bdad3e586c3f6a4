// A bare client of the protocol, for what no browser would send.
import WebSocket from 'ws';
import { within } from './wait.mjs';

export class Wire {
  /** Opens a WebSocket; `hello: true` also says `connection` and waits for the answer. */
  static async open(server, { hello = true, login = 'wire', custom = {}, path = '/' } = {}) {
    const wire = new Wire();
    wire.received = [];
    wire.waiting = [];
    wire.socket = new WebSocket(`${server.ws}${path}`, { perMessageDeflate: false });
    wire.closed = new Promise((done) => wire.socket.once('close', (code, reason) => {
      wire.closeCode = code;
      done({ code, reason: reason.toString() });
    }));
    wire.socket.on('error', () => {});
    wire.socket.on('message', (data) => wire.take(String(data)));
    await within('the WebSocket opens', new Promise((done, fail) => {
      wire.socket.once('open', done);
      wire.socket.once('error', fail);
    }), 5000);
    if (hello) {
      wire.send('connection', { appKey: 'roomApp', mediaProviders: ['WebRTC'], clientVersion: '2.0', custom: { login, ...custom } });
      wire.user = await wire.next('getUserData');
    }
    return wire;
  }

  take(text) {
    const frame = JSON.parse(text);
    if (frame.message === 'ping') return this.send('pong', null);
    this.received.push(frame);
    for (const waiter of [...this.waiting]) waiter();
  }

  get isOpen() { return this.socket.readyState === WebSocket.OPEN; }

  raw(data) { this.socket.send(data); }
  send(message, ...data) { if (this.isOpen) this.socket.send(JSON.stringify({ message, data })); }

  /** The next frame of that name which `pick` accepts; taken out of the queue. */
  async next(message, pick = () => true, ms = 5000) {
    return (await this.frame(`a ${message} frame`, (frame) => frame.message === message && pick(frame.data[0]), ms)).data[0];
  }

  /** The next frame that `pick` accepts, whatever its name; taken out of the queue. */
  async frame(what, pick, ms = 5000) {
    let look;
    const found = new Promise((done) => {
      look = () => {
        const i = this.received.findIndex(pick);
        if (i >= 0) done(this.received.splice(i, 1)[0]);
        return i >= 0;
      };
    });
    this.waiting.push(look);
    look();
    try {
      return await within(what, found, ms);
    } finally {
      this.waiting = this.waiting.filter((waiter) => waiter !== look);
    }
  }

  async command(command, options, operationId = crypto.randomUUID()) {
    this.send('sendData', { operationId, payload: { command, options } });
    return this.next('DataStatusEvent', (d) => d.operationId === operationId);
  }

  close() {
    this.socket.terminate();
    return this.closed;
  }
}
