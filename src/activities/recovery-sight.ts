import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError, messageOf } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { podName, REPLICA_SET_NAME } from '../domain/names';
import { done, type StageResult } from '../domain/operation';
import { listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema, seenConditionsSchema } from '../kube/object';
import { dialMember } from '../mongodb/dial';
import type { PlatformSight } from '../planner/judge-clusters';
import type { RecoverySight } from '../planner/recovery-sight';
import { probe, sightOfKarmada } from './cluster-sight';
import type { ActivityContext } from './context';
import { addressedPlaces, readLayout } from './layout';
import { observeInstance } from './replica-set';

const DIAL_MS = 2_000;

const podSchema = z.looseObject({
  metadata: metadataSchema,
  status: z
    .looseObject({
      conditions: seenConditionsSchema,
    })
    .default({ conditions: [] }),
});

/** Every view that there is, at this moment: members, Karmada, API servers, pods, and whether anything listens. */
export async function seeRecovery(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<RecoverySight>> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return layout;
  const places = addressedPlaces(layout.value);
  const hosts = [...new Set(places.map(({ host }) => host))];
  const observation = await observeInstance(context, cr, hosts);
  const silent = observation.unreachable.map(({ host }) => host);
  const [platform, listening] = await Promise.all([seePlatform(context), listListening(silent)]);
  const signs = new Map(listening.map((host) => [host, 'its address takes connections']));
  const untold = new Map<string, string>();
  const asked = new Set(
    places
      .filter(({ host, cluster }) => silent.includes(host) && isAnswering(platform, cluster))
      .map(({ cluster }) => cluster),
  );
  for (const cluster of asked) {
    const ready = await listReadyPods(context, cr, cluster);
    if (typeof ready === 'string') untold.set(cluster, ready);
    else
      for (const { host, ordinal } of places.filter((place) => place.cluster === cluster))
        if (silent.includes(host) && ready.has(podName(cr.metadata.name, ordinal)))
          signs.set(host, `cluster ${cluster} calls its pod ready`);
  }
  return done({
    setName: REPLICA_SET_NAME,
    generation: cr.metadata.generation ?? 0,
    observation,
    clusterOf: new Map(places.map(({ host, cluster }) => [host, cluster])),
    platform,
    signs,
    untold,
  });
}

const isAnswering = (platform: readonly PlatformSight[], cluster: string): boolean =>
  platform.find((one) => one.cluster === cluster)?.api === true;

async function seePlatform(context: ActivityContext): Promise<PlatformSight[]> {
  const clusters = await listClusters(context.karmada);
  return Promise.all(
    clusters.map(async (cluster): Promise<PlatformSight> => ({
      ...sightOfKarmada(cluster),
      api: await probe(context, cluster.metadata.name),
    })),
  );
}

/** One that is stopped answers nothing, but may go on at any moment: its kernel still takes connections. */
async function listListening(hosts: readonly string[]): Promise<string[]> {
  const listens = await Promise.all(
    hosts.map((host) =>
      dialMember(host, DIAL_MS).then(
        () => true,
        () => false,
      ),
    ),
  );
  return hosts.filter((_, index) => listens[index] === true);
}

/** Names of pods that their own cluster calls ready; a text: why it does not tell. */
async function listReadyPods(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
): Promise<ReadonlySet<string> | string> {
  try {
    const kube = await context.members.kubeOf(cluster);
    const labelSelector = `${LABELS.instance}=${cr.metadata.name}`;
    const page = await kube.list(KINDS.pod, { namespace: namespaceOf(cr), labelSelector }, podSchema);
    const isPodReady = ({ status }: z.infer<typeof podSchema>): boolean =>
      status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
    return new Set(page.items.filter(isPodReady).map(({ metadata }) => metadata.name));
  } catch (error) {
    if (!isFedStateError(error)) throw error;
    return messageOf(error);
  }
}
