import { describe, expect, it } from 'vitest';
import { isOnlyEmoji, linkify } from '../src/model/linkify';

const links = (text: string) => linkify(text).flatMap((piece) => (piece.kind === 'link' ? [piece.href] : []));

/** Names and messages that have broken other chats (case 38). */
const HOSTILE = [
  '<script>alert(1)</script>',
  '<img src=x onerror=alert(1)>',
  '"><svg/onload=alert(1)>',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'java\tscript:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'vbscript:msgbox(1)',
  'file:///etc/passwd',
  '&#106;avascript:alert(1)',
  'https:alert(1)',
  'http://',
  'https://user:pass@evil.example/',
  'https://bank.example@evil.example/',
  '\u202ehttp://moc.live',
];

describe('links in messages', () => {
  it('nothing hostile becomes a link', () => {
    for (const text of HOSTILE.slice(0, -1)) expect(links(text), text).toEqual([]);
  });

  it('only http and https are ever links, whatever surrounds them', () => {
    for (const text of HOSTILE) {
      for (const href of links(`look ${text} https://ok.example/ ${text}`)) expect(new URL(href).protocol).toMatch(/^https?:$/);
    }
  });

  it('the text of a message is never lost or changed', () => {
    for (const text of [...HOSTILE, 'see https://a.example/x, and www.b.example.', '', '  ', 'ä https://ö.example/ü ü', '()https://x.y/(z))']) {
      expect(linkify(text).map((piece) => piece.text).join('')).toBe(text);
    }
  });

  it('quotes and angle brackets end a link', () => {
    expect(links('https://a.example/"onmouseover="x')).toEqual(['https://a.example/']);
    expect(links('<https://a.example/b>')).toEqual(['https://a.example/b']);
  });

  it('characters that turn the direction of writing are not part of a link', () => {
    expect(links('https://a.example/\u202egpj.exe')).toEqual(['https://a.example/']);
  });

  it('the full stop belongs to the sentence, the bracket to the address', () => {
    expect(links('See https://en.example/Veche_(assembly).')).toEqual(['https://en.example/Veche_(assembly)']);
    expect(links('(https://a.example/b)')).toEqual(['https://a.example/b']);
    expect(links('https://a.example, https://b.example!')).toEqual(['https://a.example/', 'https://b.example/']);
  });

  it('www is enough, and then it is https', () => {
    expect(links('go to www.example.org/x')).toEqual(['https://www.example.org/x']);
    expect(links('mail a@www.example.org')).toEqual([]);
  });

  it('a very long address stays text', () => {
    expect(links(`https://a.example/${'x'.repeat(4000)}`)).toEqual([]);
  });
});

describe('large emoji', () => {
  it('are shown for a few of them alone', () => {
    for (const text of ['🎉', '👍🏽', '❤️', '👩‍💻', '🇫🇮', '🙂 🙂']) expect(isOnlyEmoji(text), text).toBe(true);
    for (const text of ['hi 🎉', '42', '', 'a', '🎉🎉🎉🎉']) expect(isOnlyEmoji(text), text).toBe(false);
  });
});
