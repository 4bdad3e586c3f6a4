/** The keys of a call. Letters go with Ctrl or ⌘, so that nobody who dictates or types is surprised. */
export type Action = 'microphone' | 'camera' | 'share' | 'record' | 'chat' | 'people';

const WITH_CTRL: Record<string, Action> = { KeyD: 'microphone', KeyE: 'camera' };
const WITH_CTRL_ALT: Record<string, Action> = { KeyS: 'share', KeyR: 'record', KeyC: 'chat', KeyP: 'people' };

const apple = /mac|iphone|ipad/i.test(globalThis.navigator?.platform ?? '');

/** How a key is written on this machine, for tooltips. */
export const keyText: Record<Action, string> = apple
  ? { microphone: '⌘D', camera: '⌘E', share: '⌥⌘S', record: '⌥⌘R', chat: '⌥⌘C', people: '⌥⌘P' }
  : { microphone: 'Ctrl+D', camera: 'Ctrl+E', share: 'Ctrl+Alt+S', record: 'Ctrl+Alt+R', chat: 'Ctrl+Alt+C', people: 'Ctrl+Alt+P' };

/** The same for `aria-keyshortcuts`. */
export const keyAria: Record<Action, string> = {
  microphone: 'Control+D Meta+D',
  camera: 'Control+E Meta+E',
  share: 'Control+Alt+S Meta+Alt+S',
  record: 'Control+Alt+R Meta+Alt+R',
  chat: 'Control+Alt+C Meta+Alt+C',
  people: 'Control+Alt+P Meta+Alt+P',
};

type Pressed = Pick<KeyboardEvent, 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

export function actionFor(event: Pressed, writing: boolean): Action | null {
  const command = event.ctrlKey !== event.metaKey;
  if (!command || event.shiftKey) return null;
  // AltGr is Ctrl+Alt on some keyboards and writes letters.
  if (event.altKey) return writing ? null : (WITH_CTRL_ALT[event.code] ?? null);
  return WITH_CTRL[event.code] ?? null;
}

/** Whether the keyboard belongs to a text field now. */
export function isWriting(element: Element | null): boolean {
  return !!element?.closest('input, textarea, select, [contenteditable]');
}

/** Whether the space bar belongs to what has the focus. */
export function spaceIsTaken(element: Element | null): boolean {
  if (isWriting(element) || element?.closest('dialog, [role="menu"]')) return true;
  return !!element?.matches('button:focus-visible, a:focus-visible, summary:focus-visible');
}
