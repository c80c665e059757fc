import {
  ActivityFailure,
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  isCancellation,
  log,
  ParentClosePolicy,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { InstanceRef, InstanceSnapshot, OperationKind, OperationRecord } from '../domain/instance';
import type { OperationInput, OperationOutcome } from '../domain/operation';
import { healthWorkflowId, operationWorkflowId } from '../domain/workflow-ids';
import { quick } from './activities';
import { createInstance } from './create-instance';
import { deleteInstance } from './delete-instance';
import { describeInstance } from './details';
import { GENERATION, MEMBER_CLUSTERS, PHASE } from './search-attributes';
import { nudgeSignal, pokeSignal } from './signals';

/** What outlives a run: handed on by continue-as-new, never read from history. */
export interface InstanceState {
  readonly schemaVersion: 1;
  readonly operations: number;
  /** Failures in a row of the operation that is wanted: sets the pause before it is tried again. */
  readonly failures: number;
  readonly last?: OperationRecord | undefined;
}

export interface InstanceInput extends InstanceRef {
  readonly state?: InstanceState;
}

interface Running {
  readonly kind: OperationKind;
  readonly handle: ChildWorkflowHandle<typeof createInstance | typeof deleteInstance>;
  readonly startedAt: string;
  readonly scope: CancellationScope;
}

/**
 * The one workflow that may change an instance (S2's token). It reads the custom resource when poked, runs one
 * operation at a time as a child, and continues as new whenever it has nothing in hand, so that its history stays short.
 */
export async function instance(input: InstanceInput): Promise<void> {
  const ref: InstanceRef = { namespace: input.namespace, name: input.name, uid: input.uid };
  let state: InstanceState = input.state ?? { schemaVersion: 1, operations: 0, failures: 0 };
  // A run that was continued is at rest until somebody pokes it.
  let poked = input.state === undefined;
  let running: Running | undefined;
  let ended: OperationRecord | undefined;
  let failedKind: OperationKind | undefined;

  setHandler(pokeSignal, () => {
    poked = true;
  });

  for (;;) {
    await condition(() => poked || ended !== undefined);
    if (ended !== undefined) {
      const record: OperationRecord = ended;
      ended = undefined;
      running = undefined;
      const failed = record.outcome === 'failed';
      failedKind = failed ? record.kind : undefined;
      state = { ...state, last: record, failures: failed ? state.failures + 1 : 0 };
      await quick.recordOperation({ instance: ref, record });
      if (record.kind === 'deleteInstance' && record.outcome === 'succeeded') {
        upsertSearchAttributes([{ key: PHASE, value: 'Deleted' }]);
        return;
      }
    }
    poked = false;
    const snapshot = await quick.readInstance({ instance: ref });
    if (!snapshot.found) {
      running?.scope.cancel();
      upsertSearchAttributes([{ key: PHASE, value: 'Gone' }]);
      setCurrentDetails(
        'The custom resource is gone without our finalizer having run: nothing is touched any more.',
      );
      return;
    }
    const wanted = neededOperation(snapshot);
    announce(snapshot, running?.kind ?? wanted);
    if (running !== undefined) {
      if (wanted === 'deleteInstance' && running.kind !== 'deleteInstance') running.scope.cancel();
      else await running.handle.signal(nudgeSignal).catch(ignoreEnded);
      continue;
    }
    // A pause must not hold a finalizer: removal goes on.
    if (wanted === 'deleteInstance' || (wanted !== undefined && !snapshot.paused)) {
      if (wanted === failedKind) {
        // Only now that it is known what is wanted: the pause of a failed creation must not hold up a deletion.
        failedKind = undefined;
        await condition(isPoked, pauseBeforeRetry(state.failures));
        poked = true;
        continue;
      }
      running = await start(wanted);
      continue;
    }
    await quick.reportStatus({ instance: ref });
    await quick.startHealthWatch({ instance: ref, workflowId: healthWorkflowId(ref) });
    // Everything is at rest: a fresh run has a history of a few events for the next worker build to replay.
    if (!isPoked() && allHandlersFinished()) await continueAsNew<typeof instance>({ ...ref, state });
  }

  // Read through a function: a signal may have set it during an await.
  function isPoked(): boolean {
    return poked;
  }

  function announce(
    snapshot: InstanceSnapshot & { found: true },
    operation: OperationKind | undefined,
  ): void {
    upsertSearchAttributes([
      { key: PHASE, value: operation ?? snapshot.health ?? 'UnKnown' },
      { key: GENERATION, value: snapshot.generation },
      { key: MEMBER_CLUSTERS, value: [...snapshot.clusters] },
    ]);
    setCurrentDetails(describeInstance(ref, snapshot, operation, state.last));
  }

  async function start(kind: 'createInstance' | 'deleteInstance'): Promise<Running> {
    const number = state.operations + 1;
    state = { ...state, operations: number };
    const startedAt = new Date().toISOString();
    const workflowId = operationWorkflowId(ref, number, kind);
    const operationInput: OperationInput = { schemaVersion: 1, instance: ref, kind, startedAt };
    const scope = new CancellationScope({ cancellable: true });
    const handle = await scope.run(() =>
      startChild(kind === 'createInstance' ? createInstance : deleteInstance, {
        workflowId,
        args: [operationInput],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${kind} ${ref.namespace}/${ref.name}`,
      }),
    );
    void follow(kind, workflowId, startedAt, handle);
    return { kind, handle, startedAt, scope };
  }

  async function follow(
    kind: OperationKind,
    workflowId: string,
    startedAt: string,
    handle: { result(): Promise<OperationOutcome> },
  ): Promise<void> {
    const record = (outcome: OperationRecord['outcome'], message: string): void => {
      ended = { kind, outcome, message, workflowId, startedAt, endedAt: new Date().toISOString() };
    };
    try {
      const { outcome, message } = await handle.result();
      record(outcome, message);
    } catch (error) {
      if (isCancellation(error)) record('cancelled', 'cancelled to make room for a more urgent operation');
      else record('failed', rootMessage(error));
    }
  }

  function neededOperation(
    snapshot: InstanceSnapshot & { found: true },
  ): 'createInstance' | 'deleteInstance' | undefined {
    if (snapshot.deletionRequested) return 'deleteInstance';
    return snapshot.created ? undefined : 'createInstance';
  }

  function ignoreEnded(error: unknown): void {
    log.info('operation had ended before the nudge', {
      workflowId: workflowInfo().workflowId,
      error: String(error),
    });
  }
}

/** Ms: 15 s, 30 s, 1 min … 10 min. */
function pauseBeforeRetry(failures: number): number {
  return Math.min(600_000, 15_000 * 2 ** Math.min(failures - 1, 10));
}

function rootMessage(error: unknown): string {
  if (error instanceof ChildWorkflowFailure || error instanceof ActivityFailure)
    return rootMessage(error.cause);
  return error instanceof ApplicationFailure || error instanceof Error ? error.message : String(error);
}
