import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { locale, words } from '../../i18n';
import type { Library } from '../../model/archive/library';
import type { Recording, State } from '../../model/archive/types';
import { shelfOf, type Shelf } from '../../model/archive/when';
import { Icon } from '../Icon';
import { Ring } from '../Ring';
import { Row } from './Row';

const FILTERS = [null, 'recording', 'ready', 'recovered', 'broken'] as const satisfies readonly (State | null)[];
const SKELETONS = 6;
const MINUTE_MS = 60_000;

/** The present, often enough for "5 minutes ago". */
function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), MINUTE_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}

function Tools({ library }: { library: Library }) {
  const w = words.value.archive;
  const field = useRef<HTMLInputElement>(null);
  const { state, trash } = library.route.value;
  const typed = library.typed.value;
  return (
    <form
      class="finder"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        library.search();
      }}
    >
      <div class="finder__field">
        <Icon name="search" size={19} />
        <input
          ref={field}
          class="input"
          type="search"
          data-testid="recordings-search"
          value={typed}
          placeholder={w.search}
          aria-label={w.search}
          aria-keyshortcuts="/"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          enterkeyhint="search"
          maxLength={200}
          onInput={(event) => library.type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Escape') return;
            event.preventDefault();
            event.stopPropagation();
            if (typed) library.type('');
            else event.currentTarget.blur();
          }}
        />
        {typed ? (
          <button
            type="button"
            class="tool tool--plain"
            aria-label={w.clear}
            onClick={() => {
              library.type('');
              field.current?.focus();
            }}
          >
            <Icon name="close" size={17} />
          </button>
        ) : (
          <kbd aria-hidden="true">/</kbd>
        )}
      </div>
      <fieldset class="chips">
        <legend class="visually-hidden">{w.filter}</legend>
        {FILTERS.map((each) => (
          <label key={each ?? 'all'} class="chip">
            <input type="radio" name="state" data-testid={`filter-${each ?? 'all'}`} checked={!trash && state === each} onChange={() => library.go({ state: each, trash: false }, { replace: true })} />
            <span>
              {each === 'recording' && <span class="rec-dot" aria-hidden="true" />}
              {w.filters[each ?? 'all']}
            </span>
          </label>
        ))}
        {/* Without a trash there is nothing behind it; whoever is there sees where they are. */}
        {(trash || library.trash.value !== false) && (
          <label class="chip chip--trash">
            <input type="radio" name="state" data-testid="filter-trash" checked={trash} onChange={() => library.go({ state: null, trash: true }, { replace: true })} />
            <span>
              <Icon name="trash" size={16} />
              {w.trash}
            </span>
          </label>
        )}
      </fieldset>
    </form>
  );
}

function Empty({ library }: { library: Library }) {
  const w = words.value.archive.empty;
  const { search, state, trash } = library.route.value;
  const narrowed = search !== '' || state !== null;
  const title = search ? w.searchTitle : state ? w.searchTitle : trash ? w.trashTitle : w.title;
  const text = search ? w.searchText(search) : state ? w.filterText : trash ? (library.trash.value === false ? w.noTrashText : w.trashText) : w.text;
  return (
    <div class="nothing" data-testid="recordings-empty" data-why={search ? 'search' : state ? 'filter' : trash ? 'trash' : 'none'}>
      <Ring story={narrowed ? 'lost' : trash ? 'full' : 'first'} size={104} />
      <h2>{title}</h2>
      <p>{text}</p>
      {narrowed ? (
        <button
          type="button"
          class="button button--quiet"
          onClick={() => {
            library.typed.value = '';
            library.go({ search: '', state: null }, { replace: true });
          }}
        >
          {w.all}
        </button>
      ) : (
        !trash && (
          <a class="button" href="/conference">
            {w.open}
          </a>
        )
      )}
    </div>
  );
}

function Skeletons() {
  return (
    <ul class="rows rows--waiting" aria-hidden="true">
      {Array.from({ length: SKELETONS }, (_, i) => (
        <li key={i} class="row row--waiting" style={{ '--at': String(i) }}>
          <span class="thumb" />
          <span class="row__what">
            <i />
            <i />
          </span>
        </li>
      ))}
    </ul>
  );
}

interface Group {
  key: string;
  heading: string;
  items: Recording[];
}

function groups(items: readonly Recording[], now: number): Group[] {
  const w = words.value.archive.shelf;
  const heading = (shelf: Shelf) => (shelf.kind === 'month' ? shelf.month : w[shelf.kind]);
  const found: Group[] = [];
  for (const recording of items) {
    const text = heading(shelfOf(recording.startedAt, now, locale()));
    const last = found.at(-1);
    if (last?.heading === text) last.items.push(recording);
    else found.push({ key: `${text}${found.length}`, heading: text, items: [recording] });
  }
  return found;
}

/** Near the end of the page the next part is fetched; the button is for those who come by keyboard. */
function More({ library }: { library: Library }) {
  const w = words.value.archive;
  const button = useRef<HTMLButtonElement>(null);
  const loading = library.loadingMore.value;
  useEffect(() => {
    if (!button.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting && void library.more(), { rootMargin: '400px' });
    observer.observe(button.current);
    return () => observer.disconnect();
  }, [library, loading]);
  return (
    <button ref={button} type="button" class="button button--quiet more-rows" data-testid="recordings-more" aria-busy={loading} onClick={() => void library.more()}>
      {loading ? w.loading : w.more}
    </button>
  );
}

export function List({ library }: { library: Library }) {
  const w = words.value.archive;
  const items = library.items.value;
  const now = useNow();
  const shelves = useMemo(() => groups(items ?? [], now), [items, now, words.value]);
  const { search, state, trash } = library.route.value;
  useLayoutEffect(() => {
    if (items && (search || state)) library.said.value = w.found(library.total.value);
  }, [items === null, library.total.value, search, state]);
  return (
    <>
      <Tools library={library} />
      <div class="shelves" data-testid="recordings" data-count={items?.length ?? ''} data-stale={library.stale.value} data-trash={trash} aria-busy={items === null || library.stale.value}>
        {items === null && <Skeletons />}
        {items?.length === 0 && <Empty library={library} />}
        {shelves.map(({ key, heading, items: recordings }) => (
          <section key={key} aria-label={heading}>
            <h2 class="shelf">{heading}</h2>
            <ul class="rows">
              {recordings.map((recording) => (
                <Row key={recording.id} library={library} recording={recording} now={now} />
              ))}
            </ul>
          </section>
        ))}
        {items !== null && library.next.value !== null && <More library={library} />}
      </div>
    </>
  );
}
