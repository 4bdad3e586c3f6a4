// A network of its own for browsers: a namespace joined to this one by a pair
// of veths. Needs root and network namespaces; a machine that has neither
// fails these tests, because a pass without them would say nothing.
import { execFileSync } from 'node:child_process';

const run = (...args) => execFileSync(args[0], args.slice(1), { stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
const quietly = (...args) => {
  try {
    run(...args);
    return true;
  } catch {
    return false;
  }
};

/** Addresses of the pair, from the range for benchmarks (RFC 2544): nobody's own network. */
export class Namespace {
  constructor(slot) {
    this.name = `veche-e2e-${slot}`;
    this.outside = `198.18.${slot}.1`;
    this.inside = `198.18.${slot}.2`;
    this.near = `vo${slot}`;
    this.far = `vi${slot}`;
  }

  open() {
    this.close();
    try {
      run('ip', 'netns', 'add', this.name);
      run('ip', 'link', 'add', this.near, 'type', 'veth', 'peer', 'name', this.far);
      run('ip', 'link', 'set', this.far, 'netns', this.name);
      // An IPv6 address that comes a second later is a changed network to
      // Chromium, and it drops the requests under way.
      run('ip', 'link', 'set', this.near, 'addrgenmode', 'none');
      this.inNamespace('ip', 'link', 'set', this.far, 'addrgenmode', 'none');
      run('ip', 'addr', 'add', `${this.outside}/30`, 'dev', this.near);
      run('ip', 'link', 'set', this.near, 'up');
      this.inNamespace('ip', 'addr', 'add', `${this.inside}/30`, 'dev', this.far);
      this.inNamespace('ip', 'link', 'set', this.far, 'up');
      this.inNamespace('ip', 'link', 'set', 'lo', 'up');
      this.inNamespace('ip', 'route', 'add', 'default', 'via', this.outside);
    } catch (error) {
      this.close();
      throw new Error(`this test makes a network namespace (iproute2, root or CAP_NET_ADMIN and CAP_SYS_ADMIN): ${error.stderr || error.message}`, { cause: error });
    }
    return this;
  }

  inNamespace(...args) {
    return run('ip', 'netns', 'exec', this.name, ...args);
  }

  /** Lets no UDP out of the namespace or into it, silently, as a firewall does. */
  blockUdp() {
    const chain = (name, side) => `chain ${name} {\n type filter hook ${name} priority 0;\n ${side} "lo" accept;\n meta l4proto udp drop;\n}\n`;
    const rules = `table inet veche {\n${chain('output', 'oifname')}${chain('input', 'iifname')}}\n`;
    try {
      execFileSync('ip', ['netns', 'exec', this.name, 'nft', '-f', '-'], { input: rules, stdio: ['pipe', 'pipe', 'pipe'], encoding: 'utf8' });
    } catch (error) {
      throw new Error(`this test blocks UDP with nft (package nftables): ${error.stderr || error.message}`, { cause: error });
    }
  }

  /** Whether a UDP datagram gets from the namespace to `port` outside. */
  udpPasses(port) {
    const script = `const s = require('dgram').createSocket('udp4'); s.send('x', ${port}, '${this.outside}', (e) => { s.close(); process.exit(e ? 3 : 0); });`;
    return quietly('ip', 'netns', 'exec', this.name, process.execPath, '-e', script);
  }

  /** Pulls the cable, or puts it back. */
  cable(connected) {
    run('ip', 'link', 'set', this.near, connected ? 'up' : 'down');
  }

  close() {
    quietly('ip', 'netns', 'del', this.name);
    quietly('ip', 'link', 'del', this.near);
  }
}
