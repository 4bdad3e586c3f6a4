// Photographs every state of the apps, without a server: node scripts/shots.mjs [state,…] [view,…] [key=value…]
// The pictures land in shots/. Extra key=value pairs go into the address (lang=ru).
import { mkdirSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { createServer } from 'vite';

const [only = '', which = '', ...extra] = process.argv.slice(2);
const views = {
  light: { viewport: { width: 1440, height: 900 }, colorScheme: 'light' },
  dark: { viewport: { width: 1440, height: 900 }, colorScheme: 'dark' },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: 'light', hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  phonedark: { viewport: { width: 390, height: 844 }, colorScheme: 'dark', hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
  side: { viewport: { width: 844, height: 390 }, colorScheme: 'dark', hasTouch: true, isMobile: true, deviceScaleFactor: 2 },
};

const out = new URL('../shots/', import.meta.url);
mkdirSync(out, { recursive: true });
const server = await createServer({ root: new URL('..', import.meta.url).pathname, server: { port: 5199 }, logLevel: 'error' });
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required'],
});
const base = 'http://localhost:5199';
let failures = 0;
for (const [view, options] of Object.entries(views)) {
  if (which && !which.split(',').includes(view)) continue;
  const context = await browser.newContext({ ...options, locale: 'en-GB' });
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    failures++;
    console.log(`${view}: ${error.message}`);
  });
  page.on('console', (message) => message.type() === 'error' && console.log(`${view}: ${message.text()}`));
  await page.goto(`${base}/gallery.html`);
  const all = ['landing', ...(await page.evaluate(() => window.galleryStates))];
  for (const state of all) {
    if (only && !only.split(',').includes(state)) continue;
    const query = new URLSearchParams(extra.map((pair) => pair.split('=')));
    if (state !== 'landing') query.set('state', state);
    await page.goto(`${base}/${state === 'landing' ? '' : 'gallery.html'}?${query}`);
    if (state !== 'landing') await page.waitForSelector('body[data-ready]', { timeout: 8000 }).catch(() => console.log(`${state}: never ready`));
    await page.waitForTimeout(900);
    await page.screenshot({ path: new URL(`${state}.${view}${query.get('lang') ?? ''}.png`, out).pathname });
  }
  await context.close();
}
await browser.close();
await server.close();
process.exit(failures ? 1 : 0);
