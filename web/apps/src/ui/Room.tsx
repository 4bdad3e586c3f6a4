import { useEffect, useRef } from 'preact/hooks';
import { clock, words } from '../i18n';
import type { Call } from '../model/call';
import { Banner, NoticeList } from './Banner';
import { Bar } from './Bar';
import { Chat } from './Chat';
import { Dialogs } from './Dialogs';
import { useSeconds, useStillness } from './hooks';
import { Icon } from './Icon';
import { People } from './People';
import { RecordSign } from './RecordSign';
import { Stage } from './Stage';
import { Status } from './Status';
import { useKeys } from './useKeys';

/** After so long without a movement the bar withdraws. */
const STILL_MS = 4_000;

/** Keeps a phone's screen awake during a call, where the browser can. */
function useAwake(): void {
  useEffect(() => {
    let lock: WakeLockSentinel | null = null;
    let over = false;
    const hold = async () => {
      if (document.visibilityState !== 'visible' || !navigator.wakeLock) return;
      // Refused on low battery: then the screen may sleep.
      const next = await navigator.wakeLock.request('screen').catch(() => null);
      if (over) void next?.release();
      else lock = next;
    };
    const seen = () => void hold();
    seen();
    document.addEventListener('visibilitychange', seen);
    return () => {
      over = true;
      document.removeEventListener('visibilitychange', seen);
      void lock?.release();
    };
  }, []);
}

function Away({ call }: { call: Call }) {
  const since = call.away.value;
  const seconds = useSeconds(since);
  if (since === null) return null;
  const w = words.value.away;
  return (
    <div class="away" data-testid="reconnecting">
      <div class="away__card">
        <i class="away__pulse" aria-hidden="true" />
        <p>
          <strong>{w.title}</strong>
        </p>
        <p>{w.since(clock(since), seconds)}</p>
      </div>
    </div>
  );
}

function Going({ call }: { call: Call }) {
  const reason = call.going.value;
  if (reason === null) return null;
  const w = words.value.going;
  const text = reason === 'shutdown' || reason === 'slow' || reason === 'idle' ? w[reason] : w.other;
  return (
    <div class="going" data-testid="going-away" role="status">
      <Icon name="retry" size={18} />
      {text}
    </div>
  );
}

export function Room({ call }: { call: Call }) {
  const root = useRef<HTMLDivElement>(null);
  const canShare = call.config.share && !!navigator.mediaDevices?.getDisplayMedia;
  useKeys(call, canShare);
  useAwake();
  const still = useStillness(STILL_MS);
  const panel = call.panel.value;
  const problem = call.problem.value;
  useEffect(() => root.current?.focus(), []);
  return (
    <div ref={root} class="room" tabIndex={-1} data-panel={panel ?? 'none'} data-recording={call.recording.value.on} data-still={still && panel === null && call.dialog.value === null}>
      <main class="room__stage" aria-label={call.room.value}>
        <h1 class="visually-hidden">{call.room.value}</h1>
        <Stage call={call} />
        <Away call={call} />
        <RecordSign call={call} />
        <div class="room__top">
          <Going call={call} />
          {problem && problem !== 'empty_name' && <Banner reason={problem} title={words.value.reasons[problem].title} />}
          <NoticeList call={call} />
        </div>
      </main>
      {panel === 'chat' && <Chat call={call} />}
      {panel === 'people' && <People call={call} />}
      <Bar call={call} canShare={canShare}>
        <div class="whereabouts">
          <bdi class="whereabouts__room">{call.room.value}</bdi>
          <Status call={call} />
        </div>
      </Bar>
      <Dialogs call={call} />
    </div>
  );
}
