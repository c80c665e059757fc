/** Which MultiCloudMongoDB: a re-created one of the same name is another instance. */
export interface InstanceRef {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Why something waits. Each has an entry in docs/operations.md. */
export type WaitCode =
  | 'Paused'
  | 'SchedulerResultMissing'
  | 'SchedulerResultInvalid'
  | 'Unschedulable'
  | 'ConfigMapMissing'
  | 'SecretMissing'
  | 'VipMissing'
  | 'SpecRefused'
  | 'Conflict'
  | 'Dispatching'
  | 'MembersNotReady'
  | 'MembersUnreachable'
  | 'ReplicaSet'
  | 'PlanRefused'
  | 'ApprovalNeeded'
  | 'OutsideWindow'
  | 'Soaking'
  | 'Cancelled'
  | 'ClusterUnreachable'
  | 'Removing';

/** One reason to wait, as status, Temporal details and Events tell it: what, and what would free it. */
export interface Wait {
  readonly code: WaitCode;
  readonly message: string;
}

/** What the entity workflow must know of its custom resource: no spec, no secret. */
export type InstanceSnapshot =
  | { readonly found: false }
  | {
      readonly found: true;
      readonly generation: number;
      readonly deletionRequested: boolean;
      readonly paused: boolean;
      /** True once a replica set was initiated and announced for this instance. */
      readonly created: boolean;
      readonly clusters: readonly string[];
      readonly health: HealthWord | undefined;
      /** The operation that what is asked for wants; absent: all is carried out. */
      readonly change?: OperationKind | undefined;
      /** All that is asked for, as a digest: another one makes what was decided of the last one void. */
      readonly wish?: string | undefined;
      /** A cluster whose members are to be replaced now: it has looked dead for long enough. */
      readonly lost?: string | undefined;
      /** A cluster that somebody calls lost, by annotation. */
      readonly calledLost?: string | undefined;
      /** A lost cluster that has looked well for long enough to get members again. */
      readonly returned?: string | undefined;
      /** Why somebody asks, by annotation, for a plan that recovers a lost majority. */
      readonly recoveryAsked?: string | undefined;
      /** Hash of the plan that a person has approved by annotation. */
      readonly approved?: string | undefined;
    };

export type HealthWord = 'Health' | 'SubHealth' | 'UnHealth' | 'UnKnown';

export type OperationKind =
  | 'createInstance'
  | 'scaleInstance'
  | 'updateInstance'
  | 'upgradeInstance'
  | 'switchoverInstance'
  | 'failoverInstance'
  | 'failbackInstance'
  | 'drainInstance'
  | 'rotateInstance'
  | 'rebuildInstance'
  | 'recoverInstance'
  | 'deleteInstance';

/** The operation in flight, as status shows it. */
export interface OperationProgress {
  readonly kind: OperationKind;
  readonly step: string;
  readonly workflowId: string;
  readonly startedAt: string;
  readonly wait?: Wait | undefined;
}

/** An operation that ended. */
export interface OperationRecord {
  readonly kind: OperationKind;
  readonly outcome: 'succeeded' | 'failed' | 'cancelled';
  readonly startedAt: string;
  readonly endedAt: string;
  readonly workflowId: string;
  readonly message?: string | undefined;
  /** That was lost, or has come back. */
  readonly cluster?: string | undefined;
  /** The most that writes can have stopped for, all in all; absent: nothing of it is known. */
  readonly writeOutageMs?: number | undefined;
}

/** A member and where clients and other members reach it. */
export interface MemberAddress {
  readonly cluster: string;
  readonly ordinal: number | 'arbiter';
  /** `VIP:NodePort`. */
  readonly host: string;
}

export const CONDITIONS = {
  scheduled: 'ServerScheduledResult',
  check: 'ServerCheck',
  waitingScaleDown: 'ServerWaitingScaleDown',
  initialized: 'ServerInitialized',
  ready: 'ServerReady',
  subHealthy: 'ServerSubHealthy',
  unHealthy: 'ServerUnHealthy',
  progressing: 'Progressing',
  paused: 'Paused',
  conflict: 'Conflict',
  warning: 'Warning',
  specApplied: 'SpecApplied',
  intact: 'Intact',
  clusterLost: 'ClusterLost',
  majorityLost: 'MajorityLost',
} as const;
