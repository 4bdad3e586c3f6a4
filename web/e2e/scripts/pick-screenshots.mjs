// Copies the screenshots that the README and the guides show into docs/images,
// with a palette of 256 colours: a third of the size, no visible difference.
// Needs ffmpeg. Run after `npm run e2e -- screenshots`.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const from = resolve(here, '../out/screenshots');
const to = resolve(here, '../../../docs/images');

/** Width in the document; phones are taken at twice their size. */
const PICTURES = {
  'landing': ['01-landing-light', 1280],
  'lobby': ['02-lobby-light', 1280],
  'lobby-dark': ['02-lobby-dark', 1280],
  'conference': ['04-call-4-light', 1280],
  'conference-dark': ['04-call-4-dark', 1280],
  'conference-8': ['04-call-8-dark', 1280],
  'chat': ['05-chat-light', 1280],
  'screen': ['07-screen-chat-dark', 1280],
  'phone': ['04-call-2-phone-light', 390],
  'phone-dark': ['05-chat-phone-dark', 390],
  'alone': ['03-alone-light', 1280],
  'recordings': ['13-recordings-light', 1280],
  'recording': ['14-recording-review-dark', 1280],
  'reconnecting': ['11-reconnecting-dark', 1280],
};

mkdirSync(to, { recursive: true });
for (const [name, [source, width]] of Object.entries(PICTURES)) {
  const input = join(from, `${source}.png`);
  if (!existsSync(input)) {
    console.error(`missing: ${input}`);
    process.exitCode = 1;
    continue;
  }
  const output = join(to, `${name}.png`);
  execFileSync('ffmpeg', ['-v', 'error', '-y', '-i', input, '-vf', `scale=${width}:-1:flags=lanczos,split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=dither=sierra2_4a`, '-frames:v', '1', output]);
  console.log(`${name}.png ${Math.round(statSync(output).size / 1024)} KB`);
}
