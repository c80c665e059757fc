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

export const wantedOf = ({ kind, switchTo, cluster, agreed, asker }: SuspendedOperation): Wanted => ({
  kind,
  switchTo,
  ...(cluster === undefined ? {} : { cluster }),
  agreed,
  asker,
});

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
