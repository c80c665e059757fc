import { chmod, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isFedStateError } from '../../src/domain/errors';
import type { Kube } from '../../src/kube/client';
import { KINDS } from '../../src/kube/object';
import {
  awaitedNode,
  buildVolume,
  isDiscarded,
  volumeKind,
  volumeNameOf,
  wantedGrowth,
  type Claim,
  type StorageClass,
  type Volume,
} from './volume';

/** Folder for volumes of each node, by the node's name. */
export type VolumeFolders = ReadonlyMap<string, string>;

/**
 * Gives a claim its volume once the scheduler has chosen a node, or grows the volume that it has.
 * @returns what was done, for the log
 */
export async function serveClaim(
  kube: Kube,
  claim: Claim,
  classes: ReadonlyMap<string, StorageClass>,
  ownVolume: Volume | undefined,
  folders: VolumeFolders,
): Promise<string | undefined> {
  const node = awaitedNode(claim, classes);
  const storageClass = classes.get(claim.spec.storageClassName ?? '');
  const folder = folders.get(node ?? '');
  if (node !== undefined && folder !== undefined && storageClass !== undefined) {
    if (ownVolume !== undefined) return undefined;
    const path = join(folder, volumeNameOf(claim));
    await mkdir(path, { recursive: true });
    // Pods run as any user, and not every one sets an fsGroup.
    await chmod(path, 0o777);
    try {
      await kube.create(volumeKind, buildVolume(claim, storageClass, node, folder));
    } catch (error) {
      if (!isFedStateError(error, 'Conflict')) throw error;
      return undefined;
    }
    return `made ${volumeNameOf(claim)} on ${node}`;
  }
  const growth = wantedGrowth(claim);
  if (growth === undefined || ownVolume === undefined) return undefined;
  await kube.mergePatch(
    { kind: volumeKind, name: ownVolume.metadata.name },
    { spec: { capacity: { storage: growth } } },
  );
  // A folder has no size: the claim is as large as it wants to be at once.
  await kube.mergePatch(
    {
      kind: KINDS.persistentVolumeClaim,
      namespace: claim.metadata.namespace,
      name: claim.metadata.name,
    },
    { status: { capacity: { storage: growth }, conditions: null } },
    'status',
  );
  return `grew ${ownVolume.metadata.name} to ${growth}`;
}

/** Deletes a volume that its claim has released, data first. */
export async function discardVolume(
  kube: Kube,
  volume: Volume,
  folders: VolumeFolders,
): Promise<string | undefined> {
  const path = volume.spec.local?.path;
  if (!isDiscarded(volume) || path === undefined) return undefined;
  const isOurs = [...folders.values()].some((folder) => path === join(folder, volume.metadata.name));
  if (!isOurs) return undefined;
  await rm(path, { recursive: true, force: true });
  await kube.delete({ kind: volumeKind, name: volume.metadata.name }, { uid: volume.metadata.uid });
  return `deleted ${volume.metadata.name} with its data`;
}
