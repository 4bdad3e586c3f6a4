import { describe, expect, it } from 'vitest';
import { en } from '../src/i18n/en';
import { ru } from '../src/i18n/ru';

/** Every word of a dictionary by its path; functions are asked with sample arguments. */
function leaves(value: unknown, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  if (typeof value === 'string') found.set(path, value);
  else if (typeof value === 'function') found.set(path, String((value as (...args: unknown[]) => string)(...samples(path))));
  else for (const [key, inner] of Object.entries(value as object)) for (const [p, text] of leaves(inner, path ? `${path}.${key}` : key)) found.set(p, text);
  return found;
}

function samples(path: string): unknown[] {
  if (path === 'away.since') return ['14:05', 21];
  if (/archive.left|archive.found|link.days|one.part/.test(path)) return [3];
  if (path === 'archive.total') return [3, '1 GB'];
  if (path === 'archive.people') return ['Ann', 2];
  if (/unread|count|tile\.more|tile\.people/.test(path)) return [3];
  return ['Ann', 'Bob'];
}

/** Words that are the same in every language on purpose. */
const SAME = new Set(['langName', 'status.login', 'status.join', 'chat.said']);

describe('languages', () => {
  it('have the same words', () => {
    expect([...leaves(ru).keys()].sort()).toEqual([...leaves(en).keys()].sort());
  });

  it('leave nothing empty', () => {
    for (const dictionary of [en, ru]) for (const [path, text] of leaves(dictionary)) expect(text.trim(), path).not.toBe('');
  });

  it('are really translated', () => {
    const english = leaves(en);
    for (const [path, text] of leaves(ru)) if (!SAME.has(path)) expect(text, path).not.toBe(english.get(path));
    for (const [path, text] of leaves(ru)) if (!SAME.has(path)) expect(text, path).toMatch(/[а-яё]/i);
  });

  it('count as their grammar does', () => {
    expect([1, 2, 5, 11, 21, 22, 112].map((n) => ru.people.count(n))).toEqual([
      'Здесь 1 человек', 'Здесь 2 человека', 'Здесь 5 человек', 'Здесь 11 человек', 'Здесь 21 человек', 'Здесь 22 человека', 'Здесь 112 человек',
    ]);
    expect([1, 2].map((n) => en.people.count(n))).toEqual(['1 person here', '2 people here']);
    expect([1, 3, 7].map((n) => ru.chat.unread(n))).toEqual(['1 непрочитанное сообщение', '3 непрочитанных сообщения', '7 непрочитанных сообщений']);
  });
});
