/** Typed events: a map of names to arguments, and one small emitter. */

type Listener<A> = (arg: A) => void;

/** Emits the events of map `M`. A listener that throws hurts nobody else. */
export class Emitter<M extends object> {
  readonly #listeners = new Map<keyof M, Set<Listener<never>>>();

  /** Listens; returns the function that stops listening. */
  on<E extends keyof M>(event: E, listener: Listener<M[E]>): () => void {
    let set = this.#listeners.get(event);
    if (!set) this.#listeners.set(event, (set = new Set()));
    set.add(listener as Listener<never>);
    return () => set.delete(listener as Listener<never>);
  }

  emit<E extends keyof M>(event: E, arg: M[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        (listener as Listener<M[E]>)(arg);
      } catch (e) {
        // The page's window.onerror should see it; the SDK's own state must not suffer.
        queueMicrotask(() => {
          throw e;
        });
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }
}
