import { z } from 'zod';

/** Which kind, as the API paths need it. Core kinds have group ''. */
export interface Kind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

export interface ObjectRef {
  readonly kind: Kind;
  readonly namespace?: string | undefined;
  readonly name: string;
}

export const ownerReferenceSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  name: z.string(),
  uid: z.string(),
  controller: z.boolean().optional(),
  blockOwnerDeletion: z.boolean().optional(),
});

export const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string(),
  resourceVersion: z.string(),
  generation: z.number().optional(),
  creationTimestamp: z.string().optional(),
  deletionTimestamp: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
  ownerReferences: z.array(ownerReferenceSchema).default([]),
});
export type Metadata = z.infer<typeof metadataSchema>;

/** `status.conditions` of an object of any kind, as somebody else wrote it. */
export const seenConditionsSchema = z
  .array(
    z.looseObject({
      type: z.string(),
      status: z.string(),
      reason: z.string().optional(),
      message: z.string().optional(),
      // An unset time is written as null by the API's Go types.
      lastTransitionTime: z
        .string()
        .nullish()
        .transform((time) => time ?? undefined),
    }),
  )
  .default([]);

/** Any object as the API server returns it: metadata read, the rest passed on. */
export const objectSchema = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: metadataSchema,
});
export type KubeObject = z.infer<typeof objectSchema>;

/** An object as we write it with server-side apply. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export const apiVersionOf = (kind: Kind): string =>
  kind.group === '' ? kind.version : `${kind.group}/${kind.version}`;

const core = (kind: string, plural: string, namespaced = true): Kind => ({
  group: '',
  version: 'v1',
  kind,
  plural,
  namespaced,
});
const named = (group: string, version: string, kind: string, plural: string, namespaced = true): Kind => ({
  group,
  version,
  kind,
  plural,
  namespaced,
});

export const KINDS = {
  multiCloudMongoDB: named('middleware.fedstate.io', 'v1alpha1', 'MultiCloudMongoDB', 'multicloudmongodbs'),
  mongoDB: named('middleware.fedstate.io', 'v1alpha1', 'MongoDB', 'mongodbs'),
  configMap: core('ConfigMap', 'configmaps'),
  secret: core('Secret', 'secrets'),
  service: core('Service', 'services'),
  serviceAccount: core('ServiceAccount', 'serviceaccounts'),
  pod: core('Pod', 'pods'),
  node: core('Node', 'nodes', false),
  namespace: core('Namespace', 'namespaces', false),
  persistentVolumeClaim: core('PersistentVolumeClaim', 'persistentvolumeclaims'),
  statefulSet: named('apps', 'v1', 'StatefulSet', 'statefulsets'),
  podDisruptionBudget: named('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets'),
  storageClass: named('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses', false),
  lease: named('coordination.k8s.io', 'v1', 'Lease', 'leases'),
  event: named('events.k8s.io', 'v1', 'Event', 'events'),
  customResourceDefinition: named(
    'apiextensions.k8s.io',
    'v1',
    'CustomResourceDefinition',
    'customresourcedefinitions',
    false,
  ),
  serviceMonitor: named('monitoring.coreos.com', 'v1', 'ServiceMonitor', 'servicemonitors'),
  cluster: named('cluster.karmada.io', 'v1alpha1', 'Cluster', 'clusters', false),
  propagationPolicy: named('policy.karmada.io', 'v1alpha1', 'PropagationPolicy', 'propagationpolicies'),
  overridePolicy: named('policy.karmada.io', 'v1alpha1', 'OverridePolicy', 'overridepolicies'),
  resourceBinding: named('work.karmada.io', 'v1alpha2', 'ResourceBinding', 'resourcebindings'),
  work: named('work.karmada.io', 'v1alpha1', 'Work', 'works'),
} as const satisfies Record<string, Kind>;
