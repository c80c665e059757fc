import type { MongoDB, MongoDBSpec, MongoDBStatus } from '../api/mongodb';
import { GROUP, LABELS, MANAGED_BY, VERSION } from '../domain/marks';
import { memberName, REPLICA_SET_NAME, type Ordinal } from '../domain/names';
import type { Metadata, OwnerReference } from '../kube/object';

/** One MongoDB of this cluster, as the builders and the reconcile loop need it. */
export interface Instance {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Stands in claim names: the federated instance's uid, else this object's own. */
  readonly instanceUid: string;
  readonly metadata: Metadata;
  readonly spec: MongoDBSpec;
  readonly status: MongoDBStatus | undefined;
  readonly owner: OwnerReference;
}

export function readInstance(mongoDB: MongoDB): Instance {
  const { metadata, spec } = mongoDB;
  return {
    namespace: metadata.namespace ?? 'default',
    name: metadata.name,
    uid: metadata.uid,
    instanceUid: spec.instanceUID ?? metadata.uid,
    metadata,
    spec,
    status: mongoDB.status,
    owner: {
      apiVersion: `${GROUP}/${VERSION}`,
      kind: 'MongoDB',
      name: metadata.name,
      uid: metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  };
}

/** Labels of every object that is made for an instance. */
export function instanceLabels(instance: Pick<Instance, 'name'>): Record<string, string> {
  return { [LABELS.managedBy]: MANAGED_BY, [LABELS.instance]: instance.name };
}

/** Labels of one member's StatefulSet, pod and claim. */
export function memberLabels(instance: Instance, ordinal: Ordinal): Record<string, string> {
  return {
    ...instanceLabels(instance),
    [LABELS.app]: memberName(instance.name, ordinal),
    [LABELS.role]: 'replset',
    [LABELS.replicaSet]: REPLICA_SET_NAME,
    [ordinal === 'arbiter' ? LABELS.arbiter : LABELS.data]: 'true',
    [LABELS.ordinal]: String(ordinal),
    [LABELS.instanceUid]: instance.instanceUid,
  };
}

/** Picks one member's pod; the Services that the control plane makes carry the same two labels. */
export function memberSelector(instance: Pick<Instance, 'name'>, ordinal: Ordinal): Record<string, string> {
  return {
    [LABELS.instance]: instance.name,
    [LABELS.app]: memberName(instance.name, ordinal),
  };
}

/** Whether an object in the cluster was made for this instance: only such objects are ever changed. */
export function isOurs(instance: Pick<Instance, 'uid'>, metadata: Metadata): boolean {
  return (
    metadata.labels[LABELS.managedBy] === MANAGED_BY &&
    metadata.ownerReferences.some((owner) => owner.uid === instance.uid)
  );
}
