import { defineUpdate } from '@temporalio/workflow';
import type { SwitchTarget } from '../domain/plan';
import type { RotationPart } from '../domain/rotation';

/** Who asks and why: recorded in the history with the command itself. */
export interface Asker {
  readonly by: string;
  readonly why?: string | undefined;
}

export interface Approval extends Asker {
  /** Of the plan that was read. */
  readonly hash: string;
}

export type SwitchoverRequest = Asker & SwitchTarget;
export interface ClusterRequest extends Asker {
  readonly cluster: string;
}
export interface MoveRequest extends Asker {
  readonly from: string;
  readonly to: string;
}

/** Both are read by whoever has to agree. */
export type RecoverMajorityRequest = Required<Asker>;

export interface RotateRequest extends Asker {
  /** Absent: both. */
  readonly what?: RotationPart | undefined;
}
export interface RebuildRequest extends Asker {
  readonly cluster: string;
  readonly ordinal: number;
}

/** Lets the plan run that waits for it. Answers with the plan's hash. */
export const approveUpdate = defineUpdate<string, [Approval]>('approve');
/** Drops the plan that waits; what is asked for stays undone until it changes, or `resume`. */
export const rejectUpdate = defineUpdate<string, [Asker]>('reject');
/** Stops the operation in hand at its next safe point, or drops the plan that waits. Answers with its workflow id. */
export const cancelUpdate = defineUpdate<string, [Asker]>('cancel');
/** Hands the primary over to a cluster or a member. Answers with the workflow id that the operation will have. */
export const switchoverUpdate = defineUpdate<string, [SwitchoverRequest]>('switchover');
/** Restarts every member, one at a time. */
export const restartUpdate = defineUpdate<string, [Asker]>('restart');
/** New passwords and a new keyfile, without downtime (S23). Answers with the request that stands in the annotation. */
export const rotateUpdate = defineUpdate<string, [RotateRequest]>('rotate');
/** Throws one member's data away and has it copied anew from the others. Answers with the request, likewise. */
export const rebuildUpdate = defineUpdate<string, [RebuildRequest]>('rebuild');
/** Takes every member out of a cluster, and keeps it empty until `restoreCluster`. */
export const drainClusterUpdate = defineUpdate<string, [ClusterRequest]>('drainCluster');
export const restoreClusterUpdate = defineUpdate<string, [ClusterRequest]>('restoreCluster');
/** Replaces the members of a lost cluster, if the surviving members see it so too. Answers as switchover does. */
export const failoverUpdate = defineUpdate<string, [ClusterRequest]>('failover');
/** Makes a plan to recover a lost majority, which waits for an approval by name (S4). Answers as switchover does. */
export const recoverMajorityUpdate = defineUpdate<string, [RecoverMajorityRequest]>('recoverMajority');
/** Gives a cluster that has come back its members again. Answers as switchover does. */
export const failbackUpdate = defineUpdate<string, [ClusterRequest]>('failback');
/** Moves one data member from a cluster to another. */
export const moveUpdate = defineUpdate<string, [MoveRequest]>('move');
export const pauseUpdate = defineUpdate<string, [Asker]>('pause');
export const resumeUpdate = defineUpdate<string, [Asker]>('resume');
