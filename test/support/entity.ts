import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import type { InstanceRef, OperationKind } from '../../src/domain/instance';
import { instanceWorkflowId, operationWorkflowId } from '../../src/domain/workflow-ids';
import { fakeActivities } from './fake-activities';
import { withWorker, type TestWorker } from './temporal-worker';
import type { World } from './world';

export const newRef = (): InstanceRef => ({ namespace: 'shop', name: 'orders', uid: randomUUID() });

/** Pokes as the controller does. Gives the run that was poked. */
export async function pokeEntity({ client, taskQueue }: TestWorker, ref: InstanceRef): Promise<string> {
  const { signaledRunId } = await client.workflow.signalWithStart('instance', {
    workflowId: instanceWorkflowId(ref.namespace, ref.name, ref.uid),
    taskQueue,
    args: [ref],
    signal: 'poke',
    signalArgs: [{ generation: 1, deletionRequested: false }],
  });
  return signaledRunId;
}

/** A worker over this world for an entity that nobody has poked yet. */
export function withEntity(
  world: World,
  body: (worker: TestWorker, ref: InstanceRef) => Promise<void>,
): Promise<void> {
  const ref = newRef();
  const options = { activities: fakeActivities(world), taskQueue: `q-${ref.uid}` };
  return withWorker(options, (worker) => body(worker, ref));
}

/** The entity's run of this id, else its newest. */
export const entityOf = ({ client }: TestWorker, ref: InstanceRef, runId?: string): WorkflowHandle =>
  client.workflow.getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid), runId);

/** The entity's first operation. */
export const operationOf = ({ client }: TestWorker, ref: InstanceRef, kind: OperationKind): WorkflowHandle =>
  client.workflow.getHandle(operationWorkflowId(ref, 1, kind));

/** Seconds of each timer that this run has started. */
export async function timersOf(handle: WorkflowHandle): Promise<number[]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ timerStartedEventAttributes: timer }) =>
    timer === undefined || timer === null ? [] : [Number(timer.startToFireTimeout?.seconds ?? 0)],
  );
}
