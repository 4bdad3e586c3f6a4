// Finishes web/apps/dist for the server: the SDK's bundle goes into sdk/, and
// every text file gets the .br and .gz twins that the server prefers to send.
import { copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(root, 'web/apps/dist');
const sdk = join(root, 'web/sdk/dist');

const TEXT = new Set(['.html', '.js', '.css', '.svg', '.json', '.map', '.webmanifest', '.txt']);
/** Below this the header costs more than the squeeze gains. */
const WORTH_BYTES = 1024;

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else yield path;
  }
}

mkdirSync(join(dist, 'sdk'), { recursive: true });
if (!existsSync(sdk)) console.warn('the SDK is not built: /sdk/ stays empty');
const bundles = existsSync(sdk) ? readdirSync(sdk) : [];
for (const name of bundles.filter((name) => /\.js(\.map)?$/.test(name))) {
  copyFileSync(join(sdk, name), join(dist, 'sdk', name));
}

let plain = 0;
let squeezed = 0;
for (const path of [...files(dist)]) {
  if (!TEXT.has(extname(path)) || statSync(path).size < WORTH_BYTES) continue;
  const content = readFileSync(path);
  const br = brotliCompressSync(content, {
    params: {
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: content.length,
    },
  });
  writeFileSync(`${path}.br`, br);
  writeFileSync(`${path}.gz`, gzipSync(content, { level: 9 }));
  if (extname(path) === '.map') continue;
  plain += content.length;
  squeezed += br.length;
}
const kb = (bytes) => `${Math.round(bytes / 1024)} KB`;
console.log(`packed: ${kb(plain)} of text, ${kb(squeezed)} compressed`);
