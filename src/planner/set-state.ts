import type { QuorumView } from '../domain/plan';
import type { MemberConfig } from '../domain/replica-set';
import { viewQuorum } from './quorum';

/** What the servers run, and what a restart makes of them. */
export interface ServerReleases {
  /** Feature compatibility version. */
  readonly version: string | undefined;
  /** By host; who is not in it has not told. */
  readonly releases: ReadonlyMap<string, string>;
  /** Release of a member after its restart; undefined: as before. */
  readonly becomes: string | undefined;
}

export type Keys = 'old' | 'both' | 'new';

/** What the keyfile holds, and what each member took at its last start. */
export interface KeyState {
  readonly file: Keys;
  readonly held: ReadonlyMap<string, Keys>;
}

/** A replica set as the simulator moves it from step to step. */
export interface SetState {
  readonly initiated: boolean;
  readonly members: readonly MemberConfig[];
  /** Undefined: none, or not known which. */
  readonly primaryHost: string | undefined;
  /** Hosts that most members do not see as serving (S9). */
  readonly down: ReadonlySet<string>;
  /** Hosts that a `waitSync` has proved to be caught up (S10). */
  readonly synced: ReadonlySet<string>;
  /** No new member may have an `_id` up to this (S5). */
  readonly highestId: number;
  readonly clusters: ReadonlyMap<string, string>;
  /** A member was taken out by this plan: no more additions then (S12). */
  readonly removing: boolean;
  /** Undefined: nobody asked for them. */
  readonly servers?: ServerReleases | undefined;
  /** Clusters whose members are ordered to be shut off. */
  readonly fenced?: ReadonlySet<string> | undefined;
  /** Absent: the keyfile is not being changed. */
  readonly keys?: KeyState | undefined;
}

export const emptyState = (clusters: ReadonlyMap<string, string>, highestId = -1): SetState => ({
  initiated: false,
  members: [],
  primaryHost: undefined,
  down: new Set(),
  synced: new Set(),
  highestId,
  clusters,
  removing: false,
});

/** Cluster of a member: as desired, else as its tag says. */
export const clusterIn = (state: SetState, member: MemberConfig): string =>
  state.clusters.get(member.host) ?? member.tags['cluster'] ?? 'unknown';

export const isHealthyIn = (state: SetState, host: string): boolean => !state.down.has(host);

export const quorumOf = (state: SetState): QuorumView =>
  viewQuorum(
    state.members,
    (host) => isHealthyIn(state, host),
    (member) => clusterIn(state, member),
  );

/** Healthy members that may be elected, other than `exceptHost`. */
export const candidatesIn = (state: SetState, exceptHost?: string): MemberConfig[] =>
  state.members.filter(
    (member) =>
      member.priority > 0 &&
      member.votes > 0 &&
      member.host !== exceptHost &&
      isHealthyIn(state, member.host),
  );
