// Takes the outlines that the apps use out of lucide-static (ISC licence) and
// writes them as data, so that no icon file is fetched and no markup is parsed.
// Run by hand when the list changes: node scripts/icons.mjs
import { createRequire } from 'node:module';
import { writeFileSync } from 'node:fs';

const wanted = {
  mic: 'mic', micOff: 'mic-off', camera: 'video', cameraOff: 'video-off', share: 'screen-share',
  shareOff: 'screen-share-off', chat: 'message-square', people: 'users', more: 'ellipsis', leave: 'phone',
  pin: 'pin', unpin: 'pin-off', copy: 'copy', check: 'check', close: 'x', link: 'link', invite: 'user-plus',
  settings: 'settings-2', stats: 'activity', keys: 'keyboard', send: 'arrow-up', smile: 'face-slightly-smiling', retry: 'rotate-cw',
  warn: 'triangle-alert', shuffle: 'dices', full: 'maximize', speaker: 'volume-2', sun: 'sun', moon: 'moon',
  system: 'monitor', arrow: 'arrow-right', back: 'arrow-left', shareOut: 'share', lock: 'lock',
  record: 'circle-dot', recordStop: 'circle-stop', search: 'search', trash: 'trash', download: 'download', undo: 'undo-2', film: 'film', clock: 'clock',
  play: 'play', exit: 'log-out',
  eye: 'eye', eyeOff: 'eye-off', cloud: 'cloud-check', cloudUp: 'cloud-upload', cloudAlert: 'cloud-alert',
};

const nodes = createRequire(import.meta.url)('lucide-static/icon-nodes.json');
const icons = Object.fromEntries(
  Object.entries(wanted).map(([name, source]) => {
    if (!nodes[source]) throw new Error(`no icon ${source}`);
    return [name, nodes[source].map(([tag, { key: _key, ...attributes }]) => [tag, attributes])];
  }),
);
const lines = Object.entries(icons).map(([name, shape]) => `  ${name}: ${JSON.stringify(shape)},`);
writeFileSync(
  new URL('../src/ui/icons.ts', import.meta.url),
  `// Made by scripts/icons.mjs from lucide-static (ISC licence).\n\n` +
    `type Shape = readonly (readonly [string, Readonly<Record<string, string>>])[];\n\n` +
    `export const icons: Record<IconName, Shape> = {\n${lines.join('\n')}\n};\n\n` +
    `export type IconName =\n${Object.keys(wanted).map((n) => `  | '${n}'`).join('\n')};\n`,
);
