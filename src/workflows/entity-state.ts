import type {
  InstanceRef,
  InstanceSnapshot,
  OperationKind,
  OperationProgress,
  OperationRecord,
} from '../domain/instance';
import type { EarlierRuns, Suspension } from '../domain/operation';
import type { Agreement, SwitchTarget } from '../domain/plan';
import { operationWorkflowId } from '../domain/workflow-ids';
import type { Asker } from './commands';
import { nextMajority, nextRecovery, preempts } from './entity-recovery';

export type RunnableKind = Extract<
  OperationKind,
  | 'createInstance'
  | 'scaleInstance'
  | 'updateInstance'
  | 'upgradeInstance'
  | 'switchoverInstance'
  | 'drainInstance'
  | 'rotateInstance'
  | 'rebuildInstance'
  | 'failoverInstance'
  | 'failbackInstance'
  | 'recoverInstance'
  | 'deleteInstance'
>;

/** An operation that is to be started. */
export interface Wanted {
  readonly kind: RunnableKind;
  readonly switchTo?: SwitchTarget | undefined;
  /** That is lost, or that has come back. */
  readonly cluster?: string | undefined;
  readonly agreed?: Agreement | undefined;
  /** Of an operation that a person asked for. */
  readonly asker?: Asker | undefined;
  /** Set when earlier runs have handed it on. */
  readonly before?: RunsBefore | undefined;
}

/** All runs of an operation have one id. */
export interface RunsBefore {
  readonly workflowId: string;
  readonly startedAt: string;
  readonly earlier?: EarlierRuns | undefined;
  /** Who stopped it between two runs and why: the next one is told. */
  readonly stop?: string | undefined;
}

/** What is handed on, with the word that it is to stop. */
export const withStop = (handedOn: Wanted, stop: string): Wanted => ({
  ...handedOn,
  ...(handedOn.before === undefined ? {} : { before: { ...handedOn.before, stop } }),
});

/** A plan that waits, and of what it is the plan. */
export interface SuspendedOperation extends Wanted {
  readonly wish: string | undefined;
  readonly workflowId: string;
  readonly startedAt: string;
  readonly suspension: Suspension;
}

/** What somebody cancelled or rejected. */
export interface Hold {
  /** Undefined: what is asked for when the entity looks next, as the operation has changed that itself. */
  readonly wish: string | undefined;
  readonly adopts?: boolean | undefined;
  readonly kind?: RunnableKind | undefined;
  readonly message: string;
}

/** What outlives a run: handed on by continue-as-new, never read from history. */
export interface InstanceState {
  readonly schemaVersion: 1;
  readonly operations: number;
  /** Failures in a row of the operation that is wanted: sets the pause before it is tried again. */
  readonly failures: number;
  readonly last?: OperationRecord | undefined;
  readonly suspended?: SuspendedOperation | undefined;
  /** Operations that people asked for, oldest first. */
  readonly requests?: readonly Wanted[] | undefined;
  /** A wish that somebody cancelled or rejected: not carried out until it changes. */
  readonly held?: Hold | undefined;
  /** An operation that goes on in a fresh run: as one that runs. */
  readonly handedOn?: Wanted | undefined;
}

export type Found = InstanceSnapshot & { readonly found: true };

/** What is to be done next; undefined: nothing, or a person's word is missing. */
export function nextOperation(snapshot: Found, state: InstanceState, now: number): Wanted | undefined {
  const wanted = chooseOperation(snapshot, state, now);
  const { handedOn } = state;
  const goesOn = handedOn !== undefined && (wanted === undefined || !preempts(wanted, handedOn));
  return goesOn ? handedOn : wanted;
}

function chooseOperation(snapshot: Found, state: InstanceState, now: number): Wanted | undefined {
  if (snapshot.deletionRequested) return { kind: 'deleteInstance' };
  if (!snapshot.created) return { kind: 'createInstance' };
  const waiting = waitingRecovery(state);
  // Without a majority nothing else could be done; the plan stays what it is until it is approved, or void.
  if (waiting !== undefined)
    return waiting.agreed === undefined ? nextMajority(snapshot, state) : wantedOf(waiting);
  const recovery = nextRecovery(snapshot, state);
  if (recovery !== undefined) return recovery;
  const { suspended } = state;
  if (suspended !== undefined && suspended.wish === snapshot.wish) {
    const { plan, opensAt } = suspended.suspension;
    const agreed = suspended.agreed !== undefined || snapshot.approved === plan.hash;
    const open = opensAt !== undefined && msUntil(opensAt, now) <= 0;
    if (agreed || open) return wantedOf(suspended);
    // A wish that is held up must not hold up what somebody asks for now.
    return state.requests?.[0];
  }
  const [request] = state.requests ?? [];
  if (request !== undefined) return request;
  return snapshot.change !== undefined && isRunnable(snapshot.change) && state.held?.wish !== snapshot.wish
    ? { kind: snapshot.change }
    : undefined;
}

// The worker's clock, which judges the window, may be behind the server's, which wakes the entity.
const CLOCK_SKEW_MS = 2_000;

/** Ms until a plan that waits for this moment should be tried. */
export const msUntil = (opensAt: string, now: number): number => Date.parse(opensAt) + CLOCK_SKEW_MS - now;

const wantedOf = ({ kind, switchTo, cluster, agreed, asker }: SuspendedOperation): Wanted => ({
  kind,
  switchTo,
  ...(cluster === undefined ? {} : { cluster }),
  agreed,
  asker,
});

const RUNNABLE: Record<RunnableKind, true> = {
  createInstance: true,
  scaleInstance: true,
  updateInstance: true,
  upgradeInstance: true,
  switchoverInstance: true,
  drainInstance: true,
  rotateInstance: true,
  rebuildInstance: true,
  failoverInstance: true,
  failbackInstance: true,
  recoverInstance: true,
  deleteInstance: true,
};

const isRunnable = (kind: OperationKind): kind is RunnableKind => kind in RUNNABLE;

/** The plan of a recovery of the majority that waits for somebody. */
export const waitingRecovery = ({ suspended }: InstanceState): SuspendedOperation | undefined =>
  suspended?.kind === 'recoverInstance' ? suspended : undefined;

/** It is planned again, and asked for again: what was read is no longer so. */
export function planRecoveryAgain(state: InstanceState): InstanceState {
  const waiting = waitingRecovery(state);
  if (waiting === undefined) return state;
  const again = { ...wantedOf(waiting), agreed: undefined };
  return { ...state, suspended: undefined, requests: [again, ...(state.requests ?? [])] };
}

/** Forgets a plan that was made for another wish, and a hold on one. */
export function dropOutdated(snapshot: Found, state: InstanceState): InstanceState {
  const { suspended } = state;
  const keepsPlan = suspended !== undefined && suspended.wish === snapshot.wish;
  // What a person asked for is planned again, whatever else is wanted by now.
  const isAsked = suspended?.switchTo !== undefined || suspended?.kind === 'recoverInstance';
  const again = keepsPlan || suspended === undefined || !isAsked ? [] : [wantedOf(suspended)];
  const held: Hold | undefined =
    state.held?.adopts === true ? { ...state.held, wish: snapshot.wish, adopts: false } : state.held;
  const keepsHold = held !== undefined && held.wish === snapshot.wish;
  return {
    ...state,
    suspended: keepsPlan ? suspended : undefined,
    requests: again.length === 0 ? state.requests : [...again, ...(state.requests ?? [])],
    held: keepsHold ? held : undefined,
  };
}

/** What the status tells of an operation that waits for a person or a time while nothing runs. */
export function restingProgress(
  ref: InstanceRef,
  snapshot: Found,
  state: InstanceState,
): OperationProgress | undefined {
  const { suspended, held } = state;
  if (suspended !== undefined) {
    return {
      kind: suspended.kind,
      step: suspended.suspension.wait.code === 'Soaking' ? 'soak' : 'approve the plan',
      workflowId: suspended.workflowId,
      startedAt: suspended.startedAt,
      wait: suspended.suspension.wait,
    };
  }
  if (held === undefined || snapshot.change === undefined) return undefined;
  return {
    kind: snapshot.change,
    step: 'held',
    workflowId: state.last?.workflowId ?? operationWorkflowId(ref, state.operations, snapshot.change),
    startedAt: state.last?.startedAt ?? '',
    wait: { code: 'Cancelled', message: held.message },
  };
}
