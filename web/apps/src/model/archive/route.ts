/** Where one is: the list with its search, one recording, or one opened by a signed link. */
import { states, type Pass, type Query } from './types';

export interface Route extends Query {
  /** The recording that is open. */
  id: string | null;
  /** Set where a link opens it without a sign-in. */
  pass: Pass | null;
}

const HOME = '/recordings';

export function routeOf({ pathname, search }: Pick<Location, 'pathname' | 'search'>): Route {
  const query = new URLSearchParams(search);
  const [, id = ''] = /^\/recordings\/([^/]+)\/?$/.exec(pathname) ?? [];
  const expires = query.get('expires');
  const signature = query.get('signature');
  return {
    id: decoded(id) || null,
    pass: id && expires && signature ? { expires, signature } : null,
    search: query.get('search') ?? '',
    state: states.find((state) => state === query.get('state')) ?? null,
    trash: query.get('trash') === '1',
  };
}

export function addressOf({ id, pass, search, state, trash }: Route): string {
  const query = new URLSearchParams();
  if (pass) {
    query.set('expires', pass.expires);
    query.set('signature', pass.signature);
  } else {
    if (search) query.set('search', search);
    if (state) query.set('state', state);
    if (trash) query.set('trash', '1');
  }
  const text = query.toString();
  return `${HOME}${id ? `/${encodeURIComponent(id)}` : ''}${text ? `?${text}` : ''}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
