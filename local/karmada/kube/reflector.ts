import type { IncomingMessage } from 'node:http';
import { ApiError, messageOf, type Connection } from './connection';
import { isObject, listAt, parseJson, removeAt, stringAt, valueAt } from './json';
import { collectionPath, keyOf, readObject, type KubeObject, type ObjectKey, type Resource } from './object';

export interface ReflectorHandler {
  onAdd?(object: KubeObject): void;
  onUpdate?(before: KubeObject, after: KubeObject): void;
  onDelete?(object: KubeObject): void;
}

/** A cache of one kind of one API server, kept true by list and watch until stopped. */
export interface Reflector {
  readonly resource: Resource;
  get(key: ObjectKey): KubeObject | undefined;
  list(): KubeObject[];
  synced(): boolean;
  /** Resolves after the first complete list, or when stopped. */
  readonly whenSynced: Promise<void>;
  /** The handler hears of what is cached already, then of every change. */
  subscribe(handler: ReflectorHandler): void;
  stop(): void;
}

const WATCH_SECONDS = 280;
const STALL_MS = (WATCH_SECONDS + 30) * 1000;
const FIRST_BACKOFF_MS = 200;
const LONGEST_BACKOFF_MS = 5_000;
const PAGE = 500;

/**
 * Lists, then watches with bookmarks; after anything that goes wrong it lists again, with growing delay and jitter. A list
 * raises only differences, so handlers see one history across broken connections and expired versions. An object made again
 * under the same name is raised as deleted and added (uid).
 */
export function startReflector(
  connection: Connection,
  resource: Resource,
  onTrouble: (detail: string) => void = () => undefined,
): Reflector {
  const cache = new Map<ObjectKey, KubeObject>();
  const handlers: ReflectorHandler[] = [];
  let running = true;
  let isSynced = false;
  let current: IncomingMessage | undefined;
  let wake: (() => void) | undefined;
  let markSynced: () => void = () => undefined;
  const whenSynced = new Promise<void>((resolve) => (markSynced = resolve));
  const path = collectionPath(resource);

  const put = (object: KubeObject): void => {
    // Half of an object's bytes, and a PUT without them keeps what the server has.
    removeAt(object.raw, 'metadata', 'managedFields');
    const key = keyOf(object.namespace, object.name);
    const before = cache.get(key);
    if (before?.uid === object.uid) {
      if (before.resourceVersion === object.resourceVersion) return;
      cache.set(key, object);
      for (const handler of handlers) handler.onUpdate?.(before, object);
      return;
    }
    if (before !== undefined) remove(key);
    cache.set(key, object);
    for (const handler of handlers) handler.onAdd?.(object);
  };
  const remove = (key: ObjectKey): void => {
    const before = cache.get(key);
    if (before === undefined) return;
    cache.delete(key);
    for (const handler of handlers) handler.onDelete?.(before);
  };

  const listAll = async (): Promise<string> => {
    const seen = new Set<ObjectKey>();
    const found: KubeObject[] = [];
    let version: string;
    let next = '';
    do {
      const page = await connection.call(
        'GET',
        `${path}?limit=${PAGE}${next === '' ? '' : `&continue=${next}`}`,
      );
      for (const item of listAt(page, 'items')) found.push(readObject(item, resource));
      version = stringAt(page, 'metadata', 'resourceVersion') ?? '';
      next = encodeURIComponent(stringAt(page, 'metadata', 'continue') ?? '');
    } while (next !== '' && running);
    if (!running) return version;
    for (const object of found) seen.add(keyOf(object.namespace, object.name));
    for (const key of [...cache.keys()]) if (!seen.has(key)) remove(key);
    for (const object of found) put(object);
    isSynced = true;
    markSynced();
    return version;
  };

  const watchFrom = async (from: string): Promise<string> => {
    let version = from;
    const response = await connection.stream(
      `${path}?watch=true&allowWatchBookmarks=true&timeoutSeconds=${WATCH_SECONDS}&resourceVersion=${version}`,
    );
    if (!running) {
      response.destroy();
      return version;
    }
    current = response;
    const stall = setTimeout(() => response.destroy(new Error('the watch stalled')), STALL_MS);
    let pending = '';
    try {
      response.setEncoding('utf8');
      for await (const chunk of response) {
        pending += String(chunk);
        for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n')) {
          const line = pending.slice(0, end);
          pending = pending.slice(end + 1);
          if (line !== '') version = takeEvent(line, version);
        }
      }
    } finally {
      clearTimeout(stall);
      current = undefined;
      response.destroy();
    }
    return version;
  };

  const takeEvent = (line: string, version: string): string => {
    const event = parseJson(line);
    const type = stringAt(event, 'type');
    const value = valueAt(event, 'object');
    if (type === 'ERROR' || !isObject(value)) {
      const code = valueAt(value, 'code');
      throw new ApiError(
        typeof code === 'number' ? code : 500,
        'Watch',
        stringAt(value, 'message') ?? 'the watch broke',
      );
    }
    const next = stringAt(value, 'metadata', 'resourceVersion') ?? version;
    if (type === 'BOOKMARK') return next;
    const object = readObject(value, resource);
    if (type === 'DELETED') remove(keyOf(object.namespace, object.name));
    else put(object);
    return next;
  };

  const run = async (): Promise<void> => {
    let backoff = FIRST_BACKOFF_MS;
    let version = '';
    while (running) {
      try {
        if (version === '') version = await listAll();
        version = await watchFrom(version);
        backoff = FIRST_BACKOFF_MS;
      } catch (error) {
        if (!stillRunning()) break;
        version = '';
        onTrouble(`${resource.plural}: ${messageOf(error)}`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, backoff * (0.5 + Math.random() / 2));
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
        backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS);
      }
    }
    markSynced();
  };
  const stillRunning = (): boolean => running;
  void run();

  return {
    resource,
    get: (key) => cache.get(key),
    list: () => [...cache.values()],
    synced: () => isSynced,
    whenSynced,
    subscribe(handler) {
      handlers.push(handler);
      for (const object of cache.values()) handler.onAdd?.(object);
    },
    stop() {
      running = false;
      current?.destroy();
      wake?.();
    },
  };
}
