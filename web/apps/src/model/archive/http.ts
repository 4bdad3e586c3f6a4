/** The archive over HTTP, with the cookie of a sign-in or the signature of a link. */
import { linkOf, pageOf, recordingOf, refusalOf } from './read';
import { ArchiveError, ODD_ANSWER, type Archive, type Page, type Pass, type Query, type Recording, type SignedLink, type Trouble } from './types';

const API = '/rest-api';
const PAGE_SIZE = 50;
/** Longer than a busy server takes; shorter than a person's patience. */
const PATIENCE_MS = 20_000;

/** An address with the link's right to it, so that pictures, films and downloads open too. */
export function signed(url: string, pass: Pass | null, more: Record<string, string> = {}): string {
  const [path = '', had = ''] = url.split('?');
  const query = new URLSearchParams(had);
  // What the server gave to a guest is signed already.
  for (const [name, value] of Object.entries({ ...more, ...pass })) query.set(name, value);
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}

function troubleOf(status: number, isGuest: boolean): Trouble {
  // 403 is a link that does not open it; to an operator it is a refusal like others.
  if (status === 401 || (status === 403 && isGuest)) return 'unauthorized';
  if (status === 404 || status === 410) return 'missing';
  if (status === 429 || status === 503) return 'busy';
  return 'server';
}

export class HttpArchive implements Archive {
  private readonly pass: Pass | null;
  private readonly fetch: typeof globalThis.fetch;

  constructor(pass: Pass | null = null, fetch: typeof globalThis.fetch = globalThis.fetch.bind(globalThis)) {
    this.pass = pass;
    this.fetch = fetch;
  }

  async list({ search, state, trash }: Query, after: string | null): Promise<Page> {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE), trash: String(trash) });
    if (search) query.set('search', search);
    if (state) query.set('state', state);
    if (after) query.set('after', after);
    return pageOf(await this.ask('GET', `/recordings?${query}`));
  }

  get = (id: string) => this.one('GET', id);
  remove = (id: string) => this.one('DELETE', id);
  restore = (id: string) => this.one('POST', id, '/restore');
  mix = (id: string) => this.one('POST', id, '/mix');
  cancelMix = (id: string) => this.one('DELETE', id, '/mix');

  async removeForever(id: string): Promise<void> {
    await this.ask('DELETE', `/recordings/${encodeURIComponent(id)}/forever`);
  }

  async link(id: string, seconds: number): Promise<SignedLink> {
    const link = linkOf(await this.ask('POST', `/recordings/${encodeURIComponent(id)}/link`, { expiresInSeconds: seconds }));
    if (!link) throw new ArchiveError('server', 'the answer has no link', ODD_ANSWER);
    return link;
  }

  async signIn(token: string): Promise<void> {
    await this.ask('POST', '/session', { token });
  }

  async signOut(): Promise<void> {
    await this.ask('DELETE', '/session');
  }

  private async one(method: string, id: string, more = ''): Promise<Recording> {
    const recording = recordingOf(await this.ask(method, `/recordings/${encodeURIComponent(id)}${more}`));
    if (!recording) throw new ArchiveError('server', 'the answer is not a recording', ODD_ANSWER);
    return recording;
  }

  private async ask(method: string, path: string, body?: object): Promise<unknown> {
    let response: Response;
    try {
      response = await this.fetch(signed(`${API}${path}`, this.pass), {
        method,
        cache: 'no-store',
        credentials: 'same-origin',
        signal: AbortSignal.timeout(PATIENCE_MS),
        // By JSON a server tells its own page from a form of another site.
        ...(method === 'POST' && { body: JSON.stringify(body ?? {}), headers: { 'content-type': 'application/json' } }),
      });
    } catch (error) {
      throw new ArchiveError('offline', error instanceof Error ? error.message : String(error));
    }
    // An empty answer, and one that is not JSON, is an answer all the same.
    const answer: unknown = await response.json().catch(() => null);
    if (response.ok) return answer;
    const { code, message } = refusalOf(answer);
    throw new ArchiveError(troubleOf(response.status, this.pass !== null), message, code);
  }
}
