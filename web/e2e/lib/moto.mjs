// An S3 server: what `scripts/need e2e` has put into target/moto.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from './wait.mjs';

const program = join(resolve(dirname(fileURLToPath(import.meta.url)), '../../..'), 'target/moto/bin/moto_server');

const freePort = () => new Promise((done) => {
  const server = createServer().listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    server.close(() => done(port));
  });
});

/** Starts one with an empty bucket. It looks at no signature. */
export async function startMoto(bucket) {
  if (!existsSync(program)) throw new Error(`${program} is missing: scripts/need e2e`);
  const port = await freePort();
  const child = spawn(program, ['-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const endpoint = `http://127.0.0.1:${port}`;
  const headers = { authorization: 'AWS4-HMAC-SHA256 Credential=owner/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=none' };
  await until('the S3 server answers', async () => (await fetch(`${endpoint}/${bucket}`, { method: 'PUT', headers })).ok, { timeout: 30_000 });
  return {
    endpoint,
    async keys() {
      const text = await (await fetch(`${endpoint}/${bucket}?list-type=2`, { headers })).text();
      return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key]) => key);
    },
    close: async () => void child.kill('SIGKILL'),
  };
}
