/** Light, dark, or as the system says. `public/boot.js` sets the same before the first paint. */
import { signal } from '@preact/signals';
import { prefs } from './prefs';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

function first(): Theme {
  const asked = new URLSearchParams(location.search).get('theme') ?? prefs.get('theme');
  return themes.find((theme) => theme === asked) ?? 'system';
}

export const theme = signal<Theme>(first());

theme.subscribe((now) => {
  if (now === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = now;
  prefs.set('theme', now);
});
