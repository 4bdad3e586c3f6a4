/** What is published: names, size, and that nothing is needed beside it. */
import { gzipSync } from 'node:zlib';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { build } from 'vite';
import { expect, test } from 'vitest';
import * as sdk from '../src/index.js';

const root = new URL('..', import.meta.url).pathname;
/** A page on a phone should not notice it. Raise it only with a reason. */
const BUDGET_GZIP_BYTES = 25 * 1024;

test('the exported names are these', () => {
  // Names need no DOM types, and those take seconds to read.
  const options = { noLib: true, moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext };
  const program = ts.createProgram([`${root}src/index.ts`], options);
  const checker = program.getTypeChecker();
  const symbol = checker.getSymbolAtLocation(program.getSourceFile(`${root}src/index.ts`)!)!;
  const names = checker.getExportsOfModule(symbol).map((s) => `${s.name in sdk ? 'value' : 'type'} ${s.name}`);
  expect(names.sort().join('\n')).toMatchSnapshot();
});

test('the bundle fits its budget and imports nothing', async () => {
  const result = await build({ root, logLevel: 'silent', build: { write: false } });
  const outputs = (Array.isArray(result) ? result : [result]).flatMap((r) => ('output' in r ? r.output : []));
  const esm = outputs.find((o) => o.type === 'chunk' && o.fileName === 'veche-sdk.js');
  if (esm?.type !== 'chunk') throw new Error('no ESM bundle');
  expect(esm.imports).toEqual([]);
  expect(gzipSync(esm.code).length).toBeLessThan(BUDGET_GZIP_BYTES);
});

test('the package depends on nothing', () => {
  const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
  expect([manifest.dependencies, manifest.peerDependencies]).toEqual([undefined, undefined]);
});

test('the README shows the example that the browser tests run', () => {
  const read = (name: string) => readFileSync(`${root}${name}`, 'utf8');
  expect(read('README.md')).toContain(read('examples/minimal.html').trim());
});
