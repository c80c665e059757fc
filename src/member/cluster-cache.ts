import type { z } from 'zod';
import { mongoDBSchema, type MongoDB } from '../api/mongodb';
import { LABELS, MANAGED_BY } from '../domain/marks';
import { ordinalOfMember, type Ordinal } from '../domain/names';
import type { Kube } from '../kube/client';
import { KINDS, type Kind, type Metadata } from '../kube/object';
import { watchObjects, type ObjectKey, type Watch, type WatchedObject, type WatchNews } from '../kube/watch';
import type { Instance } from './instance';
import {
  claimSchema,
  namedSchema,
  podSchema,
  serviceSchema,
  statefulSetSchema,
  type Claim,
  type Pod,
  type Service,
  type StatefulSet,
} from './objects';

/** What runs for one instance, as the watches last saw it. */
export interface Snapshot {
  readonly statefulSets: ReadonlyMap<Ordinal, StatefulSet>;
  readonly pods: ReadonlyMap<Ordinal, Pod>;
  readonly claims: ReadonlyMap<Ordinal, readonly Claim[]>;
  /** Also those that the control plane made: they tell the NodePort. */
  readonly services: ReadonlyMap<Ordinal, Service>;
  /** Metadata alone. */
  readonly configMaps: readonly Metadata[];
}

export interface ClusterCache {
  instance(key: ObjectKey): MongoDB | undefined;
  instanceKeys(): ObjectKey[];
  snapshot(instance: Pick<Instance, 'namespace' | 'name'>): Snapshot;
  /** Metadata of a watched object that carries our label; undefined when it is unknown or of a kind not watched. */
  metadata(kind: Kind, namespace: string, name: string): Metadata | undefined;
  watches(kind: Kind): boolean;
  /** Resolves when every kind was listed once. */
  readonly synced: Promise<void>;
  /** Ms since the epoch: the longest silence of any watch began then. */
  lastSeen(): number;
  stop(): Promise<void>;
}

export interface CacheOptions {
  /** The instance that something changed for. */
  readonly onChange: (instance: ObjectKey) => void;
  readonly onNews: (kind: Kind, news: WatchNews, detail: string) => void;
  /** Seconds after which the API server ends a watch. */
  readonly watchSeconds?: number;
  readonly stallMs?: number;
}

/** Watches MongoDBs and every object that carries our label, and tells which instance each change concerns. */
export function watchCluster(kube: Kube, options: CacheOptions): ClusterCache {
  const selector = `${LABELS.managedBy}=${MANAGED_BY}`;
  const bounds = {
    ...(options.watchSeconds === undefined ? {} : { timeoutSeconds: options.watchSeconds }),
    ...(options.stallMs === undefined ? {} : { stallMs: options.stallMs }),
  };

  function watchOurs<T extends WatchedObject>(kind: Kind, schema: z.ZodType<T>): Watch<T> {
    // A removed object is no longer in the cache when its key arrives: whose it was is remembered.
    const owners = new Map<ObjectKey, ObjectKey>();
    const watch: Watch<T> = watchObjects(kube, kind, schema, {
      ...bounds,
      labelSelector: selector,
      onNews: (news, detail) => options.onNews(kind, news, detail),
      onChange: (key) => {
        const metadata = watch.get(key)?.metadata;
        const name = metadata?.labels[LABELS.instance];
        const owner = name === undefined ? owners.get(key) : `${metadata?.namespace ?? ''}/${name}`;
        if (metadata === undefined) owners.delete(key);
        if (owner === undefined) return;
        if (metadata !== undefined) owners.set(key, owner);
        options.onChange(owner);
      },
    });
    return watch;
  }

  const mongoDBs = watchObjects(kube, KINDS.mongoDB, mongoDBSchema, {
    ...bounds,
    onChange: options.onChange,
    onNews: (news, detail) => options.onNews(KINDS.mongoDB, news, detail),
  });
  const statefulSets = watchOurs(KINDS.statefulSet, statefulSetSchema);
  const pods = watchOurs(KINDS.pod, podSchema);
  const claims = watchOurs(KINDS.persistentVolumeClaim, claimSchema);
  const services = watchOurs(KINDS.service, serviceSchema);
  const secrets = watchOurs(KINDS.secret, namedSchema);
  const configMaps = watchOurs(KINDS.configMap, namedSchema);
  const byPlural = new Map<string, Pick<Watch<WatchedObject>, 'get'>>([
    [KINDS.statefulSet.plural, statefulSets],
    [KINDS.service.plural, services],
    [KINDS.secret.plural, secrets],
    [KINDS.configMap.plural, configMaps],
  ]);
  const watches: readonly Pick<Watch<WatchedObject>, 'synced' | 'lastSeen' | 'stop'>[] = [
    mongoDBs,
    statefulSets,
    pods,
    claims,
    services,
    secrets,
    configMaps,
  ];

  return {
    instance: (key) => mongoDBs.get(key),
    instanceKeys: () => mongoDBs.list().map(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name}`),
    snapshot: ({ namespace, name }) => {
      const ofInstance = ({ metadata }: WatchedObject): boolean =>
        metadata.namespace === namespace && metadata.labels[LABELS.instance] === name;
      return {
        statefulSets: byOrdinal(statefulSets.list().filter(ofInstance), (set) =>
          ordinalOfMember(name, set.metadata.name),
        ),
        pods: byOrdinal(pods.list().filter(ofInstance), (pod) =>
          ordinalOfMember(name, pod.metadata.name.replace(/-0$/, '')),
        ),
        services: byOrdinal(services.list().filter(ofInstance), (service) =>
          ordinalOfMember(name, service.metadata.name),
        ),
        claims: groupClaims(claims.list().filter(ofInstance)),
        configMaps: configMaps
          .list()
          .filter(ofInstance)
          .map(({ metadata }) => metadata),
      };
    },
    metadata: (kind, namespace, name) => byPlural.get(kind.plural)?.get(`${namespace}/${name}`)?.metadata,
    watches: (kind) => byPlural.has(kind.plural),
    synced: Promise.all(watches.map((watch) => watch.synced)).then(() => undefined),
    lastSeen: () => Math.min(...watches.map((watch) => watch.lastSeen())),
    stop: async () => {
      await Promise.all(watches.map((watch) => watch.stop()));
    },
  };
}

function byOrdinal<T>(
  objects: readonly T[],
  ordinalOf: (object: T) => Ordinal | undefined,
): ReadonlyMap<Ordinal, T> {
  const map = new Map<Ordinal, T>();
  for (const object of objects) {
    const ordinal = ordinalOf(object);
    if (ordinal !== undefined) map.set(ordinal, object);
  }
  return map;
}

// Claims are told by their label: their name holds another instance's uid when it is an old one's.
function groupClaims(claims: readonly Claim[]): ReadonlyMap<Ordinal, readonly Claim[]> {
  const map = new Map<Ordinal, Claim[]>();
  for (const claim of claims) {
    const text = claim.metadata.labels[LABELS.ordinal];
    if (text === undefined) continue;
    const ordinal = text === 'arbiter' ? text : Number(text);
    map.set(ordinal, [...(map.get(ordinal) ?? []), claim]);
  }
  return map;
}
