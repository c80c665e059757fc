import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { ShutMark } from '../domain/loss';
import { claimName } from '../domain/names';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import type { ActivityContext } from './context';

const claimSchema = z.looseObject({ metadata: metadataSchema });

/**
 * Why a cluster that was cut off by force takes no members yet: on its old volumes they would begin with the old
 * configuration, in which they may be a majority (S4), and what only they hold is a person's to salvage.
 */
export async function findCutOffVolume(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
  shut: ShutMark | undefined,
): Promise<string | undefined> {
  if (shut?.forced === undefined) return undefined;
  const kube = await context.members.kubeOf(cluster);
  const namespace = namespaceOf(cr);
  const found: string[] = [];
  for (const ordinal of shut.ordinals) {
    const name = claimName(cr.metadata.name, cr.metadata.uid, ordinal);
    const claim = await kube.get({ kind: KINDS.persistentVolumeClaim, namespace, name }, claimSchema);
    if (claim !== undefined) found.push(name);
  }
  return found.length === 0
    ? undefined
    : `Cluster ${cluster} was cut off by a forced configuration at ${shut.forced} and still has the volumes of then: take out of them what only they hold, delete the claims (kubectl -n ${namespace} delete pvc ${found.join(' ')}), and ask again (S4).`;
}
