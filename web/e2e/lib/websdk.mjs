// The published SDK's own example pages, served as they came from npm and
// driven by their own controls.
import { dirname } from 'node:path';
import { createRequire } from 'node:module';
import { serveFiles } from './static.mjs';

const require = createRequire(import.meta.url);
const root = dirname(require.resolve('@flashphoner/websdk/package.json'));

export const serveExamples = () => serveFiles({ '/': root });

/** Opens an example page, points it at the server, and presses Join. */
export async function joinExample(person, files, server, page, room) {
  const tab = await openExample(person, files, server, page, room);
  await tab.click('#joinBtn');
  return tab;
}

export async function openExample(person, files, server, page, room) {
  const tab = await person.open(`${files.origin}/examples/demo/streaming/${page}/${page}.html?roomName=${encodeURIComponent(room)}`);
  await tab.until('the page is ready', () => document.readyState === 'complete' && document.querySelector('#joinBtn')?.disabled === false && document.querySelector('#url').value !== '');
  await tab.fill('#url', server.ws);
  await tab.fill('#login', person.who.login);
  return tab;
}

/** Waits for what these pages show a person who is in. */
export async function published(tab, { timeout = 25_000 } = {}) {
  await tab.says('#status', 'ESTABLISHED', { timeout });
  await tab.says('#localStatus', 'PUBLISHING', { timeout });
}

/** The display (`#participantNDisplay`) of the participant of this name. */
export async function displayOf(tab, login) {
  const base = await tab.until(`${login} is shown`, (name) => [...document.querySelectorAll('[id$=Name]')].find((el) => el.textContent === name)?.id.replace('Name', ''), login);
  return `#${base}Display`;
}

export async function write(tab, text) {
  await tab.fill('#message', text);
  await tab.click('#sendMessageBtn');
}
