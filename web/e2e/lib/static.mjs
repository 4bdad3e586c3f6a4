// A small file server for pages that are not the server's own: the published
// SDK's examples, the SDK's example from another origin, the judges' test page.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.mjs': 'text/javascript', '.css': 'text/css', '.json': 'application/json', '.png': 'image/png', '.svg': 'image/svg+xml', '.mp4': 'video/mp4', '.woff2': 'font/woff2', '.map': 'application/json' };

/** Serves `mounts` ({'/prefix/': dir | (path) => {type, body} | null}) on a free port of 127.0.0.1. */
export async function serveFiles(mounts) {
  const prefixes = Object.keys(mounts).sort((a, b) => b.length - a.length);
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, 'http://x').pathname);
    const prefix = prefixes.find((p) => path.startsWith(p));
    const refuse = () => response.writeHead(404).end('not here');
    if (!prefix) return refuse();
    const mount = mounts[prefix];
    if (typeof mount === 'function') {
      const made = mount(path.slice(prefix.length));
      return made ? response.writeHead(200, { 'content-type': made.type }).end(made.body) : refuse();
    }
    const file = join(mount, normalize(`/${path.slice(prefix.length)}`));
    try {
      if (!statSync(file).isFile()) return refuse();
    } catch {
      return refuse();
    }
    response.writeHead(200, { 'content-type': TYPES[extname(file)] ?? 'application/octet-stream', 'cache-control': 'no-store' });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}
