import { createConnection, isUnserved, type Connection } from './kube/connection';
import { stringAt } from './kube/json';
import { gvkOf, keyOf, RESOURCES, type KubeObject, type Resource } from './kube/object';
import { startReflector, type Reflector, type ReflectorHandler } from './kube/reflector';
import { readLive } from './kube/writer';
import { clusterSpecSchema, readSpec } from './domain/schemas';
import type { Log } from './hub';

/** A registered cluster, reached with the token and the CA of its Secret. */
export interface Member {
  readonly name: string;
  readonly connection: Connection;
  /** The cache of a kind there; started when first asked for. */
  watch(resource: Resource): Reflector;
  /** From the cache once it is filled, else from the server; undefined also for a kind it does not serve. @throws ApiError */
  read(resource: Resource, namespace: string, name: string): Promise<KubeObject | undefined>;
}

export interface Members {
  /** @throws Error naming the Secret or field that is missing */
  get(cluster: KubeObject): Promise<Member>;
  /** Forgets the connection, so that the next `get` reads the Secret again. */
  drop(name: string): void;
  /** Hears of every object that is watched in any member. */
  subscribe(handler: (member: string) => ReflectorHandler): void;
  /** Hears of every connection that is made; watches of an earlier one ended with it. */
  onConnect(handler: (member: string) => void): void;
  stop(): void;
}

interface Held {
  readonly member: Member;
  readonly fingerprint: string;
  stop(): void;
}

export function createMembers(control: Connection, log: Log): Members {
  const held = new Map<string, Held>();
  const making = new Map<string, Promise<Member>>();
  const subscribers: ((member: string) => ReflectorHandler)[] = [];
  const connected: ((member: string) => void)[] = [];

  const make = async (cluster: KubeObject): Promise<Member> => {
    const spec = readSpec(cluster, clusterSpecSchema);
    const ref = spec.secretRef;
    if (spec.apiEndpoint === undefined || ref === undefined) {
      throw new Error(
        `Cluster ${cluster.name}: spec.apiEndpoint and spec.secretRef are needed (push mode only).`,
      );
    }
    const secret = await readLive(control, RESOURCES.secret, ref.namespace, ref.name);
    const token = decode(secret, 'token');
    if (token === undefined) {
      throw new Error(
        `Secret ${ref.namespace}/${ref.name} with key "token" is missing: register ${cluster.name} again.`,
      );
    }
    const connection = createConnection({
      server: spec.apiEndpoint,
      token,
      ca: decode(secret, 'caBundle'),
      skipVerify: spec.insecureSkipTLSVerification,
    });
    const reflectors = new Map<string, Reflector>();
    const watch = (resource: Resource): Reflector => {
      const gvk = gvkOf(`${resource.group}/${resource.version}`, resource.kind);
      const known = reflectors.get(gvk);
      if (known !== undefined) return known;
      const started = startReflector(connection, resource, (detail) =>
        log.debug({ member: cluster.name, detail }, 'watch'),
      );
      reflectors.set(gvk, started);
      for (const subscriber of subscribers) started.subscribe(subscriber(cluster.name));
      return started;
    };
    const member: Member = {
      name: cluster.name,
      connection,
      watch,
      async read(resource, namespace, name) {
        const reflector = watch(resource);
        if (reflector.synced()) return reflector.get(keyOf(namespace, name));
        try {
          return await readLive(connection, resource, namespace, name);
        } catch (error) {
          if (isUnserved(error)) return undefined;
          throw error;
        }
      },
    };
    held.set(cluster.name, {
      member,
      fingerprint: fingerprintOf(cluster),
      stop() {
        for (const reflector of reflectors.values()) reflector.stop();
        connection.close();
      },
    });
    for (const handler of connected) handler(cluster.name);
    return member;
  };

  const drop = (name: string): void => {
    held.get(name)?.stop();
    held.delete(name);
  };

  return {
    async get(cluster) {
      const known = held.get(cluster.name);
      if (known?.fingerprint === fingerprintOf(cluster)) return known.member;
      drop(cluster.name);
      const pending = making.get(cluster.name) ?? make(cluster).finally(() => making.delete(cluster.name));
      making.set(cluster.name, pending);
      return pending;
    },
    drop,
    subscribe: (handler) => subscribers.push(handler),
    onConnect: (handler) => connected.push(handler),
    stop() {
      for (const name of [...held.keys()]) drop(name);
    },
  };
}

const fingerprintOf = (cluster: KubeObject): string => {
  const { apiEndpoint = '', secretRef } = readSpec(cluster, clusterSpecSchema);
  return `${cluster.uid} ${apiEndpoint} ${secretRef?.namespace ?? ''}/${secretRef?.name ?? ''}`;
};

function decode(secret: KubeObject | undefined, key: string): string | undefined {
  const value = stringAt(secret?.raw, 'data', key);
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('utf8');
}
