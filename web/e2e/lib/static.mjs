// A small file server for pages that are not the server's own: the published
// SDK's examples, the SDK's example from another origin, the judges' test page.
import { createReadStream, statSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { connect } from 'node:net';
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
  return running(server);
}

/** A reverse proxy before `upstream` (host and port), with pages of its own: `pages[path]` is HTML. */
export async function serveBefore(upstream, pages) {
  const server = createServer((request, response) => {
    const page = pages[new URL(request.url, 'http://x').pathname];
    if (page) return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(page);
    request.pipe(forward({ ...upstream, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    }).on('error', () => response.destroy()));
  });
  server.on('upgrade', (request, socket, head) => {
    const headers = request.rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `)).join('');
    const up = connect(upstream.port, upstream.host, () => {
      up.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
      up.write(head);
      up.pipe(socket).pipe(up);
    });
    up.on('error', () => socket.destroy()).on('close', () => socket.destroy());
    socket.on('error', () => up.destroy()).on('close', () => up.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return running(server);
}

function running(server) {
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}
