import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { ANNOTATIONS, carriedLabels, LABELS, MANAGED_BY } from '../domain/marks';
import {
  authSecretName,
  configMapName,
  fnv1a32,
  hostConfName,
  memberName,
  MONGO_PORT,
  pullSecretName,
  type Ordinal,
} from '../domain/names';
import { TOPOLOGY_SPREAD } from '../domain/syntax';
import { apiVersionOf, KINDS, type Manifest, type OwnerReference } from '../kube/object';

/** Labels of every object made for an instance; the user's own labels of the CR travel along (L in the spec). */
export function instanceLabels(cr: MultiCloudMongoDB): Record<string, string> {
  return {
    ...Object.fromEntries(carriedLabels(cr.metadata.labels)),
    [LABELS.instance]: cr.metadata.name,
    [LABELS.instanceUid]: cr.metadata.uid,
    [LABELS.managedBy]: MANAGED_BY,
  };
}

export function ownerOf(cr: MultiCloudMongoDB): OwnerReference {
  return {
    apiVersion: apiVersionOf(KINDS.multiCloudMongoDB),
    kind: KINDS.multiCloudMongoDB.kind,
    name: cr.metadata.name,
    uid: cr.metadata.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

const protectedLabels = (cr: MultiCloudMongoDB): Record<string, string> => ({
  ...instanceLabels(cr),
  [LABELS.deletionProtected]: 'Always',
});

export interface ServiceChoices {
  readonly ipv6?: boolean | undefined;
  /** Absent: Karmada's API server chooses. */
  readonly nodePort?: number | undefined;
}

/**
 * NodePort Service of one ordinal: the port that Karmada's API server allocates holds in every cluster.
 * @param ipv6 some cluster is reached at an IPv6 address
 */
export function buildServiceTemplate(
  cr: MultiCloudMongoDB,
  ordinal: Ordinal,
  { ipv6 = false, nodePort }: ServiceChoices = {},
): Manifest {
  const name = memberName(cr.metadata.name, ordinal);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: namespaceOf(cr),
      labels: { ...protectedLabels(cr), [LABELS.app]: name },
      ownerReferences: [ownerOf(cr)],
    },
    spec: {
      type: 'NodePort',
      ...(ipv6 ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
      publishNotReadyAddresses: true,
      selector: { [LABELS.instance]: cr.metadata.name, [LABELS.app]: name },
      ports: [
        {
          name: 'mongo',
          port: MONGO_PORT,
          targetPort: MONGO_PORT,
          protocol: 'TCP',
          ...(nodePort === undefined ? {} : { nodePort }),
        },
      ],
    },
  };
}

/** The addresses of the whole set, as a record for people (`datas`, `arbiters`: a `host:'…'` a line). */
export function buildHostConf(
  cr: MultiCloudMongoDB,
  hosts: { readonly datas: readonly string[]; readonly arbiters: readonly string[] },
): Manifest {
  const lines = (list: readonly string[]): string => list.map((host) => `host:'${host}'`).join('\n');
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: hostConfName(cr.metadata.name),
      namespace: namespaceOf(cr),
      labels: { ...protectedLabels(cr), [LABELS.app]: cr.metadata.name },
      ownerReferences: [ownerOf(cr)],
    },
    data: { datas: lines(hosts.datas), arbiters: lines(hosts.arbiters) },
  };
}

/** Our copy of the user's `configRef`, so that no policy of ours selects a foreign object. */
export function buildConfigCopy(cr: MultiCloudMongoDB, mongodYaml: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: configMapName(cr.metadata.name),
      namespace: namespaceOf(cr),
      labels: protectedLabels(cr),
      ownerReferences: [ownerOf(cr)],
    },
    data: { 'mongod.yaml': mongodYaml },
  };
}

/** @param dockerConfigJson base64, as it stands in a Secret's data */
export function buildPullSecret(cr: MultiCloudMongoDB, dockerConfigJson: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'kubernetes.io/dockerconfigjson',
    metadata: {
      name: pullSecretName(cr.metadata.name),
      namespace: namespaceOf(cr),
      labels: protectedLabels(cr),
      ownerReferences: [ownerOf(cr)],
    },
    data: { '.dockerconfigjson': dockerConfigJson },
  };
}

/** @param data base64 values: rootPassword, clusterAdminPassword, clusterMonitorPassword, keyfile */
export function buildAuthSecret(cr: MultiCloudMongoDB, data: Readonly<Record<string, string>>): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: authSecretName(cr.metadata.name),
      namespace: namespaceOf(cr),
      labels: protectedLabels(cr),
      ownerReferences: [ownerOf(cr)],
    },
    data,
  };
}

export interface TemplateChoices {
  /** After `images.replace`. */
  readonly image: string;
  readonly hasConfig: boolean;
  readonly hasPullSecret: boolean;
  readonly affinity: unknown;
}

/** The MongoDB template `N`: everything but what differs by cluster, and no member count (see the override). */
export function buildMongoDBTemplate(cr: MultiCloudMongoDB, choices: TemplateChoices): Manifest {
  const name = cr.metadata.name;
  const spec = buildMongoDBSpec(cr, choices);
  const restart = cr.metadata.annotations[ANNOTATIONS.restart];
  return {
    apiVersion: apiVersionOf(KINDS.mongoDB),
    kind: KINDS.mongoDB.kind,
    metadata: {
      name,
      namespace: namespaceOf(cr),
      labels: protectedLabels(cr),
      annotations: {
        [ANNOTATIONS.instanceUid]: cr.metadata.uid,
        [ANNOTATIONS.templateRevision]: fnv1a32(JSON.stringify([spec, restart ?? ''])),
        ...(restart === undefined ? {} : { [ANNOTATIONS.restart]: restart }),
      },
    },
    spec,
  };
}

function buildMongoDBSpec(cr: MultiCloudMongoDB, choices: TemplateChoices): Record<string, unknown> {
  const { spec } = cr;
  const name = cr.metadata.name;
  return {
    type: 'ReplicaSet',
    control: 'Federated',
    instanceUID: cr.metadata.uid,
    image: choices.image,
    imagePullPolicy: spec.imageSetting.imagePullPolicy,
    ...(choices.hasPullSecret ? { imagePullSecret: pullSecretName(name) } : {}),
    credentialsSecretRef: authSecretName(name),
    memberConfigRef: hostConfName(name),
    ...(choices.hasConfig ? { customConfigRef: configMapName(name) } : {}),
    ...(spec.config.configSet === undefined ? {} : { config: settingsOf(cr) }),
    resources: spec.resource,
    persistence: {
      storage: spec.storage.storageSize,
      ...(spec.storage.storageClass === undefined ? {} : { storageClassName: spec.storage.storageClass }),
      whenDeleted: spec.storage.whenDeleted,
      whenScaled: spec.storage.whenScaled,
    },
    metricsExporterSpec: {
      enable: spec.export.enable,
      ...(spec.export.resource === undefined ? {} : { resources: spec.export.resource }),
    },
    podSpec: podSpecOf(cr, choices.affinity),
  };
}

/** `spec.config.configSet` as a MongoDB's `spec.config` has it. */
export function settingsOf({ spec }: MultiCloudMongoDB): { name: string; value: string }[] {
  return Object.entries(spec.config.configSet ?? {})
    .sort(([a], [b]) => a.localeCompare(b, 'en'))
    .map(([name, value]) => ({ name, value }));
}

function podSpecOf(cr: MultiCloudMongoDB, affinity: unknown): Record<string, unknown> {
  const { nodeSelect, topologySpreadConstraints } = cr.spec.spreadConstraints;
  const { tolerations } = cr.spec.scheduler;
  return {
    ...(nodeSelect === undefined ? {} : { nodeSelector: nodeSelect }),
    ...(tolerations === undefined ? {} : { tolerations }),
    ...(affinity === undefined ? {} : { affinity }),
    ...(topologySpreadConstraints === undefined
      ? {}
      : {
          topologySpreadConstraints: Object.entries(topologySpreadConstraints).map(([topologyKey, value]) =>
            topologySpread(cr.metadata.name, topologyKey, value),
          ),
        }),
  };
}

/**
 * `key: "1"` spreads with maxSkew 1, best effort; `key: "1/DoNotSchedule"` insists.
 * @throws FedStateError InvalidSpec for what means neither
 */
function topologySpread(instance: string, topologyKey: string, value: string): Record<string, unknown> {
  const [, skew, whenUnsatisfiable = 'ScheduleAnyway'] = new RegExp(TOPOLOGY_SPREAD).exec(value) ?? [];
  if (skew === undefined) {
    throw new FedStateError(
      'InvalidSpec',
      `spec.spreadConstraints.topologySpreadConstraints["${topologyKey}"] is "${value}": write e.g. "1/DoNotSchedule".`,
    );
  }
  return {
    topologyKey,
    maxSkew: Number(skew),
    whenUnsatisfiable,
    labelSelector: { matchLabels: { [LABELS.instance]: instance } },
  };
}

export function namespaceOf(cr: MultiCloudMongoDB): string {
  return cr.metadata.namespace ?? 'default';
}
