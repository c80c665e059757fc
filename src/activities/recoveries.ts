import type { MultiCloudMongoDB, MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import type { OperationKind, OperationRecord } from '../domain/instance';
import { fencedClusters, readLossMarks, shutMembers } from './loss-marks';
import type { StatusFacts } from './status-document';

const KEPT = 10;
const KINDS: readonly OperationKind[] = [
  'failoverInstance',
  'failbackInstance',
  'switchoverInstance',
  'recoverInstance',
];

type Recoveries = Pick<MultiCloudMongoDBStatus, 'recoveries'>;

/** The ledger of what was done about lost clusters and primaries: absent until there was something. */
export function composeRecoveries({ cr, record }: StatusFacts): Recoveries {
  const past = cr.status?.recoveries ?? [];
  if (record === undefined || !KINDS.includes(record.kind))
    return past.length === 0 ? {} : { recoveries: past };
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
  return {
    recoveries: [
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
        workflowId: record.workflowId,
      },
      ...others,
    ].slice(0, KEPT),
  };
}

/** What a failover without a cluster of its own follows up, or a recovery has cut off. */
function lostCluster(cr: MultiCloudMongoDB, { kind, outcome }: OperationRecord): string | undefined {
  if (kind === 'failoverInstance') return fencedClusters(cr)[0];
  return kind === 'recoverInstance' && outcome === 'succeeded'
    ? [...shutMembers(cr).keys()].sort()[0]
    : undefined;
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
