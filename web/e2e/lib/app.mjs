// Doing things in Veche's own apps as a person does: by the controls on the page.
import { seesMoving, hears } from './judge.mjs';

export const id = (name) => `[data-testid="${name}"]`;
export const tile = (who, kind = 'camera', own = false) => `${id('tile')}[data-login="${who.login}"][data-kind="${kind}"][data-own="${own}"]`;

export const APPS = { conference: '/conference', chat: '/video-chat', sharing: '/video-chat-and-screen-sharing' };

/** Opens an app's lobby. */
export async function openApp(person, server, { app = 'conference', room, query = {}, base, ...rest } = {}) {
  const search = new URLSearchParams({ ...(room ? { roomName: room } : {}), lang: 'en', ...query });
  const tab = await person.open(`${base ?? server.http}${APPS[app]}?${search}`, rest);
  await tab.visible(id('lobby'), { timeout: 20_000 });
  return tab;
}

/** Fills in the name and presses Join. */
export async function pressJoin(tab, login) {
  await tab.fill(id('lobby-name'), login);
  await tab.click(id('join'));
}

/** Opens, joins, and waits until the person is in and publishing. */
export async function enter(person, server, options = {}) {
  const tab = await openApp(person, server, options);
  if (options.camera !== false) await tab.visible(id('lobby-preview'), { timeout: 20_000 });
  await pressJoin(tab, person.who.login);
  await inRoom(tab, options);
  return tab;
}

export async function inRoom(tab, { camera = true, timeout = 20_000 } = {}) {
  await tab.says(id('status'), camera ? 'ESTABLISHED · PUBLISHING' : 'ESTABLISHED', { timeout });
}

/** Back in the room, by itself or by the lobby's Join, whichever the page chooses. */
export async function backIn(tab, who, options) {
  const lobby = await tab.until('in the room, or a lobby that is ready', ([status, join, preview]) => {
    if (document.querySelector(status)?.textContent.includes('ESTABLISHED')) return 'room';
    const button = document.querySelector(join);
    return button && !button.disabled && document.querySelector(preview) ? 'lobby' : null;
  }, [id('status'), id('join'), id('lobby-preview')], { timeout: 20_000 });
  if (lobby === 'lobby') await pressJoin(tab, who.login);
  await inRoom(tab, options);
}

/** Sees and hears each of the others in their tiles. */
export async function meets(tab, others, { timeout = 25_000 } = {}) {
  for (const who of others) await seesMoving(tab, tile(who), who, { timeout });
  for (const who of others) await hears(tab, tile(who), who, { timeout });
}

export async function openChat(tab) {
  if ((await tab.eval((s) => document.querySelector(s)?.getAttribute('aria-expanded'), id('chat-toggle'))) !== 'true') await tab.click(id('chat-toggle'));
  await tab.visible(id('chat-input'));
}

export async function say(tab, text) {
  await openChat(tab);
  await tab.fill(id('chat-input'), text);
  await tab.click(id('chat-send'));
}

/** Opens the chat if it is closed, and waits until a message with exactly this text is there, from `login`, in `state`. */
export async function reads(tab, text, { from, state = 'sent', timeout = 15_000 } = {}) {
  await openChat(tab);
  await tab.until(`reads “${text}”`, ([message, body, t, f, st]) => [...document.querySelectorAll(message)].some((el) =>
    el.querySelector(body)?.textContent === t && (!f || el.dataset.from === f) && (!st || el.dataset.state === st)),
  [id('chat-message'), id('chat-text'), text, from, state], { timeout });
}

export const people = (tab) => tab.eval((s) => Number(document.querySelector(s)?.dataset.people ?? 0), id('stage'));

export async function alone(tab, n = 1) {
  await tab.until(`${n} in the room`, ([s, want]) => Number(document.querySelector(s)?.dataset.people) === want, [id('stage'), n], { timeout: 20_000 });
}

/** Whether a switch of the bar is on. */
export async function switched(tab, name, on) {
  await tab.until(`${name} is ${on ? 'on' : 'off'}`, ([s, want]) => document.querySelector(s)?.getAttribute('aria-pressed') === want, [id(name), String(on)]);
}

export const leave = async (tab) => {
  await tab.click(id('leave'));
  await tab.visible(id('left'));
};

/** Opens people, invite, settings, stats or keys: from the bar, or from "more" where the bar has no room for it. */
export async function openFromBar(tab, item, seen = null) {
  const own = id(item.replace('menu-', ''));
  const inBar = await tab.eval((s) => [...document.querySelectorAll(s)].some((el) => el.tagName === 'BUTTON' && el.getClientRects().length > 0), own);
  if (inBar) await tab.click(own);
  else {
    await tab.click(id('more'));
    await tab.visible(id(item));
    await seen?.();
    await tab.click(id(item));
  }
  await tab.until('it is open', (s) => [...document.querySelectorAll(s)].some((el) => el.getClientRects().length > 0), `[role=dialog], dialog[open], ${id('people-panel')}`);
}

/** Closes what openFromBar opened. */
export async function closeDialog(tab) {
  const visible = (s) => tab.eval((sel) => [...document.querySelectorAll(sel)].some((el) => el.getClientRects().length > 0), s);
  if (await visible(id('dialog-close'))) await tab.click(id('dialog-close'));
  else if (await visible(id('people-panel'))) await tab.click(id('people'));
  else await tab.press('Escape');
  await tab.gone(`${id('dialog-close')}, ${id('people-panel')}`);
}
