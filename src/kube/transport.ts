import * as http from 'node:http';
import * as https from 'node:https';
import { createHash } from 'node:crypto';
import type { KubeConfig } from '@kubernetes/client-node';
import { FedStateError, messageOf } from '../domain/errors';
import { toKubeError } from './error';

export interface RequestOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path with query, from `/api…` on. */
  readonly path: string;
  readonly contentType?: string;
  readonly body?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** One API server, spoken to over kept-alive connections with the credentials of a kubeconfig. */
export interface Transport {
  /** The whole body. @throws FedStateError as {@link toKubeError}, `Unreachable` when nothing answered in time. */
  request(options: RequestOptions): Promise<string>;
  /** The response while it streams, for watches; the caller destroys it. */
  open(options: RequestOptions): Promise<http.IncomingMessage>;
  /** Server address, for messages. */
  readonly server: string;
  close(): void;
}

const REQUEST_TIMEOUT_MS = 20_000;
const KEEP_ALIVE_MS = 15_000;
const IDLE_MS = 30_000;
/** Agents kept for credentials that were rotated: the present ones, and those of requests still under way. */
const MOST_AGENTS = 3;

export interface TransportOptions {
  /** Put before every path, as the cluster proxy of Karmada needs it. */
  readonly basePath?: string;
  /** Who asks, for audit logs and metrics of the API server. */
  readonly userAgent?: string | undefined;
  /** After which a connection that nobody uses is closed: after a burst most of them, and those that died unnoticed. */
  readonly idleMs?: number;
}

export function createTransport(kubeConfig: KubeConfig, options: TransportOptions = {}): Transport {
  const { basePath = '', userAgent, idleMs = IDLE_MS } = options;
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null)
    throw new FedStateError('InvalidSpec', 'The kubeconfig has no current context with a cluster.');
  const server = new URL(cluster.server);
  const agents = new Map<string, http.Agent>();

  async function open(options: RequestOptions): Promise<http.IncomingMessage> {
    const tls = await readCredentials();
    const requestOptions: https.RequestOptions = {
      ...tls,
      method: options.method,
      host: server.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: server.port === '' ? (server.protocol === 'https:' ? 443 : 80) : Number(server.port),
      path: `${server.pathname.replace(/\/$/, '')}${basePath}${options.path}`,
      agent: cluster?.proxyUrl === undefined ? keptAlive(tls) : tls.agent,
      headers: {
        ...headersOf(tls),
        accept: 'application/json',
        ...(userAgent === undefined ? {} : { 'user-agent': userAgent }),
        ...(options.body === undefined
          ? {}
          : {
              'content-type': options.contentType ?? 'application/json',
              'content-length': Buffer.byteLength(options.body),
            }),
      },
      signal: options.signal,
    };
    return send(requestOptions, options, true);
  }

  function send(
    requestOptions: https.RequestOptions,
    options: RequestOptions,
    mayRepeat: boolean,
  ): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request =
        server.protocol === 'https:' ? https.request(requestOptions) : http.request(requestOptions);
      // A peer that vanished is noticed by the kernel (about 25 s), also while we wait for the next event of a watch.
      request.on('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
      const timer = setTimeout(() => {
        // What made one connection dead has mostly met the others too: each would cost a timeout of its own.
        dropIdle(requestOptions.agent);
        request.destroy(new Error(`no answer within ${options.timeoutMs ?? REQUEST_TIMEOUT_MS} ms`));
      }, options.timeoutMs ?? REQUEST_TIMEOUT_MS);
      let isSettled = false;
      request.on('response', (response) => {
        isSettled = true;
        clearTimeout(timer);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        // What breaks after the answer began is told to who reads it: another request would be nobody's.
        if (isSettled) return;
        isSettled = true;
        // The server closed a kept-alive connection just as we took it: the request was never read.
        if (mayRepeat && options.method === 'GET' && request.reusedSocket && isReset(error))
          resolve(send(requestOptions, options, false));
        else reject(unreachable(error, options));
      });
      request.end(options.body);
    });
  }

  async function readCredentials(): Promise<https.RequestOptions> {
    const tls: https.RequestOptions = {};
    try {
      await kubeConfig.applyToHTTPSOptions(tls);
    } catch (error) {
      throw new FedStateError(
        'Unauthorized',
        `The credentials for ${server.host} in the kubeconfig cannot be read: ${messageOf(error)}`,
        { server: server.host },
        { cause: error },
      );
    }
    return tls;
  }

  // Client-node 1.4.0 makes an agent, and so a connection and a TLS handshake, for every request.
  function keptAlive(tls: https.RequestOptions): http.Agent {
    const key = createHash('sha256')
      .update([tls.ca, tls.cert, tls.key, tls.servername, tls.rejectUnauthorized].map(String).join('\n'))
      .digest('hex');
    const known = agents.get(key);
    if (known !== undefined) return known;
    const agent =
      server.protocol === 'https:'
        ? new https.Agent({
            keepAlive: true,
            timeout: idleMs,
            ca: tls.ca,
            cert: tls.cert,
            key: tls.key,
            passphrase: tls.passphrase,
            servername: tls.servername,
            ...(tls.rejectUnauthorized === undefined ? {} : { rejectUnauthorized: tls.rejectUnauthorized }),
          })
        : new http.Agent({ keepAlive: true, timeout: idleMs });
    agents.set(key, agent);
    const [oldest] = agents;
    if (agents.size > MOST_AGENTS && oldest !== undefined) {
      agents.delete(oldest[0]);
      oldest[1].destroy();
    }
    return agent;
  }

  async function request(options: RequestOptions): Promise<string> {
    const timeoutMs = options.timeoutMs ?? REQUEST_TIMEOUT_MS;
    const response = await open(options);
    const body = await readBody(response, timeoutMs).catch((error: unknown) => {
      throw unreachable(error, options);
    });
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299)
      throw toKubeError(status, body, `${options.method} ${pathOnly(options.path)}`);
    return body;
  }

  function unreachable(error: unknown, options: RequestOptions): FedStateError {
    return new FedStateError(
      'Unreachable',
      `${options.method} ${pathOnly(options.path)} at ${server.host}: ${messageOf(error)}`,
      { server: server.host },
      { cause: error },
    );
  }

  return {
    request,
    open,
    server: server.host,
    close: () => {
      for (const agent of agents.values()) agent.destroy();
    },
  };
}

function headersOf(options: https.RequestOptions): http.OutgoingHttpHeaders {
  return options.headers === undefined || Array.isArray(options.headers)
    ? {}
    : Object.fromEntries(Object.entries(options.headers));
}

function dropIdle(agent: http.RequestOptions['agent']): void {
  if (!(agent instanceof http.Agent)) return;
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

const isReset = (error: Error): boolean => 'code' in error && error.code === 'ECONNRESET';

const pathOnly = (path: string): string => path.replace(/\?.*$/, '');

/** The body as text. @throws when the connection breaks or falls silent for `timeoutMs`. */
export function readBody(response: http.IncomingMessage, timeoutMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const timer = setTimeout(
      () => response.destroy(new Error(`body not complete within ${timeoutMs} ms`)),
      timeoutMs,
    );
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    response.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    response.on('aborted', () => {
      clearTimeout(timer);
      reject(new Error('connection closed before the body was complete'));
    });
  });
}
