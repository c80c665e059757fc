import { ANNOTATIONS, LABELS, MANAGED_BY } from '../../domain/marks';
import { mongodConfigName } from '../../domain/names';
import type { Manifest, Metadata } from '../../kube/object';
import { isToldAtRunTime, partConfig, recordConfig } from '../../mongodb/runtime-options';
import { digestOf } from '../digest';
import { instanceLabels, isOurs, type Instance } from '../instance';

/**
 * The merged mongod.yaml under a name of its content: a pod keeps the file that it was made with. Where somebody tells
 * members what they take while they run, one that differs in nothing else goes on under the name that pods have.
 * @param present ConfigMaps of the instance
 */
export function buildMongodConfig(
  instance: Instance,
  yaml: string,
  present: readonly Metadata[] = [],
): Manifest {
  const parted = recordConfig(partConfig(yaml));
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: nameConfig(instance, yaml, parted, present),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      annotations: { [ANNOTATIONS.partedConfig]: parted },
      ownerReferences: [instance.owner],
    },
    data: { 'mongod.yaml': yaml },
  };
}

function nameConfig(instance: Instance, yaml: string, parted: string, present: readonly Metadata[]): string {
  const prefix = mongodConfigName(instance.name);
  const own = `${prefix}-${digestOf(yaml, 8)}`;
  if (instance.spec.control !== 'Federated') return own;
  const files = present.filter(
    (one) => isMongodConfig(one.name) && isOurs(instance, one) && one.deletionTimestamp === undefined,
  );
  const recordOf = (one: Metadata): string | undefined => one.annotations[ANNOTATIONS.partedConfig];
  const [fitting] = files
    .filter((one) => isToldAtRunTime(recordOf(one), parted))
    .map(({ name }) => name)
    .sort();
  if (fitting !== undefined) return fitting;
  // The name of this content may by now be that of another, by which pods run that are to be restarted.
  const taken = files.find(({ name }) => name === own);
  const record = taken === undefined ? undefined : recordOf(taken);
  return record === undefined ? own : `${prefix}-${digestOf([yaml, record], 8)}`;
}

export const isMongodConfig = (name: string): boolean => /-mongod-[0-9a-f]{8}$/.test(name);

const DEFAULT_CONFIG_NAMES = ['mongo-operator-mongo-default-config', 'mongo-default-config'];

/** Names that samples refer to without bringing the ConfigMap along. */
export const isDefaultConfigName = (name: string): boolean => DEFAULT_CONFIG_NAMES.includes(name);

export const DEFAULT_CONFIG_TEXT = `# Defaults of FedState, made because an object refers to them. Edit freely: members take a change by a restart, one
# at a time. Port, bind address, paths, security, replication and log destination are set by FedState.
net:
  maxIncomingConnections: 10240
operationProfiling:
  slowOpThresholdMs: 1000
storage:
  wiredTiger:
    collectionConfig:
      blockCompressor: snappy
`;

/** Local mode: the well-known ConfigMap of defaults, shared by all objects of a namespace and owned by none. */
export function buildDefaultConfig(namespace: string, name: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { [LABELS.managedBy]: MANAGED_BY } },
    data: { 'mongod.yaml': DEFAULT_CONFIG_TEXT },
  };
}
