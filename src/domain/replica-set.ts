// The words of a MongoDB replica set as types (manual: "Replica Set Configuration", "replSetGetStatus").

export type MemberStateName =
  | 'STARTUP'
  | 'PRIMARY'
  | 'SECONDARY'
  | 'RECOVERING'
  | 'STARTUP2'
  | 'UNKNOWN'
  | 'ARBITER'
  | 'DOWN'
  | 'ROLLBACK'
  | 'REMOVED';

/** One member of a replica set configuration. Fields that the server knows and we do not travel along untouched. */
export interface MemberConfig {
  readonly _id: number;
  readonly host: string;
  readonly arbiterOnly: boolean;
  readonly buildIndexes: boolean;
  readonly hidden: boolean;
  readonly priority: number;
  readonly votes: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Seconds; `slaveDelay` below 5.0. */
  readonly secondaryDelaySecs: number;
}

export interface ReplicaSetConfig {
  readonly _id: string;
  /** 24 hex digits, made by the server at initiation: tells two sets of the same name apart. */
  readonly replicaSetId?: string | undefined;
  readonly version: number;
  /** Since 4.4. */
  readonly term?: number | undefined;
  readonly members: readonly MemberConfig[];
}

export interface OpTime {
  readonly seconds: number;
  readonly increment: number;
  readonly term: number;
}

/** A member as another member (or itself) sees it in `replSetGetStatus`. */
export interface MemberView {
  readonly _id: number;
  readonly host: string;
  readonly health: 0 | 1;
  readonly state: number;
  readonly stateName: MemberStateName;
  readonly optime?: OpTime | undefined;
  readonly configVersion?: number | undefined;
  readonly configTerm?: number | undefined;
  readonly syncSourceHost: string;
  readonly uptimeSeconds: number;
  /** Since its last heartbeat came in, by the clock of the one that tells; absent: none has, or it is itself. */
  readonly silentSeconds?: number | undefined;
  readonly self: boolean;
}

/** What one reachable member tells of itself and of the set. */
export interface MemberReport {
  readonly host: string;
  readonly version: string;
  /** The one that its data is for; undefined: it does not tell, or does not know yet. */
  readonly featureCompatibilityVersion?: string | undefined;
  /** `uninitialized` has no config; `removed` is not in the config that it holds. */
  readonly membership: 'uninitialized' | 'member' | 'removed';
  readonly stateName: MemberStateName;
  readonly setName?: string | undefined;
  readonly primaryHost?: string | undefined;
  readonly config?: ReplicaSetConfig | undefined;
  readonly term?: number | undefined;
  /** When it was elected, RFC 3339, and the server's word for why (since 4.2.1); told while it leads. */
  readonly electedAt?: string | undefined;
  readonly electionReason?: string | undefined;
  readonly views: readonly MemberView[];
  /** Since 4.4: as the server computes them. */
  readonly majorityVoteCount?: number | undefined;
  readonly writeMajorityCount?: number | undefined;
}

/** All members that should exist, asked at one moment. */
export interface ReplicaSetObservation {
  readonly at: string;
  readonly reports: readonly MemberReport[];
  readonly unreachable: readonly { readonly host: string; readonly reason: string }[];
}

/** A member as it should be, and where. */
export interface DesiredMember {
  readonly cluster: string;
  readonly ordinal: number | 'arbiter';
  readonly host: string;
  readonly votes: 0 | 1;
  readonly priority: number;
  readonly hidden: boolean;
  readonly secondaryDelaySecs: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** Votes needed to elect a primary and to acknowledge a majority write, of `votes` votes. */
export const majorityOf = (votes: number): number => Math.floor(votes / 2) + 1;

/** Seconds that `member` is behind `primary`; 0 when either is unknown to be behind. */
export function lagSeconds(primary: OpTime, member: OpTime): number {
  return Math.max(0, primary.seconds - member.seconds);
}
