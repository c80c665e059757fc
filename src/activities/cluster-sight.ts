import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { ageSeconds, continueSighting, neededSeconds, returnSeconds, type Sightings } from '../domain/loss';
import { ANNOTATIONS } from '../domain/marks';
import type { ReplicaSetObservation } from '../domain/replica-set';
import { isReady, listClusters, readyCondition, type Cluster } from '../karmada/cluster';
import { judgeClusters, type Evidence, type PlatformSight } from '../planner/judge-clusters';
import { annotateInstance, type ActivityContext } from './context';
import { addressedPlaces, type Layout } from './layout';
import { lostClusters, readLossMarks, readReturnTimes, readSightings, writeEntries } from './loss-marks';

/** Two SYNs may be lost: they are sent again after one second, and two more. */
const PROBE_MS = 4_000;
/** While a streak grows it is written down at this pace; when it is long enough there is nothing to add. */
const NOTE_MS = 15_000;

/** API servers as one look asks them, each once. */
export interface Probes {
  readonly asked: readonly string[];
  ask(cluster: string): Promise<boolean>;
}

/** Asks these at once: a dead one takes its time, in which the members can be asked. */
export function startProbes(context: ActivityContext, asked: readonly string[]): Probes {
  const answers = new Map(asked.map((cluster) => [cluster, probe(context, cluster)]));
  return { asked, ask: (cluster) => answers.get(cluster) ?? probe(context, cluster) };
}

/** Both views of every cluster at this moment (S20); API servers are asked only where the answer could matter. */
export async function gatherEvidence(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  observation: ReplicaSetObservation,
  probes: Probes = startProbes(context, []),
): Promise<Evidence> {
  const clusters = await listClusters(context.karmada);
  const clusterOf = new Map(addressedPlaces(layout).map(({ host, cluster }) => [host, cluster]));
  const facts = { observation, clusterOf, marks: readLossMarks(cr) };
  const platform = clusters.map(sightOfKarmada);
  const { silent } = judgeClusters({ ...facts, platform });
  const doubtful = new Set([...silent, ...lostClusters(cr), ...probes.asked]);
  const probed = await Promise.all(
    platform.map(async (one) => {
      const api = silent.length > 0 || doubtful.has(one.cluster) ? await probes.ask(one.cluster) : undefined;
      return { ...one, api };
    }),
  );
  return judgeClusters({ ...facts, platform: probed });
}

/** What Karmada says of a cluster. */
export const sightOfKarmada = (cluster: Cluster): PlatformSight => ({
  cluster: cluster.metadata.name,
  ready: isReady(cluster),
  readySince: readyCondition(cluster)?.lastTransitionTime,
});

/** Whether a member's API server answers anything but that nobody is there. */
export async function probe(context: ActivityContext, cluster: string): Promise<boolean> {
  try {
    const { transport } = await context.members.kubeOf(cluster);
    await transport.request({ method: 'GET', path: '/readyz', timeoutMs: PROBE_MS });
    return true;
  } catch (error) {
    return !isFedStateError(error, 'Unreachable') && !isFedStateError(error, 'NotFound');
  }
}

/** Writes streaks down as they begin, grow and end. @returns them as they stand now */
export async function noteSightings(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  evidence: Evidence,
): Promise<Sightings> {
  const before = readSightings(cr);
  const now = context.now();
  const after = Object.fromEntries(
    Object.entries(evidence.looks).map(([cluster, look]) => [
      cluster,
      continueSighting(before[cluster], look, now),
    ]),
  );
  if (isNews(cr, before, after, now))
    await annotateInstance(context, cr, { [ANNOTATIONS.sightings]: writeEntries(after) });
  return after;
}

function isNews(cr: MultiCloudMongoDB, before: Sightings, after: Sightings, now: Date): boolean {
  const names = Object.keys(after);
  if (names.length !== Object.keys(before).length) return true;
  const marks = readLossMarks(cr);
  const { delaySeconds } = cr.spec.failover;
  return names.some((cluster) => {
    const [old, fresh] = [before[cluster], after[cluster]];
    if (old === undefined || fresh === undefined) return true;
    const same =
      old.looks === fresh.looks &&
      old.since === fresh.since &&
      old.confirmed === fresh.confirmed &&
      old.hold === fresh.hold;
    if (!same) return true;
    const isDecided = fresh.looks === 'dead' && marks[cluster] !== undefined;
    const needed =
      fresh.looks === 'dead'
        ? neededSeconds(delaySeconds, readReturnTimes(cr)[cluster], now)
        : returnSeconds(delaySeconds);
    // Past what is needed the beginning alone tells.
    const isGrown = ageSeconds(old, new Date(old.last)) > needed;
    return !isDecided && !isGrown && now.getTime() - Date.parse(old.last) >= NOTE_MS;
  });
}
