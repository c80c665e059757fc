import { z } from 'zod';
import { FedStateError, isFedStateError, messageOf } from '../domain/errors';
import { collectionPath, listQuery, type Kube } from './client';
import { isExpired, toKubeError } from './error';
import { metadataSchema, type Kind, type Metadata } from './object';
import { pause } from './pause';
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

/**
 * listed, connected: all is well · ended: the server ended the watch, as it does at timeoutSeconds · broken: the
 * connection was cut · stalled: it was dead and we cut it · expired: HTTP 410 · failed: anything else · unreadable: an
 * object that the schema refuses.
 */
export type WatchNews =
  'listed' | 'connected' | 'ended' | 'broken' | 'stalled' | 'expired' | 'failed' | 'unreadable';

export interface WatchOptions {
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  /** Called for every key that was added, changed or removed, also by a relist. Must only enqueue. */
  readonly onChange: (key: ObjectKey) => void;
  /** Every transition of the connection, for metrics and logs. */
  readonly onNews?: (news: WatchNews, detail: string) => void;
  /** A list older than this (give or take a fifth) is made anew when a watch ends: heals what was ever missed. Default 10 min. */
  readonly relistMs?: number;
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
/** A watch that lived this long was a good one: the next failure is the first again. */
const GOOD_WATCH_MS = 1_000;
const RELIST_MS = 600_000;

/**
 * Lists and watches one kind. Survives 410 (relist), dead TCP (stall check), API restarts (capped back-off with
 * jitter) and objects it cannot read (reported as `unreadable`, kept out of the cache). A stream that breaks is taken
 * up again where it stood; anything unclear ends in a fresh list.
 * Source: Kubernetes API concepts, "Efficient detection of changes".
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
    tell(
      'unreadable',
      `${named.success ? keyOf(named.data) : 'an object without a name'}: ${z.prettifyError(parsed.error)}`,
    );
    if (named.success) remove(keyOf(named.data));
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

  /** Returns when the stream has ended, however: only what it says, or a refusal to open it, is an error. */
  async function follow(onConnected: () => void): Promise<void> {
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
    onConnected();
    tell('connected');
    const silence = { isOver: false };
    let isHandling = false;
    const stall = setTimeout(
      () => {
        silence.isOver = true;
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
        isHandling = true;
        for (const line of lines) if (line.trim() !== '') handle(line);
        isHandling = false;
      }
      tell(silence.isOver ? 'stalled' : 'ended');
    } catch (error) {
      if (isHandling) throw error;
      if (!isStopped()) tell(silence.isOver ? 'stalled' : 'broken', messageOf(error));
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
    const relistMs = (options.relistMs ?? RELIST_MS) * (0.8 + random() * 0.4);
    let failures = 0;
    let listedAt = 0;
    while (!isStopped()) {
      let connectedAt = Number.POSITIVE_INFINITY;
      let askedMs = 0;
      try {
        if (performance.now() - listedAt > relistMs) resourceVersion = undefined;
        if (resourceVersion === undefined) {
          await relist();
          listedAt = performance.now();
        }
        await follow(() => (connectedAt = performance.now()));
      } catch (error) {
        if (isStopped()) return;
        // Forgotten by the server, garbage, a refusal, an API server that was away: only a fresh list is sure.
        resourceVersion = undefined;
        tell(isExpired(error) ? 'expired' : 'failed', messageOf(error));
        askedMs = retryAfterMs(error);
      }
      if (performance.now() - connectedAt >= GOOD_WATCH_MS) failures = 0;
      // At once after a good watch: its end is everyday life.
      if (failures > 0 || askedMs > 0) await pause(Math.max(askedMs, backoffMs(failures)), abort.signal);
      failures += 1;
    }
  }

  function backoffMs(failures: number): number {
    return (
      Math.min(LONGEST_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(failures, 10)) * (0.5 + random() / 2)
    );
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

/** What a busy server asks for (429, 503), at most a minute. */
function retryAfterMs(error: unknown): number {
  const seconds = isFedStateError(error) ? error.facts['retryAfterSeconds'] : undefined;
  return typeof seconds === 'number' ? Math.min(60, seconds) * 1000 : 0;
}
