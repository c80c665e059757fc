import type { Ordinal } from './names';

/** How many data members a cluster takes, and whether the arbiter is there. */
export interface ClusterShare {
  readonly cluster: string;
  readonly replicaset: number;
  readonly arbiter?: boolean | undefined;
}

/** Wire shape of the annotation `schedulerResult` (compact JSON, biggest share first). */
export interface SchedulerResult {
  readonly ClusterWithReplicaset: readonly ClusterShare[];
}

/** A member's identity: its cluster, and its ordinal there. */
export interface MemberPlace {
  readonly cluster: string;
  readonly ordinal: Ordinal;
}

/** Data members of a cluster that is told this count: the first ordinals that are not retired. */
export function dataOrdinals(count: number, retired: readonly Ordinal[]): number[] {
  const ordinals: number[] = [];
  for (let ordinal = 0; ordinals.length < count; ordinal += 1) {
    if (!retired.includes(ordinal)) ordinals.push(ordinal);
  }
  return ordinals;
}

export interface PlacedMember extends MemberPlace {
  readonly votes: 0 | 1;
}

/** Why a cluster takes members or does not, in words that a person can act on. */
export interface ClusterReason {
  readonly cluster: string;
  readonly chosen: boolean;
  /** Members that fit now, with those of this instance that are there already. */
  readonly room: number;
  readonly reason: string;
}

/** What the loss of a whole cluster would mean (S8). All zero and empty for a middleware without votes. */
export interface QuorumOutlook {
  readonly votes: number;
  readonly majority: number;
  /** Clusters whose loss leaves no majority. */
  readonly fatalClusters: readonly string[];
  readonly survivesAnyCluster: boolean;
}

export interface Placement {
  /** Biggest first, then by name; a share of 0 only where the arbiter is. */
  readonly shares: readonly ClusterShare[];
  readonly members: readonly PlacedMember[];
  /** Members that run now and have no place in this placement. */
  readonly leaving: readonly MemberPlace[];
  /** One for every cluster; empty when the placement came from outside and no capacity was read. */
  readonly reasons: readonly ClusterReason[];
  readonly quorum: QuorumOutlook;
  readonly warnings: readonly string[];
}
