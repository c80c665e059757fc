import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { OperationKind } from '../domain/instance';
import { ANNOTATIONS } from '../domain/marks';
import type { GateFacts } from '../planner/gate';
import { answers, describeWish, isSettled } from './instance-marks';
import {
  failoverMode,
  holdsMembers,
  lostClusters,
  readLossMarks,
  shutMembers,
  withoutMark,
} from './loss-marks';

type Policy = Pick<GateFacts, 'approval' | 'windows'>;

export interface RecoveryFacts {
  readonly kind?: OperationKind | undefined;
  /** Who asked for it, if a person did. */
  readonly askedBy?: string | undefined;
  /** The cluster that comes back. */
  readonly cluster?: string | undefined;
}

const FREE: Policy = { approval: 'Auto', windows: [] };
const ASKS: Policy = { approval: 'Always', windows: [] };

/**
 * Who must agree to a plan, and when it may run. A failover and a failback go by `spec.failover`, and by no window; what
 * else is asked for meanwhile must not slip through with them.
 */
export function policyOf(cr: MultiCloudMongoDB, facts: RecoveryFacts): Policy {
  const { approval, windows } = cr.spec.operations;
  const usual: Policy = { approval, windows: windows ?? [] };
  switch (facts.kind) {
    case 'failoverInstance':
      if (!isNothingElseAsked(cr)) return usual;
      return isAgreedFailover(cr, facts) ? FREE : ASKS;
    case 'failbackInstance': {
      const untouched = facts.cluster !== undefined && holdsMembers(cr, facts.cluster);
      // What a person called lost may answer Karmada all the while: a person says when it is well.
      const called = facts.cluster !== undefined && readLossMarks(cr)[facts.cluster]?.by !== undefined;
      const byItself = cr.spec.failover.failback === 'Auto' && !called;
      const free = facts.askedBy !== undefined || untouched || byItself;
      return free ? FREE : ASKS;
    }
    default:
      return usual;
  }
}

const isAgreedFailover = (cr: MultiCloudMongoDB, { askedBy }: RecoveryFacts): boolean =>
  askedBy !== undefined ||
  failoverMode(cr) === 'Auto' ||
  Object.values(readLossMarks(cr)).some(({ by, returned }) => by !== undefined && returned === undefined);

/** Whether all but the loss itself was carried out before. */
function isNothingElseAsked(cr: MultiCloudMongoDB): boolean {
  if (isSettled(cr)) return true;
  const settled = cr.metadata.annotations[ANNOTATIONS.settled];
  const before = [
    ...lostClusters(cr).map((cluster) => withoutMark(cr, cluster)),
    // Several are cut off at once.
    [...shutMembers(cr).keys()].reduce(withoutMark, cr),
  ];
  return before.some((one) => answers(settled, describeWish(one, undefined)));
}
