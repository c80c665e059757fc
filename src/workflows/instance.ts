import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  log,
  ParentClosePolicy,
  patched,
  setCurrentDetails,
  setHandler,
  startChild,
  upsertSearchAttributes,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import type { InstanceRef, OperationKind } from '../domain/instance';
import type { OperationInput, OperationOutcome } from '../domain/operation';
import { healthWorkflowId, operationWorkflowId } from '../domain/workflow-ids';
import { quick, sequence } from './activities';
import {
  drainInstance,
  rebuildInstance,
  rotateInstance,
  scaleInstance,
  switchoverInstance,
  updateInstance,
  upgradeInstance,
} from './change-instance';
import { createInstance } from './create-instance';
import { deleteInstance } from './delete-instance';
import { msUntil, nextOperation } from './entity-choice';
import { preempts } from './entity-recovery';
import { describeInstance } from './details';
import { MADE_ROOM, readEnd, recordDropped, recordEnd, type Ended, type OperationRun } from './entity-ends';
import { handleCommands } from './entity-handlers';
import {
  dropOutdated,
  planRecoveryAgain,
  restingProgress,
  waitingRecovery,
  withStop,
  type Found,
  type InstanceState,
  type RunnableKind,
  type Wanted,
} from './entity-state';
import { rootMessage } from './failure-message';
import { failbackInstance, failoverInstance } from './recover-instance';
import { recoverInstance } from './recover-majority';
import { GENERATION, MEMBER_CLUSTERS, PHASE } from './search-attributes';
import { isHistoryLong } from './long-history';
import { handOnSignal, nudgeSignal, pokeSignal, stopSignal } from './signals';

export interface InstanceInput extends InstanceRef {
  readonly state?: InstanceState;
  /** Current details of the run before: at rest nothing would write them again. */
  readonly page?: string;
  /** The run before was not at rest: there is something to do. */
  readonly busy?: true;
}

type Operation = (input: OperationInput) => Promise<OperationOutcome>;

interface Running extends OperationRun {
  readonly handle: ChildWorkflowHandle<Operation>;
  readonly scope: CancellationScope;
  /** Who stopped it and why, when a person did. */
  stopped?: string;
  /** It was told that our history is long. */
  isHandingOn?: true;
}

const OPERATIONS: Record<RunnableKind, Operation> = {
  createInstance,
  scaleInstance,
  updateInstance,
  upgradeInstance,
  switchoverInstance,
  drainInstance,
  rotateInstance,
  rebuildInstance,
  failoverInstance,
  failbackInstance,
  recoverInstance,
  deleteInstance,
};

/**
 * The one workflow that may change an instance (S2's token). It reads the custom resource when poked, runs one
 * operation at a time as a child, and continues as new whenever it has nothing in hand, so that its history stays short.
 */
export async function instance(input: InstanceInput): Promise<void> {
  const ref: InstanceRef = { namespace: input.namespace, name: input.name, uid: input.uid };
  let state: InstanceState = input.state ?? { schemaVersion: 1, operations: 0, failures: 0 };
  // A run that was continued is at rest until somebody pokes it.
  let poked = input.state === undefined || input.busy === true;
  let running: Running | undefined;
  let ended: Ended | undefined;
  let failedKind: OperationKind | undefined;
  let page = input.page ?? '';
  setCurrentDetails(page);

  setHandler(pokeSignal, () => {
    poked = true;
  });
  handleCommands({
    ref,
    state: () => state,
    change: (next) => {
      state = next;
    },
    running: () => running?.workflowId ?? state.handedOn?.before?.workflowId,
    stopRunning: async (message) => {
      if (running !== undefined) await stop(running, message);
      else if (state.handedOn !== undefined)
        state = { ...state, handedOn: withStop(state.handedOn, message) };
    },
    wake: () => {
      poked = true;
    },
  });

  if (input.state === undefined && patched('one-operation')) {
    const operations = await sequence.awaitOperations({ instance: ref });
    state = { ...state, operations };
  }
  for (;;) {
    const window = untilWindow();
    if (window === undefined) await condition(hasNews);
    else if (!(await condition(hasNews, window))) poked = true;
    if (ended !== undefined) {
      const { wanted, wish, stopped } = running ?? {};
      const news = ended;
      ended = undefined;
      running = undefined;
      // One that waits for a word is kept with its plan, and no longer in the queue.
      const requests = state.requests?.filter((request) => request !== wanted);
      if ('suspended' in news) state = { ...state, requests, suspended: news.suspended };
      else if ('handedOn' in news) {
        const { handedOn } = news;
        state = {
          ...state,
          requests,
          handedOn: stopped === undefined ? handedOn : withStop(handedOn, stopped),
        };
      } else {
        const { record } = news;
        const failed = record.outcome === 'failed';
        failedKind = failed ? record.kind : undefined;
        // Stopped in time it ends as cancelled; a stop that came too late holds nothing up.
        const held =
          stopped === undefined || record.outcome !== 'cancelled' || wanted?.kind === 'recoverInstance'
            ? undefined
            : {
                wish,
                message: stopped,
                kind: wanted?.kind,
                ...(wanted?.cluster === undefined ? {} : { adopts: true }),
              };
        state = { ...state, last: record, failures: failed ? state.failures + 1 : 0, requests, held };
        await quick.recordOperation({ instance: ref, record });
        if (record.kind === 'deleteInstance' && record.outcome === 'succeeded') {
          upsertSearchAttributes([{ key: PHASE, value: 'Deleted' }]);
          return;
        }
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
    state = dropOutdated(snapshot, state);
    if (running === undefined) await reviewRecovery();
    const wanted = nextOperation(snapshot, state, Date.now());
    announce(snapshot, running?.wanted.kind ?? wanted?.kind);
    if (running !== undefined) {
      if (wanted !== undefined && mayStart(wanted, snapshot) && preempts(wanted, running.wanted))
        running.scope.cancel();
      else {
        if (running.isHandingOn === undefined && isHistoryLong()) {
          running.isHandingOn = true;
          await running.handle.signal(handOnSignal).catch(ignoreEnded);
        }
        await running.handle.signal(nudgeSignal).catch(ignoreEnded);
      }
      continue;
    }
    if (wanted !== undefined && mayStart(wanted, snapshot)) {
      if (wanted.kind === failedKind) {
        // Only now that it is known what is wanted: the pause of a failed creation must not hold up a deletion.
        failedKind = undefined;
        await condition(isPoked, pauseBeforeRetry(state.failures));
        poked = true;
        continue;
      }
      if (allHandlersFinished() && isHistoryLong())
        await continueAsNew<typeof instance>({ ...ref, state, page, busy: true });
      await dropHandedOn(wanted);
      running = await start(wanted, snapshot.wish);
      const stopped = state.handedOn?.before?.stop;
      state = { ...state, suspended: undefined, handedOn: undefined };
      if (stopped !== undefined) await stop(running, stopped);
      continue;
    }
    const progress = restingProgress(ref, snapshot, state);
    await quick.reportStatus(progress === undefined ? { instance: ref } : { instance: ref, progress });
    await quick.startHealthWatch({ instance: ref, workflowId: healthWorkflowId(ref) });
    // Everything is at rest: a fresh run has a history of a few events for the next worker build to replay.
    if (!isPoked() && allHandlersFinished()) await continueAsNew<typeof instance>({ ...ref, state, page });
  }

  // Read through a function: a signal may have set it during an await.
  function isPoked(): boolean {
    return poked;
  }

  function hasNews(): boolean {
    return poked || ended !== undefined;
  }

  /** One that another has taken the place of before its next run began is over, as one that runs would be. */
  async function dropHandedOn(wanted: Wanted): Promise<void> {
    const { handedOn } = state;
    const record =
      handedOn === undefined || handedOn === wanted ? undefined : recordDropped(handedOn, MADE_ROOM);
    if (record === undefined) return;
    state = { ...state, last: record, handedOn: undefined };
    await quick.recordOperation({ instance: ref, record });
  }

  async function stop(run: Running, message: string): Promise<void> {
    run.stopped = message;
    await run.handle.signal(stopSignal, message).catch(ignoreEnded);
    await run.handle.signal(nudgeSignal).catch(ignoreEnded);
  }

  /** A plan to force is shown only as long as it would still be made. */
  async function reviewRecovery(): Promise<void> {
    const waiting = waitingRecovery(state);
    if (waiting === undefined || waiting.agreed !== undefined) return;
    const { hash } = waiting.suspension.plan;
    const stands = await sequence.reviewRecovery({ instance: ref, hash });
    // Approved meanwhile: the operation looks for itself.
    if (!stands && waitingRecovery(state)?.agreed === undefined) state = planRecoveryAgain(state);
  }

  /** Ms until the plan that waits may be tried again by itself; undefined: no such plan. */
  function untilWindow(): number | undefined {
    const opensAt = running === undefined ? state.suspended?.suspension.opensAt : undefined;
    return opensAt === undefined
      ? undefined
      : Math.min(LONGEST_SLEEP_MS, Math.max(1_000, msUntil(opensAt, Date.now())));
  }

  function announce(snapshot: Found, operation: OperationKind | undefined): void {
    upsertSearchAttributes([
      { key: PHASE, value: operation ?? snapshot.health ?? 'UnKnown' },
      { key: GENERATION, value: snapshot.generation },
      { key: MEMBER_CLUSTERS, value: [...snapshot.clusters] },
    ]);
    page = describeInstance(ref, snapshot, operation, state);
    setCurrentDetails(page);
  }

  async function start(wanted: Wanted, wish: string | undefined): Promise<Running> {
    const { kind, switchTo, cluster, agreed, asker, before } = wanted;
    const number = state.operations + 1;
    if (before === undefined) state = { ...state, operations: number };
    const startedAt = before?.startedAt ?? new Date().toISOString();
    const workflowId = before?.workflowId ?? operationWorkflowId(ref, number, kind);
    const operationInput: OperationInput = {
      schemaVersion: 1,
      instance: ref,
      kind,
      startedAt,
      ...(switchTo === undefined ? {} : { switchTo }),
      ...(cluster === undefined ? {} : { cluster }),
      ...(agreed === undefined ? {} : { agreed }),
      ...(asker === undefined ? {} : { asker }),
      ...(before?.earlier === undefined ? {} : { earlier: before.earlier }),
    };
    const scope = new CancellationScope({ cancellable: true });
    const handle = await scope.run(() =>
      startChild(OPERATIONS[kind], {
        workflowId,
        args: [operationInput],
        parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
        staticSummary: `${kind} ${ref.namespace}/${ref.name}`,
      }),
    );
    const run = { wanted, wish, workflowId, startedAt };
    void follow(run, handle);
    return { ...run, handle, scope };
  }

  async function follow(run: OperationRun, handle: { result(): Promise<OperationOutcome> }): Promise<void> {
    try {
      ended = readEnd(run, await handle.result());
    } catch (error) {
      const record = isCancellation(error)
        ? recordEnd(run, 'cancelled', MADE_ROOM)
        : recordEnd(run, 'failed', rootMessage(error));
      ended = { record };
    }
  }

  function ignoreEnded(error: unknown): void {
    log.info('operation had ended before the nudge', {
      workflowId: workflowInfo().workflowId,
      error: String(error),
    });
  }
}

/** A pause must not hold a finalizer: removal goes on. */
const mayStart = (wanted: Wanted, snapshot: Found): boolean =>
  wanted.kind === 'deleteInstance' || !snapshot.paused;

// A plan that waits for weeks is looked at once a day: the schedule may have changed.
const LONGEST_SLEEP_MS = 86_400_000;

/** Ms: 15 s, 30 s, 1 min … 10 min. */
function pauseBeforeRetry(failures: number): number {
  return Math.min(600_000, 15_000 * 2 ** Math.min(failures - 1, 10));
}
