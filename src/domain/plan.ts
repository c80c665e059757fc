import type { Wait } from './instance';
import type { ClusterShare, MemberPlace } from './placement';
import type { DesiredMember, MemberConfig, ReplicaSetObservation } from './replica-set';
import type { SystemUserName } from './rotation';
import type { SettingChange } from './settings';

/**
 * `primaryChange` may elect another primary; `quorum` lowers the number of healthy voters or votes; `dataLoss` throws one
 * member's data away; `pointOfNoReturn` cannot be taken back; `force` skips S1.
 */
export type Risk = 'safe' | 'primaryChange' | 'quorum' | 'dataLoss' | 'pointOfNoReturn' | 'force';

/** What a person reads before and after a step, and what the executor checks. */
export interface StepContract {
  readonly precondition: string;
  readonly effect: string;
  /** What is read to know that it is done. */
  readonly proof: string;
  /** `forward-only`, or what would take it back. */
  readonly undo: string;
  readonly timeoutSeconds: number;
  readonly risk: Risk;
}

interface OneMember {
  readonly memberId: number;
  readonly host: string;
}

/** Steps that src/mongodb executes. Every reconfig waits until it is committed before the step is done (S1). */
export type MembershipStepFacts =
  | {
      readonly kind: 'initiate';
      readonly host: string;
      readonly setName: string;
      readonly members: readonly MemberConfig[];
    }
  | { readonly kind: 'stepUp'; readonly host: string }
  | { readonly kind: 'createUsers' }
  | { readonly kind: 'setDefaultWriteConcern'; readonly w: 'majority' | 1 }
  /** Data members come without vote and priority, any number at once; an arbiter comes alone, with its vote. */
  | { readonly kind: 'addMember'; readonly members: readonly MemberConfig[] }
  | { readonly kind: 'waitSync'; readonly hosts: readonly string[]; readonly maxLagSeconds: number }
  | ({ readonly kind: 'grantVote' } & OneMember)
  | ({ readonly kind: 'setPriority'; readonly priority: number } & OneMember)
  /** Absent fields stay as they are; `priority` here is only ever 0, for a member that becomes hidden or delayed. */
  | ({
      readonly kind: 'setMemberFields';
      readonly newHost?: string | undefined;
      readonly hidden?: boolean | undefined;
      readonly secondaryDelaySecs?: number | undefined;
      readonly priority?: 0 | undefined;
      readonly tags?: Readonly<Record<string, string>> | undefined;
    } & OneMember)
  | ({ readonly kind: 'revokeVote' } & OneMember)
  /** The listed others are frozen meanwhile, so that a member that stays is elected (S15). */
  | { readonly kind: 'stepDown'; readonly host: string; readonly freezeHosts: readonly string[] }
  | { readonly kind: 'removeMember'; readonly members: readonly OneMember[] };

/** Steps that the caller's own layer executes; the simulator knows what they do to the quorum. */
export type SurroundingStepFacts =
  | { readonly kind: 'place'; readonly shares: readonly ClusterShare[] }
  | { readonly kind: 'dispatch'; readonly clusters: readonly string[] }
  | { readonly kind: 'waitPods'; readonly hosts: readonly string[] }
  | ({
      readonly kind: 'restartMember';
      readonly host: string;
      /** Uid of a pod that has the present template and must go all the same. */
      readonly replaces?: string | undefined;
    } & MemberPlace)
  | ({ readonly kind: 'retireMember'; readonly host: string } & MemberPlace)
  /** The clock of the soak is set: every member runs `version` with the feature compatibility version before it. */
  | { readonly kind: 'soak'; readonly version: string; readonly seconds: number }
  | { readonly kind: 'setFCV'; readonly version: string }
  /** Kept as pending, then set on the primary, then given to clients and members. */
  | { readonly kind: 'rotatePasswords'; readonly users: readonly SystemUserName[] }
  /** Waits until every manager builds by what the Secret of credentials holds. */
  | { readonly kind: 'shareCredentials' }
  /** What the keyfile holds from now on; a member takes it with its restart (S23). */
  | { readonly kind: 'writeKeyfile'; readonly keys: 'old' | 'both' | 'new' }
  /** Proves that no member takes the old key any more, and forgets it. */
  | { readonly kind: 'retireKey' }
  /** mongod takes these while it runs; the file that it starts by comes with the dispatch. */
  | ({
      readonly kind: 'setParameter';
      readonly host: string;
      readonly settings: readonly SettingChange[];
    } & MemberPlace)
  /** The volume with this claim uid goes, and an empty one takes its place. */
  | ({
      readonly kind: 'wipeMember';
      readonly host: string;
      readonly claim: string | undefined;
    } & MemberPlace);

/** Steps that no change of an instance has: only a recovery of the majority, by a person's word (S4). */
export type RecoveryStepFacts =
  /** Members of these clusters are shut off, at once or as soon as their cluster is reached. */
  | { readonly kind: 'fence'; readonly clusters: readonly string[] }
  | {
      readonly kind: 'forceReconfig';
      /** The survivor that has everything that any survivor has. */
      readonly host: string;
      /** The configuration that it holds. */
      readonly expected: { readonly version: number; readonly term?: number | undefined };
      /** Those that stay, as they are to be. */
      readonly members: readonly MemberConfig[];
    };

export type StepFacts = MembershipStepFacts | SurroundingStepFacts | RecoveryStepFacts;

const SURROUNDING: Readonly<Record<SurroundingStepFacts['kind'], true>> = {
  place: true,
  dispatch: true,
  waitPods: true,
  restartMember: true,
  retireMember: true,
  soak: true,
  setFCV: true,
  rotatePasswords: true,
  shareCredentials: true,
  writeKeyfile: true,
  retireKey: true,
  setParameter: true,
  wipeMember: true,
};

/** Whether the caller's own layer carries it out, and not src/mongodb. */
export const isSurrounding = <S extends StepFacts>(
  step: S,
): step is Extract<S, { readonly kind: SurroundingStepFacts['kind'] }> => step.kind in SURROUNDING;

export const isRecovery = <S extends StepFacts>(
  step: S,
): step is Extract<S, { readonly kind: RecoveryStepFacts['kind'] }> =>
  step.kind === 'fence' || step.kind === 'forceReconfig';

export type RecoveryStep = RecoveryStepFacts & StepContract;
export type ForceStep = Extract<RecoveryStepFacts, { readonly kind: 'forceReconfig' }>;
export type MembershipStep = MembershipStepFacts & StepContract;
export type SurroundingStep = SurroundingStepFacts & StepContract;
export type Step = StepFacts & StepContract;

/** What the loss of one cluster would mean. */
export interface ClusterLoss {
  readonly cluster: string;
  readonly votes: number;
  /** Healthy votes that would be left. */
  readonly left: number;
  readonly fatal: boolean;
}

/** Votes of one configuration at one moment. */
export interface QuorumView {
  readonly votes: number;
  readonly majority: number;
  readonly healthyVotes: number;
  /** Healthy voters that may still be lost before writes stop; negative when they have stopped. */
  readonly margin: number;
  readonly losses: readonly ClusterLoss[];
}

export interface Plan {
  readonly steps: readonly MembershipStep[];
  /** Over generation, config version and term, and the desired members: what was approved is what runs. */
  readonly hash: string;
  /** Of what is asked for; what its prefixes mean is told by whoever lays them into a whole plan. */
  readonly warnings: readonly string[];
  readonly before: QuorumView;
  readonly after: QuorumView;
  /** False: the rest can only be planned once somebody has come (back). */
  readonly complete: boolean;
}

/** Every step of a change of an instance, in the order in which they run. */
export interface ChangePlan {
  readonly steps: readonly Step[];
  /** Over the spec, the placement, the configuration and the steps: what was approved is what runs. */
  readonly hash: string;
  /** After each step: healthy voters that may still be lost, and the clusters whose loss would stop writes. Absent in early histories. */
  readonly margins?: readonly { readonly margin: number; readonly fatal: readonly string[] }[] | undefined;
  /** The highest of all steps. */
  readonly risk: Risk;
  /**
   * Steps that are more than safe, each with its member's place: what an approval speaks of. What comes after others
   * and cannot be taken back is not among them: it is a plan of its own by then, and asked for again.
   */
  readonly risky: readonly string[];
  /** Addresses of new members are not known yet: `cluster/ordinal` stands for them, and what follows is planned again. */
  readonly provisional: boolean;
  /** Restarts may change the release. Absent: they do not. */
  readonly upgrade?: UpgradeCourse | undefined;
  readonly warnings: readonly string[];
  readonly before: QuorumView;
  readonly after: QuorumView;
}

/** From which release to which, and whether a member has reported the new one (S22: never the tag alone). */
export interface UpgradeCourse {
  readonly from: string;
  /** Undefined: the image's tag does not tell. */
  readonly to: string | undefined;
  readonly proven: boolean;
}

/** Where the primary should be: a cluster, or one member by its address. */
export type SwitchTarget = { readonly cluster: string } | { readonly host: string };

/** What somebody has agreed to, and who: undefined when the policy asks nobody. */
export interface Agreement {
  readonly hash: string;
  readonly risky: readonly string[];
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

/** Whether a plan may run now. */
export type Gate =
  | { readonly open: true; readonly agreedBy?: string | undefined }
  | { readonly open: false; readonly wait: Wait; readonly opensAt?: string | undefined };

export type ChangeOutcome =
  { readonly kind: 'plan'; readonly plan: ChangePlan } | Exclude<PlanOutcome, { kind: 'plan' }>;

/** The verdict of the planner; `waitingFor` names hosts. */
export type PlanOutcome =
  | { readonly kind: 'plan'; readonly plan: Plan }
  | { readonly kind: 'refusal'; readonly rule: `S${number}`; readonly message: string }
  | { readonly kind: 'wait'; readonly reason: string; readonly waitingFor: readonly string[] };

export interface PlanInput {
  readonly setName: string;
  /** `metadata.generation` of the custom resource. */
  readonly generation: number;
  /** All members that should exist: whoever is in the configuration and not here is removed. */
  readonly desired: readonly DesiredMember[];
  readonly observation: ReplicaSetObservation;
  /** The one recorded member that may be initiated. */
  readonly seedHost: string;
  /** Whether this instance's set is known to have been initiated: then empty members alone are no reason to do it again. */
  readonly existed: boolean;
  /** Whether root, clusterAdmin and clusterMonitor can sign in with the present passwords. */
  readonly usersReady: boolean;
  /** Highest member `_id` that was ever used, if the caller keeps it (S5). */
  readonly highestMemberId?: number | undefined;
  /** Seconds behind the primary up to which a member counts as synced; 10 when absent (S10). */
  readonly maxLagSeconds?: number | undefined;
}
