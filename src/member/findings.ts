import type { ImageReplacement } from '../domain/image';
import type { Ordinal } from '../domain/names';
import type { MemberReport } from '../domain/replica-set';
import type { Addresses } from './addresses';
import type { NotReady } from './inputs';
import type { MemberSet } from './membership-set';

/** What the set's own members told. */
export interface ReplicaFindings {
  readonly reports: ReadonlyMap<Ordinal, MemberReport>;
  /** Ready members that could not be asked, and why. */
  readonly silent: ReadonlyMap<Ordinal, string>;
  /** System users that could sign in; undefined: not tried in this pass. */
  readonly users: Readonly<Partial<Record<SystemUser, boolean>>>;
}

export const SYSTEM_USERS = ['root', 'clusterAdmin', 'clusterMonitor'] as const;
export type SystemUser = (typeof SYSTEM_USERS)[number];

/** How far a Local instance's own set is. */
export interface MembershipFindings {
  /** Undefined: the set is as desired. */
  readonly waitingFor: string | undefined;
  readonly refused: string | undefined;
  readonly connectionString: string | undefined;
}

/** Everything one pass found out: the status is computed of this and nothing else. */
export interface Findings {
  readonly members: MemberSet;
  readonly notReady?: NotReady | undefined;
  /** Objects of others that stand where ours should. */
  readonly conflicts: readonly string[];
  /** What the API server does not take, in its words. */
  readonly refusals: readonly string[];
  readonly pendingTemplates: readonly Ordinal[];
  /** Waits of the building itself, e.g. an old claim that is still being deleted. */
  readonly waits: readonly string[];
  readonly ignoredConfig: readonly string[];
  readonly notes: readonly { readonly type: string; readonly message: string }[];
  readonly image?: { readonly image: string; readonly replaced: ImageReplacement | undefined } | undefined;
  readonly customConfigRevision?: string | undefined;
  readonly credentialsRevision?: string | undefined;
  readonly replica?: ReplicaFindings | undefined;
  readonly membership?: MembershipFindings | undefined;
  readonly addresses: Addresses;
}

export const noFindings = (members: MemberSet): Findings => ({
  members,
  conflicts: [],
  refusals: [],
  pendingTemplates: [],
  waits: [],
  ignoredConfig: [],
  notes: [],
  addresses: { external: [], internal: [] },
});
