import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { messageOf } from '../kube/connection';
import { parseJson } from '../kube/json';
import type { Log } from '../hub';
import { HANDLERS, readRequest } from './admission';

const LARGEST_BODY = 4 * 1024 * 1024;
// Longer than an API server keeps an idle connection (90 s): else ours ends just as a call is written to it.
const KEEP_ALIVE_MS = 120_000;

export interface WebhookOptions {
  /** `host:port` */
  readonly address: string;
  /** Folder with tls.crt and tls.key, or server.crt and server.key. */
  readonly certDir: string;
  readonly log: Log;
}

/** Serves admission until stopped. @throws Error when the certificate is missing or the port is taken */
export async function startWebhook({
  address,
  certDir,
  log,
}: WebhookOptions): Promise<{ stop(): Promise<void> }> {
  const colon = address.lastIndexOf(':');
  const server = createServer(
    { ...readCertificate(certDir), keepAliveTimeout: KEEP_ALIVE_MS },
    (request, response) => {
      answer(request, response).catch((error: unknown) => {
        log.warn({ error: messageOf(error) }, 'webhook call failed');
        response.destroy();
      });
    },
  );
  server.on('tlsClientError', (error) => log.debug({ error: error.message }, 'webhook handshake failed'));
  await listen(server, address.slice(0, colon), Number(address.slice(colon + 1)));
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readCertificate(dir: string): { cert: Buffer; key: Buffer } {
  for (const name of ['tls', 'server']) {
    try {
      return { cert: readFileSync(join(dir, `${name}.crt`)), key: readFileSync(join(dir, `${name}.key`)) };
    } catch {
      continue;
    }
  }
  throw new Error(`--cert-dir ${dir}: neither tls.crt and tls.key nor server.crt and server.key are there.`);
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      server.on('error', () => undefined);
      resolve();
    });
  });
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  if (path === '/readyz' || path === '/healthz') {
    response.end('ok');
    return;
  }
  const handler = HANDLERS[path];
  if (handler === undefined) {
    response.writeHead(404).end();
    return;
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    size += bytes.length;
    if (size > LARGEST_BODY) {
      response.writeHead(413).end();
      return;
    }
    chunks.push(bytes);
  }
  let body: string;
  try {
    body = JSON.stringify(handler(readRequest(parseJson(Buffer.concat(chunks).toString('utf8')))));
  } catch (error) {
    response.writeHead(400).end(messageOf(error));
    return;
  }
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}
