import * as https from 'node:https';
import type { IncomingMessage } from 'node:http';
import { readTarget } from './kubeconfig';
import { isObject, parseJson, stringAt, valueAt, type Json, type JsonObject } from './json';

/** An answer of an API server that is no success; code 0 when there was no answer. */
export class ApiError extends Error {
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

/** The object is not there; a 404 for a kind that is not served is none of these. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404 && error.reason === 'NotFound';
/** The server does not serve that kind (or not yet). */
export const isUnserved = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 404 && error.reason !== 'NotFound';
/** 409 for a stale resourceVersion, not for a name that is taken. */
export const isConflict = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason !== 'AlreadyExists';
export const isTaken = (error: unknown): boolean =>
  error instanceof ApiError && error.code === 409 && error.reason === 'AlreadyExists';
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export interface ConnectionTarget {
  /** `https://host:port` */
  readonly server: string;
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly token?: string | undefined;
  readonly skipVerify?: boolean | undefined;
  /** Ms without an answer after which a call fails; 30 000 like Karmada's own. */
  readonly timeoutMs?: number | undefined;
}

export interface CallOptions {
  readonly body?: Json;
  readonly contentType?: string;
  readonly accept?: string;
  readonly timeoutMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One API server over kept-alive connections. */
export interface Connection {
  readonly server: string;
  /** @throws ApiError */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options?: CallOptions,
  ): Promise<JsonObject>;
  /** Status, body as text and headers, whatever the status. @throws ApiError when there is no answer */
  fetch(
    path: string,
    options?: CallOptions,
  ): Promise<{ code: number; text: string; etag: string | undefined }>;
  /** An open response, for watches; the caller destroys it. @throws ApiError */
  stream(path: string): Promise<IncomingMessage>;
  /** Throws idle and busy sockets away: after a silence they may lead nowhere. */
  reconnect(): void;
  close(): void;
}

export const MERGE_PATCH = 'application/merge-patch+json';
export const APPLY_PATCH = 'application/apply-patch+yaml';

export function createConnection(target: ConnectionTarget): Connection {
  const url = new URL(target.server);
  const newAgent = (): https.Agent =>
    new https.Agent({
      keepAlive: true,
      ca: target.ca,
      cert: target.cert,
      key: target.key,
      rejectUnauthorized: target.skipVerify !== true,
    });
  let agent = newAgent();

  const open = (
    method: string,
    path: string,
    options: CallOptions,
    retried = false,
  ): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const body = options.body === undefined ? undefined : JSON.stringify(options.body);
      const request = https.request({
        agent,
        method,
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: url.port === '' ? 443 : Number(url.port),
        path: `${url.pathname.replace(/\/$/, '')}${path}`,
        headers: {
          accept: options.accept ?? 'application/json',
          ...(target.token === undefined ? {} : { authorization: `Bearer ${target.token}` }),
          ...(body === undefined
            ? {}
            : {
                'content-type': options.contentType ?? 'application/json',
                'content-length': Buffer.byteLength(body),
              }),
          ...options.headers,
        },
      });
      const limit = options.timeoutMs ?? target.timeoutMs ?? 30_000;
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${limit} ms`)), limit);
      request.on('response', (response) => {
        clearTimeout(timer);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(timer);
        // The server may close a kept-alive socket just as it is used again: that call never reached it.
        if (request.reusedSocket && !retried && 'code' in error && error.code === 'ECONNRESET') {
          open(method, path, options, true).then(resolve, reject);
        } else reject(new ApiError(0, 'Unreachable', `${method} ${target.server}${path}: ${error.message}`));
      });
      request.end(body);
    });

  return {
    server: target.server,
    async call(method, path, options = {}) {
      const response = await open(method, path, options);
      const text = await readText(response, options.timeoutMs ?? 30_000);
      const code = response.statusCode ?? 0;
      if (code < 200 || code > 299) throw toApiError(code, text);
      const value = parseJson(text);
      if (!isObject(value)) throw new ApiError(code, 'Unreadable', `${method} ${path} answered no object.`);
      return value;
    },
    async fetch(path, options = {}) {
      const response = await open('GET', path, options);
      const text = await readText(response, options.timeoutMs ?? 30_000);
      return { code: response.statusCode ?? 0, text, etag: response.headers.etag };
    },
    async stream(path) {
      const response = await open('GET', path, {});
      const code = response.statusCode ?? 0;
      if (code === 200) return response;
      throw toApiError(code, await readText(response, 30_000));
    },
    reconnect() {
      agent.destroy();
      agent = newAgent();
    },
    close: () => agent.destroy(),
  };
}

/** @throws Error naming what is wrong with the kubeconfig */
export function connectByKubeconfig(path: string, timeoutMs?: number): Connection {
  return createConnection(readTarget(path, timeoutMs));
}

function toApiError(code: number, text: string): ApiError {
  let body: Json;
  try {
    body = parseJson(text);
  } catch {
    const message = code === 404 ? 'the server could not find the requested resource' : text.slice(0, 500);
    return new ApiError(code, 'Unknown', message);
  }
  const inner = valueAt(body, 'code');
  return new ApiError(
    typeof inner === 'number' ? inner : code,
    stringAt(body, 'reason') ?? 'Unknown',
    stringAt(body, 'message') ?? text.slice(0, 500),
  );
}

function readText(response: IncomingMessage, limitMs: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(new ApiError(0, 'Unreachable', `the answer broke off: ${error.message}`));
    };
    const timer = setTimeout(() => response.destroy(new Error(`no end within ${limitMs} ms`)), limitMs);
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('end', () => {
      clearTimeout(timer);
      resolve(Buffer.concat(chunks).toString('utf8'));
    });
    response.on('error', fail);
    response.on('aborted', () => fail(new Error('aborted')));
  });
}
