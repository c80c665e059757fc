import type { OperationRecord } from '../domain/instance';
import type { OperationOutcome } from '../domain/operation';
import { tellOutage } from './change-instance';
import type { SuspendedOperation, Wanted } from './entity-state';

/** One run of an operation, and what was asked for when it began. */
export interface OperationRun {
  readonly wanted: Wanted;
  readonly wish: string | undefined;
  readonly workflowId: string;
  readonly startedAt: string;
}

/** What the end of a run leaves to do. */
export type Ended =
  | { readonly record: OperationRecord }
  | { readonly suspended: SuspendedOperation }
  | { readonly handedOn: Wanted };

export const MADE_ROOM = 'cancelled to make room for a more urgent operation';

export function readEnd(run: OperationRun, result: OperationOutcome): Ended {
  const { wanted, wish, workflowId, startedAt } = run;
  switch (result.outcome) {
    case 'suspended': {
      // What was agreed to before was not enough for this plan.
      const { suspension } = result;
      const asked = suspension.wish ?? wish;
      return { suspended: { ...wanted, agreed: undefined, wish: asked, workflowId, startedAt, suspension } };
    }
    case 'handedOn': {
      const { agreed = wanted.agreed, earlier } = result;
      return { handedOn: { ...wanted, agreed, before: { workflowId, startedAt, earlier } } };
    }
    default:
      return { record: recordEnd(run, result.outcome, result.message, result.writeOutageMs) };
  }
}

/** Of an operation that was handed on and does not go on. */
export function recordDropped(handedOn: Wanted, message: string): OperationRecord | undefined {
  const { before } = handedOn;
  if (before === undefined) return undefined;
  const { earlier, ...run } = before;
  return recordEnd(
    { ...run, wanted: handedOn, wish: undefined },
    'cancelled',
    message,
    earlier?.writeOutageMs,
  );
}

export function recordEnd(
  { wanted: { kind, cluster }, workflowId, startedAt }: OperationRun,
  outcome: OperationRecord['outcome'],
  message: string,
  outageMs?: number,
): OperationRecord {
  return {
    kind,
    outcome,
    message,
    workflowId,
    startedAt,
    endedAt: new Date().toISOString(),
    ...(cluster === undefined ? {} : { cluster }),
    ...tellOutage(outageMs),
  };
}
