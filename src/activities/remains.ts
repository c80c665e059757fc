import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { readSchedulerResult } from '../api/scheduler-result';
import { isFedStateError, messageOf } from '../domain/errors';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { isReady, listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../kube/object';
import type { ActivityContext } from './context';

/** Kinds that Karmada carries into members. */
export const TEMPLATE_KINDS = [KINDS.mongoDB, KINDS.service, KINDS.configMap, KINDS.secret] as const;

/** What clusters still hold of an instance that is being removed. */
export interface Remains {
  /** Objects in clusters that answer. */
  readonly left: readonly string[];
  /** Clusters that hold, or may hold, members and cannot be asked: Karmada removes there when they return. */
  readonly unreachable: readonly string[];
  /** Clusters that hold members and that Karmada does not know any more: nobody removes there. */
  readonly unregistered: readonly string[];
}

/** All clusters at once: one that was cut off answers only by a timeout. */
export async function listRemains(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Remains> {
  const holders = clustersOf(cr);
  const clusters = await listClusters(context.karmada);
  const looks = await Promise.all(
    clusters.map(async (cluster) => {
      const { name } = cluster.metadata;
      return { name, left: isReady(cluster) ? await lookInto(context, cr, name) : undefined };
    }),
  );
  const known = new Set(clusters.map((cluster) => cluster.metadata.name));
  return {
    left: looks.flatMap((look) => look.left ?? []),
    unreachable: looks
      .filter(({ name, left }) => left === undefined && holders.has(name))
      .map(({ name }) => name),
    unregistered: [...holders].filter((name) => !known.has(name)),
  };
}

/** Takes away what Karmada has let go of; what is there still. Undefined when the cluster does not answer. */
async function lookInto(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
): Promise<string[] | undefined> {
  const options = { namespace: namespaceOf(cr), labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` };
  try {
    const kube = await context.members.kubeOf(cluster);
    const pages = await Promise.all(
      [...TEMPLATE_KINDS, KINDS.statefulSet, KINDS.pod].map(async (kind) => ({
        kind,
        items: (await kube.list(kind, options, objectSchema)).items,
      })),
    );
    for (const { kind, items } of pages) {
      for (const { metadata } of items.filter((item) => isReleased(kind, item))) {
        const ref = { kind, namespace: namespaceOf(cr), name: metadata.name };
        await kube.delete(ref, { uid: metadata.uid });
      }
    }
    return pages.flatMap(({ kind, items }) =>
      items.map((item) => `${cluster}: ${kind.kind} ${item.metadata.name}`),
    );
  } catch (error) {
    if (!isFedStateError(error, 'Unreachable')) throw error;
    context.logger.warn({ cluster, error: messageOf(error) }, 'member not reachable during removal');
    return undefined;
  }
}

/**
 * Carried there by Karmada once, and let go of: its template or policy was deleted by hand, so that nobody but us removes
 * it. What the member manager has made has an owner and goes with it.
 */
function isReleased(kind: Kind, { metadata }: KubeObject): boolean {
  return (
    TEMPLATE_KINDS.some((carried) => carried === kind) &&
    metadata.labels[LABELS.karmadaManaged] === undefined &&
    metadata.ownerReferences.length === 0 &&
    metadata.deletionTimestamp === undefined
  );
}

/** Clusters that hold members, or should, by the last placement and by what was reported. */
function clustersOf(cr: MultiCloudMongoDB): Set<string> {
  const shares = [...placed(cr), ...(cr.status?.placement?.current ?? [])].filter(
    (share) => share.replicaset > 0 || share.arbiter === true,
  );
  return new Set([...shares, ...(cr.status?.result ?? [])].map(({ cluster }) => cluster));
}

function placed(cr: MultiCloudMongoDB) {
  try {
    return readSchedulerResult(cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '')
      .ClusterWithReplicaset;
  } catch {
    // Somebody's own words: then the status alone tells.
    return [];
  }
}

/** Says what is left where, before the custom resource goes. @returns the same in short */
export async function tellUnseen(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { unreachable, unregistered }: Remains,
): Promise<string> {
  const notes = [
    ...(unreachable.length === 0 ? [] : [`Not reachable, removed when back: ${unreachable.join(', ')}.`]),
    ...(unregistered.length === 0
      ? []
      : [
          `Not registered with Karmada, so that members run on there with their data: ${unregistered.join(', ')}.`,
        ]),
  ];
  if (notes.length === 0) return 'all clusters are clean';
  await context.events.record(cr, {
    type: 'Warning',
    reason: 'RemovalIncomplete',
    action: 'Delete',
    note: notes.join(' '),
  });
  return `left to Karmada: ${unreachable.join(', ') || 'none'}; left to people: ${unregistered.join(', ') || 'none'}`;
}
