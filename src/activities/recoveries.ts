import type { MultiCloudMongoDB, MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import type { OperationKind, OperationRecord } from '../domain/instance';
import { toSeconds, type WriteOutage } from '../domain/outage';
import { noteElection, secondsBetween, type Recovery } from './elections';
import { fencedClusters, readLossMarks, shutMembers } from './loss-marks';
import type { StatusFacts } from './status-facts';

const KEPT = 10;
/** Between the election that a loss has brought about and the first sight of the loss, whichever came first. */
const LOSS_SLACK_MS = 60_000;
const KINDS: readonly OperationKind[] = [
  'failoverInstance',
  'failbackInstance',
  'switchoverInstance',
  'recoverInstance',
];

type Recoveries = Pick<MultiCloudMongoDBStatus, 'recoveries'>;

/**
 * The ledger of what was done about lost clusters and primaries, and of what the members did by themselves: absent until
 * there was something.
 * @param state the word of this very status: redundancy is back when it is Health again
 */
export function composeRecoveries(facts: StatusFacts, state?: MultiCloudMongoDBStatus['state']): Recoveries {
  const { record } = facts;
  const past = noteElection(facts, facts.cr.status?.recoveries ?? []);
  const noted =
    record === undefined
      ? past
      : KINDS.includes(record.kind)
        ? recordRecovery(facts.cr, record, past)
        : recordInPassing(record, past);
  const entries = state === 'Health' ? noted.map((one) => noteRestored(one, facts.now)) : noted;
  return entries.length === 0 ? {} : { recoveries: entries.slice(0, KEPT) };
}

/** An operation that is a recovery: one entry, whatever primaries it changed on its way. */
function recordRecovery(
  cr: MultiCloudMongoDB,
  record: OperationRecord,
  past: readonly Recovery[],
): readonly Recovery[] {
  const own = past.filter((one) => one.workflowId === record.workflowId);
  const others = past.filter((one) => one.workflowId !== record.workflowId);
  const cluster = record.cluster ?? lostCluster(cr, record);
  const mark = cluster === undefined ? undefined : readLossMarks(cr)[cluster];
  const isForced = record.kind === 'recoverInstance';
  const isReplaced = record.kind === 'failoverInstance' && mark !== undefined;
  const isDecided = isReplaced || (isForced && mark !== undefined);
  const cause =
    mark === undefined || isForced
      ? record.message
      : `${mark.by === undefined ? '' : `asked for by ${mark.by}; `}${mark.views}`;
  const { term, from, to } = own.find((one) => one.term !== undefined) ?? {};
  const lost = isReplaced
    ? outageOfLoss({ ...cr.status, recoveries: [...past] }, cluster, mark.since)
    : undefined;
  // What the operation tells of a loss holds both; the ledger tells each.
  const outage = lost === undefined ? outageOf(record, own) : addTo(lost, outageOf({}, own));
  return [
    {
      kind: record.kind,
      outcome: record.outcome,
      ...(cluster === undefined ? {} : { cluster }),
      ...(cause === undefined ? {} : { cause }),
      at: record.endedAt,
      ...(mark !== undefined && isDecided ? { detectionSeconds: secondsBetween(mark.since, mark.at) } : {}),
      ...(isReplaced && record.outcome === 'succeeded'
        ? { restoredSeconds: secondsBetween(mark.since, record.endedAt) }
        : {}),
      ...tellOutage(outage),
      ...(term === undefined ? {} : { term }),
      ...(from === undefined ? {} : { from }),
      ...(to === undefined ? {} : { to }),
      workflowId: record.workflowId,
    },
    ...others,
  ];
}

/** What a failover without a cluster of its own follows up, or a recovery has cut off. */
function lostCluster(cr: MultiCloudMongoDB, { kind, outcome }: OperationRecord): string | undefined {
  if (kind === 'failoverInstance') return fencedClusters(cr)[0];
  return kind === 'recoverInstance' && outcome === 'succeeded'
    ? [...shutMembers(cr).keys()].sort()[0]
    : undefined;
}

/** Any other operation leaves the step-downs that it made; the only one can be told by our own clock, if that is closer. */
function recordInPassing(record: OperationRecord, past: readonly Recovery[]): readonly Recovery[] {
  const own = past.filter((one) => one.workflowId === record.workflowId);
  const [only] = own;
  if (only === undefined || own.length > 1) return past;
  const told = tellOutage(outageOf(record, own));
  return past.map((one) => (one === only ? { ...one, ...told } : one));
}

/** Two bounds of the same time: the lower one. What the ledger holds of the operation is its sum. */
export function outageOf(
  { writeOutageMs }: Pick<OperationRecord, 'writeOutageMs'>,
  own: readonly Recovery[],
): WriteOutage | undefined {
  const seen = own.flatMap(({ writeOutageSeconds }) =>
    writeOutageSeconds === undefined ? [] : [writeOutageSeconds],
  );
  const basis = own.find((one) => one.writeOutageBasis !== undefined)?.writeOutageBasis ?? 'oplog';
  const told =
    seen.length === 0
      ? undefined
      : { seconds: toSeconds(seen.reduce((sum, one) => sum + one) * 1000), basis };
  if (writeOutageMs === undefined) return told;
  const measured = { seconds: toSeconds(writeOutageMs), basis: 'command' as const };
  return told === undefined || measured.seconds < told.seconds ? measured : told;
}

/** What the loss of a cluster cost in writes: nothing where the primary was elsewhere and went on. */
export function outageOfLoss(
  status: MultiCloudMongoDBStatus | undefined,
  cluster: string | undefined,
  since: string,
): WriteOutage | undefined {
  const earliest = Date.parse(since) - LOSS_SLACK_MS;
  const election = (status?.recoveries ?? []).findLast(
    (one) => one.kind === 'election' && one.cluster === cluster && Date.parse(one.at) >= earliest,
  );
  if (election !== undefined) {
    const { writeOutageSeconds: seconds, writeOutageBasis: basis = 'oplog' } = election;
    return seconds === undefined ? undefined : { seconds, basis };
  }
  const led = status?.election;
  return led !== undefined && Date.parse(led.at) < earliest ? { seconds: 0, basis: 'sameTerm' } : undefined;
}

const addTo = (outage: WriteOutage, more: WriteOutage | undefined): WriteOutage =>
  more === undefined
    ? outage
    : { seconds: toSeconds((outage.seconds + more.seconds) * 1000), basis: 'oplog' };

const tellOutage = (
  outage: WriteOutage | undefined,
): Pick<Recovery, 'writeOutageSeconds' | 'writeOutageBasis'> =>
  outage === undefined ? {} : { writeOutageSeconds: outage.seconds, writeOutageBasis: outage.basis };

/** An election, or a step-down in passing, is over when everything is as promised again. */
const noteRestored = (one: Recovery, now: string): Recovery =>
  (one.kind === 'election' || one.kind === 'stepDown') && one.restoredSeconds === undefined
    ? { ...one, restoredSeconds: secondsBetween(one.at, now) }
    : one;
