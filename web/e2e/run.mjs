// Runs the browser tests: all of them, or those whose file name starts with
// one of the arguments. `npm run e2e`, `npm run e2e -- meet tcp`.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2).filter((arg) => !arg.startsWith('--'));
const flags = process.argv.slice(2).filter((arg) => arg.startsWith('--'));

const all = readdirSync(join(here, 'tests')).filter((name) => name.endsWith('.test.mjs')).sort();
const chosen = wanted.length ? all.filter((name) => wanted.some((w) => name.startsWith(w))) : all;
if (!chosen.length) {
  console.error(`no test file starts with ${wanted.join(', ')}; there are: ${all.map((n) => n.replace('.test.mjs', '')).join(' ')}`);
  process.exit(2);
}

const out = join(here, 'out');
if (!wanted.length) rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });

// One file at a time: each runs two or three browsers, and a picture that is
// late because the machine is busy is not the server's fault.
const failures = join(out, 'failures.txt');
const args = [
  '--test', '--test-concurrency=1',
  '--test-reporter=spec', '--test-reporter-destination=stdout',
  `--test-reporter=${join(here, 'lib/failures.mjs')}`, `--test-reporter-destination=${failures}`,
  ...flags, ...chosen.map((n) => join(here, 'tests', n)),
];
const child = spawn(process.execPath, args, { stdio: 'inherit', cwd: here });
child.on('exit', (code, signal) => {
  // Last, so that the reasons are where one looks first.
  if (existsSync(failures)) process.stdout.write(readFileSync(failures, 'utf8'));
  process.exit(signal ? 1 : (code ?? 1));
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
