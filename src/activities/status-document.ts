import type { MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import { mergeConditions } from '../domain/condition';
import type { HealthVerdict } from '../domain/health';
import type { HealthWord, OperationProgress, OperationRecord } from '../domain/instance';
import type { Placement } from '../domain/placement';
import { composeElection, type Recovery } from './elections';
import { barredClusters, isPlacementDue } from './placement';
import { composeRecoveries, outageOf } from './recoveries';
import { composeConditions, isChanging, isSoaking } from './status-conditions';
import type { StatusFacts } from './status-facts';

const MAX_RECORDS = 10;

/** The whole `.status`: fields and words of the original API, and ours. */
export function composeStatus(facts: StatusFacts): MultiCloudMongoDBStatus {
  const before = facts.cr.status ?? {};
  const { health } = facts;
  const placement = facts.placement.done ? facts.placement.value : undefined;
  const result = composeResult(facts, placement);
  const operation =
    facts.progress === undefined
      ? before.operation
      : composeOperation(facts.progress, before.operation, facts.now);
  const state = judgeState(facts, operation);
  const recoveries = composeRecoveries(facts, state);
  const ready = (health?.members ?? []).filter((member) =>
    ['PRIMARY', 'SECONDARY', 'ARBITER'].includes(member.role),
  ).length;
  return {
    state,
    observedGeneration: facts.cr.metadata.generation ?? 0,
    ...(health === undefined ? {} : { externalAddr: externalAddresses(health, placement) }),
    ...(facts.connectionString === undefined ? {} : { connectionString: facts.connectionString }),
    ...(facts.image === undefined ? {} : { image: facts.image }),
    ...(health?.primaryHost === undefined ? {} : { primary: health.primaryHost }),
    ...(health?.featureCompatibilityVersion === undefined
      ? {}
      : { featureCompatibilityVersion: health.featureCompatibilityVersion }),
    readyMembers: `${ready}/${placement?.members.length ?? facts.cr.spec.replicaset}`,
    ...(health === undefined ? {} : { margin: Math.max(0, health.margin) }),
    result,
    ...(health === undefined ? {} : { members: composeMembers(facts, health) }),
    ...(placement === undefined ? {} : { placement: composePlacement(facts, placement) }),
    ...(operation === undefined ? {} : { operation }),
    operations: composeRecords(before, facts.record, recoveries.recoveries ?? []),
    ...recoveries,
    ...composeElection(facts),
    conditions: mergeConditions(
      before.conditions ?? [],
      composeConditions(facts, state, operation),
      facts.now,
    ),
  };
}

/** Serving, but not what the spec has come to ask for (but for a soak: then all of it runs), or no longer in our hands, is not as desired. */
function judgeState(facts: StatusFacts, operation: MultiCloudMongoDBStatus['operation']): HealthWord {
  const { health, strayed, deviations } = facts;
  const word = health?.word ?? 'UnKnown';
  const changing = isChanging(facts) && !isSoaking(operation);
  const differs = changing || strayed.length > 0 || (deviations ?? []).length > 0;
  return word === 'Health' && differs ? 'SubHealth' : word;
}

function composeResult(
  facts: StatusFacts,
  placement: Placement | undefined,
): NonNullable<MultiCloudMongoDBStatus['result']> {
  return (placement?.shares ?? [])
    .filter((share) => share.replicaset > 0 || share.arbiter === true)
    .map((share) => {
      const report = facts.reports.get(share.cluster);
      const members = (facts.health?.members ?? []).filter((member) => member.cluster === share.cluster);
      return {
        cluster: share.cluster,
        ...(report?.applied === true ? { applied: true } : {}),
        replicasetSpec: share.replicaset,
        replicasetStatus: (report?.status?.members ?? []).filter(
          (member) => member.ready && member.ordinal !== 'arbiter',
        ).length,
        ...(members.length === 0
          ? {}
          : { connectAddrWithRole: Object.fromEntries(members.map((member) => [member.host, member.role])) }),
        currentRevision: report?.status?.currentRevision ?? 'Unknown',
        state: report?.status?.state ?? 'Unknown',
      };
    });
}

/** Data-bearing members that are in the set and answer, cluster by cluster in placement order. */
function externalAddresses(health: HealthVerdict, placement: Placement | undefined): string {
  const order = (placement?.shares ?? []).map((share) => share.cluster);
  const serving = health.members.filter((member) => member.role === 'PRIMARY' || member.role === 'SECONDARY');
  return order
    .flatMap((cluster) => serving.filter((member) => member.cluster === cluster).map((member) => member.host))
    .join(',');
}

function composeMembers(
  facts: StatusFacts,
  health: HealthVerdict,
): NonNullable<MultiCloudMongoDBStatus['members']> {
  return health.members.map((member) => {
    const pod = facts.reports
      .get(member.cluster)
      ?.status?.members?.find((entry) => entry.ordinal === member.ordinal);
    return {
      cluster: member.cluster,
      ordinal: String(member.ordinal),
      host: member.host,
      role: member.role,
      votes: member.votes,
      ...(member.lagSeconds === undefined ? {} : { lagSeconds: member.lagSeconds }),
      ...(member.version === undefined ? {} : { version: member.version }),
      ...(member.syncSource === undefined ? {} : { sync: member.syncSource }),
      ...(pod === undefined ? {} : { ready: pod.ready }),
      ...(pod?.reason === undefined ? {} : { reason: pod.reason }),
    };
  });
}

function composePlacement(
  { cr, warnings, created }: StatusFacts,
  placement: Placement,
): NonNullable<MultiCloudMongoDBStatus['placement']> {
  const before = cr.status ?? {};
  // Where members belong is remembered while a cluster is drained or lost, and until they have been placed again.
  const isPassing = created && (barredClusters(cr).length > 0 || isPlacementDue(cr));
  const current = placement.shares.map((share) => ({
    cluster: share.cluster,
    replicaset: share.replicaset,
    ...(share.arbiter === true ? { arbiter: true } : {}),
  }));
  const said = [...placement.warnings, ...warnings];
  return {
    preferred: isPassing ? (before.placement?.preferred ?? current) : current,
    current,
    survivesAnyCluster: placement.quorum.survivesAnyCluster,
    ...(placement.quorum.fatalClusters.length === 0
      ? {}
      : { fatalClusters: [...placement.quorum.fatalClusters] }),
    ...(before.placement?.reasons === undefined ? {} : { reasons: before.placement.reasons }),
    ...(said.length === 0 ? {} : { warnings: said }),
  };
}

function composeOperation(
  progress: OperationProgress | null,
  before: MultiCloudMongoDBStatus['operation'],
  now: string,
): MultiCloudMongoDBStatus['operation'] {
  if (progress === null) return undefined;
  const unchanged = before?.step === progress.step && before.waitingFor === progress.wait?.message;
  return {
    kind: progress.kind,
    step: progress.step,
    ...(progress.wait === undefined
      ? {}
      : { waitReason: progress.wait.code, waitingFor: progress.wait.message }),
    since: unchanged ? (before.since ?? now) : now,
    workflowId: progress.workflowId,
  };
}

function composeRecords(
  before: MultiCloudMongoDBStatus,
  record: OperationRecord | undefined,
  recoveries: readonly Recovery[],
): NonNullable<MultiCloudMongoDBStatus['operations']> {
  const past = (before.operations ?? []).filter((one) => one.workflowId !== record?.workflowId);
  if (record === undefined) return past;
  const { writeOutageMs, ...told } = record;
  const own = recoveries.filter((one) => one.workflowId === record.workflowId);
  const outage = outageOf({ writeOutageMs }, own);
  const fresh = { ...told, ...(outage === undefined ? {} : { writeOutageSeconds: outage.seconds }) };
  return [fresh, ...past].slice(0, MAX_RECORDS);
}
