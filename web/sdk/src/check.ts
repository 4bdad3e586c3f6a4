/**
 * A connection self-test for a lobby or a support page: does signalling get
 * through, does media by UDP, does media by TCP. Needs no camera and no room.
 */
import { defaultUrl } from './client.js';
import { VecheError, asError } from './errors.js';
import { randomHex } from './ids.js';
import { Peer } from './peer.js';
import { Session } from './session.js';

/** One answer of {@link checkConnection}. */
export interface CheckResult {
  /** Whether it works. */
  ok: boolean;
  /** How long it took. */
  ms: number;
  /** Why not, where `ok` is false. */
  error: VecheError | null;
}

/** What {@link checkConnection} found. Rooms work where `signalling` and one of the others are `ok`. */
export interface ConnectionReport {
  /** The WebSocket and its handshake. */
  signalling: CheckResult;
  /** Media over UDP, the better way. */
  udp: CheckResult;
  /** Media over TCP, the way through strict firewalls. */
  tcp: CheckResult;
}

/** Tries the way to the server as a call would take it; takes a second where all is well, and rejects never. */
export async function checkConnection(options: { url?: string; token?: string } = {}): Promise<ConnectionReport> {
  const url = options.url ?? defaultUrl();
  let session: Session | null = null;
  const signalling = await timed(async () => {
    const login = `check-${randomHex(4)}`;
    session = await Session.open({ url, login, token: options.token, appKey: 'defaultApp', veche: false }, { closed: () => undefined });
  });
  if (!session) return { signalling, udp: signalling, tcp: signalling };
  const line: Session = session;
  const silence = makeSilence();
  const udp = await timed(() => carries(line, silence.media, 'udp'));
  const tcp = await timed(() => carries(line, silence.media, 'tcp'));
  silence.end();
  line.close();
  return { signalling, udp, tcp };
}

async function timed(work: () => Promise<void>): Promise<CheckResult> {
  const began = Date.now();
  const error = await work().then(() => null, asError);
  return { ok: error === null, ms: Date.now() - began, error };
}

/** Publishes silence for a moment and looks which way it went. */
async function carries(session: Session, media: MediaStream, protocol: 'udp' | 'tcp'): Promise<void> {
  const audio = media.getAudioTracks()[0];
  const transport = protocol === 'tcp' ? 'TCP' : 'UDP';
  const peer = new Peer(
    session,
    { direction: 'publish', name: `check-${randomHex(8)}`, audio, media, transport },
    { ended: () => undefined },
  );
  try {
    await peer.start();
    const went = await selectedProtocol(peer.pc);
    // A server offers TCP beside UDP, so success alone does not say which one it was.
    if (went !== null && went !== protocol) throw new VecheError('ice_failed', `media went by ${went}`);
  } finally {
    await peer.stop();
  }
}

async function selectedProtocol(pc: RTCPeerConnection): Promise<string | null> {
  const stats = await pc.getStats();
  let protocol: string | null = null;
  stats.forEach((entry: { type: string; nominated?: boolean; state?: string; localCandidateId?: string }) => {
    if (entry.type !== 'candidate-pair' || !entry.nominated || entry.state !== 'succeeded') return;
    const candidate = stats.get(entry.localCandidateId ?? '') as { protocol?: string } | undefined;
    protocol = candidate?.protocol?.toLowerCase() ?? null;
  });
  return protocol;
}

/** A silent track that needs no permission. */
function makeSilence(): { media: MediaStream; end: () => void } {
  if (typeof AudioContext === 'undefined') return { media: new MediaStream(), end: () => undefined };
  const context = new AudioContext();
  const { stream } = context.createMediaStreamDestination();
  return { media: stream, end: () => void context.close().catch(() => undefined) };
}
