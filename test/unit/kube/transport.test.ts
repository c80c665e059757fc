import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';
import { isFedStateError } from '../../../src/domain/errors';
import { createKube } from '../../../src/kube/client';
import { KINDS } from '../../../src/kube/object';
import { createTransport } from '../../../src/kube/transport';
import { eventually } from '../../support/eventually';
import { startTcpProxy } from '../../support/tcp-proxy';

const servers: Server[] = [];

async function serve(
  listener: RequestListener,
): Promise<{ url: string; sockets: Set<Socket>; server: Server }> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return { url: `http://127.0.0.1:${address.port}`, sockets, server };
}

function configFor(url: string, user: object = {}): KubeConfig {
  const config = new KubeConfig();
  config.loadFromOptions({
    clusters: [{ name: 'c', server: url, skipTLSVerify: true }],
    users: [{ name: 'u', ...user }],
    contexts: [{ name: 'x', cluster: 'c', user: 'u' }],
    currentContext: 'x',
  });
  return config;
}

const failure = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

describe('transport', () => {
  test('keeps one connection for many requests, and sends path, base path, token and who it is', async () => {
    const seen: string[] = [];
    const { url, sockets } = await serve((request, response) => {
      const { authorization = '', 'user-agent': agent = '' } = request.headers;
      seen.push(`${request.url ?? ''} ${authorization} ${agent}`);
      response.end('{}');
    });
    const transport = createTransport(configFor(`${url}/root/`, { token: 'secret' }), {
      basePath: '/proxy',
      userAgent: 'fedstate-test',
    });
    for (let i = 0; i < 7; i += 1) await transport.request({ method: 'GET', path: '/api/v1/x?a=b' });
    expect(sockets.size).toBe(1);
    expect(new Set(seen)).toEqual(new Set(['/root/proxy/api/v1/x?a=b Bearer secret fedstate-test']));
    transport.close();
  });

  test('a connection that nobody uses is closed; one whose answer takes longer is not', async () => {
    const { url, sockets } = await serve((request, response) => {
      if (request.url === '/long') setTimeout(() => response.end('{}'), 400);
      else response.end('{}');
    });
    const transport = createTransport(configFor(url), { idleMs: 100 });
    expect(await transport.request({ method: 'GET', path: '/long' })).toBe('{}');
    await transport.request({ method: 'GET', path: '/' });
    expect(sockets.size).toBe(1);
    await eventually(() => expect([...sockets].every((socket) => socket.destroyed)).toBe(true));
    transport.close();
  });

  test('a wire that went dead costs one timeout, not one for each idle connection', async () => {
    const together = 6;
    const held: ServerResponse[] = [];
    const { url, sockets } = await serve((request, response) => {
      if (request.url !== '/together') {
        response.end('{}');
        return;
      }
      held.push(response);
      if (held.length === together) for (const one of held) one.end('{}');
    });
    const proxy = await startTcpProxy(Number(new URL(url).port));
    const transport = createTransport(configFor(`http://127.0.0.1:${proxy.port}`));
    try {
      await Promise.all(
        Array.from({ length: together }, () => transport.request({ method: 'GET', path: '/together' })),
      );
      expect(sockets.size).toBe(together);
      proxy.freezePresent();
      const ask = (): Promise<string> => transport.request({ method: 'GET', path: '/', timeoutMs: 300 });
      expect(await failure(ask())).toMatchObject({ kind: 'Unreachable' });
      expect(await ask()).toBe('{}');
    } finally {
      transport.close();
      await proxy.stop();
    }
  });

  test('a kept connection that the server closed just then is replaced for reads', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      count += 1;
      // Dies before the second answer, as a server does whose idle time ran out.
      if (count === 2) request.socket.destroy();
      else response.end('{}');
    });
    const transport = createTransport(configFor(url));
    await transport.request({ method: 'GET', path: '/a' });
    await expect(transport.request({ method: 'GET', path: '/b' })).resolves.toBe('{}');
    expect(count).toBe(3);
    transport.close();
  });

  test('a kept connection that is reset once the answer has begun is told to the reader, and nothing is asked again', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      count += 1;
      if (count === 1) response.end('{}');
      else {
        response.write('{');
        setTimeout(() => request.socket.resetAndDestroy(), 50);
      }
    });
    const transport = createTransport(configFor(url));
    await transport.request({ method: 'GET', path: '/a' });
    expect(await failure(transport.request({ method: 'GET', path: '/b' }))).toMatchObject({
      kind: 'Unreachable',
    });
    await sleep(100);
    expect(count).toBe(2);
    transport.close();
  });

  test('a write is never sent a second time by itself', async () => {
    let count = 0;
    const { url } = await serve((request, response) => {
      count += 1;
      if (count === 2) request.socket.destroy();
      else response.end('{}');
    });
    const transport = createTransport(configFor(url));
    await transport.request({ method: 'GET', path: '/a' });
    const error = await failure(transport.request({ method: 'POST', path: '/b', body: '{}' }));
    expect(isFedStateError(error, 'Unreachable')).toBe(true);
    expect(count).toBe(2);
    transport.close();
  });

  test('no answer and no end of an answer are both Unreachable within the time given', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/half') response.write('{"half":');
    });
    const transport = createTransport(configFor(url));
    for (const path of ['/none', '/half']) {
      const startedAt = performance.now();
      const error = await failure(transport.request({ method: 'GET', path, timeoutMs: 100 }));
      expect(isFedStateError(error, 'Unreachable')).toBe(true);
      expect(String(error)).toContain(`GET ${path} at 127.0.0.1`);
      expect(performance.now() - startedAt).toBeLessThan(10_000);
    }
    transport.close();
  });

  test('credentials that cannot be read are Unauthorized with the reason, not a crash', async () => {
    const { url } = await serve((_request, response) => response.end('{}'));
    const transport = createTransport(configFor(url, { certFile: '/nowhere/cert', keyFile: '/nowhere/key' }));
    const error = await failure(transport.request({ method: 'GET', path: '/a' }));
    expect(isFedStateError(error, 'Unauthorized')).toBe(true);
    expect(String(error)).toMatch(/credentials .* cannot be read: .*\/nowhere\/cert/);
  });

  test('an abort ends a request that hangs', async () => {
    const { url } = await serve(() => undefined);
    const transport = createTransport(configFor(url));
    const abort = new AbortController();
    const work = failure(transport.request({ method: 'GET', path: '/a', signal: abort.signal }));
    await sleep(30);
    abort.abort();
    expect(isFedStateError(await work, 'Unreachable')).toBe(true);
    transport.close();
  });

  test('a kubeconfig without a current cluster is refused', () => {
    expect(() => createTransport(new KubeConfig())).toThrow('no current context with a cluster');
  });
});

describe('client', () => {
  test.each([
    [404, 'NotFound'],
    [401, 'Unauthorized'],
    [403, 'Unauthorized'],
    [409, 'Conflict'],
    [410, 'Conflict'],
    [422, 'InvalidSpec'],
    [429, 'Unreachable'],
    [503, 'Unreachable'],
  ] as const)('HTTP %i is %s, with status and reason to search by', async (status, kind) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(status);
      response.end(JSON.stringify({ kind: 'Status', reason: 'Because', message: 'so it is' }));
    });
    const kube = createKube(configFor(url));
    const error = await failure(kube.list(KINDS.secret, { namespace: 'shop' }, z.unknown()));
    expect(error).toMatchObject({ kind, facts: { status, reason: 'Because' } });
    expect(String(error)).toContain('GET /api/v1/namespaces/shop/secrets: so it is');
    kube.transport.close();
  });

  test('a page of HTML from a proxy passes for unreachable, not for a bad object', async () => {
    const { url } = await serve((_request, response) => response.end('<html>try later</html>'));
    const kube = createKube(configFor(url));
    const error = await failure(kube.get({ kind: KINDS.node, name: 'n1' }, z.unknown()));
    expect(error).toMatchObject({ kind: 'Unreachable' });
    expect(String(error)).toContain('No JSON at /api/v1/nodes/n1');
    kube.transport.close();
  });

  test('an object that the schema refuses is named with its field', async () => {
    const { url } = await serve((_request, response) => response.end('{"data":{"a":1}}'));
    const kube = createKube(configFor(url));
    const schema = z.object({ data: z.record(z.string(), z.string()) });
    const error = await failure(kube.get({ kind: KINDS.secret, namespace: 'shop', name: 's' }, schema));
    expect(error).toMatchObject({ kind: 'InvalidSpec' });
    expect(String(error)).toMatch(/secrets\/s: .*data\.a/s);
    kube.transport.close();
  });
});
