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

// Names need no DOM types, and those take seconds to read.
const options = { noLib: true, moduleResolution: ts.ModuleResolutionKind.Bundler, module: ts.ModuleKind.ESNext };
const program = ts.createProgram([`${root}src/index.ts`], options);
const checker = program.getTypeChecker();
const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(`${root}src/index.ts`)!)!);

test('the exported names are these', () => {
  const names = exported.map((s) => `${s.name in sdk ? 'value' : 'type'} ${s.name}`);
  expect(names.sort().join('\n')).toMatchSnapshot();
});

test('every public item says what it is', () => {
  const silent: string[] = [];
  const look = (symbol: ts.Symbol, path: string) => {
    if (symbol.getDocumentationComment(checker).length === 0) silent.push(path);
  };
  for (const name of exported) {
    const symbol = name.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(name) : name;
    look(symbol, symbol.name);
    if (!(symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface))) continue;
    symbol.members?.forEach((member) => {
      const declared = member.declarations?.[0] as ts.NamedDeclaration | undefined;
      if (!declared?.name || ts.isPrivateIdentifier(declared.name)) return;
      const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
      if (ts.getCombinedModifierFlags(declared) & hidden || ts.getJSDocTags(declared).some((t) => t.tagName.text === 'internal')) return;
      look(member, `${symbol.name}.${member.name}`);
    });
  }
  expect(silent).toEqual([]);
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
