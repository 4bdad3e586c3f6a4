/** WebSDK's way of events: one callback for each, set again to change it. */
import { ERROR_INFO } from './constants.js';

/** Its arguments differ by event, as WebSDK pages expect. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Callback = (...args: any[]) => void;

export class Callbacks {
  readonly #callbacks = new Map<string, Callback>();

  set(event: string, callback: Callback): void {
    if (!event) throw new TypeError(ERROR_INFO.EVENT_CANT_BE_NULL);
    if (typeof callback !== 'function') throw new Error(ERROR_INFO.CALLBACK_NEEDS_TO_BE_A_VALID_FUNCTION);
    this.#callbacks.set(event, callback);
  }

  /** Calls it; what the page throws is the page's, and must not break our state. */
  fire(event: string, ...args: unknown[]): void {
    const callback = this.#callbacks.get(event);
    if (!callback) return;
    try {
      callback(...args);
    } catch (e) {
      queueMicrotask(() => {
        throw e;
      });
    }
  }
}
