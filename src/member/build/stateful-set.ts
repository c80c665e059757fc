import { ANNOTATIONS } from '../../domain/marks';
import { claimTemplateName, memberName, type Ordinal } from '../../domain/names';
import { apiVersionOf, KINDS, type Manifest } from '../../kube/object';
import { memberLabels, memberSelector, type Instance } from '../instance';
import { buildPodTemplate, type MemberParts } from './pod-template';

/** An arbiter stores no data: its journal and local database fit. */
const ARBITER_STORAGE = '256Mi';

export interface MemberStatefulSet {
  readonly manifest: Manifest;
  readonly templateHash: string;
}

/**
 * The StatefulSet of one member: one replica, OnDelete, its own claim named with the instance's uid.
 * @param storage size of the claim template; immutable, so for one that exists pass the size that it has
 */
export function buildStatefulSet(
  instance: Instance,
  ordinal: Ordinal,
  parts: MemberParts,
  storage?: string,
): MemberStatefulSet {
  const { template, hash } = buildPodTemplate(instance, ordinal, parts);
  return { templateHash: hash, manifest: wrapTemplate(instance, ordinal, template, hash, storage) };
}

/** The StatefulSet around a template that is given: ours, or the one a member keeps until it is rolled out. */
export function wrapTemplate(
  instance: Instance,
  ordinal: Ordinal,
  template: unknown,
  templateHash: string,
  storage?: string,
): Manifest {
  const name = memberName(instance.name, ordinal);
  const labels = memberLabels(instance, ordinal);
  const storageClass = instance.spec.persistence.storageClassName;
  return {
    apiVersion: apiVersionOf(KINDS.statefulSet),
    kind: KINDS.statefulSet.kind,
    metadata: {
      name,
      namespace: instance.namespace,
      labels,
      annotations: { [ANNOTATIONS.templateHash]: templateHash },
      ownerReferences: [instance.owner],
    },
    spec: {
      replicas: 1,
      serviceName: name,
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 3,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      selector: { matchLabels: memberSelector(instance, ordinal) },
      template,
      volumeClaimTemplates: [
        {
          metadata: { name: claimTemplateName(instance.instanceUid), labels },
          spec: {
            accessModes: ['ReadWriteOnce'],
            ...(storageClass === undefined || storageClass === '' ? {} : { storageClassName: storageClass }),
            resources: { requests: { storage: storage ?? claimSize(instance, ordinal) } },
          },
        },
      ],
    },
  };
}

/** Size that a member's claim should have. */
export function claimSize(instance: Instance, ordinal: Ordinal): string {
  return ordinal === 'arbiter' ? ARBITER_STORAGE : instance.spec.persistence.storage;
}
