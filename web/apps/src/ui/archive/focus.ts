/** Where the focus is in the list, and where it goes when its row does. */

export function links(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[data-testid="recording-open"]')];
}

/** The row in which an element is. */
export function rowOf(element: Element | null): HTMLElement | null {
  return element?.closest<HTMLElement>('[data-testid="recording-row"]') ?? null;
}

/** The place of a recording in the list that is shown; -1 where it is not. */
export function placeOf(id: string): number {
  return links().findIndex((link) => rowOf(link)?.dataset['id'] === id);
}

/** Keeps the focus where a row was. */
export function focusNear(place: number): void {
  requestAnimationFrame(() => {
    const all = links();
    (all[Math.min(place, all.length - 1)] ?? document.querySelector<HTMLElement>('h1'))?.focus();
  });
}
