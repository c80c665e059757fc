import { createOpenOperationActivities } from '../../src/activities/open-operations';
import { done } from '../../src/domain/operation';
import { operationWorkflowId } from '../../src/domain/workflow-ids';
import { entityOf, operationOf, pokeEntity, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { newGate } from '../support/gate';
import { makeStubContext } from '../support/stub-context';
import { createStubKube } from '../support/stub-kube';
import { atFirst, countOf, edit, newWorld, outcomesOf, stagesOf, waits } from '../support/world';

const CREATE = [
  'checkReferences',
  'placeInstance',
  'prepareCredentials',
  'dispatchInstance',
  'awaitMembers',
  'planReplicaSet',
  'executeStep',
  'executeStep',
  'executeStep',
  'planReplicaSet',
  'ensureUsers',
  'publishConnection',
  'verifyInstance',
];
const DELETE = ['liftPreservation', 'deleteTemplates', 'awaitRemoval', 'deletePolicies', 'releaseInstance'];

jest.setTimeout(60_000);

describe('the entity of an instance', () => {
  it('creates, records the operation, starts the health watch and then rests without new events', async () => {
    const world = newWorld();
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('health watch started', () => world.calls.includes('startHealthWatch'));
      expect(stagesOf(world)).toEqual([...CREATE, 'startHealthWatch']);
      expect(outcomesOf(world)).toEqual(['createInstance succeeded']);
      const handle = entityOf(worker, ref);
      await eventuallyHolds('continued as new', async () => (await handle.describe()).historyLength <= 5);
      const { runId } = await handle.describe();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      // At rest: no run follows another without a poke.
      expect((await handle.describe()).runId).toBe(runId);
    });
  });

  it('tells what it waits for, and goes on from the first stage when nudged', async () => {
    const world = newWorld();
    world.instead.placeInstance = atFirst(waits('Unschedulable', 'east: room for 0 of 3'));
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', () => world.waits.length > 0);
      expect(world.waits[0]).toEqual({ code: 'Unschedulable', message: 'east: room for 0 of 3' });
      expect(world.calls).not.toContain('dispatchInstance');
      await pokeEntity(worker, ref);
      await eventuallyHolds('created', () => world.records.length > 0);
      expect(stagesOf(world).slice(0, 4)).toEqual([
        'checkReferences',
        'placeInstance',
        'checkReferences',
        'placeInstance',
      ]);
    });
  });

  it('after it was terminated, begins nothing while an operation still ends, and counts on from that one (S2)', async () => {
    const world = newWorld();
    const gate = newGate();
    // Deaf to its cancellation, as a command that mongod is still working at.
    world.instead.awaitMembers = atFirst(() => gate.opened.then(() => done('3 run')));
    await withEntity(world, async (worker, ref) => {
      const context = makeStubContext(createStubKube().kube, { temporal: worker.client });
      const own = createOpenOperationActivities(context);
      world.instead.awaitOperations = (input) => own.awaitOperations(input);
      await pokeEntity(worker, ref);
      await eventuallyHolds('in hand', () => world.calls.includes('awaitMembers'));
      await entityOf(worker, ref).terminate('by hand');
      await pokeEntity(worker, ref);
      await eventuallyHolds('looked', () => countOf(world, 'awaitOperations') === 2);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const begun = [countOf(world, 'readInstance'), countOf(world, 'checkReferences')];
      // Before anything can fail: the worker would wait for it.
      gate.open();
      expect(begun).toEqual([1, 1]);
      await eventuallyHolds('created', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['createInstance succeeded']);
      expect(world.records[0]?.workflowId).toBe(operationWorkflowId(ref, 2, 'createInstance'));
    });
  });

  it('reads once for all pokes that come while it reads', async () => {
    const world = newWorld({ created: true });
    const gate = newGate();
    world.instead.readInstance = atFirst(() => gate.opened.then(() => world.snapshot));
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('reads', () => world.calls.includes('readInstance'));
      for (let pokes = 0; pokes < 10; pokes += 1) await pokeEntity(worker, ref);
      gate.open();
      await eventuallyHolds(
        'at rest',
        async () => (await entityOf(worker, ref).describe()).historyLength <= 5,
      );
      expect(countOf(world, 'readInstance')).toBe(2);
    });
  });

  it('gives way to a deletion: the creation is cancelled, the instance removed, the entity ends', async () => {
    const world = newWorld();
    world.instead.awaitMembers = waits('MembersNotReady', 'east/0: pulling');
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits for members', () => world.waits.length > 0);
      edit(world, { deletionRequested: true });
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      expect(outcomesOf(world)).toEqual(['createInstance cancelled', 'deleteInstance succeeded']);
      expect(stagesOf(world).slice(-5)).toEqual(DELETE);
    });
  });

  it('touches nothing while paused, but still removes', async () => {
    const world = newWorld({ paused: true });
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('looked', () => world.calls.includes('startHealthWatch'));
      expect(stagesOf(world)).toEqual(['startHealthWatch']);
      edit(world, { deletionRequested: true });
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      expect(outcomesOf(world)).toEqual(['deleteInstance succeeded']);
    });
  });

  it('ends without touching anything when the custom resource was deleted by force', async () => {
    const world = newWorld();
    world.snapshot = { found: false };
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      expect(stagesOf(world)).toEqual([]);
    });
  });

  it('takes its operation with it when the custom resource is deleted by force', async () => {
    const world = newWorld();
    world.instead.awaitMembers = waits('MembersNotReady', 'east/0: pulling');
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits for members', () => world.waits.length > 0);
      world.snapshot = { found: false };
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      await expect(operationOf(worker, ref, 'createInstance').result()).rejects.toThrow(
        'Workflow execution cancelled',
      );
    });
  });
});
