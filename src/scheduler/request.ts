import type { ClusterReason, MemberPlace, Placement } from '../domain/placement';

/** Core/v1 Toleration; holds for taints of clusters and of nodes alike. */
export interface Toleration {
  readonly key?: string | undefined;
  readonly operator?: 'Exists' | 'Equal' | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

/** Karmada's SpreadConstraint: the chosen clusters make at least `minGroups` and at most `maxGroups` groups. */
export interface SpreadConstraint {
  readonly spreadByField?: 'cluster' | 'region' | 'zone' | 'provider' | undefined;
  /** Label of the Cluster object; used when `spreadByField` is absent. */
  readonly spreadByLabel?: string | undefined;
  /** 0 or absent: no lower limit. */
  readonly minGroups?: number | undefined;
  /** 0 or absent: no upper limit. */
  readonly maxGroups?: number | undefined;
}

/** Cpu in millicores, memory in bytes. */
export interface MemberResources {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** A member that runs already; with its node, hard rules between nodes are counted exactly. */
export interface ExistingMember extends MemberPlace {
  readonly node?: string | undefined;
}

/** Room promised to another instance; without a node it is counted where it costs the most. */
export interface Reservation extends MemberResources {
  readonly cluster: string;
  readonly node?: string | undefined;
}

/** The part of `member.overrides[]` that decides who may vote: the entry with an ordinal wins. */
export interface VoteOverride {
  readonly cluster: string;
  readonly ordinal?: number | undefined;
  readonly votes?: number | undefined;
}

export interface ScheduleRequest {
  readonly instance: { readonly namespace: string; readonly name: string };
  /** Data members over all clusters (`spec.replicaset`). */
  readonly members: number;
  readonly arbiter: boolean;
  /** Requests of one data member's pod: server and exporter together. */
  readonly perMember: MemberResources;
  readonly arbiterResources: MemberResources;
  /** Absent or empty: the cluster's default class. */
  readonly storageClass?: string | undefined;
  readonly mode: 'Uniform' | 'Weighting';
  /** Weighting by hand; a cluster that is not named has weight 0. */
  readonly clusterWeights?: Readonly<Record<string, number>> | undefined;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly Toleration[];
  /** Core/v1 Affinity as written: what is not supported is refused by name, never dropped. */
  readonly affinity?: unknown;
  readonly spreadConstraints: readonly SpreadConstraint[];
  /** Node label → `maxSkew`, or `maxSkew/DoNotSchedule`, inside each cluster. */
  readonly topologySpreadConstraints: Readonly<Record<string, string>>;
  readonly existing: readonly ExistingMember[];
  readonly reservations: readonly Reservation[];
  /** Clusters that are lost or drained: their members get a place elsewhere. */
  readonly excludedClusters: readonly { readonly cluster: string; readonly reason: string }[];
  /** Ordinals that may not be given again yet. */
  readonly retired?: readonly MemberPlace[] | undefined;
  readonly overrides?: readonly VoteOverride[] | undefined;
}

export type ScheduleVerdict =
  | { readonly outcome: 'scheduled'; readonly placement: Placement }
  | {
      readonly outcome: 'unschedulable';
      readonly reasons: readonly ClusterReason[];
      readonly message: string;
    };
