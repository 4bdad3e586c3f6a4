import { useEffect, useRef, useState } from 'preact/hooks';
import { locale, words } from '../../i18n';
import type { Library } from '../../model/archive/library';
import { titleOf } from '../../model/archive/standing';
import type { Recording } from '../../model/archive/types';
import { inFull, sizeText } from '../../model/archive/when';
import { copy } from '../copy';
import { Icon } from '../Icon';
import { Choice, LookAndLanguage } from '../Settings';
import { Sheet } from '../Sheet';
import { focusNear, placeOf } from './focus';

const DAY_SECONDS = 86_400;
const DAYS = ['1', '7', '30'] as const;

function LinkSheet({ library, recording, onClose }: { library: Library; recording: Recording; onClose: () => void }) {
  const w = words.value.archive.link;
  const [days, setDays] = useState<(typeof DAYS)[number]>('7');
  const [link, setLink] = useState<{ url: string; until: number; copied: boolean } | null>(null);
  const [making, setMaking] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), [link?.url]);
  const make = async () => {
    if (making) return;
    if (link) {
      const copied = await copy(link.url, field.current);
      return setLink({ ...link, copied });
    }
    setMaking(true);
    const seconds = Number(days) * DAY_SECONDS;
    const url = await library.link(recording, seconds);
    setMaking(false);
    if (url === null) return onClose();
    const copied = await copy(url, field.current);
    setLink({ url, until: Date.now() + seconds * 1000, copied });
    if (copied) library.said.value = w.copied;
  };
  return (
    <Sheet title={w.title} testid="link-sheet" onClose={onClose}>
      <p class="sheet__text">{w.text}</p>
      <Choice
        name="days"
        label={w.lasts}
        value={days}
        options={DAYS.map((value) => ({ value, content: w.days(Number(value)) }))}
        onChoose={(value) => {
          setDays(value);
          setLink(null);
        }}
      />
      <button type="button" class="button" data-testid="link-copy" data-copied={link?.copied ?? false} aria-busy={making} onClick={() => void make()}>
        <Icon name={link?.copied ? 'check' : 'copy'} size={18} />
        {making ? w.making : link?.copied ? w.copied : w.make}
      </button>
      {link && (
        <label class="field">
          <span class="field__label">{w.until(inFull(link.until, locale()))}</span>
          <input ref={field} class="input" data-testid="link-url" readOnly value={link.url} aria-label={w.field} onFocus={(event) => event.currentTarget.select()} />
        </label>
      )}
    </Sheet>
  );
}

function ForeverSheet({ library, recording, onClose }: { library: Library; recording: Recording; onClose: () => void }) {
  const w = words.value.archive.ask;
  const keep = useRef<HTMLButtonElement>(null);
  // The safe answer has the focus.
  useEffect(() => keep.current?.focus(), []);
  return (
    <Sheet title={w.title(titleOf(recording))} testid="forever-sheet" onClose={onClose}>
      <p class="sheet__text">{w.text(sizeText(recording.bytes, locale()))}</p>
      <div class="sheet__acts">
        <button ref={keep} type="button" class="button button--quiet" onClick={onClose}>
          {w.no}
        </button>
        <button
          type="button"
          class="button button--alarm"
          data-testid="forever-yes"
          onClick={() => {
            const place = placeOf(recording.id);
            onClose();
            void library.removeForever(recording).then(() => {
              // The row that the question gave the focus back to is gone.
              if (place >= 0 && placeOf(recording.id) < 0) focusNear(place);
            });
          }}
        >
          {w.yes}
        </button>
      </div>
    </Sheet>
  );
}

function KeysSheet({ library, onClose }: { library: Library; onClose: () => void }) {
  const w = words.value.archive;
  const k = w.keyList;
  const final = library.trash.value === false;
  const rows: [string, string][] = [
    [k.search, '/'],
    [k.move, '↑ ↓'],
    [k.open, 'Enter'],
    [final ? w.one.forever : k.remove, 'Delete'],
    ...(final ? [] : [[k.undo, 'Ctrl+Z'] as [string, string]]),
    [k.play, k.space],
    [k.seek, '← →'],
    [k.back, 'Esc'],
  ];
  return (
    <Sheet title={w.keys} testid="keys" onClose={onClose}>
      <dl class="keys">
        {rows.map(([what, key]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>
              <kbd>{key}</kbd>
            </dd>
          </div>
        ))}
      </dl>
    </Sheet>
  );
}

export function Sheets({ library }: { library: Library }) {
  const sheet = library.sheet.value;
  const close = () => (library.sheet.value = null);
  if (!sheet) return null;
  switch (sheet.what) {
    case 'link':
      return sheet.recording && <LinkSheet key="link" library={library} recording={sheet.recording} onClose={close} />;
    case 'forever':
      return sheet.recording && <ForeverSheet key="forever" library={library} recording={sheet.recording} onClose={close} />;
    case 'keys':
      return <KeysSheet key="keys" library={library} onClose={close} />;
    case 'settings':
      return (
        <Sheet key="settings" title={words.value.archive.settings} testid="settings" onClose={close}>
          <div class="settings">
            <LookAndLanguage />
          </div>
        </Sheet>
      );
  }
}
