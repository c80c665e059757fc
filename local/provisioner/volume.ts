import { join } from 'node:path';
import { z } from 'zod';
import { metadataSchema, type Kind, type Manifest } from '../../src/kube/object';

/** Name in a StorageClass that leaves its claims to this program. */
export const PROVISIONER = 'volumes.local.fedstate.io';

export const claimSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    storageClassName: z.string().optional(),
    volumeName: z.string().optional(),
    volumeMode: z.string().optional(),
    accessModes: z.array(z.string()).default([]),
    resources: z.looseObject({
      requests: z.looseObject({ storage: z.string() }),
    }),
  }),
  status: z
    .looseObject({ phase: z.string().optional(), capacity: z.record(z.string(), z.string()).optional() })
    .optional(),
});
export type Claim = z.infer<typeof claimSchema>;

export const volumeSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    capacity: z.looseObject({ storage: z.string() }),
    persistentVolumeReclaimPolicy: z.string().optional(),
    claimRef: z
      .looseObject({
        namespace: z.string().optional(),
        name: z.string().optional(),
        uid: z.string().optional(),
      })
      .optional(),
    local: z.looseObject({ path: z.string() }).optional(),
  }),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
});
export type Volume = z.infer<typeof volumeSchema>;

export const classSchema = z.looseObject({
  metadata: metadataSchema,
  provisioner: z.string(),
  reclaimPolicy: z.string().default('Delete'),
});
export type StorageClass = z.infer<typeof classSchema>;

export const volumeKind: Kind = {
  group: '',
  version: 'v1',
  kind: 'PersistentVolume',
  plural: 'persistentvolumes',
  namespaced: false,
};

const SELECTED_NODE = 'volume.kubernetes.io/selected-node';
const PROVISIONED_BY = 'pv.kubernetes.io/provisioned-by';

export const volumeNameOf = (claim: Claim): string => `pvc-${claim.metadata.uid}`;

/** Node that the scheduler chose for a claim that waits for its volume; undefined while there is nothing to make. */
export function awaitedNode(claim: Claim, classes: ReadonlyMap<string, StorageClass>): string | undefined {
  const storageClass = classes.get(claim.spec.storageClassName ?? '');
  if (storageClass?.provisioner !== PROVISIONER) return undefined;
  if (claim.spec.volumeName !== undefined || claim.metadata.deletionTimestamp !== undefined) return undefined;
  if (claim.spec.volumeMode === 'Block') return undefined;
  return claim.metadata.annotations[SELECTED_NODE];
}

/** A `local` volume on that node for that claim. */
export function buildVolume(
  claim: Claim,
  storageClass: StorageClass,
  node: string,
  folder: string,
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: volumeNameOf(claim), annotations: { [PROVISIONED_BY]: PROVISIONER } },
    spec: {
      capacity: { storage: claim.spec.resources.requests.storage },
      accessModes: claim.spec.accessModes,
      persistentVolumeReclaimPolicy: storageClass.reclaimPolicy,
      storageClassName: storageClass.metadata.name,
      volumeMode: 'Filesystem',
      local: { path: join(folder, volumeNameOf(claim)) },
      claimRef: {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        namespace: claim.metadata.namespace,
        name: claim.metadata.name,
        uid: claim.metadata.uid,
      },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
  };
}

/** Ours, released by its claim, to be deleted with its data. */
export function isDiscarded(volume: Volume): boolean {
  return (
    volume.metadata.annotations[PROVISIONED_BY] === PROVISIONER &&
    volume.status?.phase === 'Released' &&
    volume.spec.persistentVolumeReclaimPolicy === 'Delete' &&
    volume.metadata.deletionTimestamp === undefined
  );
}

/** Size to which a bound claim wants its volume to grow; undefined when it has what it asks for. */
export function wantedGrowth(claim: Claim): string | undefined {
  const wanted = claim.spec.resources.requests.storage;
  const has = claim.status?.capacity?.['storage'];
  return claim.status?.phase === 'Bound' && has !== undefined && has !== wanted ? wanted : undefined;
}
