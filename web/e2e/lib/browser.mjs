// Browsers with fake cameras and voices, one process for each person, and one
// face (`Tab`) over both engines.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { mediaFiles } from './people.mjs';
import { installProbe } from './probe.mjs';
import { patience, until, within } from './wait.mjs';

const CHROMIUM = process.env.VECHE_E2E_CHROMIUM ?? '/usr/bin/chromium';
const FIREFOX = process.env.VECHE_E2E_FIREFOX ?? '/usr/bin/firefox-esr';

const CHROMIUM_ARGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required',
  // Hidden or covered pages must not be slowed: several browsers share no screen.
  '--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows',
  '--force-color-profile=srgb', '--hide-scrollbars',
];

const FIREFOX_PREFS = {
  'media.navigator.streams.fake': true,
  'media.navigator.permission.disabled': true,
  'media.autoplay.default': 0,
  'media.autoplay.blocking_policy': 0,
  'media.peerconnection.ice.loopback': true,
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'app.update.enabled': false,
  'app.normandy.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'extensions.update.enabled': false,
  'browser.safebrowsing.malware.enabled': false,
  'browser.safebrowsing.phishing.enabled': false,
};

/**
 * A running browser of one person.
 * `who`: from PEOPLE. `camera:false` starts it with no devices at all, `deny`
 * with devices that the user refuses. `netns`: run inside that namespace.
 */
export async function launch(who, { engine = 'chromium', camera = true, deny = false, netns = null, video, args = [], viewport = { width: 960, height: 600 }, insecure = false, lang = 'en-US' } = {}) {
  const scratch = mkdtempSync(join(tmpdir(), 'veche-e2e-'));
  let executablePath = engine === 'firefox' ? FIREFOX : CHROMIUM;
  if (netns) {
    const wrapper = join(scratch, 'in-netns');
    writeFileSync(wrapper, `#!/bin/sh\nexec ip netns exec ${netns} ${executablePath} "$@"\n`);
    chmodSync(wrapper, 0o755);
    executablePath = wrapper;
  }
  let browser;
  if (engine === 'firefox') {
    const relay = netns ? await relayInto(netns) : null;
    browser = await start({
      browser: 'firefox', executablePath, debuggingPort: relay?.port, headless: true, acceptInsecureCerts: insecure, defaultViewport: viewport,
      extraPrefsFirefox: { ...FIREFOX_PREFS, 'media.navigator.audio.fake_frequency': who.hz, 'intl.accept_languages': lang },
    });
  } else {
    const media = [];
    if (camera) {
      const files = mediaFiles(who, video);
      media.push('--use-fake-device-for-media-stream', `--use-file-for-fake-video-capture=${files.camera}`, `--use-file-for-fake-audio-capture=${files.voice}`);
    }
    if (!deny) media.push('--use-fake-ui-for-media-stream');
    browser = await start({
      executablePath, headless: true, pipe: true, acceptInsecureCerts: insecure, defaultViewport: viewport,
      args: [...CHROMIUM_ARGS, `--lang=${lang}`, ...media, ...args],
      env: { ...process.env, LANGUAGE: lang.replace('-', '_'), HOME: scratch, XDG_CONFIG_HOME: join(scratch, 'config') },
    });
  }
  return new Person(who, browser, engine, scratch);
}

/** A browser that does not come up is started once more: that it starts is not what is tested. */
async function start(options) {
  const timed = { ...options, timeout: 30_000 * patience() };
  try {
    return await puppeteer.launch(timed);
  } catch (error) {
    console.error(`${options.browser ?? 'chromium'} did not start, once more: ${error.message}`);
    return puppeteer.launch(timed);
  }
}

/**
 * Firefox is driven over TCP on its own loopback. This makes the same port of
 * ours lead there: a pipe of stdin and stdout for each connection.
 */
async function relayInto(netns) {
  const script = 'const c = require("net").connect(+process.argv[1], "127.0.0.1"); process.stdin.pipe(c); c.pipe(process.stdout); c.on("error", () => process.exit(1));';
  let port = 0;
  const server = createServer((socket) => {
    const pipe = spawn('ip', ['netns', 'exec', netns, process.execPath, '-e', script, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
    socket.pipe(pipe.stdin).on('error', () => {});
    pipe.stdout.pipe(socket).on('error', () => {});
    socket.on('error', () => {}).on('close', () => pipe.kill());
    pipe.on('exit', () => socket.destroy());
  });
  server.unref();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  ({ port } = server.address());
  return { port };
}

/** Firefox's fake camera gives whatever is asked, up to 1280x720@30: a small one is enough here. */
function smallCamera() {
  const devices = navigator.mediaDevices;
  if (!devices) return;
  const real = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (constraints) => real(constraints?.video
    ? { ...constraints, video: { ...(constraints.video === true ? {} : constraints.video), width: 320, height: 240, frameRate: 15 } }
    : constraints);
}

export class Person {
  constructor(who, browser, engine, scratch) {
    Object.assign(this, { who, browser, engine, scratch, tabs: [] });
  }

  /** Opens `url` in a page of its own. `before`: extra script run first in the page. */
  async open(url, { before, viewport, dark, name } = {}) {
    const page = await this.browser.newPage();
    if (viewport) await page.setViewport(viewport);
    if (dark !== undefined) await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
    const tab = new Tab(page, `${name ?? this.who.login}(${this.engine})`, this);
    this.tabs.push(tab);
    await page.evaluateOnNewDocument(installProbe);
    if (this.engine === 'firefox') await page.evaluateOnNewDocument(smallCamera);
    if (before) await page.evaluateOnNewDocument(before);
    const go = () => page.goto(url, { waitUntil: 'domcontentloaded', timeout: 30_000 * patience() });
    // Another test's network may just have come or gone.
    await go().catch((error) => (/ERR_NETWORK_CHANGED/.test(error.message) ? go() : Promise.reject(error)));
    return tab;
  }

  async close() {
    const process = this.browser.process();
    try {
      await within(`${this.who.login}'s browser closes`, this.browser.close(), 8000);
    } catch {
      if (process && process.exitCode === null) process.kill('SIGKILL');
    }
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

export class Tab {
  constructor(page, name, person) {
    Object.assign(this, { page, name, person, log: [] });
    const push = (line) => {
      this.log.push(`${new Date().toISOString().slice(11, 23)} ${line}`);
      if (this.log.length > 5000) this.log.splice(0, 1000);
    };
    page.on('console', (message) => push(`[${message.type()}] ${message.text()}`));
    page.on('pageerror', (error) => push(`[pageerror] ${error?.stack ?? error}`));
    page.on('requestfailed', (request) => push(`[requestfailed] ${request.url()} ${request.failure()?.errorText ?? ''}`));
  }

  /** Runs `fn(arg)` in the page. */
  eval(fn, arg) {
    return within(`${this.name}: evaluating in the page`, this.page.evaluate(fn, arg), 30_000);
  }

  /** Waits until `fn(arg)` is truthy in the page, and returns it. */
  until(what, fn, arg, options) {
    return until(`${this.name}: ${what}`, () => this.page.evaluate(fn, arg), options);
  }

  visible(selector, { timeout = 15_000 } = {}) {
    return this.until(`${selector} is visible`, (s) => {
      const el = document.querySelector(s);
      if (!el) return false;
      const box = el.getBoundingClientRect();
      const style = getComputedStyle(el);
      return box.width > 0 && box.height > 0 && style.visibility !== 'hidden' && style.display !== 'none';
    }, selector, { timeout });
  }

  gone(selector, { timeout = 15_000 } = {}) {
    return this.until(`${selector} is gone`, (s) => {
      const el = document.querySelector(s);
      return !el || el.getClientRects().length === 0;
    }, selector, { timeout });
  }

  has(selector) {
    return this.eval((s) => document.querySelector(s) !== null, selector);
  }

  text(selector) {
    return this.eval((s) => document.querySelector(s)?.textContent?.trim() ?? null, selector);
  }

  /** Waits until the text under `selector` contains `text`. */
  says(selector, text, { timeout = 15_000 } = {}) {
    return this.until(`${selector} says “${text}”`, ([s, t]) => [...document.querySelectorAll(s)].some((el) => el.textContent.includes(t)), [selector, text], { timeout });
  }

  /**
   * Gives the page another size and another kind of screen. Puppeteer's own
   * setViewport reloads the page when it becomes a phone.
   */
  async resize({ width, height, deviceScaleFactor = 1, isMobile = false, hasTouch = false }) {
    this.cdp ??= await this.page.createCDPSession();
    await this.cdp.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor, mobile: isMobile, screenWidth: width, screenHeight: height });
    await this.cdp.send('Emulation.setTouchEmulationEnabled', { enabled: hasTouch, maxTouchPoints: hasTouch ? 5 : 1 });
    await this.until(`${width} wide`, (w) => Math.abs(innerWidth - w) < 2, width);
  }

  /**
   * A real click, when the element is there, enabled, at rest and not covered.
   * One that went elsewhere, because the page moved under it, is a fault of the page.
   */
  async click(selector, { timeout = 15_000 } = {}) {
    let last = null;
    const at = await until(() => `${this.name}: ${selector} can be clicked (${JSON.stringify(last)})`, async () => {
      const spot = await this.page.evaluate((s) => {
        const el = [...document.querySelectorAll(s)].find((e) => e.getClientRects().length);
        if (!el) return 'not there';
        if (el.disabled || el.getAttribute('aria-disabled') === 'true') return 'disabled';
        let box = el.getBoundingClientRect();
        if (box.top < 0 || box.left < 0 || box.bottom > innerHeight || box.right > innerWidth) {
          el.scrollIntoView({ block: 'center', inline: 'center', behavior: 'instant' });
          box = el.getBoundingClientRect();
        }
        const [x, y] = [box.left + box.width / 2, box.top + box.height / 2];
        const top = document.elementFromPoint(x, y);
        if (!top || !(el.contains(top) || top.contains(el))) return `covered by ${top?.outerHTML.slice(0, 80)}`;
        window.__probe.watchPress(s);
        return { x, y };
      }, selector);
      const rests = typeof spot === 'object' && last?.x === spot.x && last?.y === spot.y;
      last = spot;
      return rests && spot;
    }, { timeout, every: 50 });
    await this.page.mouse.click(at.x, at.y);
    // A page that went away with the click was hit.
    const elsewhere = await this.eval(() => window.__probe?.pressedElsewhere).catch(() => null);
    if (elsewhere) throw new Error(`${this.name}: ${selector} moved away under the click, which went to ${elsewhere}`);
  }

  /** Puts `text` into a field, as typing or pasting does. */
  async fill(selector, text, { timeout = 15_000 } = {}) {
    await this.until(`${selector} can be filled`, ([s, value]) => {
      const el = document.querySelector(s);
      if (!el || el.disabled || el.readOnly || !el.getClientRects().length) return false;
      el.focus();
      const own = Object.getOwnPropertyDescriptor(Object.getPrototypeOf(el), 'value');
      own.set.call(el, value);
      el.dispatchEvent(new InputEvent('input', { bubbles: true, data: value, inputType: 'insertText' }));
      el.dispatchEvent(new Event('change', { bubbles: true }));
      return true;
    }, [selector, text], { timeout });
  }

  async press(key) {
    await this.page.keyboard.press(key);
  }

  async reload() {
    await this.page.reload({ waitUntil: 'domcontentloaded', timeout: 30_000 * patience() });
  }

  async screenshot(path) {
    mkdirSync(join(path, '..'), { recursive: true });
    // After resize() only the protocol itself knows the page's size.
    const taken = this.cdp ? this.cdp.send('Page.captureScreenshot', { format: 'png' }).then(({ data }) => writeFileSync(path, Buffer.from(data, 'base64'))) : this.page.screenshot({ path });
    await within(`${this.name}: screenshot`, taken, 15_000);
  }

  async close() {
    this.person.tabs = this.person.tabs.filter((tab) => tab !== this);
    await this.page.close();
  }
}
