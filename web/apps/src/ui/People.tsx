import { useState } from 'preact/hooks';
import { words } from '../i18n';
import type { Call, Person } from '../model/call';
import { useStream } from './hooks';
import { Icon } from './Icon';
import { Panel } from './Panel';
import { Face } from './Tile';

function Row({ call, person }: { call: Call; person: Person }) {
  const { login, camera } = person;
  useStream(camera);
  const w = words.value;
  const [volume, setVolume] = useState(1);
  const muted = !camera || camera.audioMuted || !camera.hasAudio;
  const pin = `camera/${login}`;
  const pinned = call.pinned.value === pin;
  return (
    <li class="person" data-testid="person" data-login={login} data-speaking={call.speaker.value === login}>
      <Face name={login} />
      <div class="person__body">
        <bdi class="person__name">{login}</bdi>
        {camera ? (
          <label class="person__volume">
            <Icon name="speaker" size={14} />
            <input
              type="range"
              min="0"
              max="1"
              step="0.05"
              value={volume}
              aria-label={w.people.volume(login)}
              onInput={(event) => {
                const next = Number(event.currentTarget.value);
                setVolume(next);
                camera.setVolume(next);
              }}
            />
          </label>
        ) : (
          <span class="person__note">{w.people.watching}</span>
        )}
      </div>
      {muted && camera && (
        <span class="person__muted" role="img" aria-label={w.tile.muted}>
          <Icon name="micOff" size={16} />
        </span>
      )}
      <button type="button" class="tool tool--plain" aria-pressed={pinned} aria-label={`${pinned ? w.tile.unpin : w.tile.pin}: ${login}`} onClick={() => call.togglePin(pin)}>
        <Icon name={pinned ? 'unpin' : 'pin'} size={18} />
      </button>
      <button
        type="button"
        class="tool tool--plain"
        aria-label={w.people.writeTo(login)}
        onClick={() => {
          call.talk.to.value = login;
          call.show('chat');
        }}
      >
        <Icon name="chat" size={18} />
      </button>
    </li>
  );
}

export function People({ call }: { call: Call }) {
  const w = words.value;
  const mic = call.own.on.microphone.value;
  return (
    <Panel call={call} title={w.people.title} testid="people-panel" note={w.people.count(call.count.value)}>
      <ul class="people">
        <li class="person" data-testid="person" data-login={call.name.value}>
          <Face name={call.name.value} />
          <div class="person__body">
            <bdi class="person__name">{call.name.value}</bdi>
            <span class="person__note">{w.tile.you}</span>
          </div>
          {!mic && (
            <span class="person__muted" role="img" aria-label={w.tile.muted}>
              <Icon name="micOff" size={16} />
            </span>
          )}
        </li>
        {call.people.value.map((person) => (
          <Row key={person.login} call={call} person={person} />
        ))}
      </ul>
      <div class="panel__foot">
        <button type="button" class="button button--quiet" onClick={() => (call.dialog.value = 'invite')}>
          <Icon name="invite" size={18} />
          {w.invite.button}
        </button>
      </div>
    </Panel>
  );
}
