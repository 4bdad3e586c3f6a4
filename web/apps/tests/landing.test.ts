import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';

const page = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const html = page('index.html');

describe('the landing page without scripts', () => {
  it('says what the dictionary says', () => {
    const found = [...html.matchAll(/data-word="(\w+)">([^<]*)</g)];
    expect(found.length).toBeGreaterThan(8);
    for (const [, key, text] of found) expect(text, key).toBe(en.landing[key as keyof typeof en.landing]);
    for (const fact of en.landing.facts) expect(html).toContain(`<li>${fact}</li>`);
    expect(html).toContain(`<title>${en.landing.title}</title>`);
  });

  it('opens a room of each kind', () => {
    for (const app of Object.keys(en.app)) expect(html).toContain(`formaction="/${app}"`);
    expect(html).toMatch(/name="roomName"/);
  });
});

it('leads to the recordings', () => {
  expect(html).toContain('href="/recordings"');
});

describe.each(['index.html', 'conference.html', 'video-chat.html', 'video-chat-and-screen-sharing.html', 'recordings.html'])('%s', (name) => {
  it('loads nothing from elsewhere and holds no inline script or style', () => {
    const text = page(name);
    for (const [, address] of text.matchAll(/(?:src|href|action)="([^"]*)"/g)) expect(address).toMatch(/^\//);
    for (const [, attributes, body] of text.matchAll(/<script([^>]*)>([^]*?)<\/script>/g)) {
      expect(attributes).toContain('src=');
      expect(body).toBe('');
    }
    expect(text).not.toMatch(/<style|\sstyle=|\son\w+=/);
  });
});
