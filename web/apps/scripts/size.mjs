// Says how large the first load of each page is, and fails when it grows over the budget.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

/** Compressed, without fonts: a phone on a slow network shows the lobby in about a second. */
const BUDGET_BYTES = 150_000;

const dist = new URL('../dist/', import.meta.url);
const read = (path) => readFileSync(new URL(path.replace(/^\//, ''), dist));
const size = (path) => gzipSync(read(path)).length;
let over = false;

for (const page of readdirSync(dist).filter((name) => name.endsWith('.html'))) {
  if (page === 'gallery.html') throw new Error('the gallery must not be built');
  const html = read(page).toString();
  const parts = new Set([...html.matchAll(/(?:src|href)="(\/[^"]+\.(?:js|css))"/g)].map((match) => match[1]));
  const total = size(page) + [...parts].reduce((sum, part) => sum + size(part), 0);
  over ||= total > BUDGET_BYTES;
  console.log(`${page.padEnd(42)} ${(total / 1000).toFixed(1).padStart(6)} kB of ${BUDGET_BYTES / 1000} kB`);
}
if (over) {
  console.error('over the budget');
  process.exit(1);
}
