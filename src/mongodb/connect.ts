import { MongoClient, type Document, type MongoClientOptions } from 'mongodb';
import { z } from 'zod';
import { splitHostPort } from '../domain/address';
import { FedStateError } from '../domain/errors';
import { authOptions, type Credentials } from './credentials';
import { dialMember } from './dial';
import { replyError, translateError } from './error';
import { findPasswordFault } from './password';

/** Times in milliseconds. */
export interface ConnectOptions {
  /** To connect and to find the server; 5 000 when absent. */
  readonly connectTimeoutMs?: number | undefined;
  /** For one answer; 10 000 when absent. */
  readonly answerTimeoutMs?: number | undefined;
  /** PEM texts; absent: no TLS. */
  readonly tls?:
    | { readonly ca: string; readonly cert?: string | undefined; readonly key?: string | undefined }
    | undefined;
  /** Aborting it closes the connection; what the server is doing goes on. */
  readonly signal?: AbortSignal | undefined;
}

/** How to speak to the members of one set. */
export interface Access {
  readonly credentials: Credentials;
  readonly options?: ConnectOptions | undefined;
}

/** An open conversation with one member. */
export interface MemberSession {
  readonly host: string;
  /**
   * Sends a command to `db` (admin when absent) and parses the answer. `action` names it in errors.
   * @throws FedStateError Unreachable, Unauthorized, NotPrimary, NotReady, Refused (facts: code, codeName)
   */
  ask<T>(schema: z.ZodType<T>, command: Document, db?: string): Promise<T>;
}

const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

const writeConcernErrorSchema = z.looseObject({
  writeConcernError: z
    .looseObject({ code: z.number(), codeName: z.string().optional(), errmsg: z.string() })
    .optional(),
});

/** An answer of which only `ok` matters. */
export const okSchema = z.looseObject({ ok: z.number() });

/** Opens a direct connection to one member (its own view, whatever its state), and closes it in any case. */
export async function withMember<T>(
  host: string,
  access: Access,
  run: (session: MemberSession) => Promise<T>,
): Promise<T> {
  const client = createClient(host, access);
  const signal = access.options?.signal;
  const close = (): void => {
    client.close().catch(() => undefined);
  };
  signal?.addEventListener('abort', close, { once: true });
  try {
    signal?.throwIfAborted();
    await dialMember(host, access.options?.connectTimeoutMs ?? CONNECT_TIMEOUT_MS, signal);
    await client.connect();
    return await run(sessionOf(client, host));
  } catch (error) {
    signal?.throwIfAborted();
    throw translateError(error, host, 'connect');
  } finally {
    signal?.removeEventListener('abort', close);
    await client.close().catch(() => undefined);
  }
}

/** @throws FedStateError InvalidSpec when `host` is no `host:port`, or no driver could send the password */
export function createClient(
  host: string,
  { credentials, options }: Access,
  extra: MongoClientOptions = {},
): MongoClient {
  if (splitHostPort(host) === undefined)
    throw new FedStateError('InvalidSpec', `Member address "${host}" is not host:port.`, { host });
  const fault = credentials.kind === 'user' ? findPasswordFault(credentials.password) : undefined;
  if (fault !== undefined)
    throw new FedStateError('InvalidSpec', `The password for ${host} cannot be used, as ${fault}.`, { host });
  const connectTimeout = options?.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
  return new MongoClient(`mongodb://${host}/`, {
    directConnection: true,
    serverSelectionTimeoutMS: connectTimeout,
    connectTimeoutMS: connectTimeout,
    socketTimeoutMS: options?.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    maxPoolSize: 2,
    retryReads: false,
    retryWrites: false,
    serverMonitoringMode: 'poll',
    appName: 'fedstate',
    ...authOptions(credentials),
    ...(options?.tls === undefined ? {} : tlsOptions(options.tls)),
    ...extra,
  });
}

function tlsOptions(tls: NonNullable<ConnectOptions['tls']>): MongoClientOptions {
  return {
    tls: true,
    ca: tls.ca,
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
  };
}

function sessionOf(client: MongoClient, host: string): MemberSession {
  return {
    host,
    async ask(schema, command, db = 'admin') {
      const action = Object.keys(command)[0] ?? 'command';
      let reply: Document;
      try {
        reply = await client.db(db).command(command);
      } catch (error) {
        throw translateError(error, host, action);
      }
      const { writeConcernError } = writeConcernErrorSchema.parse(reply);
      if (writeConcernError !== undefined) throw replyError(host, action, writeConcernError);
      const parsed = schema.safeParse(reply);
      if (parsed.success) return parsed.data;
      // Only where the answer differs, not what it holds: an answer may hold credentials.
      const where = parsed.error.issues
        .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
        .join('; ');
      throw new FedStateError('Refused', `${host} answered ${action} in an unknown shape: ${where}`, {
        host,
        action,
      });
    },
  };
}
