import { Context, heartbeat } from '@temporalio/activity';
import type { WorkflowHandle } from '@temporalio/client';
import { FedStateError } from '../../src/domain/errors';
import { done, type OperationInput } from '../../src/domain/operation';
import { newRef, timersOf } from '../support/entity';
import { eventually, eventuallyHolds } from '../support/eventually';
import { fakeActivities } from '../support/fake-activities';
import { newGate } from '../support/gate';
import { withWorker } from '../support/temporal-worker';
import { asUsual, atFirst, countOf, fails, newWorld, waits, type World } from '../support/world';

jest.setTimeout(60_000);

/** A creation without an entity. */
function withCreation(world: World, body: (operation: WorkflowHandle) => Promise<void>): Promise<void> {
  const instance = newRef();
  const input: OperationInput = {
    schemaVersion: 1,
    instance,
    kind: 'createInstance',
    startedAt: '2026-01-01T00:00:00.000Z',
  };
  const taskQueue = `q-${instance.uid}`;
  return withWorker({ activities: fakeActivities(world), taskQueue }, async ({ client }) => {
    const workflowId = `op-${instance.uid}`;
    await body(await client.workflow.start('createInstance', { workflowId, taskQueue, args: [input] }));
  });
}

async function hasEvent(
  operation: WorkflowHandle,
  attributes:
    | 'activityTaskCancelRequestedEventAttributes'
    | 'activityTaskCanceledEventAttributes'
    | 'workflowExecutionCanceledEventAttributes',
): Promise<boolean> {
  const { events } = await operation.fetchHistory();
  return (events ?? []).some((event) => event[attributes] !== undefined && event[attributes] !== null);
}

describe('an operation', () => {
  it('plans again when a step was superseded', async () => {
    const world = newWorld();
    const lost = new FedStateError('Superseded', 'another configuration came between');
    world.instead.executeStep = atFirst(asUsual, fails(lost));
    await withCreation(world, async (operation) => {
      await expect(operation.result()).resolves.toMatchObject({ outcome: 'succeeded' });
      expect(world.calls.filter((name) => name === 'planReplicaSet' || name === 'executeStep')).toEqual([
        'planReplicaSet',
        'executeStep',
        'executeStep',
        'planReplicaSet',
        'executeStep',
        'executeStep',
        'planReplicaSet',
      ]);
    });
  });

  it('calls a person when planning leads nowhere', async () => {
    const world = newWorld();
    world.steps = [{ kind: 'createUsers' }];
    world.instead.executeStep = ({ step }) => Promise.resolve(step.kind);
    await withCreation(world, async () => {
      await eventuallyHolds('waits', () => world.waits.length > 0, 50_000);
      expect(world.waits).toEqual([
        { code: 'ReplicaSet', message: expect.stringContaining('not as desired after 20 plans') as string },
      ]);
      expect(countOf(world, 'planReplicaSet')).toBe(20);
    });
  });

  it('looks once for a burst of nudges', async () => {
    const world = newWorld();
    world.instead.placeInstance = waits('Unschedulable', 'no room');
    await withCreation(world, async (operation) => {
      await eventually(async () => expect(await timersOf(operation)).toEqual([5]));
      await Promise.all(Array.from({ length: 10 }, () => operation.signal('nudge')));
      // Five seconds, cut short; one for the burst; then the second pause, which nothing cuts short.
      await eventually(async () => expect(await timersOf(operation)).toEqual([5, 1, 10]));
      expect(countOf(world, 'placeInstance')).toBe(2);
    });
  });

  it('looks again when it was nudged while it looked', async () => {
    const world = newWorld();
    const gate = newGate();
    world.instead.placeInstance = atFirst(async () => {
      await gate.opened;
      return waits('Unschedulable', 'no room')();
    });
    await withCreation(world, async (operation) => {
      await eventuallyHolds('looks', () => world.calls.includes('placeInstance'));
      await operation.signal('nudge');
      gate.open();
      await operation.result();
      expect(await timersOf(operation)).toEqual([1]);
    });
  });
});

describe('a cancelled operation', () => {
  it('waits for the replica-set command in hand, and tells it', async () => {
    const world = newWorld();
    const ending = newGate();
    world.instead.executeStep = async () => {
      const beat = setInterval(() => heartbeat(), 50);
      try {
        return await Context.current().cancelled;
      } catch (error) {
        await ending.opened;
        throw error;
      } finally {
        clearInterval(beat);
      }
    };
    await withCreation(world, async (operation) => {
      await eventuallyHolds('executes', () => world.calls.includes('executeStep'));
      await operation.cancel();
      await eventuallyHolds('asks the command to end', () =>
        hasEvent(operation, 'activityTaskCancelRequestedEventAttributes'),
      );
      const ended = await hasEvent(operation, 'workflowExecutionCanceledEventAttributes');
      ending.open();
      expect(ended).toBe(false);
      await expect(operation.result()).rejects.toThrow('Workflow execution cancelled');
      expect(await hasEvent(operation, 'activityTaskCanceledEventAttributes')).toBe(true);
    });
  });

  it('waits for a short write in hand, and begins no other', async () => {
    const world = newWorld();
    const writing = newGate();
    world.instead.prepareCredentials = () => writing.opened.then(() => done('written'));
    await withCreation(world, async (operation) => {
      await eventuallyHolds('writes', () => world.calls.includes('prepareCredentials'));
      await operation.cancel();
      await eventuallyHolds('asks the write to end', () =>
        hasEvent(operation, 'activityTaskCancelRequestedEventAttributes'),
      );
      const ended = await hasEvent(operation, 'workflowExecutionCanceledEventAttributes');
      writing.open();
      expect(ended).toBe(false);
      await expect(operation.result()).rejects.toThrow('Workflow execution cancelled');
      expect(world.calls.at(-1)).toBe('prepareCredentials');
    });
  });

  it('does not wait for an attempt that is not being made', async () => {
    const world = newWorld();
    world.instead.prepareCredentials = fails(new FedStateError('Unreachable', 'no route'));
    await withCreation(world, async (operation) => {
      // Then the next attempt is eight seconds away.
      await eventuallyHolds('failed often', () => countOf(world, 'prepareCredentials') === 4);
      await operation.cancel();
      await expect(operation.result()).rejects.toThrow('Workflow execution cancelled');
    });
  });
});
