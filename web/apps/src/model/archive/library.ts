/** The recordings page without its drawing: what is listed, what is open, what is under way. */
import { signal, type Signal } from '@preact/signals';
import { append, merge, replace, type Listed } from './merge';
import type { Route } from './route';
import { filmWish, isLively } from './standing';
import { ArchiveError, type Archive, type Page, type Recording, type State, type Trouble } from './types';

/** While something changes by itself, and while nothing does. */
const LIVELY_MS = 2_000;
const CALM_MS = 30_000;
const RETRY_MS = 4_000;
const TYPING_MS = 250;
const UNDO_MS = 10_000;
const TOLD_MS = 6_000;
/** Active recordings behind the first page are asked for one by one. */
const MOST_SINGLE = 5;

export type Door = 'checking' | 'closed' | 'knocking' | 'open';

/** What was done or went wrong, for a moment. */
export interface Toast {
  key: number;
  what: 'removed' | 'restored' | 'gone' | 'mixing' | 'cancelled' | 'copied' | 'failed';
  recording: Recording | null;
  /** Why, where it failed. */
  error: ArchiveError | null;
}

/** The page around the library: its address, its clock, whether anybody looks. */
export interface Place {
  read(): Route;
  write(route: Route, replace: boolean): void;
  visible(): boolean;
  /** Tells when somebody looks again. */
  onVisible(again: () => void): void;
}

const asTrouble = (error: unknown): ArchiveError => (error instanceof ArchiveError ? error : new ArchiveError('server', ''));

export class Library {
  readonly door = signal<Door>('checking');
  /** Why the door stayed closed after a token was given. */
  readonly knocked = signal<Trouble | null>(null);
  readonly route: Signal<Route>;
  /** The search field, ahead of the route while one types. */
  readonly typed = signal('');
  /** `null` until the first answer. */
  readonly items = signal<readonly Recording[] | null>(null);
  readonly next = signal<string | null>(null);
  readonly total = signal(0);
  readonly bytes = signal(0);
  /** Whether what is deleted can be had back; `null` until the first answer. */
  readonly trash = signal<boolean | null>(null);
  /** The list shown is that of another question. */
  readonly stale = signal(false);
  readonly loadingMore = signal(false);
  /** Since when the server does not answer, and how. */
  readonly failure = signal<{ trouble: Trouble; since: number } | null>(null);
  /** The recording that is open, once it is known. */
  readonly one = signal<Recording | null>(null);
  readonly oneTrouble = signal<Trouble | null>(null);
  readonly busy = signal<ReadonlySet<string>>(new Set());
  readonly sheet = signal<{ what: 'link' | 'forever' | 'settings' | 'keys'; recording: Recording | null } | null>(null);
  readonly toast = signal<Toast | null>(null);
  /** Spoken once, politely. */
  readonly said = signal('');

  private readonly archive: Archive;
  private readonly place: Place;
  /** Answers to an older question are dropped. */
  private question = 0;
  private listing = 0;
  private polling: ReturnType<typeof setTimeout> | undefined;
  private typing: ReturnType<typeof setTimeout> | undefined;
  private toasting: ReturnType<typeof setTimeout> | undefined;
  private toasts = 0;
  private loading = false;

  constructor(archive: Archive, place: Place) {
    this.archive = archive;
    this.place = place;
    this.route = signal(place.read());
    this.typed.value = this.route.value.search;
    place.onVisible(() => void this.refresh());
  }

  /** A signed link opened this page: one recording, and nothing can be changed. */
  get isGuest(): boolean {
    return this.route.value.pass !== null;
  }

  async start(): Promise<void> {
    await this.refresh();
  }

  async signIn(token: string): Promise<void> {
    const given = token.trim();
    if (!given || this.door.value === 'knocking') return;
    this.door.value = 'knocking';
    this.knocked.value = null;
    try {
      await this.archive.signIn(given);
      this.door.value = 'checking';
      await this.refresh();
    } catch (error) {
      this.door.value = 'closed';
      this.knocked.value = asTrouble(error).trouble;
    }
  }

  async signOut(): Promise<void> {
    clearTimeout(this.polling);
    // A session that cannot be ended on the server ends with this page all the same.
    await this.archive.signOut().catch(() => undefined);
    this.shut();
  }

  /** Another place within the page. */
  go(change: Partial<Route>, { replace: instead = false } = {}): void {
    const route = { ...this.route.value, ...change };
    this.place.write(route, instead);
    this.arrive(route);
  }

  /** The address changed, by `go` or by the browser's own buttons. */
  arrive(route: Route): void {
    const before = this.route.value;
    this.route.value = route;
    const asks = before.search !== route.search || before.state !== route.state || before.trash !== route.trash;
    if (asks) {
      this.listing++;
      clearTimeout(this.typing);
      this.typed.value = route.search;
      this.stale.value = true;
    }
    if (before.id !== route.id) {
      this.one.value = this.items.value?.find(({ id }) => id === route.id) ?? null;
      this.oneTrouble.value = null;
    }
    if (asks || route.id !== null) void this.refresh();
  }

  type(text: string): void {
    this.typed.value = text;
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.search(), TYPING_MS);
  }

  /** Asks now for what is typed. */
  search(): void {
    clearTimeout(this.typing);
    const search = this.typed.value.trim();
    if (search !== this.route.value.search) this.go({ search }, { replace: true });
  }

  filter(state: State | null): void {
    this.go({ state, search: this.typed.value.trim() }, { replace: true });
  }

  async more(): Promise<void> {
    const after = this.next.value;
    if (after === null || this.loadingMore.value) return;
    const asked = this.listing;
    this.loadingMore.value = true;
    try {
      const page = await this.archive.list(this.route.value, after);
      if (asked !== this.listing || this.next.value !== after) return;
      this.keep(append(this.listed, page), page);
    } catch (error) {
      this.failed(asTrouble(error));
    } finally {
      this.loadingMore.value = false;
    }
  }

  /** Asks the server again, and from then on as often as there is something to see. */
  async refresh(): Promise<void> {
    clearTimeout(this.polling);
    if (!this.place.visible() || this.door.value === 'closed' || this.door.value === 'knocking') return;
    const asked = ++this.question;
    this.loading = true;
    try {
      await Promise.all([this.refreshList(asked), this.refreshOne(asked)]);
      if (asked !== this.question) return;
      this.door.value = 'open';
      this.failure.value = null;
    } catch (error) {
      if (asked === this.question) this.failed(asTrouble(error));
    } finally {
      if (asked === this.question) {
        this.loading = false;
        this.schedule();
      }
    }
  }

  /** As somebody wishes it: at once where it can be had back, else by a question. */
  wishRemoved(recording: Recording): void {
    if (this.trash.value === true && recording.deletedUntil === null) void this.remove(recording);
    else this.sheet.value = { what: 'forever', recording };
  }

  /** Into the trash; the toast takes it back. */
  remove(recording: Recording): Promise<void> {
    const { id } = recording;
    return this.act(recording, async () => {
      this.drop(recording);
      if (this.route.value.id === id) this.go({ id: null });
      // The server deletes nothing that is being mixed; whoever deletes it does not want the film.
      if (filmWish(recording) === 'cancel') await this.archive.cancelMix(id);
      const removed = await this.archive.remove(id);
      // The trash may be gone since the page asked. What cannot be undone is not offered.
      const gone = removed.deletedUntil !== null && removed.deletedUntil <= Date.now() + UNDO_MS;
      if (gone) this.tell('gone', removed);
      else this.tell('removed', removed, { lasts: UNDO_MS });
    });
  }

  async undo(): Promise<void> {
    const { toast } = this;
    const recording = toast.value?.what === 'removed' ? toast.value.recording : null;
    if (!recording) return;
    toast.value = null;
    await this.restore(recording);
  }

  restore(recording: Recording): Promise<void> {
    return this.act(recording, async () => {
      const back = await this.archive.restore(recording.id);
      if (this.route.value.trash) this.drop(recording);
      if (this.one.value?.id === back.id) this.one.value = back;
      this.tell('restored', back);
    });
  }

  removeForever(recording: Recording): Promise<void> {
    return this.act(recording, async () => {
      if (filmWish(recording) === 'cancel') await this.archive.cancelMix(recording.id);
      await this.archive.removeForever(recording.id);
      this.drop(recording);
      if (this.route.value.id === recording.id) this.go({ id: null });
      this.tell('gone', recording);
    });
  }

  mix(recording: Recording): Promise<void> {
    return this.act(recording, async () => {
      this.put(await this.archive.mix(recording.id));
      this.tell('mixing', recording);
    });
  }

  cancelMix(recording: Recording): Promise<void> {
    return this.act(recording, async () => {
      this.put(await this.archive.cancelMix(recording.id));
      this.tell('cancelled', recording);
    });
  }

  /** A link that opens this recording without a sign-in; `null` where it failed, which is told. */
  async link(recording: Recording, seconds: number): Promise<string | null> {
    try {
      const { url } = await this.archive.link(recording.id, seconds);
      return new URL(url, globalThis.location.origin).href;
    } catch (error) {
      this.tell('failed', recording, { error: asTrouble(error) });
      return null;
    }
  }

  tell(what: Toast['what'], recording: Recording | null, { error = null, lasts = TOLD_MS }: { error?: ArchiveError | null; lasts?: number } = {}): void {
    const key = ++this.toasts;
    this.toast.value = { key, what, recording, error };
    clearTimeout(this.toasting);
    this.toasting = setTimeout(() => this.hush(), lasts);
  }

  /** The toast waits while somebody is at it. */
  hold(held: boolean): void {
    clearTimeout(this.toasting);
    if (!held && this.toast.value) this.toasting = setTimeout(() => this.hush(), TOLD_MS);
  }

  hush(): void {
    clearTimeout(this.toasting);
    this.toast.value = null;
  }

  private get listed(): Listed {
    return { items: this.items.value ?? [], next: this.next.value };
  }

  private async refreshList(asked: number): Promise<void> {
    if (this.isGuest) return;
    const anew = this.stale.value || this.items.value === null;
    const page = await this.archive.list(this.route.value, null);
    if (asked !== this.question) return;
    this.keep(anew ? { items: page.recordings, next: page.next } : merge(this.listed, page), page);
    this.stale.value = false;
    const fresh = new Set(page.recordings.map(({ id }) => id));
    const behind = (this.items.value ?? []).filter((item) => !fresh.has(item.id) && isLively(item)).slice(0, MOST_SINGLE);
    await Promise.all(behind.map(async ({ id }) => this.put(await this.archive.get(id))));
  }

  private async refreshOne(asked: number): Promise<void> {
    const { id } = this.route.value;
    if (id === null) return;
    try {
      const recording = await this.archive.get(id);
      if (asked !== this.question || this.route.value.id !== id) return;
      this.one.value = recording;
      this.oneTrouble.value = null;
    } catch (error) {
      const { trouble } = asTrouble(error);
      const final = trouble === 'missing' || (trouble === 'unauthorized' && this.isGuest);
      if (!final) throw error;
      if (asked === this.question) this.oneTrouble.value = trouble;
    }
  }

  private keep({ items, next }: Listed, { total, bytes, trash }: Page): void {
    this.items.value = items;
    this.next.value = next;
    this.total.value = total;
    this.bytes.value = bytes;
    this.trash.value = trash;
  }

  private put(recording: Recording): void {
    if (this.items.value) this.items.value = replace(this.items.value, recording);
    if (this.one.value?.id === recording.id) this.one.value = recording;
    if (isLively(recording) && !this.loading) this.schedule();
  }

  private drop({ id, bytes }: Recording): void {
    const items = this.items.value;
    if (!items?.some((item) => item.id === id)) return;
    this.items.value = items.filter((item) => item.id !== id);
    this.total.value = Math.max(0, this.total.value - 1);
    this.bytes.value = Math.max(0, this.bytes.value - bytes);
  }

  /** One change of one recording at a time; afterwards the server's truth. */
  private async act({ id }: Recording, change: () => Promise<void>): Promise<void> {
    if (this.busy.value.has(id)) return;
    this.busy.value = new Set([...this.busy.value, id]);
    // A list asked for before would bring back what is about to change.
    this.question++;
    try {
      await change();
    } catch (error) {
      const why = asTrouble(error);
      if (why.trouble === 'unauthorized' && !this.isGuest) this.shut();
      else this.tell('failed', null, { error: why });
    } finally {
      this.busy.value = new Set([...this.busy.value].filter((other) => other !== id));
      void this.refresh();
    }
  }

  private failed({ trouble }: ArchiveError): void {
    if (trouble === 'unauthorized' && !this.isGuest) return this.shut();
    this.failure.value = { trouble, since: this.failure.value?.since ?? Date.now() };
  }

  private shut(): void {
    this.question++;
    this.door.value = 'closed';
    this.items.value = null;
    this.one.value = null;
    this.failure.value = null;
    this.sheet.value = null;
    this.hush();
  }

  private schedule(): void {
    clearTimeout(this.polling);
    if (this.door.value === 'closed') return;
    const lively = [...(this.items.value ?? []), ...(this.one.value ? [this.one.value] : [])].some(isLively);
    const wait = this.failure.value ? RETRY_MS : lively ? LIVELY_MS : CALM_MS;
    this.polling = setTimeout(() => void this.refresh(), wait);
  }
}
