import { LABELS, MANAGED_BY } from '../../domain/marks';
import { mongodConfigName } from '../../domain/names';
import type { Manifest } from '../../kube/object';
import { digestOf } from '../digest';
import { instanceLabels, type Instance } from '../instance';

/** The merged mongod.yaml under a name of its content: a pod keeps the file that it was made with. */
export function buildMongodConfig(instance: Instance, yaml: string): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${mongodConfigName(instance.name)}-${digestOf(yaml, 8)}`,
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    data: { 'mongod.yaml': yaml },
  };
}

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
