import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';
import { z } from 'zod';

const bodySchema = z.looseObject({
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
  }),
});
type Stored = z.infer<typeof bodySchema>;

const patchSchema = z.looseObject({
  metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional(),
});

type WatchType = 'ADDED' | 'MODIFIED' | 'DELETED';

interface Change {
  readonly version: number;
  readonly type: WatchType;
  readonly collection: string;
  readonly object: Stored;
}

interface OpenWatch {
  readonly collection: string;
  readonly namespace: string | undefined;
  readonly response: ServerResponse;
  silent: boolean;
}

/** What the next requests meet instead of an answer. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => boolean;

/** The list, watch and write manners of a kube-apiserver over a real socket, and the ways in which one fails. */
export interface FakeApi {
  readonly kubeConfig: KubeConfig;
  /** `METHOD path?query` of every request so far. */
  readonly requests: string[];
  /** Creates or replaces, as somebody else would. @param collection e.g. `v1/configmaps` */
  put(collection: string, object: object): void;
  drop(collection: string, key: string): void;
  read(collection: string, key: string): Record<string, unknown> | undefined;
  list(collection: string): Record<string, unknown>[];
  openWatches(): number;
  /** Breaks the connection of every watch. */
  cutWatches(): void;
  /** Ends every watch politely, as a server does at timeoutSeconds. */
  endWatches(): void;
  /** Keeps the connections of present watches open and never writes to them again: dead TCP as a client sees it. */
  silenceWatches(): void;
  /** Writes these bytes into every watch. */
  writeToWatches(text: string): void;
  sendBookmarks(): void;
  /** Forgets history: a watch from before gets 410. */
  compact(): void;
  /** Forgets history without saying so: a watch from before goes on and misses it. */
  loseHistory(): void;
  /** Handled before anything else; true: answered (or left hanging). */
  setFault(fault: Fault | undefined): void;
  /** Closes the port and every connection until `start`. */
  halt(): Promise<void>;
  start(): Promise<void>;
}

export async function startFakeApi(): Promise<FakeApi> {
  const collections = new Map<string, Map<string, Stored>>();
  const watches = new Set<OpenWatch>();
  const requests: string[] = [];
  let history: Change[] = [];
  let version = 1;
  let oldest = 0;
  let uids = 0;
  let fault: Fault | undefined;
  let server: Server | undefined;
  let port = 0;

  const of = (collection: string): Map<string, Stored> => {
    const known = collections.get(collection) ?? new Map<string, Stored>();
    collections.set(collection, known);
    return known;
  };
  const keyOf = (object: Stored): string =>
    object.metadata.namespace === undefined
      ? object.metadata.name
      : `${object.metadata.namespace}/${object.metadata.name}`;

  function announce(type: WatchType, collection: string, object: Stored): void {
    const change = { version, type, collection, object };
    history.push(change);
    for (const watch of watches) deliver(watch, change);
  }

  function deliver(watch: OpenWatch, change: Change): void {
    if (watch.silent || watch.collection !== change.collection) return;
    if (watch.namespace !== undefined && watch.namespace !== change.object.metadata.namespace) return;
    const line = `${JSON.stringify({ type: change.type, object: change.object })}\n`;
    // In two writes: a reader that takes a chunk for a line must fail here.
    const middle = Math.floor(line.length / 2);
    watch.response.write(line.slice(0, middle));
    watch.response.write(line.slice(middle));
  }

  function store(collection: string, object: object): Stored {
    const parsed = bodySchema.parse(structuredClone(object));
    const before = of(collection).get(keyOf(parsed));
    version += 1;
    uids += 1;
    const stored: Stored = {
      ...parsed,
      metadata: {
        ...parsed.metadata,
        uid: parsed.metadata.uid ?? before?.metadata.uid ?? `uid-${uids}`,
        resourceVersion: String(version),
      },
    };
    of(collection).set(keyOf(stored), stored);
    announce(before === undefined ? 'ADDED' : 'MODIFIED', collection, stored);
    return stored;
  }

  function drop(collection: string, key: string): void {
    const before = of(collection).get(key);
    if (before === undefined) return;
    of(collection).delete(key);
    version += 1;
    announce('DELETED', collection, {
      ...before,
      metadata: { ...before.metadata, resourceVersion: String(version) },
    });
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests.push(`${request.method ?? ''} ${request.url ?? ''}`);
    if (fault?.(request, response) === true) return;
    const url = new URL(request.url ?? '', 'http://fake');
    const { collection, namespace, name } = readPath(url.pathname);
    if (name === undefined && request.method === 'GET') {
      if (url.searchParams.get('watch') === 'true') watch(url, collection, namespace, response);
      else listPage(url, collection, namespace, response);
      return;
    }
    const body = await readAll(request);
    if (name === undefined) create(collection, JSON.parse(body), response);
    else if (request.method === 'GET') reply(response, of(collection).get(joined(namespace, name)));
    else if (request.method === 'PATCH')
      patch(collection, joined(namespace, name), JSON.parse(body), response);
    else send(response, 405, status(405, 'MethodNotAllowed', 'not served'));
  }

  function watch(
    url: URL,
    collection: string,
    namespace: string | undefined,
    response: ServerResponse,
  ): void {
    const from = Number(url.searchParams.get('resourceVersion'));
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < oldest) {
      response.end(
        `${JSON.stringify({ type: 'ERROR', object: status(410, 'Expired', 'too old resource version') })}\n`,
      );
      return;
    }
    const opened: OpenWatch = { collection, namespace, response, silent: false };
    for (const change of history) if (change.version > from) deliver(opened, change);
    watches.add(opened);
    const timer = setTimeout(() => response.end(), Number(url.searchParams.get('timeoutSeconds')) * 1000);
    response.on('close', () => {
      clearTimeout(timer);
      watches.delete(opened);
    });
    const { response: socket } = opened;
    const end = socket.end.bind(socket);
    // A dead connection does not end by the server's timeout either.
    socket.end = ((...args: Parameters<typeof end>) => (opened.silent ? socket : end(...args))) as typeof end;
  }

  function listPage(
    url: URL,
    collection: string,
    namespace: string | undefined,
    response: ServerResponse,
  ): void {
    const all = [...of(collection).values()]
      .filter((object) => namespace === undefined || object.metadata.namespace === namespace)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const limit = Number(url.searchParams.get('limit') ?? all.length);
    const start = Number(url.searchParams.get('continue') ?? 0);
    const items = all.slice(start, start + limit);
    const next = start + limit < all.length ? { continue: String(start + limit) } : {};
    send(response, 200, { kind: 'List', metadata: { resourceVersion: String(version), ...next }, items });
  }

  function create(collection: string, body: unknown, response: ServerResponse): void {
    const parsed = bodySchema.parse(body);
    if (of(collection).has(keyOf(parsed))) {
      send(response, 409, status(409, 'AlreadyExists', 'already exists'));
      return;
    }
    send(response, 201, store(collection, parsed));
  }

  function patch(collection: string, key: string, body: unknown, response: ServerResponse): void {
    const before = of(collection).get(key);
    if (before === undefined) {
      reply(response, undefined);
      return;
    }
    if (Array.isArray(body)) {
      const after = applyJsonPatch(before, body);
      if (after === undefined) send(response, 422, status(422, 'Invalid', 'testing value failed'));
      else send(response, 200, store(collection, after));
      return;
    }
    const wanted = patchSchema.parse(body).metadata?.resourceVersion;
    if (wanted !== undefined && wanted !== before.metadata.resourceVersion) {
      send(response, 409, status(409, 'Conflict', 'the object has been modified'));
      return;
    }
    send(response, 200, store(collection, bodySchema.parse(merge(before, body))));
  }

  function reply(response: ServerResponse, object: Stored | undefined): void {
    if (object === undefined) send(response, 404, status(404, 'NotFound', 'not found'));
    else send(response, 200, object);
  }

  async function start(): Promise<void> {
    const next = createServer((request, response) => {
      answer(request, response).catch(() => response.destroy());
    });
    server = next;
    await new Promise<void>((resolve) => next.listen(port, '127.0.0.1', () => resolve()));
    const address = next.address();
    if (address === null || typeof address === 'string') throw new Error('no port was given');
    port = address.port;
  }

  await start();
  const kubeConfig = new KubeConfig();
  kubeConfig.loadFromOptions({
    clusters: [{ name: 'fake', server: `http://127.0.0.1:${port}`, skipTLSVerify: true }],
    users: [{ name: 'nobody' }],
    contexts: [{ name: 'fake', cluster: 'fake', user: 'nobody' }],
    currentContext: 'fake',
  });
  const each = (act: (watch: OpenWatch) => void): void => [...watches].forEach(act);
  return {
    kubeConfig,
    requests,
    put: store,
    drop,
    read: (collection, key) => of(collection).get(key),
    list: (collection) => [...of(collection).values()],
    openWatches: () => watches.size,
    cutWatches: () => each(({ response }) => response.socket?.destroy()),
    endWatches: () => each(({ response }) => response.end()),
    silenceWatches: () => each((watch) => (watch.silent = true)),
    writeToWatches: (text) => each(({ response }) => response.write(text)),
    sendBookmarks: () =>
      each(({ response }) =>
        response.write(
          `${JSON.stringify({ type: 'BOOKMARK', object: { metadata: { resourceVersion: String(version) } } })}\n`,
        ),
      ),
    compact: () => {
      version += 1;
      oldest = version;
      history = [];
    },
    loseHistory: () => (history = []),
    setFault: (next) => (fault = next),
    halt: async () => {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = new Promise((resolve) => closing.close(resolve));
      closing.closeAllConnections();
      await closed;
    },
    start,
  };
}

function readPath(path: string): {
  collection: string;
  namespace: string | undefined;
  name: string | undefined;
} {
  const parts = path.split('/').filter((part) => part !== '');
  const root = parts[0] === 'api' ? parts.slice(1, 2) : parts.slice(1, 3);
  const rest = parts.slice(parts[0] === 'api' ? 2 : 3);
  const namespace = rest[0] === 'namespaces' && rest.length > 2 ? rest[1] : undefined;
  const [plural = '', name] = namespace === undefined ? rest : rest.slice(2);
  return { collection: [...root, plural].join('/'), namespace, name };
}

const joined = (namespace: string | undefined, name: string): string =>
  namespace === undefined ? name : `${namespace}/${name}`;

const status = (code: number, reason: string, message: string) => ({ kind: 'Status', code, reason, message });

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(Buffer.from(z.instanceof(Buffer).parse(chunk)));
  return Buffer.concat(chunks).toString('utf8');
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function merge(target: unknown, change: unknown): unknown {
  if (!isRecord(change)) return change;
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(change)) {
    if (value === null) result[key] = undefined;
    else result[key] = merge(result[key], value);
  }
  return result;
}

const operationsSchema = z.array(
  z.object({ op: z.enum(['test', 'add']), path: z.string(), value: z.unknown() }),
);

/** As much of RFC 6902 as a finalizer needs; undefined when a test fails. */
function applyJsonPatch(target: Stored, body: unknown): Stored | undefined {
  const metadata: Record<string, unknown> = { ...target.metadata };
  for (const { op, path, value } of operationsSchema.parse(body)) {
    const [, room, field = '', end] = path.split('/');
    if (room !== 'metadata') throw new Error(`path ${path} is not imitated`);
    const present = metadata[field];
    if (op === 'test') {
      if (JSON.stringify(present) !== JSON.stringify(value)) return undefined;
    } else if (end === '-') {
      if (!Array.isArray(present)) return undefined;
      metadata[field] = [...present.map(String), value];
    } else metadata[field] = value;
  }
  return bodySchema.parse({ ...target, metadata });
}
