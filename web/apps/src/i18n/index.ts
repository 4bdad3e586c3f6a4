/** The language of the page: chosen in the address, remembered, or the browser's. */
import { computed, signal } from '@preact/signals';
import { en, type Words } from './en';
import { ru } from './ru';
import { prefs } from '../model/prefs';

export type { Words } from './en';

export const languages = { en, ru } satisfies Record<string, Words>;
export type Language = keyof typeof languages;

function isLanguage(text: string | null | undefined): text is Language {
  return !!text && Object.hasOwn(languages, text);
}

function firstLanguage(): Language {
  const asked = new URLSearchParams(location.search).get('lang');
  if (isLanguage(asked)) {
    prefs.set('lang', asked);
    return asked;
  }
  const kept = prefs.get('lang');
  if (isLanguage(kept)) return kept;
  const spoken = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return spoken ?? 'en';
}

export const language = signal<Language>(firstLanguage());

/** The words in the language of now; reading `.value` while drawing keeps the drawing up to date. */
export const words = computed<Words>(() => languages[language.value]);

export function speak(next: Language): void {
  prefs.set('lang', next);
  language.value = next;
}

language.subscribe((lang) => {
  document.documentElement.lang = lang;
});

/** The person's own variant of the language, which knows whether a day has 12 hours or 24. */
export function locale(): string {
  return navigator.languages.find((tag) => tag.startsWith(language.value)) ?? language.value;
}

/** `14:05`, as the language writes it. */
export function clock(time: number): string {
  return new Intl.DateTimeFormat(locale(), { hour: 'numeric', minute: '2-digit' }).format(time);
}

/** `Ann, Bob and Eve` */
export function listOf(names: readonly string[]): string {
  return new Intl.ListFormat(language.value, { type: 'conjunction' }).format(names);
}
