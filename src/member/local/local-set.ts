import type { Ordinal } from '../../domain/names';
import type { Credentials } from '../build/secret';
import type { Snapshot } from '../cluster-cache';
import type { MembershipFindings } from '../findings';
import type { Instance } from '../instance';

/** What the keeper of a Local instance's own set decided in one pass. */
export interface LocalDecision extends MembershipFindings {
  /** Out of the committed configuration: their StatefulSets may go (S11). */
  readonly removable: readonly Ordinal[];
  /** The one member whose turn it is to take a new template and be restarted. */
  readonly restarting: Ordinal | undefined;
}

export interface LocalRequest {
  readonly wanted: readonly Ordinal[];
  /** Present but no longer wanted. */
  readonly leaving: readonly Ordinal[];
  readonly credentials: Credentials;
  readonly pendingTemplates: readonly Ordinal[];
  /** Whether all system users could sign in. */
  readonly usersReady: boolean;
  /** Called before a plan is carried out, which may take a minute: the status must not say Running meanwhile. */
  readonly onPlan: (steps: string) => Promise<void>;
}

/** Local mode: runs the replica set itself, one safe step after the other. */
export interface LocalSet {
  keep(instance: Instance, snapshot: Snapshot, request: LocalRequest): Promise<LocalDecision>;
}
