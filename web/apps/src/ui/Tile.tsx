import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import type { ConnectionQuality, LocalPublication, RemoteStream } from '@veche/sdk';
import { words } from '../i18n';
import { bearsCropping, type Rect } from '../model/layout';
import { hue, monogram } from '../model/names';
import { calm, useLevel, useStream } from './hooks';
import { Icon } from './Icon';
import { OwnVideo, RemoteVideo } from './Video';

interface Placed {
  rect: Rect;
  /** Whether a new place is reached by moving (people came or went) or at once (the window changed). */
  moves: boolean;
  featured: boolean;
  pinned: boolean;
  onPin: () => void;
}

interface FrameProps extends Placed {
  login: string;
  name: string;
  kind: 'camera' | 'screen';
  own: boolean;
  speaking: boolean;
  muted: boolean;
  video: boolean;
  status: string;
  quality: ConnectionQuality;
  stream: RemoteStream | LocalPublication | null;
  picture: ComponentChildren;
  /** Whether the picture may fill the tile. */
  fills?: boolean;
  overlay?: ComponentChildren;
}

/** How long people take to find their new place. */
const MOVE_MS = 360;

function useMoving(rect: Rect, moves: boolean) {
  const element = useRef<HTMLElement>(null);
  const before = useRef<Rect | null>(null);
  useLayoutEffect(() => {
    const from = before.current;
    before.current = rect;
    const el = element.current;
    if (!el || calm()) return;
    const easing = 'cubic-bezier(0.2, 0.8, 0.2, 1)';
    if (!from) {
      el.animate([{ opacity: 0, transform: 'scale(0.94)' }, { opacity: 1, transform: 'none' }], { duration: MOVE_MS, easing });
      return;
    }
    if (!moves || (from.x === rect.x && from.y === rect.y && from.width === rect.width && from.height === rect.height)) return;
    const scale = `scale(${from.width / rect.width}, ${from.height / rect.height})`;
    el.animate([{ transformOrigin: '0 0', transform: `translate(${from.x - rect.x}px, ${from.y - rect.y}px) ${scale}` }, { transformOrigin: '0 0', transform: 'none' }], {
      duration: MOVE_MS,
      easing,
    });
  }, [rect.x, rect.y, rect.width, rect.height]);
  return element;
}

/** A face without a picture. */
export function Face({ name, waiting = false }: { name: string; waiting?: boolean }) {
  return (
    <span class="face" data-waiting={waiting} style={{ '--hue': String(hue(name)) }} aria-hidden="true">
      <span class="face__letters">{monogram(name)}</span>
    </span>
  );
}

function fullScreen(element: HTMLElement | null): void {
  if (document.fullscreenElement) void document.exitFullscreen();
  else element?.requestFullscreen?.().catch(() => undefined);
}

function Frame(props: FrameProps) {
  const w = words.value.tile;
  const element = useMoving(props.rect, props.moves);
  useLevel(element, props.stream);
  const { rect, name, quality } = props;
  const small = rect.width < 168;
  const weak = quality === 'bad' ? w.bad : quality === 'poor' ? w.weak : null;
  return (
    <article
      ref={element}
      class="tile"
      data-testid="tile"
      data-login={props.login}
      data-kind={props.kind}
      data-own={props.own}
      data-speaking={props.speaking}
      data-muted={props.muted}
      data-video={props.video ? 'on' : 'off'}
      data-status={props.status}
      data-pinned={props.pinned}
      data-featured={props.featured}
      data-small={small}
      data-fills={props.fills ?? true}
      onDblClick={props.own ? undefined : props.onPin}
      aria-label={props.kind === 'screen' && !props.own ? w.screenOf(name) : name}
      style={{ left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`, height: `${rect.height}px`, '--hue': String(hue(props.login)) }}
    >
      {!props.video && <Face name={props.login} waiting={props.status === 'connecting' || props.status === 'reconnecting'} />}
      {props.picture}
      {props.overlay}
      <div class="tile__label">
        {props.muted && (
          <span class="tile__muted" role="img" aria-label={w.muted}>
            <Icon name="micOff" size={14} />
          </span>
        )}
        <bdi class="tile__name" data-testid="tile-name">
          {name}
        </bdi>
        {weak && (
          <span class="tile__weak" role="img" aria-label={weak} data-quality={quality}>
            <i />
            <i />
            <i />
          </span>
        )}
      </div>
      {!props.own && (
        <div class="tile__tools">
          <button
            type="button"
            class="tool"
            data-testid="tile-pin"
            aria-pressed={props.pinned}
            aria-label={`${props.pinned ? w.unpin : w.pin}: ${name}`}
            onClick={props.onPin}
          >
            <Icon name={props.pinned ? 'unpin' : 'pin'} size={16} />
          </button>
          {props.kind === 'screen' && document.fullscreenEnabled && (
            <button type="button" class="tool" aria-label={w.full} onClick={() => fullScreen(element.current)}>
              <Icon name="full" size={16} />
            </button>
          )}
        </div>
      )}
    </article>
  );
}

interface RemoteTileProps extends Placed {
  login: string;
  stream: RemoteStream | null;
  kind: 'camera' | 'screen';
  speaking: boolean;
  speaker: string;
}

/** How long a picture may be on its way before the tile says so. */
const SLOW_MS = 1_500;

function useSlow(waiting: boolean): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!waiting) return undefined;
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, [waiting]);
  return slow;
}

export function RemoteTile({ login, stream, kind, speaking, speaker, ...placed }: RemoteTileProps) {
  useStream(stream);
  const w = words.value.tile;
  const status = stream?.status ?? 'idle';
  const seen = !!stream && (status === 'playing' || status === 'reconnecting') && stream.hasVideo && !stream.videoMuted;
  const slow = useSlow(status === 'connecting');
  const line = status === 'reconnecting' ? w.reconnecting : status === 'connecting' && slow ? w.connecting : null;
  const failed = status === 'failed' && stream;
  return (
    <Frame
      {...placed}
      login={login}
      name={kind === 'screen' ? w.screenOf(login) : login}
      kind={kind}
      own={false}
      speaking={speaking && kind === 'camera'}
      muted={kind === 'camera' && (!stream || stream.audioMuted || !stream.hasAudio)}
      video={seen}
      status={status}
      quality={stream?.quality ?? 'unknown'}
      stream={stream}
      fills={!stream || bearsCropping(stream, placed.rect)}
      picture={stream && <RemoteVideo stream={stream} speaker={speaker} hidden={!seen} />}
      overlay={
        failed ? (
          <div class="tile__note" role="status">
            <span>{stream.error?.reason === 'no_common_codecs' ? w.noCodec : w.failed}</span>
            <button type="button" class="link" onClick={() => void stream.play().catch(() => undefined)}>
              {w.again}
            </button>
          </div>
        ) : (
          line && <div class="tile__note">{line}</div>
        )
      }
    />
  );
}

interface OwnTileProps extends Placed {
  login: string;
  publication: LocalPublication | null;
  /** What the camera gives, before and beside any publication. */
  media: MediaStream | null;
  cameraOn: boolean;
  microphoneOn: boolean;
  speaking: boolean;
}

export function OwnTile({ login, publication, media, cameraOn, microphoneOn, speaking, ...placed }: OwnTileProps) {
  useStream(publication);
  const seen = cameraOn && !!media;
  return (
    <Frame
      {...placed}
      login={login}
      name={words.value.tile.you}
      kind="camera"
      own
      speaking={speaking && microphoneOn}
      muted={!microphoneOn}
      video={seen}
      status={publication?.status === 'publishing' ? 'playing' : (publication?.status ?? 'idle')}
      quality={publication?.quality ?? 'unknown'}
      stream={publication}
      picture={media && <OwnVideo media={media} hidden={!seen} />}
    />
  );
}

interface OwnScreenProps extends Placed {
  login: string;
  publication: LocalPublication;
  onStop: () => void;
}

export function OwnScreenTile({ login, publication, onStop, ...placed }: OwnScreenProps) {
  useStream(publication);
  const w = words.value.tile;
  return (
    <Frame
      {...placed}
      login={login}
      name={w.yourScreen}
      kind="screen"
      own
      speaking={false}
      muted={false}
      video
      status={publication.status === 'publishing' ? 'playing' : publication.status}
      quality={publication.quality}
      stream={null}
      picture={<OwnVideo media={publication.media} hidden={false} />}
      overlay={
        <div class="tile__sharing">
          <Icon name="share" size={placed.rect.width < 260 ? 20 : 32} />
          <span>{w.youShare}</span>
          <button type="button" class="button button--plain" onClick={onStop}>
            {w.stopShare}
          </button>
        </div>
      }
    />
  );
}
