import { useEffect, useMemo, useRef } from 'preact/hooks';
import { words } from '../i18n';
import { sentence, troubleOf } from '../model/advice';
import type { Call } from '../model/call';
import { watchDoor } from '../model/door';
import type { Kind } from '../model/media';
import { anotherName } from '../model/names';
import { Banner } from './Banner';
import { DeviceMenus } from './DeviceMenus';
import { Icon } from './Icon';
import { Ring } from './Ring';
import { Status } from './Status';
import { Face } from './Tile';
import { OwnVideo } from './Video';

function Switch({ call, kind }: { call: Call; kind: Kind }) {
  const w = words.value.bar;
  const { media } = call;
  const state = media.state[kind].value;
  const on = state === 'on';
  const camera = kind === 'camera';
  const press = () => {
    if (on && camera) media.release('camera');
    else if (on) media.enable('microphone', false);
    else if (media[kind].value) media.enable(kind, true);
    else void media.openOne(kind);
  };
  const says = camera ? (on ? w.cameraOn : w.cameraOff) : on ? w.micOn : w.micOff;
  return (
    <button type="button" class="switch" data-testid={camera ? 'lobby-camera' : 'lobby-mic'} data-state={state} aria-pressed={on} aria-label={camera ? w.camera : w.microphone} data-tip={says} onClick={press}>
      <Icon name={camera ? (on ? 'camera' : 'cameraOff') : on ? 'mic' : 'micOff'} />
      {state !== 'on' && state !== 'off' && state !== 'asking' && <span class="switch__flag" aria-hidden="true">!</span>}
    </button>
  );
}

/** Gold dots that follow the voice. */
function Meter({ call }: { call: Call }) {
  const level = Math.min(1, call.media.level.value * 1.6);
  const w = words.value.lobby;
  return (
    <div class="meter" data-testid="lobby-meter" data-level={Math.round(level * 100)} role="meter" aria-label={w.level} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(level * 100)}>
      <i style={{ '--level': level.toFixed(3) }} />
    </div>
  );
}

function Preview({ call }: { call: Call }) {
  const w = words.value.lobby;
  const { media } = call;
  const track = media.camera.value;
  const stream = useMemo(() => (track ? new MediaStream([track]) : null), [track]);
  const asking = media.state.camera.value === 'asking' || media.state.microphone.value === 'asking';
  return (
    <div class="preview" data-on={stream !== null} aria-label={w.preview} role="group">
      {stream ? (
        <OwnVideo media={stream} hidden={false} testid="lobby-preview" />
      ) : (
        <div class="preview__off">
          {call.name.value.trim() ? <Face name={call.name.value} waiting={asking} /> : <Ring story="first" size={88} />}
          <p>{asking ? w.asking : w.cameraOff}</p>
        </div>
      )}
      <div class="preview__switches">
        <Switch call={call} kind="microphone" />
        <Switch call={call} kind="camera" />
      </div>
    </div>
  );
}

function MediaNote({ call }: { call: Call }) {
  const { media } = call;
  const states = { microphone: media.state.microphone.value, camera: media.state.camera.value };
  const trouble = troubleOf(states);
  if (!trouble) return null;
  const again = async () => {
    for (const kind of ['microphone', 'camera'] as const) if (states[kind] === trouble.reason) await media.openOne(kind);
  };
  return (
    <div class="note" data-testid="media-note" data-reason={trouble.reason} role="status">
      <Icon name="warn" size={18} />
      <p>
        {sentence(trouble, words.value)}{' '}
        {trouble.reason !== 'insecure' && (
          <button type="button" class="link" onClick={() => void again()}>
            {words.value.media.again}
          </button>
        )}
      </p>
    </div>
  );
}

function Problem({ call }: { call: Call }) {
  const w = words.value;
  const problem = call.problem.value;
  if (!problem) return null;
  if (problem === 'empty_name') return <Banner reason={problem} title={w.lobby.nameEmpty} />;
  const { title, text } = w.reasons[problem];
  return (
    <Banner reason={problem} title={`${title}.`} text={text}>
      {problem === 'login_taken' && (
        <button type="button" class="button button--small" onClick={() => void call.joinAsAnother()}>
          {w.lobby.another(anotherName(call.name.value))}
        </button>
      )}
    </Banner>
  );
}

/** Whether one who enters is recorded: because that runs, or because it begins with them. */
function recordedBehind({ door, recordsFromStart }: Call): 'runs' | 'begins' | null {
  if (door.value?.recording) return 'runs';
  return recordsFromStart && !door.value?.people ? 'begins' : null;
}

/** Who is there already, and whether one will be recorded: one should know before one enters. */
function BehindTheDoor({ call }: { call: Call }) {
  const w = words.value;
  const room = call.room.value.trim();
  useEffect(() => {
    call.door.value = null;
    return room ? watchDoor(room, (door) => (call.door.value = door)) : undefined;
  }, [room]);
  const door = call.door.value;
  const recorded = recordedBehind(call);
  return (
    <div class="door" role="status">
      {recorded && (
        <p class="note" data-testid="lobby-record">
          <span class="rec-dot" aria-hidden="true" />
          {recorded === 'runs' ? w.record.found(null) : w.record.lobby}
        </p>
      )}
      {door && door.people > 0 && (
        <p class="door__people" data-testid="lobby-people">
          {w.lobby.there(door.people)}
        </p>
      )}
    </div>
  );
}

export function Lobby({ call }: { call: Call }) {
  const w = words.value;
  const nameField = useRef<HTMLInputElement>(null);
  const problem = call.problem.value;
  const busy = call.phase.value === 'joining';
  useEffect(() => {
    if (problem === 'empty_name' || problem === 'login_taken') nameField.current?.select();
    else if (!call.name.value) nameField.current?.focus();
  }, [problem]);

  const mic = call.media.state.microphone.value === 'on';
  const camera = call.media.state.camera.value === 'on';
  const how = mic && camera ? 'both' : mic ? 'mic' : camera ? 'camera' : 'none';
  return (
    <main class="lobby" data-testid="lobby">
      <h1 class="visually-hidden">
        {w.app[call.config.name]}: {call.room.value}
      </h1>
      <header class="lobby__head">
        <a class="brand" href="/">
          <Ring size={30} />
          <span>Veche</span>
        </a>
        <span class="lobby__app">{w.app[call.config.name]}</span>
        <Status call={call} />
      </header>
      <div class="lobby__grid">
        <section class="lobby__see">
          <Preview call={call} />
          <div class="lobby__sound">
            <Meter call={call} />
            <span>{w.lobby.speak}</span>
          </div>
          <MediaNote call={call} />
        </section>
        <form
          class="lobby__form"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void call.join();
          }}
        >
          <label class="room-title">
            <span class="field__label">{w.lobby.room}</span>
            <input
              class="room-title__input"
              data-testid="lobby-room"
              value={call.room.value}
              maxLength={128}
              spellcheck={false}
              autocomplete="off"
              autocapitalize="off"
              onInput={(event) => (call.room.value = event.currentTarget.value)}
            />
          </label>
          <label class="field">
            <span class="field__label">
              {w.lobby.name} <span class="field__word">{w.status.login}</span>
            </span>
            <input
              ref={nameField}
              class="input input--large"
              data-testid="lobby-name"
              name="name"
              value={call.name.value}
              placeholder={w.lobby.namePlaceholder}
              maxLength={64}
              autocomplete="nickname"
              aria-invalid={problem === 'empty_name' || problem === 'login_taken'}
              onInput={(event) => {
                call.name.value = event.currentTarget.value;
                if (call.problem.value === 'empty_name') call.problem.value = null;
              }}
            />
          </label>
          <Problem call={call} />
          <button type="submit" class="button button--large" data-testid="join" disabled={busy}>
            {busy ? w.lobby.joining : w.lobby.join}
            {!busy && (
              <span class="button__signs">
                {recordedBehind(call) && <span class="rec-dot" aria-hidden="true" />}
                <Icon name="arrow" />
              </span>
            )}
          </button>
          <p class="lobby__how">{w.lobby.joinHow[how]}</p>
          {/* Below the button: what comes while somebody presses it must not push it away. */}
          <BehindTheDoor call={call} />
          <DeviceMenus call={call} />
        </form>
      </div>
    </main>
  );
}
