import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { clock, locale, words } from '../../i18n';
import type { Library } from '../../model/archive/library';
import { addressOf } from '../../model/archive/route';
import { titleOf } from '../../model/archive/standing';
import { sizeText } from '../../model/archive/when';
import { Icon } from '../Icon';
import type { IconName } from '../icons';
import { Interlude } from '../Interlude';
import { Ring } from '../Ring';
import { List } from './List';
import { Back, One } from './One';
import { Sheets } from './Sheets';
import { SignIn } from './SignIn';
import { Toast } from './Toast';
import { useArchiveKeys } from './useKeys';

function Tool({ icon, word, testid, onClick }: { icon: IconName; word: string; testid: string; onClick: () => void }) {
  return (
    <button type="button" class="tool tool--plain" data-testid={testid} aria-label={word} data-tip={word} data-tip-below onClick={onClick}>
      <Icon name={icon} size={20} />
    </button>
  );
}

function Head({ library }: { library: Library }) {
  const w = words.value.archive;
  const guest = library.isGuest;
  return (
    <header class="archive__head">
      {library.route.value.id !== null && !guest ? (
        <Back library={library} />
      ) : (
        <a class="brand" href="/" aria-label={w.home}>
          <Ring size={30} />
          <span>Veche</span>
        </a>
      )}
      <div class="archive__tools">
        {!guest && <Tool icon="keys" word={w.keys} testid="archive-keys" onClick={() => (library.sheet.value = { what: 'keys', recording: null })} />}
        <Tool icon="settings" word={w.settings} testid="archive-settings" onClick={() => (library.sheet.value = { what: 'settings', recording: null })} />
        {!guest && <Tool icon="exit" word={w.signOut} testid="sign-out" onClick={() => void library.signOut()} />}
      </div>
    </header>
  );
}

function Away({ library }: { library: Library }) {
  const failure = library.failure.value;
  if (!failure) return null;
  const w = words.value.archive;
  return (
    <div class="archive__away" role="status" data-testid="archive-away">
      <Icon name="warn" size={18} />
      <span>{w.away(clock(failure.since))}</span>
      <button type="button" class="link" onClick={() => void library.refresh()}>
        {w.again}
      </button>
    </div>
  );
}

/** Where nothing could be loaded at all. */
function Offline({ library }: { library: Library }) {
  const w = words.value.archive;
  return (
    <Interlude testid="archive-offline" story="lost" title={w.awayTitle} text={w.awayText} reason={library.failure.value?.trouble ?? 'offline'}>
      <button type="button" class="button" onClick={() => void library.refresh()}>
        {w.again}
      </button>
    </Interlude>
  );
}

function NotThere({ library }: { library: Library }) {
  const w = words.value.archive;
  const { pass, id } = library.route.value;
  const home = () => library.go({ id: null, pass: null });
  if (!pass || library.oneTrouble.value === 'missing') {
    return (
      <Interlude testid="archive-missing" story="lost" reason="missing" title={w.missing.title} text={w.missing.text}>
        {!pass && (
          <button type="button" class="button" onClick={home}>
            {w.missing.back}
          </button>
        )}
      </Interlude>
    );
  }
  const over = Number(pass.expires) * 1000 < Date.now();
  return (
    <Interlude testid="link-expired" story="full" reason={over ? 'expired' : 'refused'} title={over ? w.expired.title : w.expired.wrongTitle} text={over ? w.expired.text : w.expired.wrongText}>
      {/* A fresh page: this one knows only the link. */}
      <a class="button button--quiet" href={addressOf({ ...library.route.value, id, pass: null })}>
        {w.expired.signIn}
      </a>
    </Interlude>
  );
}

function Catalogue({ library }: { library: Library }) {
  const w = words.value.archive;
  const heading = useRef<HTMLHeadingElement>(null);
  const total = library.total.value;
  return (
    <main class="archive__list">
      <div class="archive__title">
        <h1 ref={heading} tabIndex={-1}>
          {library.route.value.trash ? w.trash : w.title}
        </h1>
        {library.items.value !== null && total > 0 && (
          <p class="archive__total" data-testid="recordings-total" data-total={total}>
            {w.total(total, sizeText(library.bytes.value, locale()))}
          </p>
        )}
      </div>
      <List library={library} />
    </main>
  );
}

function Body({ library }: { library: Library }) {
  const { id } = library.route.value;
  const nothing = id === null ? library.items.value === null : library.one.value === null;
  if (library.oneTrouble.value && id !== null) return <NotThere library={library} />;
  if (library.failure.value && nothing) return <Offline library={library} />;
  if (id === null) return <Catalogue library={library} />;
  return (
    <main class="archive__one">
      <One key={id} library={library} />
    </main>
  );
}

/** Back in the list one is where one was, with the focus on what one had opened. */
function useReturn(library: Library): void {
  const last = useRef<{ id: string | null; scroll: number }>({ id: library.route.value.id, scroll: 0 });
  const { id } = library.route.value;
  useLayoutEffect(() => {
    const before = last.current;
    if (before.id === id) return;
    last.current = { id, scroll: before.scroll };
    if (id !== null) return scrollTo(0, 0);
    scrollTo(0, before.scroll);
    const link = document.querySelector<HTMLElement>(`[data-id="${CSS.escape(before.id ?? '')}"] [data-testid="recording-open"]`);
    (link ?? document.querySelector<HTMLElement>('h1'))?.focus({ preventScroll: true });
  }, [id]);
  useEffect(() => {
    const scrolled = () => {
      if (library.route.peek().id === null) last.current.scroll = scrollY;
    };
    addEventListener('scroll', scrolled, { passive: true });
    return () => removeEventListener('scroll', scrolled);
  }, [library]);
}

export function Recordings({ library }: { library: Library }) {
  const w = words.value.archive;
  const door = library.door.value;
  const one = library.route.value.id === null ? null : library.one.value;
  useArchiveKeys(library);
  useReturn(library);
  useEffect(() => {
    document.title = `${one ? `${titleOf(one)} · ` : ''}${w.title} · Veche`;
  }, [one, w]);
  if (door === 'closed' || door === 'knocking') return <SignIn library={library} />;
  return (
    <div class="archive" data-testid="archive" data-door={door}>
      <Head library={library} />
      {(library.items.value !== null || library.one.value !== null) && <Away library={library} />}
      <Body library={library} />
      <Toast library={library} />
      <Sheets library={library} />
      <p class="visually-hidden" role="status" aria-live="polite">
        {library.said.value}
      </p>
    </div>
  );
}
