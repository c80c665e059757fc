import type { MultiCloudMongoDB, MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import { mergeConditions, type ConditionNews } from '../domain/condition';
import type { HealthVerdict } from '../domain/health';
import { CONDITIONS, type OperationProgress, type OperationRecord } from '../domain/instance';
import type { Placement } from '../domain/placement';
import type { StageResult } from '../domain/operation';
import type { ClusterReport } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { appliedGeneration, isPaused } from './instance-marks';

/** Everything the status is made of, read at one moment. */
export interface StatusFacts {
  readonly cr: MultiCloudMongoDB;
  readonly now: string;
  readonly annotation: string | undefined;
  readonly placement: StageResult<Placement>;
  readonly reports: ReadonlyMap<string, ClusterReport>;
  /** Absent until members have addresses. */
  readonly health: HealthVerdict | undefined;
  /** Undefined leaves what stands; null says that nothing is in hand. */
  readonly progress: OperationProgress | null | undefined;
  readonly record: OperationRecord | undefined;
  readonly created: boolean;
  readonly connectionString: string | undefined;
  readonly warnings: readonly string[];
  readonly image: string | undefined;
}

const MAX_RECORDS = 10;

/** The whole `.status`: fields and words of the original API, and ours. */
export function composeStatus(facts: StatusFacts): MultiCloudMongoDBStatus {
  const before = facts.cr.status ?? {};
  const { health } = facts;
  const placement = facts.placement.done ? facts.placement.value : undefined;
  const state = health?.word ?? 'UnKnown';
  const result = composeResult(facts, placement);
  const operation =
    facts.progress === undefined
      ? before.operation
      : composeOperation(facts.progress, before.operation, facts.now);
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
    readyMembers: `${ready}/${placement?.members.length ?? facts.cr.spec.replicaset}`,
    ...(health === undefined ? {} : { margin: Math.max(0, health.margin) }),
    result,
    ...(health === undefined ? {} : { members: composeMembers(facts, health) }),
    ...(placement === undefined ? {} : { placement: composePlacement(before, placement, facts.warnings) }),
    ...(operation === undefined ? {} : { operation }),
    operations: composeRecords(before, facts.record),
    conditions: mergeConditions(
      before.conditions ?? [],
      composeConditions(facts, state, operation),
      facts.now,
    ),
  };
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
  before: MultiCloudMongoDBStatus,
  placement: Placement,
  warnings: readonly string[],
): NonNullable<MultiCloudMongoDBStatus['placement']> {
  const current = placement.shares.map((share) => ({
    cluster: share.cluster,
    replicaset: share.replicaset,
    ...(share.arbiter === true ? { arbiter: true } : {}),
  }));
  const said = [...placement.warnings, ...warnings];
  return {
    preferred: before.placement?.preferred ?? current,
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
): NonNullable<MultiCloudMongoDBStatus['operations']> {
  const past = (before.operations ?? []).filter((one) => one.workflowId !== record?.workflowId);
  return record === undefined ? past : [{ ...record }, ...past].slice(0, MAX_RECORDS);
}

function composeConditions(
  facts: StatusFacts,
  state: NonNullable<MultiCloudMongoDBStatus['state']>,
  operation: MultiCloudMongoDBStatus['operation'],
): ConditionNews[] {
  const observedGeneration = facts.cr.metadata.generation ?? 0;
  const news = (type: string, status: boolean, reason: string, message: string): ConditionNews => ({
    type,
    status: status ? 'True' : 'False',
    reason,
    message,
    observedGeneration,
  });
  const serves = state === 'Health' || state === 'SubHealth';
  const why = (facts.health?.reasons ?? []).join('; ');
  const wait = operation?.waitReason;
  return [
    serves
      ? news(
          CONDITIONS.ready,
          true,
          'ServerReady',
          'Service Dispatch Successful And Ready For External Service',
        )
      : news(
          CONDITIONS.ready,
          false,
          'ServerReady',
          `Service Dispatch Failed And NotReady For External Service${why === '' ? '' : `, Err: ${why}`}`,
        ),
    checkCondition(facts, news),
    scheduledCondition(facts, news),
    news(
      CONDITIONS.initialized,
      facts.created,
      facts.created ? 'Initiated' : 'NotInitiated',
      facts.created ? 'The replica set is initiated and its users exist' : 'The replica set is not built yet',
    ),
    news(
      CONDITIONS.subHealthy,
      state === 'SubHealth',
      state === 'SubHealth' ? 'Degraded' : 'AsDesired',
      state === 'SubHealth' ? why : 'Not degraded',
    ),
    news(
      CONDITIONS.unHealthy,
      state === 'UnHealth',
      state === 'UnHealth' ? 'NotServing' : 'Serving',
      state === 'UnHealth' ? why : 'Not unhealthy',
    ),
    news(
      CONDITIONS.progressing,
      operation !== undefined,
      operation?.waitReason ?? (operation === undefined ? 'Idle' : 'Working'),
      operation?.waitingFor ?? operation?.step ?? 'Nothing is in hand',
    ),
    news(
      CONDITIONS.paused,
      isPaused(facts.cr),
      isPaused(facts.cr) ? 'Paused' : 'NotPaused',
      isPaused(facts.cr)
        ? 'spec.operations.paused or the annotation middleware.fedstate.io/paused says so'
        : 'Not paused',
    ),
    appliedCondition(facts, news),
    warningCondition(facts, news),
    news(
      CONDITIONS.conflict,
      wait === 'Conflict',
      wait === 'Conflict' ? 'ForeignObject' : 'NoConflict',
      wait === 'Conflict' ? (operation?.waitingFor ?? '') : 'No foreign object stands in the way',
    ),
  ];
}

type News = (type: string, status: boolean, reason: string, message: string) => ConditionNews;

function checkCondition(facts: StatusFacts, news: News): ConditionNews {
  const wanted = facts.cr.spec.replicaset;
  return news(
    CONDITIONS.check,
    facts.placement.done,
    facts.placement.done ? 'CheckSuccess' : 'CheckFailed',
    facts.placement.done
      ? `The number of member clusters is the same as the number of control plane copies, check, SpecReplicaset: ${wanted}`
      : `No placement for SpecReplicaset: ${wanted}`,
  );
}

/** A generation that nobody carries out must be seen: `observedGeneration` only says that it was read. */
function appliedCondition(facts: StatusFacts, news: News): ConditionNews {
  const applied = appliedGeneration(facts.cr);
  const wanted = facts.cr.metadata.generation ?? 0;
  if (applied === wanted) {
    return news(CONDITIONS.specApplied, true, 'Applied', `The members were built from generation ${wanted}`);
  }
  return facts.created
    ? news(
        CONDITIONS.specApplied,
        false,
        'ChangeNotCarriedOut',
        `The members were built from generation ${applied ?? 0}, the spec is at ${wanted}: a change of a running ` +
          'instance is not carried out in a federation. Take it back, or delete the instance and create it anew.',
      )
    : news(CONDITIONS.specApplied, false, 'Creating', 'The members are not built yet');
}

/** What was accepted but has no effect, is unwise, or could not be placed as promised. */
function warningCondition(facts: StatusFacts, news: News): ConditionNews {
  const placed = facts.placement.done ? facts.placement.value.warnings : [];
  const said = [...facts.warnings, ...placed];
  return said.length === 0
    ? news(CONDITIONS.warning, false, 'NoWarning', 'Every field of the spec has its effect')
    : news(CONDITIONS.warning, true, 'Warned', said.join('; '));
}

function scheduledCondition(facts: StatusFacts, news: News): ConditionNews {
  const who = `${namespaceOf(facts.cr)}/${facts.cr.metadata.name}`;
  if (facts.placement.done) {
    return news(
      CONDITIONS.scheduled,
      true,
      'GetSchedulerSuccess',
      `Get Scheduler Result From MultiCloudMongoDB Annotations Success (${who}): ${facts.annotation ?? ''}`,
    );
  }
  const wait = facts.progress?.wait ?? facts.placement.wait;
  const unschedulable = wait.code === 'Unschedulable';
  return news(
    CONDITIONS.scheduled,
    false,
    unschedulable ? 'Unschedulable' : 'GetSchedulerFailed',
    unschedulable
      ? wait.message
      : `Get Scheduler Result From MultiCloudMongoDB Annotations Failed (${who}): ${facts.placement.wait.message}`,
  );
}
