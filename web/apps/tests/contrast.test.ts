import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync(new URL('../src/styles/tokens.css', import.meta.url), 'utf8');

function block(selector: string): Record<string, string> {
  const at = css.indexOf(`${selector} {`);
  expect(at, selector).toBeGreaterThanOrEqual(0);
  const body = css.slice(at, css.indexOf('}', at));
  return Object.fromEntries([...body.matchAll(/--([\w-]+):\s*([^;]+);/g)].map((m) => [m[1]!, m[2]!]));
}

const light = block(':root');
const dark = block(":root[data-theme='dark']");
const bySystem = block(":root:not([data-theme='light'])");

type Rgb = [number, number, number];

function hex(text: string): Rgb {
  const m = /^#(..)(..)(..)$/.exec(text);
  if (!m) throw new Error(`not a colour: ${text}`);
  return [m[1]!, m[2]!, m[3]!].map((part) => linear(parseInt(part, 16) / 255)) as Rgb;
}

function linear(v: number): number {
  return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
}

/** OKLCH to linear sRGB, cut to what a screen shows. */
function oklch(l: number, c: number, hue: number): Rgb {
  const a = c * Math.cos((hue * Math.PI) / 180);
  const b = c * Math.sin((hue * Math.PI) / 180);
  const [x, y, z] = [l + 0.3963377774 * a + 0.2158037573 * b, l - 0.1055613458 * a - 0.0638541728 * b, l - 0.0894841775 * a - 1.291485548 * b].map((v) => v ** 3) as Rgb;
  return [
    4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z,
    -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z,
    -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z,
  ].map((v) => Math.min(1, Math.max(0, v))) as Rgb;
}

function contrast(a: Rgb, b: Rgb): number {
  const light = (c: Rgb) => 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
  const [high, low] = [light(a), light(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

/** Text (4.5) and signs (3) on what they stand on. */
const TEXT: [string, string][] = [
  ['ink', 'ground'], ['ink', 'surface'], ['ink', 'sunken'], ['ink', 'line'],
  ['ink-soft', 'ground'], ['ink-soft', 'surface'], ['ink-soft', 'sunken'],
  ['pine', 'ground'], ['pine', 'surface'], ['on-pine', 'pine'], ['on-pine', 'pine-strong'],
  ['on-pine-soft', 'pine-soft'], ['on-alarm', 'alarm'], ['on-alarm-soft', 'alarm-soft'], ['on-alarm-soft', 'ground'],
  ['voice-ink', 'surface'], ['voice-ink', 'sunken'], ['ground', 'ink'],
];
const SIGNS: [string, string][] = [
  ['focus', 'ground'], ['focus', 'surface'], ['focus', 'sunken'], ['pine', 'sunken'], ['on-alarm', 'alarm-strong'], ['alarm', 'ground'],
];

describe.each([['light', light], ['dark', { ...light, ...dark }]])('%s', (_name, tokens) => {
  it('text has a contrast of 4.5', () => {
    for (const [text, ground] of TEXT) expect(contrast(hex(tokens[text]!), hex(tokens[ground]!)), `${text} on ${ground}`).toBeGreaterThanOrEqual(4.5);
  });

  it('signs and focus rings have a contrast of 3', () => {
    for (const [sign, ground] of SIGNS) expect(contrast(hex(tokens[sign]!), hex(tokens[ground]!)), `${sign} on ${ground}`).toBeGreaterThanOrEqual(3);
  });

  it('a monogram is readable in the colour of any name', () => {
    const [l, c, inkL, inkC] = ['face-l', 'face-c', 'face-ink-l', 'face-ink-c'].map((key) => Number(tokens[key])) as [number, number, number, number];
    for (let hue = 0; hue < 360; hue++) {
      // The letters stand on the darker disc of the tile.
      expect(contrast(oklch(inkL, inkC, hue), oklch(l - 0.07, c + 0.02, hue)), `disc ${hue}`).toBeGreaterThanOrEqual(4.5);
      expect(contrast(oklch(inkL, inkC, hue), oklch(l, c, hue)), `tile ${hue}`).toBeGreaterThanOrEqual(4.5);
    }
  });
});

it('dark by choice and dark by the system are the same', () => {
  expect(bySystem).toEqual(dark);
});
