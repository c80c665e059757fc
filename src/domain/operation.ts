import type { InstanceRef, OperationKind, OperationRecord, Wait } from './instance';

/** Input of every operation workflow: one object, so that fields can be added. */
export interface OperationInput {
  readonly schemaVersion: 1;
  readonly instance: InstanceRef;
  readonly kind: OperationKind;
  readonly startedAt: string;
}

/** How an operation ended; `waiting` is never an end. */
export interface OperationOutcome {
  readonly outcome: OperationRecord['outcome'];
  readonly message: string;
  readonly clusters: readonly string[];
}

/** Result of one stage of an operation: it is done, or it waits for something that a person or a cluster must change. */
export type StageResult<T> =
  { readonly done: true; readonly value: T } | { readonly done: false; readonly wait: Wait };

export const done = <T>(value: T): StageResult<T> => ({ done: true, value });
export const waitFor = (wait: Wait): { readonly done: false; readonly wait: Wait } => ({ done: false, wait });
