/**
 * Random schedules on virtual time: three people whose lines break in every
 * way, a server that may crash; after each schedule everything must be whole.
 * A failure names its seed.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { connect, type Client, type LocalPublication, type Room } from '../src/index.js';
import { FakePeerConnection, endWorld, makeWorld, media, settle, tick, type World } from './fakes.js';

const LOGINS = ['ann', 'bob', 'cat'] as const;
const STEPS = 25;
/** Longer than any backoff, grace and timeout of the SDK together. */
const CALM_MS = 60_000;

/** mulberry32 */
function random(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

interface Guest {
  login: string;
  client: Client;
  room: Room;
  /** Who is here, by the events alone. */
  here: Set<string>;
  streams: Set<string>;
  said: string[];
  publications: LocalPublication[];
}

let w: World;
beforeEach(() => void (w = makeWorld()));
afterEach(endWorld);

async function arrive(login: string): Promise<Guest> {
  const client = await settle(connect({ url: 'ws://s/', login }));
  const room = await settle(client.join('r'));
  const guest: Guest = { login, client, room, here: new Set(room.participants.keys()), streams: new Set(), said: [], publications: [] };
  const fail = (what: string) => {
    throw new Error(`${login}: ${what}`);
  };
  room.on('participantJoined', (p) => (guest.here.has(p.login) ? fail(`${p.login} joined twice`) : guest.here.add(p.login)));
  room.on('participantLeft', (p) => (guest.here.delete(p.login) ? undefined : fail(`${p.login} left without having joined`)));
  room.on('streamAdded', (s) => {
    guest.streams.add(`${s.login}/${s.kind}`);
    void s.play().catch(() => undefined);
  });
  room.on('streamRemoved', (s) => (guest.streams.delete(`${s.login}/${s.kind}`) ? undefined : fail(`stream of ${s.login} removed twice`)));
  for (const s of [...room.participants.values()].flatMap((p) => p.streams)) {
    guest.streams.add(`${s.login}/${s.kind}`);
    void s.play().catch(() => undefined);
  }
  return guest;
}

async function run(seed: number, crashes: boolean): Promise<void> {
  const next = random(seed);
  vi.spyOn(Math, 'random').mockImplementation(next);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const guests: Guest[] = [];
  for (const login of LOGINS) guests.push(await arrive(login));
  let n = 0;
  for (let step = 0; step < STEPS; step++) {
    const guest = pick(guests);
    const conn = [...w.server.conns].find((c) => c.login === guest.login);
    const peer = pick(FakePeerConnection.all.filter((pc) => !pc.closed));
    const actions: (() => void)[] = [
      () => conn?.breakDown(),
      () => conn && (conn.dead = true),
      () => peer?.ice('disconnected'),
      () => peer?.ice('failed'),
      () => {
        const text = `${guest.login} ${++n}`;
        guest.said.push(text);
        void guest.room.send(text).catch(() => undefined);
      },
      () => {
        if (guest.publications.length > 1) return;
        const kind = guest.publications.some((p) => p.kind === 'camera') ? 'screen' : 'camera';
        void guest.room.publish(media('audio', 'video'), { kind }).catch(() => undefined);
        guest.publications = guest.room.publications.slice();
      },
      () => {
        const mine = pick(guest.publications);
        guest.publications = guest.publications.filter((p) => p !== mine);
        void mine?.stop();
      },
      () => guest.publications.forEach((p) => p.muteAudio()),
      () => void w.window.dispatchEvent(new Event('online')),
      () => (w.server.streamFates = [{ info: 'Failed by ICE timeout' }]), // one, as three in a row are a reason to give up
    ];
    if (crashes) actions.push(() => w.server.crash(), () => w.server.start());
    pick(actions)();
    await tick(Math.floor(next() ** 3 * 15_000));
  }
  w.server.start();
  w.server.streamFates = [];
  await tick(CALM_MS);
  check(guests, crashes);
  for (const guest of guests) await settle(guest.client.close());
  await tick(10_000);
  expect(FakePeerConnection.all.filter((pc) => !pc.closed).length, 'peer connections after the end').toBe(0);
  expect(w.server.conns.size, 'connections after the end').toBe(0);
}

function check(guests: Guest[], crashes: boolean): void {
  const members = w.server.rooms.get('r')!;
  expect([...members.keys()].sort()).toEqual([...LOGINS]);
  let open = 0;
  for (const { login, client, room, here, streams, said, publications } of guests) {
    expect(client.state, login).toBe('connected');
    const others = LOGINS.filter((l) => l !== login);
    expect([...room.participants.keys()].sort(), `${login} knows`).toEqual(others);
    expect([...here].sort(), `${login} was told of`).toEqual(others);
    expect(publications.map((p) => p.status), `${login} publishes`).toEqual(publications.map(() => 'publishing'));
    expect(members.get(login)!.streams.slice().sort(), `${login}'s streams on the server`).toEqual(publications.map((p) => p.name).sort());
    open += publications.length;
    const heard = [...room.participants.values()].flatMap((p) => p.streams);
    const known = heard.map((s) => `${s.login}/${s.kind} ${s.name} ${s.status}`).sort();
    const truth = others.flatMap((l) => members.get(l)!.streams.map((name) => `${l}/${name.includes('screenShare') ? 'screen' : 'camera'} ${name} playing`));
    expect(known, `${login} plays`).toEqual(truth.sort());
    expect([...streams].sort(), `${login} was told of streams`).toEqual(heard.map((s) => `${s.login}/${s.kind}`).sort());
    open += heard.length;
    expect(room.messages.filter((m) => m.own).map((m) => [m.text, m.state]), `${login} said`).toEqual(said.map((t) => [t, 'sent']));
    for (const other of guests) {
      if (other.login === login) continue;
      const from = room.messages.filter((m) => m.from === other.login).map((m) => m.text);
      // A crash loses the history of those who were away; it must not double or reorder anything.
      if (crashes) expect(from, `${login} read of ${other.login}`).toEqual(other.said.filter((t) => from.includes(t)));
      else expect(from, `${login} read of ${other.login}`).toEqual(other.said);
    }
  }
  expect(FakePeerConnection.all.filter((pc) => !pc.closed).length, 'open peer connections').toBe(open);
}

const seeds = (from: number) => Array.from({ length: Number(process.env.SCHEDULES ?? 40) }, (_, i) => from + i);
test.each(seeds(1))('lines break, everything comes back (seed %i)', (seed) => run(seed, false));
test.each(seeds(1_001))('the server crashes too, everything comes back (seed %i)', (seed) => run(seed, true));
