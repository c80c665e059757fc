import type { InstanceRef, OperationKind, OperationRecord, Wait } from './instance';
import type { Agreement, ChangePlan, SwitchTarget } from './plan';

/** Input of every operation workflow: one object, so that fields can be added. */
export interface OperationInput {
  readonly schemaVersion: 1;
  readonly instance: InstanceRef;
  readonly kind: OperationKind;
  readonly startedAt: string;
  readonly switchTo?: SwitchTarget | undefined;
  /** That is lost, or that has come back. */
  readonly cluster?: string | undefined;
  readonly agreed?: Agreement | undefined;
  /** Who asked for it, if a person did. */
  readonly asker?: { readonly by: string; readonly why?: string | undefined } | undefined;
  readonly earlier?: EarlierRuns | undefined;
}

/** What the runs of an operation before this one have done. */
export interface EarlierRuns {
  /** The most that they can have stopped writes for. */
  readonly writeOutageMs?: number | undefined;
  /** Steps that they have carried out, in words, the oldest first. */
  readonly past?: readonly string[] | undefined;
  /** How these would be taken back, in the same order. */
  readonly undo?: readonly string[] | undefined;
}

/** A plan that may not run yet: the operation has ended without it, so that nothing is blocked (design: safe points). */
export interface Suspension {
  readonly plan: ChangePlan;
  readonly wait: Wait;
  /** When it may be tried again without anybody's word. */
  readonly opensAt?: string | undefined;
  /** What was asked for when the plan was made, where the operation itself has changed that. */
  readonly wish?: string | undefined;
}

/** How an operation ended; `waiting` is never an end. */
export type OperationEnd =
  | {
      readonly outcome: OperationRecord['outcome'];
      readonly message: string;
      readonly clusters: readonly string[];
      /** The most that writes can have stopped for, all in all; absent: nothing of it is known. */
      readonly writeOutageMs?: number | undefined;
    }
  | { readonly outcome: 'suspended'; readonly suspension: Suspension };

/** A run that has waited until a history became long: the next run goes on with what it is told here. */
export interface HandedOn {
  readonly outcome: 'handedOn';
  readonly agreed?: Agreement | undefined;
  readonly earlier?: EarlierRuns | undefined;
}

/** How a run of an operation ended. */
export type OperationOutcome = OperationEnd | HandedOn;

/** Result of one stage of an operation: it is done, or it waits for something that a person or a cluster must change. */
export type StageResult<T> =
  { readonly done: true; readonly value: T } | { readonly done: false; readonly wait: Wait };

export const done = <T>(value: T): StageResult<T> => ({ done: true, value });
export const waitFor = (wait: Wait): { readonly done: false; readonly wait: Wait } => ({ done: false, wait });
