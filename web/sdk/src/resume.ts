/** The resume token: proof, kept for this tab, that a later session is the same person. */

/** Tokens in use by clients of this page: a second client under the same login is not the same person. */
const inUse = new Set<string>();

export class ResumeToken {
  readonly #key: string;
  readonly #storage: Storage | null;
  readonly #owner: boolean;
  #value: string | undefined;

  constructor(url: string, login: string, storage: Storage | null | undefined) {
    this.#key = `veche.resume ${url} ${login}`;
    this.#storage = storage === undefined ? tabStorage() : storage;
    this.#owner = !inUse.has(this.#key);
    if (!this.#owner) return;
    inUse.add(this.#key);
    try {
      this.#value = this.#storage?.getItem(this.#key) ?? undefined;
    } catch {
      // storage may be forbidden; then a reload is a new person
    }
  }

  get value(): string | undefined {
    return this.#value;
  }

  keep(token: string | undefined): void {
    if (!token) return;
    this.#value = token;
    if (!this.#owner) return;
    try {
      this.#storage?.setItem(this.#key, token);
    } catch {
      // full or forbidden: it still serves this page
    }
  }

  release(): void {
    if (this.#owner) inUse.delete(this.#key);
  }
}

function tabStorage(): Storage | null {
  try {
    return globalThis.sessionStorage ?? null;
  } catch {
    return null; // blocked by the browser's settings
  }
}
