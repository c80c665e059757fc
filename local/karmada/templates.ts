import { messageOf, type Connection } from './kube/connection';
import { createDiscovery } from './kube/discovery';
import { gvkOf, keyOf, type KubeObject, type Resource } from './kube/object';
import { startReflector, type Reflector, type ReflectorHandler } from './kube/reflector';
import { readLive } from './kube/writer';
import type { Log } from './hub';

/** The objects on the control plane that policies may select, of any kind; a kind is watched from the first time it is asked for. */
export interface Templates {
  /** Starts to watch a kind now, or as soon as a poll has found it (fact 1). */
  want(apiVersion: string, kind: string): void;
  /** undefined as long as no poll has found the kind. */
  resourceOf(apiVersion: string, kind: string): Resource | undefined;
  list(apiVersion: string, kind: string): KubeObject[];
  /** From the cache, else from the server; undefined when there is none. @throws ApiError, Error for an unknown kind */
  read(apiVersion: string, kind: string, namespace: string, name: string): Promise<KubeObject | undefined>;
  /** For every kind, those watched later too. */
  subscribe(handler: ReflectorHandler): void;
  /** Resolves after the first poll. */
  readonly whenKnown: Promise<void>;
  stop(): void;
}

export function createTemplates(connection: Connection, periodMs: number, log: Log): Templates {
  const discovery = createDiscovery(connection);
  const kinds = new Map<string, Resource>();
  const wanted = new Set<string>();
  const reflectors = new Map<string, Reflector>();
  const handlers: ReflectorHandler[] = [];
  let running = true;
  let timer: NodeJS.Timeout | undefined;
  let markKnown: () => void = () => undefined;
  const whenKnown = new Promise<void>((resolve) => (markKnown = resolve));

  const start = (gvk: string): void => {
    const resource = kinds.get(gvk);
    if (!running || resource === undefined || reflectors.has(gvk)) return;
    const reflector = startReflector(connection, resource, (detail) => log.debug({ detail }, 'watch'));
    reflectors.set(gvk, reflector);
    for (const handler of handlers) reflector.subscribe(handler);
  };

  const poll = async (): Promise<void> => {
    let delay = periodMs;
    try {
      for (const [gvk, resource] of (await discovery.refresh()).resources) {
        if (!kinds.has(gvk)) kinds.set(gvk, resource);
      }
      for (const gvk of wanted) start(gvk);
      markKnown();
    } catch (error) {
      log.debug({ error: messageOf(error) }, 'kinds not read');
      delay = Math.min(periodMs, 1_000);
    }
    if (running) timer = setTimeout(() => void poll(), delay);
  };
  void poll();

  return {
    want(apiVersion, kind) {
      const gvk = gvkOf(apiVersion, kind);
      wanted.add(gvk);
      start(gvk);
    },
    resourceOf: (apiVersion, kind) => kinds.get(gvkOf(apiVersion, kind)),
    list: (apiVersion, kind) => reflectors.get(gvkOf(apiVersion, kind))?.list() ?? [],
    async read(apiVersion, kind, namespace, name) {
      const gvk = gvkOf(apiVersion, kind);
      const cached = reflectors.get(gvk)?.get(keyOf(namespace, name));
      if (cached !== undefined) return cached;
      const resource = kinds.get(gvk);
      if (resource === undefined) throw new Error(`no matches for kind "${kind}" in version "${apiVersion}"`);
      return readLive(connection, resource, namespace, name);
    },
    subscribe(handler) {
      handlers.push(handler);
      for (const reflector of reflectors.values()) reflector.subscribe(handler);
    },
    whenKnown,
    stop() {
      running = false;
      clearTimeout(timer);
      markKnown();
      for (const reflector of reflectors.values()) reflector.stop();
    },
  };
}
