import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { readSchedulerResult } from '../api/scheduler-result';
import type { ClusterCapacity } from '../domain/capacity';
import { isFedStateError } from '../domain/errors';
import { ANNOTATIONS, SCHEDULER_NAME } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { ClusterReason, Placement } from '../domain/placement';
import { readBinding, reportsOf } from '../karmada/binding';
import { listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { mongodbProfile } from '../scheduler/mongodb-profile';
import { placementOfResult } from '../scheduler/placement-of-result';
import { scheduleMembers, type ScheduleRequest } from '../scheduler/schedule';
import { readCapacity } from './capacity';
import { annotateInstance, loadInstance, refOf, type ActivityContext, type InstanceInput } from './context';
import { readLedger, writePromise, type RoomPromise } from './room-ledger';
import { isCreated } from './instance-marks';
import { requestAsBuilt, requestOf } from './schedule-request';

// Decisions of other instances in between; each retry reads capacity afresh.
const LEDGER_ATTEMPTS = 5;

const currentSchema = z.looseObject({
  placement: z.looseObject({
    current: z.array(z.looseObject({ cluster: z.string(), replicaset: z.number() })),
  }),
});

/** Where another instance is. One that cannot be read whole must not stop the others from being placed. */
const placedInstanceSchema = z
  .looseObject({ metadata: metadataSchema, status: z.unknown().optional() })
  .transform(({ metadata, status }) => {
    const read = currentSchema.safeParse(status);
    return { metadata, current: read.success ? read.data.placement.current : [] };
  });
type PlacedInstance = z.infer<typeof placedInstanceSchema>;

export interface PlacementSummary {
  readonly clusters: readonly string[];
  readonly summary: string;
  readonly placement: Placement;
}

export function createPlacementActivities(context: ActivityContext) {
  return {
    /** The placement that stands, or a new one by present room, reserved until the members run. */
    async placeInstance({ instance }: InstanceInput): Promise<StageResult<PlacementSummary>> {
      const cr = await loadInstance(context, instance);
      const standing = await readPlacement(context, cr);
      if (standing.done) return done(summarise(standing.value));
      const foreign = cr.spec.scheduler.schedulerName !== SCHEDULER_NAME;
      if (foreign || (standing.wait.code === 'SchedulerResultInvalid' && !isOutdated(cr))) return standing;
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await decide(context, cr);
        } catch (error) {
          if (!isFedStateError(error, 'Conflict') || attempt === LEDGER_ATTEMPTS) throw error;
        }
      }
    },
  };
}

async function decide(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<PlacementSummary>> {
  const ledger = await readLedger(context);
  const instances = (await context.karmada.list(KINDS.multiCloudMongoDB, {}, placedInstanceSchema)).items;
  const living = new Set(instances.map((other) => other.metadata.uid));
  const capacity = withPlacedInstances(await readCapacity(context), instances, cr);
  const others = ledger.promises.filter(
    (promise) => promise.uid !== cr.metadata.uid && living.has(promise.uid),
  );
  const request = {
    ...requestOf(cr, await existingMembers(context, cr)),
    reservations: others.flatMap((promise) => promise.items),
  };
  const verdict = scheduleMembers(request, capacity, mongodbProfile);
  await writeReasons(
    context,
    cr,
    verdict.outcome === 'scheduled' ? verdict.placement.reasons : verdict.reasons,
  );
  if (verdict.outcome === 'unschedulable')
    return waitFor({ code: 'Unschedulable', message: verdict.message });
  const { placement } = verdict;
  await writePromise(context, ledger.version, promiseOf(cr, request, placement));
  const result = { ClusterWithReplicaset: placement.shares };
  await annotateInstance(context, cr, { [ANNOTATIONS.schedulerResult]: JSON.stringify(result) });
  return done(summarise(placement));
}

/** Why each cluster was chosen or not: kept in status, as the annotation has no place for it. */
async function writeReasons(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  reasons: readonly ClusterReason[],
): Promise<void> {
  const ref = refOf({ namespace: namespaceOf(cr), name: cr.metadata.name });
  await context.karmada.mergePatch(
    ref,
    { metadata: { uid: cr.metadata.uid }, status: { placement: { reasons } } },
    'status',
  );
}

/** A placement that was right for another `replicaset`: ours to make again, unlike one that never was right. */
function isOutdated(cr: MultiCloudMongoDB): boolean {
  try {
    const { ClusterWithReplicaset: shares } = readSchedulerResult(
      cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '',
    );
    return shares.reduce((sum, share) => sum + share.replicaset, 0) !== cr.spec.replicaset;
  } catch {
    return false;
  }
}

/** The placement written in the annotation, whoever wrote it; or why there is none that holds. */
export async function readPlacement(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<Placement>> {
  const annotation = cr.metadata.annotations[ANNOTATIONS.schedulerResult];
  if (annotation === undefined || annotation === '') {
    return waitFor({
      code: 'SchedulerResultMissing',
      message: `Annotation ${ANNOTATIONS.schedulerResult} is not written yet by scheduler ${cr.spec.scheduler.schedulerName}.`,
    });
  }
  const registered = (await listClusters(context.karmada)).map((cluster) => cluster.metadata.name);
  try {
    const result = readSchedulerResult(annotation);
    // What runs in a cluster that was unregistered is still part of the replica set.
    const clusters = isCreated(cr)
      ? [...registered, ...result.ClusterWithReplicaset.map((share) => share.cluster)]
      : registered;
    return done(placementOfResult(result, requestAsBuilt(cr, result), clusters, mongodbProfile));
  } catch (error) {
    if (!isFedStateError(error, 'InvalidSpec')) throw error;
    return waitFor({
      code: 'SchedulerResultInvalid',
      message: `Annotation ${ANNOTATIONS.schedulerResult}: ${error.message} Correct it, or remove it to have it made again.`,
    });
  }
}

/** Members of this instance that have a node already: their room is theirs. */
async function existingMembers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<ScheduleRequest['existing']> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  return [...reportsOf(binding).values()].flatMap((report) =>
    (report.status?.members ?? []).flatMap((member) =>
      member.node === undefined
        ? []
        : [{ cluster: report.cluster, ordinal: member.ordinal, node: member.node }],
    ),
  );
}

function withPlacedInstances(
  capacity: readonly ClusterCapacity[],
  instances: readonly PlacedInstance[],
  self: MultiCloudMongoDB,
): ClusterCapacity[] {
  const holds = (other: PlacedInstance, cluster: string): boolean =>
    other.current.some((share) => share.cluster === cluster && share.replicaset > 0);
  return capacity.map((cluster) => ({
    ...cluster,
    instancesPlaced: instances
      .filter((other) => other.metadata.uid !== self.metadata.uid && holds(other, cluster.name))
      .map((other) => `${other.metadata.namespace ?? 'default'}/${other.metadata.name}`),
  }));
}

function promiseOf(cr: MultiCloudMongoDB, request: ScheduleRequest, placement: Placement): RoomPromise {
  return {
    uid: cr.metadata.uid,
    items: placement.members.map((member) => ({
      cluster: member.cluster,
      ...(member.ordinal === 'arbiter' ? request.arbiterResources : request.perMember),
    })),
  };
}

function summarise(placement: Placement): PlacementSummary {
  const shares = placement.shares.filter((share) => share.replicaset > 0 || share.arbiter === true);
  const spread = shares.map(
    (share) => `${share.cluster} ${share.replicaset}${share.arbiter === true ? ' + arbiter' : ''}`,
  );
  const quorum = placement.quorum.survivesAnyCluster
    ? 'survives the loss of any one cluster'
    : `loss of ${placement.quorum.fatalClusters.join(' or ')} would stop writes`;
  return {
    clusters: shares.map((share) => share.cluster),
    summary: `${spread.join(', ')}; ${quorum}`,
    placement,
  };
}
