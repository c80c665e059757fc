import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { splitHostPort } from './domain/address';
import { FedStateError } from './domain/errors';

export interface Listener {
  stop(): Promise<void>;
}

/** Serves `/metrics` of a registry. @param address HOST:PORT */
export function serveMetrics(address: string, registry: Registry): Promise<Listener> {
  return serve(address, async (path) =>
    path === '/metrics'
      ? { status: 200, type: registry.contentType, body: await registry.metrics() }
      : notFound,
  );
}

/** Serves `/healthz` (the process answers) and `/readyz` (the role says so). */
export function serveHealth(address: string, isReady: () => boolean): Promise<Listener> {
  return serve(address, (path) => {
    if (path === '/healthz') return Promise.resolve({ status: 200, type: 'text/plain', body: 'ok' });
    if (path !== '/readyz') return Promise.resolve(notFound);
    return Promise.resolve(
      isReady()
        ? { status: 200, type: 'text/plain', body: 'ok' }
        : { status: 503, type: 'text/plain', body: 'not ready' },
    );
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const notFound: Answer = { status: 404, type: 'text/plain', body: 'not found' };

async function serve(address: string, answer: (path: string) => Promise<Answer>): Promise<Listener> {
  const server = createServer((request, response) => {
    answer((request.url ?? '/').replace(/\?.*$/, ''))
      .catch((): Answer => ({ status: 500, type: 'text/plain', body: 'internal error' }))
      .then(({ status, type, body }) => {
        response.writeHead(status, { 'content-type': type });
        response.end(body);
      })
      .catch(() => response.destroy());
  });
  await listen(server, address);
  return {
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, address: string): Promise<void> {
  const { host = '', port = Number(address.replace(/^:/, '')) } = splitHostPort(address) ?? {};
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new FedStateError(
          'InvalidSpec',
          `Cannot listen on ${address}: ${error.message}. Choose another address.`,
        ),
      ),
    );
    server.listen(port, host === '' ? undefined : host, () => resolve());
  });
}
