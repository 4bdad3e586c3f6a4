/** Numbers from getStats, as differences since the last reading. */
import type { StreamStats } from './api.js';

interface Entry {
  id: string;
  type: string;
  kind?: string;
  [field: string]: unknown;
}

/** What one reading found; `lost` and `received` count since the last one. */
export interface Reading extends StreamStats {
  lost: number;
  received: number;
  audioLevel: number | null;
  /** The encoder is held back by the network. */
  limited: boolean;
  freezes: number;
}

const num = (v: unknown): number => (typeof v === 'number' && Number.isFinite(v) ? v : 0);

export class StatsReader {
  readonly #direction: 'in' | 'out';
  #last: { at: number; bytes: number; frames: number; lost: number; packets: number; freezes: number } | null = null;
  #pc: RTCPeerConnection | null = null;

  constructor(direction: 'in' | 'out') {
    this.#direction = direction;
  }

  async read(pc: RTCPeerConnection | null | undefined): Promise<Reading> {
    if (pc !== this.#pc) {
      this.#pc = pc ?? null;
      this.#last = null;
    }
    const entries: Entry[] = [];
    if (pc) (await pc.getStats()).forEach((entry: Entry) => entries.push(entry));
    return this.#digest(entries);
  }

  #digest(entries: Entry[]): Reading {
    const out = this.#direction === 'out';
    const by = (type: string) => entries.filter((e) => e.type === type);
    const flows = by(out ? 'outbound-rtp' : 'inbound-rtp');
    const remote = by('remote-inbound-rtp');
    const video = flows.find((e) => e.kind === 'video');
    const audio = flows.find((e) => e.kind === 'audio');
    const sum = (list: Entry[], field: string) => list.reduce((n, e) => n + num(e[field]), 0);
    const now = {
      at: Date.now(),
      bytes: sum(flows, out ? 'bytesSent' : 'bytesReceived'),
      frames: num(video?.[out ? 'framesEncoded' : 'framesDecoded']),
      lost: sum(out ? remote : flows, 'packetsLost'),
      packets: sum(flows, out ? 'packetsSent' : 'packetsReceived'),
      freezes: num(video?.freezeCount),
    };
    const last = this.#last ?? now;
    this.#last = now;
    const seconds = Math.max(0.001, (now.at - last.at) / 1000);
    const measured = now.at > last.at;
    const pair = by('candidate-pair').find((e) => e.nominated && e.state === 'succeeded');
    const rtt = remote.map((e) => e.roundTripTime).find((v) => typeof v === 'number') ?? pair?.currentRoundTripTime;
    const codecId = (video ?? audio)?.codecId;
    const mime = entries.find((e) => e.id === codecId)?.mimeType;
    const source = by('media-source').find((e) => e.kind === 'audio');
    const level = (out ? source : audio)?.audioLevel;
    return {
      bitrate: measured ? Math.round(((now.bytes - last.bytes) * 8) / seconds) : 0,
      fps: typeof video?.framesPerSecond === 'number' ? video.framesPerSecond : measured ? (now.frames - last.frames) / seconds : 0,
      width: num(video?.frameWidth),
      height: num(video?.frameHeight),
      packetsLost: now.lost,
      jitterMs: Math.round(Math.max(0, ...(out ? remote : flows).map((e) => num(e.jitter))) * 1000),
      rttMs: typeof rtt === 'number' ? Math.round(rtt * 1000) : null,
      codec: typeof mime === 'string' ? (mime.split('/')[1] ?? null) : null,
      lost: Math.max(0, now.lost - last.lost),
      received: Math.max(0, now.packets - last.packets),
      audioLevel: typeof level === 'number' ? level : null,
      limited: video?.qualityLimitationReason === 'bandwidth',
      freezes: Math.max(0, now.freezes - last.freezes),
    };
  }
}

/** A {@link Reading} without what is for ourselves. */
export function publicStats(r: Reading): StreamStats {
  const { bitrate, fps, width, height, packetsLost, jitterMs, rttMs, codec } = r;
  return { bitrate, fps, width, height, packetsLost, jitterMs, rttMs, codec };
}
