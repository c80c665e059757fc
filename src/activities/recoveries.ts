import type { MultiCloudMongoDBStatus } from '../api/multicloudmongodb';
import type { OperationKind } from '../domain/instance';
import { fencedClusters, readLossMarks } from './loss-marks';
import type { StatusFacts } from './status-document';

const KEPT = 10;
const KINDS: readonly OperationKind[] = ['failoverInstance', 'failbackInstance', 'switchoverInstance'];

type Recoveries = Pick<MultiCloudMongoDBStatus, 'recoveries'>;

/** The ledger of what was done about lost clusters and primaries: absent until there was something. */
export function composeRecoveries({ cr, record }: StatusFacts): Recoveries {
  const past = cr.status?.recoveries ?? [];
  if (record === undefined || !KINDS.includes(record.kind))
    return past.length === 0 ? {} : { recoveries: past };
  const others = past.filter((one) => one.workflowId !== record.workflowId);
  const cluster = record.cluster ?? (record.kind === 'failoverInstance' ? fencedClusters(cr)[0] : undefined);
  const mark = cluster === undefined ? undefined : readLossMarks(cr)[cluster];
  const isReplaced = record.kind === 'failoverInstance' && mark !== undefined;
  const cause =
    mark === undefined
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
        ...(isReplaced ? { detectionSeconds: secondsBetween(mark.since, mark.at) } : {}),
        ...(isReplaced && record.outcome === 'succeeded'
          ? { restoredSeconds: secondsBetween(mark.since, record.endedAt) }
          : {}),
        workflowId: record.workflowId,
      },
      ...others,
    ].slice(0, KEPT),
  };
}

const secondsBetween = (from: string, to: string): number =>
  Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
