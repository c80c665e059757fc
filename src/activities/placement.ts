import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { readSchedulerResult } from '../api/scheduler-result';
import type { ClusterCapacity } from '../domain/capacity';
import { FedStateError, isFedStateError } from '../domain/errors';
import type { Wait } from '../domain/instance';
import { ANNOTATIONS, SCHEDULER_NAME } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { ClusterReason, ClusterShare, MemberPlace, Placement } from '../domain/placement';
import { readBinding, reportsOf } from '../karmada/binding';
import { listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { mongodbProfile } from '../scheduler/mongodb-profile';
import { placementOfResult } from '../scheduler/placement-of-result';
import { scheduleMembers, type ScheduleRequest } from '../scheduler/schedule';
import { readCapacity, readCapacityOfAll } from './capacity';
import { annotateInstance, loadInstance, refOf, type ActivityContext, type InstanceInput } from './context';
import { readLedger, writePromise, type RoomPromise } from './room-ledger';
import { isCreated } from './instance-marks';
import { lostClusters } from './loss-marks';
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
          const proposed = await propose(context, cr, readCapacityOfAll);
          await writeReasons(context, cr, proposed.reasons);
          if (proposed.kind === 'refused') return waitFor(proposed.wait);
          await keepPlacement(context, cr, proposed);
          return done(summarise(proposed.placement));
        } catch (error) {
          if (!isFedStateError(error, 'Conflict') || attempt === LEDGER_ATTEMPTS) throw error;
        }
      }
    },
  };
}

/**
 * Writes the placement of a plan, and reserves its room.
 * @throws Superseded when by now another would be chosen
 */
export async function writePlacement(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  shares: readonly ClusterShare[],
): Promise<StageResult<string>> {
  const proposed = await propose(context, cr);
  await writeReasons(context, cr, proposed.reasons);
  if (proposed.kind === 'refused') return waitFor(proposed.wait);
  const { placement } = proposed;
  if (JSON.stringify(placement.shares) !== JSON.stringify(shares))
    throw new FedStateError('Superseded', 'The room in the clusters has changed since the plan was made.');
  try {
    await keepPlacement(context, cr, proposed);
  } catch (error) {
    if (!isFedStateError(error, 'Conflict')) throw error;
    throw new FedStateError('Superseded', 'Another instance was placed meanwhile.', {}, { cause: error });
  }
  return done(summarise(placement).summary);
}

interface Proposal {
  readonly kind: 'placed';
  readonly placement: Placement;
  readonly reasons: readonly ClusterReason[];
  readonly promise: RoomPromise;
  readonly ledgerVersion: string | undefined;
}

interface Refusal {
  readonly kind: 'refused';
  readonly wait: Wait;
  readonly reasons: readonly ClusterReason[];
}

/** A placement by present room, beside what others were promised. Writes nothing. */
async function propose(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  read: typeof readCapacity = readCapacity,
): Promise<Proposal | Refusal> {
  const ledger = await readLedger(context);
  const instances = (await context.karmada.list(KINDS.multiCloudMongoDB, {}, placedInstanceSchema)).items;
  const living = new Set(instances.map((other) => other.metadata.uid));
  const capacity = withPlacedInstances(await read(context), instances, cr);
  const others = ledger.promises.filter(
    (promise) => promise.uid !== cr.metadata.uid && living.has(promise.uid),
  );
  const request = {
    ...requestOf(cr, stayingMembers(cr, await existingMembers(context, cr))),
    excludedClusters: [
      ...lostClusters(cr).map((cluster) => ({ cluster, reason: 'it is lost' })),
      ...drainedClusters(cr).map((cluster) => ({ cluster, reason: 'it is drained' })),
    ],
    reservations: others.flatMap((promise) => promise.items),
  };
  const verdict = scheduleMembers(request, capacity, mongodbProfile);
  if (verdict.outcome === 'unschedulable') {
    const wait = { code: 'Unschedulable', message: verdict.message } as const;
    return { kind: 'refused', wait, reasons: verdict.reasons };
  }
  const { placement } = verdict;
  return {
    kind: 'placed',
    placement,
    reasons: placement.reasons,
    promise: promiseOf(cr, request, placement),
    ledgerVersion: ledger.version,
  };
}

async function keepPlacement(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { placement, promise, ledgerVersion }: Proposal,
): Promise<void> {
  await writePromise(context, ledgerVersion, promise);
  const result = { ClusterWithReplicaset: placement.shares };
  await annotateInstance(context, cr, {
    [ANNOTATIONS.schedulerResult]: JSON.stringify(result),
    [ANNOTATIONS.placedFor]: describePlacementWish(cr),
  });
}

/** The placement that a change would bring; undefined: the one that is written answers the spec. */
export async function proposeChange(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<Placement | undefined>> {
  if (!isPlacementDue(cr)) return done(undefined);
  const proposed = await propose(context, cr);
  return proposed.kind === 'placed' ? done(proposed.placement) : waitFor(proposed.wait);
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

/** Clusters that shall hold no member of this instance. */
export const drainedClusters = (cr: MultiCloudMongoDB): string[] =>
  [
    ...new Set(
      (cr.metadata.annotations[ANNOTATIONS.drained] ?? '')
        .split(',')
        .map((name) => name.trim())
        .filter((name) => name !== ''),
    ),
  ].sort();

/** Clusters that take no member of this instance now: drained by people, or lost. */
export const barredClusters = (cr: MultiCloudMongoDB): string[] =>
  [...new Set([...drainedClusters(cr), ...lostClusters(cr)])].sort();

/** What of the wish a placement answers. */
const describePlacementWish = (cr: MultiCloudMongoDB): string =>
  [cr.spec.replicaset, cr.spec.config.arbiter, ...barredClusters(cr)].join('/');

/** Lost clusters for which the placement that stands was not made yet. */
export const unplacedLosses = (cr: MultiCloudMongoDB): string[] =>
  lostClusters(cr).filter((cluster) => !barredBefore(cr).includes(cluster));

/** Clusters that were drained or lost when the placement was made that stands. */
const barredBefore = (cr: MultiCloudMongoDB): string[] =>
  (cr.metadata.annotations[ANNOTATIONS.placedFor] ?? '').split('/').slice(2);

/**
 * Members that run stay where they are, as a move is an operation of its own. That a cluster is given back is one: then
 * only so many stay in each as were there before, and the others go to where room and votes are (S8).
 */
function stayingMembers(
  cr: MultiCloudMongoDB,
  existing: ScheduleRequest['existing'],
): ScheduleRequest['existing'] {
  const barred = barredClusters(cr);
  if (barredBefore(cr).every((cluster) => barred.includes(cluster))) return existing;
  const preferred = new Map(
    (cr.status?.placement?.preferred ?? []).map((share) => [share.cluster, share.replicaset]),
  );
  return existing.filter(
    ({ cluster, ordinal }) => ordinal === 'arbiter' || ordinal < (preferred.get(cluster) ?? 0),
  );
}

/** Whether a running instance must be placed anew; a placement that was edited by hand answers until the spec asks for another. */
export function isPlacementDue(cr: MultiCloudMongoDB): boolean {
  if (cr.spec.scheduler.schedulerName !== SCHEDULER_NAME) return false;
  if ((cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '') === '') return true;
  const placedFor = cr.metadata.annotations[ANNOTATIONS.placedFor];
  return placedFor === undefined
    ? isOutdated(cr) || barredClusters(cr).length > 0
    : placedFor !== describePlacementWish(cr);
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
  const isThere = (place: MemberPlace): boolean =>
    request.existing.some((one) => one.cluster === place.cluster && one.ordinal === place.ordinal);
  return {
    uid: cr.metadata.uid,
    // What runs already shows on its node.
    items: placement.members
      .filter((member) => !isThere(member))
      .map((member) => ({
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
