// The real binary, with its own data directory and free ports.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target');

function binary() {
  const candidates = process.env.VECHE_BIN ? [process.env.VECHE_BIN] : [join(target, 'debug/veche'), join(target, 'release/veche')];
  const found = candidates.find(existsSync);
  if (!found) throw new Error(`no veche binary at ${candidates.join(' or ')}: run "cargo build" first, or set VECHE_BIN`);
  return found;
}

/** This process's environment without settings of the server. */
const inherited = () => Object.fromEntries(Object.entries(process.env).filter(([key]) => !key.startsWith('VECHE_')));

/** Runs a subcommand of the binary to its end; what it prints. */
export const veche = (...args) => execFileSync(binary(), args, { env: inherited(), encoding: 'utf8', stdio: 'pipe' });

/**
 * Where a server listens when a test does not care: loopback, and one address
 * of this machine, because Firefox pairs no ICE candidates with 127.0.0.1.
 */
function addresses() {
  const own = Object.values(networkInterfaces()).flat().find((a) => a.family === 'IPv4' && !a.internal);
  return ['127.0.0.1', ...(own ? [own.address] : [])];
}

/**
 * Starts a server, on `host` only if that is given; `env`: more of VECHE_*.
 * Answers when it is healthy.
 */
export async function startServer({ env = {}, host, logTo } = {}) {
  const server = new Server({ env, bind: host ? [host] : addresses(), logTo });
  await server.start();
  return server;
}

export class Server {
  constructor({ env, bind, logTo }) {
    this.dir = mkdtempSync(join(tmpdir(), 'veche-e2e-server-'));
    this.env = env;
    this.bind = bind;
    // As it stands in a URL.
    this.host = bind[0].includes(':') ? `[${bind[0]}]` : bind[0];
    this.logPath = logTo ?? join(this.dir, 'server.log');
    this.ports = { http: 0, https: 0, media: 0 };
    this.starts = 0;
  }

  /** Starts, or starts again on the ports that it had. */
  async start() {
    const portsFile = join(this.dir, `ports-${this.starts++}.json`);
    mkdirSync(dirname(this.logPath), { recursive: true });
    const log = createWriteStream(this.logPath, { flags: 'a' });
    this.process = spawn(binary(), [], {
      cwd: this.dir,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...inherited(),
        RUST_BACKTRACE: '1',
        VECHE_BIND: this.bind.join(','),
        VECHE_DATA_DIR: join(this.dir, 'data'),
        VECHE_PORTS_FILE: portsFile,
        VECHE_HTTP_PORT: this.ports.http,
        VECHE_HTTPS_PORT: this.ports.https,
        VECHE_MEDIA_PORT: this.ports.media,
        VECHE_LOG_LEVEL: process.env.VECHE_LOG_LEVEL ?? 'info',
        ...this.env,
      },
    });
    this.process.stdout.pipe(log, { end: false });
    this.process.stderr.pipe(log, { end: false });
    this.exited = new Promise((done) => this.process.once('exit', (code, signal) => {
      log.end();
      done({ code, signal });
    }));
    await until('the server listens', () => {
      if (this.process.exitCode !== null) throw Object.assign(new Error('it ended'), { fatal: true });
      const ports = JSON.parse(readFileSync(portsFile, 'utf8'));
      this.ports = { http: ports.http, https: ports.https, media: ports.media };
      return ports.http > 0;
    }, { timeout: 15_000, every: 30 }).catch((error) => {
      throw new Error(`${error.message}\n${this.log().split('\n').slice(-15).join('\n')}`);
    });
    await until('the server is healthy', async () => (await fetch(`${this.http}/healthz`)).ok, { timeout: 10_000, every: 30 });
    return this;
  }

  get http() { return `http://${this.host}:${this.ports.http}`; }
  get https() { return `https://${this.host}:${this.ports.https}`; }
  get ws() { return `ws://${this.host}:${this.ports.http}`; }
  get alive() { return this.process.exitCode === null && this.process.signalCode === null; }

  log() {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  /** One metric summed over its labels; null when it is not there. */
  async metric(name) {
    const text = await (await fetch(`${this.http}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
    return lines.length ? lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0) : null;
  }

  /** Resident memory in MB. */
  memory() {
    const status = readFileSync(`/proc/${this.process.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
  }

  async kill(signal = 'SIGKILL') {
    if (this.alive) this.process.kill(signal);
    return this.exited;
  }

  async stop() {
    if (this.alive) {
      this.process.kill('SIGTERM');
      const timer = setTimeout(() => this.process.kill('SIGKILL'), 5000);
      await this.exited;
      clearTimeout(timer);
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}
