import { useEffect, useRef, useState } from 'preact/hooks';
import type { ComponentChildren } from 'preact';
import { locale, words } from '../../i18n';
import { signed } from '../../model/archive/http';
import type { Library } from '../../model/archive/library';
import { addressOf } from '../../model/archive/route';
import { bestOf, filmless, filmWish, isLive, standing, titleOf } from '../../model/archive/standing';
import type { Pass, Recording } from '../../model/archive/types';
import { inFull, relative, sizeText } from '../../model/archive/when';
import { Icon } from '../Icon';
import { Face } from '../Tile';
import { Files } from './Files';
import { Player } from './Player';
import { isPlain } from './Row';
import { ServerSays } from './ServerSays';
import { Progress, Standing } from './Standing';
import { Length } from './Thumb';
import { UploadSign } from './UploadSign';

export function Back({ library }: { library: Library }) {
  const w = words.value.archive;
  return (
    <a
      class="back"
      data-testid="back"
      href={addressOf({ ...library.route.value, id: null })}
      onClick={(event) => {
        if (!isPlain(event)) return;
        event.preventDefault();
        library.go({ id: null });
      }}
    >
      <Icon name="back" size={18} />
      {w.back}
    </a>
  );
}

function Facts({ recording }: { recording: Recording }) {
  const w = words.value.archive.one;
  const lang = locale();
  return (
    <dl class="facts">
      <div>
        <dt>{w.started}</dt>
        <dd>
          <time dateTime={new Date(recording.startedAt).toISOString()}>{inFull(recording.startedAt, lang)}</time>
        </dd>
      </div>
      <div>
        <dt>{w.lasted}</dt>
        <dd>
          <Length recording={recording} />
        </dd>
      </div>
      <div>
        <dt>{w.size}</dt>
        <dd>{sizeText(recording.bytes, lang)}</dd>
      </div>
      {recording.people.length > 0 && (
        <div class="facts__people">
          <dt>
            {w.people}, {recording.people.length}
          </dt>
          <dd>
            <ul>
              {recording.people.map((name, i) => (
                <li key={i}>
                  <Face name={name} />
                  <bdi>{name}</bdi>
                </li>
              ))}
            </ul>
          </dd>
        </div>
      )}
    </dl>
  );
}

/** What the player cannot show: the film on its way beside a file that plays already, and what is missing. */
function Remarks({ recording, pass }: { recording: Recording; pass: Pass | null }) {
  const w = words.value.archive;
  const now = standing(recording);
  const lines: ComponentChildren[] = [];
  if (recording.play !== null && (now === 'mixing' || now === 'queued')) {
    lines.push(
      <div key="mix" class="remark">
        <Icon name="film" size={18} />
        <p>
          {w.says[now]} {now === 'mixing' && recording.mix?.secondsLeft != null && w.left(recording.mix.secondsLeft)}
          {now === 'mixing' && <Progress recording={recording} />}
        </p>
      </div>,
    );
  }
  const grave = now === 'broken' || now === 'unmixed' ? now : recording.degraded ? 'degraded' : recording.state === 'recovered' ? 'recovered' : null;
  // Why there is no film and what is lost are two matters.
  const notes = [now === 'unmixed' ? recording.mix?.error : null, recording.note].flatMap((note) => note ?? []);
  if (grave && (grave !== 'broken' || notes.length > 0)) {
    lines.push(
      <div key="note" class="remark" data-tone={grave === 'recovered' ? 'calm' : 'alarm'} data-testid="remark" data-about={grave}>
        <Icon name={grave === 'recovered' ? 'check' : 'warn'} size={18} />
        <p>
          {grave === 'unmixed' ? filmless(recording, pass === null).map((key) => w.says[key]).join(' ') : grave !== 'broken' && w.says[grave]}
          {notes.map((note, i) => (
            <ServerSays key={i} class="remark__more" text={note} />
          ))}
        </p>
      </div>,
    );
  } else if (!grave && recording.note) {
    // Nothing is lost, and something is not as it was wished.
    lines.push(
      <div key="note" class="remark" data-testid="remark" data-about="note">
        <Icon name="warn" size={18} />
        <p>
          <ServerSays class="remark__more" text={recording.note} />
        </p>
      </div>,
    );
  }
  const { upload } = recording;
  if (upload?.state === 'failed') {
    lines.push(
      <div key="upload" class="remark" data-tone="calm" data-testid="remark" data-about="upload">
        <Icon name="cloudAlert" size={18} />
        <p>
          {w.upload.says} {upload.retryAt !== null && w.upload.again(relative(upload.retryAt, Date.now(), locale()))}
          {upload.error && <ServerSays class="remark__more" text={upload.error} />}
        </p>
      </div>,
    );
  }
  return <>{lines}</>;
}

function Acts({ library, recording }: { library: Library; recording: Recording }) {
  const w = words.value.archive;
  const { pass } = library.route.value;
  const best = bestOf(recording);
  const wish = filmWish(recording);
  const busy = library.busy.value.has(recording.id);
  const live = isLive(recording);
  const trashed = recording.deletedUntil !== null;
  return (
    <div class="acts">
      {trashed && (
        <button type="button" class="button" data-testid="restore" disabled={busy} onClick={() => void library.restore(recording)}>
          <Icon name="undo" size={18} />
          {w.one.restore}
        </button>
      )}
      {best && (
        <a class={trashed ? 'button button--quiet' : 'button'} data-testid="download" href={signed(best.url, pass, { download: '1' })} download={best.name}>
          <Icon name="download" size={18} />
          {w.one.download}
        </a>
      )}
      {!pass && !trashed && (best || live) && (
        <button type="button" class="button button--quiet" data-testid="copy-link" onClick={() => (library.sheet.value = { what: 'link', recording })}>
          <Icon name="link" size={18} />
          {w.one.copyLink}
        </button>
      )}
      {!pass && wish && (
        <button type="button" class="button button--quiet" data-testid={wish === 'cancel' ? 'mix-cancel' : 'mix'} disabled={busy} onClick={() => void (wish === 'cancel' ? library.cancelMix(recording) : library.mix(recording))}>
          <Icon name={wish === 'cancel' ? 'close' : 'film'} size={18} />
          {wish === 'cancel' ? w.one.cancelFilm : wish === 'again' ? w.one.makeAgain : w.one.makeFilm}
        </button>
      )}
      {!pass && !trashed && !live && (
        <button type="button" class="button button--quiet" data-testid="remove" disabled={busy} onClick={() => library.wishRemoved(recording)}>
          <Icon name="trash" size={18} />
          {library.trash.value === false ? w.one.forever : w.remove}
        </button>
      )}
      {!pass && trashed && (
        <button type="button" class="button button--quiet" data-testid="forever" disabled={busy} onClick={() => library.wishRemoved(recording)}>
          <Icon name="trash" size={18} />
          {w.one.forever}
        </button>
      )}
    </div>
  );
}

export function One({ library }: { library: Library }) {
  const w = words.value.archive;
  const heading = useRef<HTMLHeadingElement>(null);
  const [chosen, setChosen] = useState<string | null>(null);
  const recording = library.one.value;
  const { pass } = library.route.value;
  useEffect(() => heading.current?.focus(), [recording === null]);
  if (!recording) {
    return (
      <div class="one one--waiting" data-testid="one-waiting" aria-busy="true">
        <h1 class="visually-hidden">{w.loading}</h1>
        <div class="player player--blank" />
      </div>
    );
  }
  const name = titleOf(recording);
  const { deletedUntil } = recording;
  return (
    <article class="one" data-testid="one" data-id={recording.id} data-state={recording.state}>
      {pass && <p class="guest">{w.guest(inFull(Number(pass.expires) * 1000, locale()))}</p>}
      <header class="one__head">
        <h1 ref={heading} tabIndex={-1}>
          <bdi>{name}</bdi>
        </h1>
        <p class="one__sub">
          <span>{relative(recording.startedAt, Date.now(), locale())}</span>
          <Length recording={recording} />
          <Standing recording={recording} />
          <UploadSign recording={recording} />
        </p>
      </header>
      <div class="one__main">
        {/* Asking the server shows the door where the session is over. */}
        <Player recording={recording} pass={pass} source={chosen} start={chosen !== null} onSignIn={() => void library.refresh()} />
        {deletedUntil !== null && <p class="remark">{w.one.inTrash(relative(deletedUntil, Date.now(), locale()))}</p>}
        <Remarks recording={recording} pass={pass} />
      </div>
      <aside class="one__side">
        <Acts library={library} recording={recording} />
        <Facts recording={recording} />
      </aside>
      <Files
        recording={recording}
        pass={pass}
        playing={chosen ?? recording.play}
        onPlay={(url) => {
          setChosen(url);
          document.querySelector('.player')?.scrollIntoView({ block: 'nearest' });
        }}
      />
    </article>
  );
}
