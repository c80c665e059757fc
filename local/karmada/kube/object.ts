import { isObject, listAt, stringAt, stringsAt, valueAt, type Json, type JsonObject } from './json';

/** Any object of an API server: what every controller asks of it, and the whole as it was read. Never changed in place. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  /** '' for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** 0 for kinds without one. */
  readonly generation: number;
  readonly deleting: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly finalizers: readonly string[];
  readonly raw: JsonObject;
}

/** A kind as the API server serves it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** `namespace/name`, or `name` when cluster-scoped. */
export type ObjectKey = string;

export const keyOf = (namespace: string, name: string): ObjectKey =>
  namespace === '' ? name : `${namespace}/${name}`;

export function splitKey(key: ObjectKey): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return slash < 0
    ? { namespace: '', name: key }
    : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}

export const apiVersionOf = (resource: Pick<Resource, 'group' | 'version'>): string =>
  resource.group === '' ? resource.version : `${resource.group}/${resource.version}`;

/** `apiVersion, Kind`, the key under which kinds are looked up. */
export const gvkOf = (apiVersion: string, kind: string): string => `${apiVersion}, ${kind}`;

export function collectionPath(resource: Resource, namespace = ''): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  return namespace === ''
    ? `${root}/${resource.plural}`
    : `${root}/namespaces/${namespace}/${resource.plural}`;
}

export const objectPath = (resource: Resource, namespace: string, name: string): string =>
  `${collectionPath(resource, namespace)}/${name}`;

/**
 * Reads metadata. Items of lists of built-in kinds carry no kind, so it is filled in from `resource`.
 * @throws Error when the value is no object with a name
 */
export function readObject(value: Json, resource?: Resource): KubeObject {
  const name = stringAt(value, 'metadata', 'name');
  if (!isObject(value) || name === undefined) throw new Error('An object without metadata.name was read.');
  const raw: JsonObject = {
    apiVersion: resource === undefined ? '' : apiVersionOf(resource),
    kind: resource?.kind ?? '',
    ...value,
  };
  const generation = valueAt(raw, 'metadata', 'generation');
  return {
    apiVersion: stringAt(raw, 'apiVersion') ?? '',
    kind: stringAt(raw, 'kind') ?? '',
    namespace: stringAt(raw, 'metadata', 'namespace') ?? '',
    name,
    uid: stringAt(raw, 'metadata', 'uid') ?? '',
    resourceVersion: stringAt(raw, 'metadata', 'resourceVersion') ?? '',
    generation: typeof generation === 'number' ? generation : 0,
    deleting: stringAt(raw, 'metadata', 'deletionTimestamp') !== undefined,
    labels: stringsAt(raw, 'metadata', 'labels'),
    annotations: stringsAt(raw, 'metadata', 'annotations'),
    finalizers: listAt(raw, 'metadata', 'finalizers').filter((entry) => typeof entry === 'string'),
    raw,
  };
}

/** Kinds every controller here works with. */
export const RESOURCES = {
  namespace: { group: '', version: 'v1', kind: 'Namespace', plural: 'namespaces', namespaced: false },
  secret: { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true },
  node: { group: '', version: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
  pod: { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true },
  event: { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true },
  cluster: {
    group: 'cluster.karmada.io',
    version: 'v1alpha1',
    kind: 'Cluster',
    plural: 'clusters',
    namespaced: false,
  },
  policy: {
    group: 'policy.karmada.io',
    version: 'v1alpha1',
    kind: 'PropagationPolicy',
    plural: 'propagationpolicies',
    namespaced: true,
  },
  override: {
    group: 'policy.karmada.io',
    version: 'v1alpha1',
    kind: 'OverridePolicy',
    plural: 'overridepolicies',
    namespaced: true,
  },
  binding: {
    group: 'work.karmada.io',
    version: 'v1alpha2',
    kind: 'ResourceBinding',
    plural: 'resourcebindings',
    namespaced: true,
  },
  work: { group: 'work.karmada.io', version: 'v1alpha1', kind: 'Work', plural: 'works', namespaced: true },
} as const satisfies Record<string, Resource>;
