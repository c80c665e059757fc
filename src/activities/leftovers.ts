import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { memberName, servicePolicyName } from '../domain/names';
import { workNamespace, type Work } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../kube/object';
import type { ActivityContext } from './context';
import type { Layout } from './layout';
import { ordinalsOf } from './manifests';
import { TEMPLATE_KINDS } from './remains';
import { deleteProtected, listInstanceWorks, listOwn } from './removal';

const POLL_MS = 500;
const PATIENCE_MS = 45_000;

/**
 * What members that left have left: Service templates that no member uses any more, and in the clusters the objects
 * that Karmada has let go (S28: it deletes nothing by itself). Only what no Work carries any more is deleted.
 * @returns what is still there; undefined: nothing
 */
export async function sweepLeftovers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<string | undefined> {
  await deleteUnusedServices(context, cr, layout);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    heartbeat('leftovers');
    const works = await listInstanceWorks(context, cr);
    const clusters = [
      ...new Set([...layout.dispatched, ...layout.shares].map(({ cluster }) => cluster)),
    ].filter((cluster) => !layout.fenced.includes(cluster));
    const left = (
      await Promise.all(clusters.map((cluster) => sweepCluster(context, cr, layout, cluster, works)))
    ).flat();
    if (left.length === 0) return undefined;
    if (Date.now() > deadline) return left.join('; ');
    await sleep(POLL_MS);
  }
}

async function deleteUnusedServices(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<void> {
  const { name } = cr.metadata;
  const services = new Set(ordinalsOf(layout).map((ordinal) => memberName(name, ordinal)));
  const policies = new Set(ordinalsOf(layout).map((ordinal) => servicePolicyName(name, ordinal)));
  for (const service of await listOwn(context, cr, KINDS.service)) {
    if (!services.has(service.metadata.name)) await deleteProtected(context, KINDS.service, cr, service);
  }
  for (const policy of await listOwn(context, cr, KINDS.propagationPolicy)) {
    const isOfService = policy.metadata.labels[LABELS.servicePolicy] !== undefined;
    if (isOfService && !policies.has(policy.metadata.name))
      await deleteProtected(context, KINDS.propagationPolicy, cr, policy);
  }
}

/** @returns what is still there, or why the cluster could not be swept */
async function sweepCluster(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  cluster: string,
  works: readonly Work[],
): Promise<string[]> {
  const { name } = cr.metadata;
  const namespace = namespaceOf(cr);
  const stays = [...layout.shares, ...layout.leaving].some((share) => share.cluster === cluster);
  const here = [...layout.members, ...layout.leaving].filter((member) => member.cluster === cluster);
  const services = new Set(here.map((member) => memberName(name, member.ordinal)));
  const isWanted = (kind: Kind, object: KubeObject): boolean =>
    stays && (kind !== KINDS.service || services.has(object.metadata.name) || !isDelivered(object));
  const carried = carriedIn(cluster, works);
  const left: string[] = [];
  try {
    const kube = await context.members.kubeOf(cluster);
    const options = { namespace, labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` };
    for (const kind of stays ? [KINDS.service] : TEMPLATE_KINDS) {
      for (const object of (await kube.list(kind, options, objectSchema)).items) {
        if (isWanted(kind, object)) continue;
        left.push(`${cluster}: ${kind.kind} ${object.metadata.name}`);
        if (carried.has(`${kind.kind}/${object.metadata.name}`)) continue;
        if (object.metadata.deletionTimestamp !== undefined) continue;
        const ref = { kind, namespace, name: object.metadata.name };
        await kube.delete(ref, { uid: object.metadata.uid }).catch(ignoreGone);
      }
    }
  } catch (error) {
    if (!isFedStateError(error, 'Unreachable')) throw error;
    return stays
      ? []
      : [`cluster ${cluster} cannot be reached: what it holds of the instance is removed when it is back`];
  }
  return left;
}

/**
 * Services that the member manager made itself (exporter) are its own to remove: they have an owner there, which Karmada
 * gives to nothing. Labels do not tell: a template loses its protection before it is deleted, and so may its copies.
 */
const isDelivered = (object: KubeObject): boolean => object.metadata.ownerReferences.length === 0;

function carriedIn(cluster: string, works: readonly Work[]): Set<string> {
  return new Set(
    works
      .filter((work) => work.metadata.namespace === workNamespace(cluster))
      .flatMap((work) => work.spec.workload.manifests)
      .flatMap((manifest) => {
        const read = objectSchema.safeParse(manifest);
        return read.success ? [`${read.data.kind ?? ''}/${read.data.metadata.name}`] : [];
      }),
  );
}

function ignoreGone(error: unknown): void {
  if (!isFedStateError(error, 'NotFound')) throw error;
}
