// axe-core over the apps' states, light and dark: no serious violations.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { answer, shelf } from '../lib/archive.mjs';
import { closeDialog, enter, id, openApp, openChat, openFromBar, reads, say } from '../lib/app.mjs';
import { PEOPLE } from '../lib/people.mjs';
import { suite } from '../lib/suite.mjs';

const { ann, bob } = PEOPLE;
const s = suite('a11y');
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

async function clean(tab, what) {
  await tab.page.evaluate(axe);
  // Contrast is judged when nothing fades any more.
  await tab.until('animations have ended', () => document.getAnimations().every((a) => a.playState !== 'running' || a.effect?.getTiming().iterations === Infinity));
  const found = await tab.eval(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'] });
    return violations.filter((v) => v.impact === 'serious' || v.impact === 'critical').map((v) => `${v.id} (${v.impact}): ${v.nodes.slice(0, 3).map((n) => `${n.target} ${n.any?.[0]?.message ?? ''}`).join(' | ')}`);
  });
  if (found.length) throw new Error(`${what}: ${found.join('\n')}`);
}

for (const theme of ['light', 'dark']) {
  s.test(`no serious violations, ${theme}`, async (t) => {
    const failures = [];
    const check = (tab, what) => clean(tab, `${theme} ${what}`).catch((error) => failures.push(error.message));
    const a = await s.launch(ann);
    const landing = await a.open(`${s.server.http}/?lang=en&theme=${theme}`);
    await landing.visible(id('start-conference'));
    await check(landing, 'landing');
    await landing.close();

    const world = { recordings: shelf(), closed: true };
    const pages = await a.open('about:blank');
    await answer(pages, world);
    const recordings = async (path, wanted) => {
      await pages.page.goto(`${s.server.http}/recordings${path}${path.includes('?') ? '&' : '?'}theme=${theme}&lang=en`);
      await pages.visible(id(wanted));
      await check(pages, `recordings${path}: ${wanted}`);
    };
    await recordings('', 'sign-in');
    world.closed = false;
    await recordings('', 'recording-row');
    await recordings('?search=zeppelin', 'recordings-empty');
    for (const one of ['live', 'mix', 'degraded', 'broken', 'review']) await recordings(`/${one}`, 'one');
    await pages.click(id('copy-link'));
    await pages.click(id('link-copy'));
    await pages.visible(id('link-url'));
    await check(pages, 'link to a recording');
    await recordings('/nowhere', 'archive-missing');
    await recordings('/review?expires=1999999999&signature=x', 'one');
    await pages.close();

    const tab = await openApp(a, s.server, { room: `a11y-${theme}`, query: { theme } });
    await tab.visible(id('lobby-preview'), { timeout: 20_000 });
    await check(tab, 'lobby');
    await tab.click(id('join'));
    await tab.visible(id('error-banner'));
    await check(tab, 'lobby with an error');
    await tab.close();

    const inside = await enter(a, s.server, { room: `a11y-${theme}`, query: { theme } });
    await check(inside, 'alone');
    const b = await enter(await s.launch(bob), s.server, { room: `a11y-${theme}`, query: { theme } });
    await inside.visible(`${id('tile')}[data-login="${bob.login}"]`);
    await check(inside, 'in a call');
    await inside.click(id('record'));
    await inside.visible(id('recording'));
    await check(inside, 'recorded');
    await inside.click(id('record'));
    await say(b, 'https://example.org 👋');
    await openChat(inside);
    await reads(inside, 'https://example.org 👋');
    await check(inside, 'chat open');
    for (const item of ['menu-people', 'menu-invite', 'menu-settings', 'menu-stats', 'menu-keys']) {
      await openFromBar(inside, item);
      await check(inside, item);
      await closeDialog(inside);
    }
    await inside.click(id('leave'));
    await inside.visible(id('left'));
    await check(inside, 'left');
    if (failures.length) throw new Error(failures.join('\n\n'));
    t.diagnostic('axe-core finds nothing serious');
  });
}
