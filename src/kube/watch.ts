import { z } from 'zod';
import { FedStateError, messageOf } from '../domain/errors';
import { collectionPath, listQuery, type Kube } from './client';
import { isExpired, toKubeError } from './error';
import { metadataSchema, type Kind, type Metadata } from './object';
import { readBody } from './transport';

export interface WatchedObject {
  readonly metadata: Metadata;
}

/** `namespace/name`, or `name` for cluster-scoped kinds. */
export type ObjectKey = string;

export const keyOf = (object: {
  readonly metadata: { readonly namespace?: string | undefined; readonly name: string };
}): ObjectKey =>
  object.metadata.namespace === undefined
    ? object.metadata.name
    : `${object.metadata.namespace}/${object.metadata.name}`;

export type WatchNews = 'listed' | 'connected' | 'expired' | 'stalled' | 'broken' | 'failed' | 'unreadable';

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Called for every key that was added, changed or removed, also by a relist. Must only enqueue. */
  readonly onChange: (key: ObjectKey) => void;
  /** Every transition of the connection, for metrics and logs. */
  readonly onNews?: (news: WatchNews, detail: string) => void;
  /** Seconds after which the server ends a watch by itself. */
  readonly timeoutSeconds?: number;
  /** Silence beyond the server's own timeout after which the connection counts as dead, in ms. */
  readonly stallMs?: number;
  readonly random?: () => number;
}

/** A cache of one kind, kept true by list and watch until stopped. */
export interface Watch<T> {
  get(key: ObjectKey): T | undefined;
  list(): T[];
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>;
  /** Ms since the epoch of the last sign of life from the server. */
  lastSeen(): number;
  stop(): Promise<void>;
}

const eventSchema = z.looseObject({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.looseObject({
    metadata: z.looseObject({ resourceVersion: z.string().optional() }).optional(),
    code: z.number().optional(),
    message: z.string().optional(),
  }),
});

const FIRST_BACKOFF_MS = 250;
const LONGEST_BACKOFF_MS = 30_000;

/**
 * Lists and watches one kind. Survives 410 (relist), dead TCP (stall check), API restarts (capped back-off with
 * jitter) and objects it cannot read (reported as `unreadable`, kept out of the cache).
 */
export function watchObjects<T extends WatchedObject>(
  kube: Kube,
  kind: Kind,
  schema: z.ZodType<T>,
  options: WatchOptions,
): Watch<T> {
  const cache = new Map<ObjectKey, T>();
  const abort = new AbortController();
  const random = options.random ?? Math.random;
  const timeoutSeconds = options.timeoutSeconds ?? 240;
  const stallMs = options.stallMs ?? 30_000;
  let lastSeen = Date.now();
  let resourceVersion: string | undefined;
  let markSynced = (): void => undefined;
  const synced = new Promise<void>((resolve) => (markSynced = resolve));

  const tell = (news: WatchNews, detail = ''): void => options.onNews?.(news, detail);

  function store(object: unknown): void {
    const parsed = schema.safeParse(object);
    if (parsed.success) {
      const key = keyOf(parsed.data);
      const before = cache.get(key);
      cache.set(key, parsed.data);
      if (before?.metadata.resourceVersion !== parsed.data.metadata.resourceVersion) options.onChange(key);
      return;
    }
    const named = z.looseObject({ metadata: metadataSchema }).safeParse(object);
    if (named.success) {
      tell('unreadable', `${keyOf(named.data)}: ${z.prettifyError(parsed.error)}`);
      remove(keyOf(named.data));
    }
  }

  function remove(key: ObjectKey): void {
    if (cache.delete(key)) options.onChange(key);
  }

  async function relist(): Promise<void> {
    const page = await kube.list(
      kind,
      { namespace: options.namespace, labelSelector: options.labelSelector, signal: abort.signal },
      z.looseObject({ metadata: metadataSchema }),
    );
    lastSeen = Date.now();
    const present = new Set(page.items.map(keyOf));
    for (const key of [...cache.keys()]) if (!present.has(key)) remove(key);
    for (const item of page.items) store(item);
    resourceVersion = page.resourceVersion;
    tell('listed', String(page.items.length));
    markSynced();
  }

  async function follow(): Promise<void> {
    const query = listQuery({ labelSelector: options.labelSelector });
    query.set('watch', 'true');
    query.set('allowWatchBookmarks', 'true');
    query.set('timeoutSeconds', String(timeoutSeconds));
    query.set('resourceVersion', resourceVersion ?? '');
    const path = `${collectionPath(kind, options.namespace)}?${query.toString()}`;
    const response = await kube.transport.open({ method: 'GET', path, signal: abort.signal });
    if (response.statusCode !== 200) {
      throw toKubeError(response.statusCode ?? 0, await readBody(response, 5_000), `watch ${kind.plural}`);
    }
    lastSeen = Date.now();
    tell('connected');
    const stall = setTimeout(
      () => {
        tell('stalled');
        response.destroy();
      },
      timeoutSeconds * 1000 + stallMs,
    );
    try {
      response.setEncoding('utf8');
      let rest = '';
      for await (const chunk of response as AsyncIterable<string>) {
        lastSeen = Date.now();
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.trim() !== '') handle(line);
      }
    } finally {
      clearTimeout(stall);
      response.destroy();
    }
  }

  function handle(line: string): void {
    const event = eventSchema.parse(JSON.parse(line));
    switch (event.type) {
      case 'ERROR':
        throw new FedStateError(
          event.object.code === 410 ? 'Conflict' : 'Unreachable',
          event.object.message ?? 'watch error',
          {
            status: event.object.code ?? 0,
          },
        );
      case 'BOOKMARK':
        break;
      case 'ADDED':
      case 'MODIFIED':
        store(event.object);
        break;
      case 'DELETED':
        remove(keyOf(z.looseObject({ metadata: metadataSchema }).parse(event.object)));
        break;
    }
    resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion;
  }

  const isStopped = (): boolean => abort.signal.aborted;

  async function run(): Promise<void> {
    let failures = 0;
    while (!isStopped()) {
      try {
        if (resourceVersion === undefined) await relist();
        await follow();
        failures = 0;
        tell('broken', 'ended by the server');
      } catch (error) {
        if (isStopped()) return;
        const expired = isExpired(error);
        // Anything unclear ends in a fresh list: correctness over one cheap request.
        resourceVersion = undefined;
        tell(expired ? 'expired' : 'failed', messageOf(error));
        if (!expired) {
          failures += 1;
          const ceiling = Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10));
          await pause(ceiling * (0.5 + random() / 2), abort.signal);
        }
      }
    }
  }

  const running = run();
  return {
    get: (key) => cache.get(key),
    list: () => [...cache.values()],
    synced,
    lastSeen: () => lastSeen,
    stop: async () => {
      abort.abort();
      await running;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
