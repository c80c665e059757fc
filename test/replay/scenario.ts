import type { Client } from '@temporalio/client';
import type { InstanceRef, OperationKind } from '../../src/domain/instance';
import { healthWorkflowId, operationWorkflowId } from '../../src/domain/workflow-ids';
import { entityOf, pokeEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { fakeActivities } from '../support/fake-activities';
import { withWorker, type TestWorker } from '../support/temporal-worker';
import type { World } from '../support/world';
import { fetchRecordings, type Recording, type Run } from './recording';

/** A course of events worth keeping, by name. */
export interface Scenario {
  readonly name: string;
  readonly play: (scene: Scene) => Promise<void>;
}

export interface Scene {
  readonly world: World;
  readonly poke: () => Promise<void>;
  /** A person's command; ids are counted, so that recording twice gives the same history. */
  readonly update: (name: string, args: object) => Promise<void>;
  /** As a person does with `temporal workflow start --type failover`; ends with it. */
  readonly openDoor: (input: object, type?: 'failover' | 'recoverMajority') => Promise<void>;
  /** Asks an operation that waits to let a fresh run go on, as the entity does when its history is long. */
  readonly handOn: (kind: OperationKind, number?: number) => Promise<void>;
  /** As the activity of that name does. */
  readonly startHealthWatch: () => Promise<void>;
  /** Until neither the entity nor its operation does anything by itself, timers apart. */
  readonly settle: () => Promise<void>;
  /** Until the entity, or its health watch, has ended. */
  readonly end: (who?: 'entity' | 'watch') => Promise<void>;
}

/** Plays on a server of its own, where the task queue and the names of all scenarios are free. */
export async function playScenario(
  scenario: Scenario,
  world: World,
  taskQueue: string,
): Promise<Recording[]> {
  const ref: InstanceRef = { namespace: 'shop', name: 'orders', uid: scenario.name };
  let recordings: Recording[] = [];
  await withWorker({ activities: fakeActivities(world), taskQueue, watchesHealth: true }, async (worker) => {
    const roots: Run[] = [];
    await scenario.play(newScene(worker, world, ref, roots));
    recordings = await fetchRecordings(worker.client, roots);
  });
  return recordings;
}

function newScene(worker: TestWorker, world: World, ref: InstanceRef, roots: Run[]): Scene {
  const { client, taskQueue } = worker;
  const entity = entityOf(worker, ref);
  let updates = 0;
  return {
    world,
    update: async (name, args) => {
      updates += 1;
      await entity.executeUpdate(name, { args: [args], updateId: `update-${updates}` });
    },
    poke: async () => {
      roots.push({ workflowId: entity.workflowId, runId: await pokeEntity(worker, ref) });
    },
    handOn: async (kind, number = 1) => {
      const operation = client.workflow.getHandle(operationWorkflowId(ref, number, kind));
      // Wakes it first: one that is just coming to rest may end with the request alone.
      await operation.signal('nudge');
      await operation.signal('handOn');
    },
    startHealthWatch: async () => {
      const { workflowId, firstExecutionRunId } = await client.workflow.start('watchHealth', {
        workflowId: healthWorkflowId(ref),
        taskQueue,
        args: [{ instance: ref }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      });
      roots.push({ workflowId, runId: firstExecutionRunId });
    },
    openDoor: async (input, type = 'failover') => {
      const handle = await client.workflow.start(type, {
        workflowId: `${entity.workflowId}/${type}`,
        taskQueue,
        args: [input],
      });
      roots.push({ workflowId: handle.workflowId, runId: handle.firstExecutionRunId });
      await handle.result();
    },
    settle: () => settle(client, entity.workflowId),
    end: async (who = 'entity') => {
      await (who === 'entity' ? entity : client.workflow.getHandle(healthWorkflowId(ref))).result();
    },
  };
}

/** Twice in a row: a signal from one workflow to another is for a moment nobody's task. */
async function settle(client: Client, workflowId: string): Promise<void> {
  let idle = 0;
  await eventuallyHolds(`${workflowId} settled`, async () => {
    idle = (await isIdle(client, workflowId)) ? idle + 1 : 0;
    if (idle === 1) await new Promise((resolve) => setTimeout(resolve, 300));
    return idle === 2;
  });
}

async function isIdle(client: Client, workflowId: string): Promise<boolean> {
  const { raw, historyLength } = await client.workflow.getHandle(workflowId).describe();
  // Started, and its first task scheduled, started, completed: a run that was just continued has less for a while.
  if (historyLength < 4) return false;
  if (raw.pendingWorkflowTask !== undefined && raw.pendingWorkflowTask !== null) return false;
  if ((raw.pendingActivities ?? []).length > 0) return false;
  for (const child of raw.pendingChildren ?? [])
    if (!(await isIdle(client, child.workflowId ?? ''))) return false;
  return true;
}
