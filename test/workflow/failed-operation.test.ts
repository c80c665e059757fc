import { FedStateError } from '../../src/domain/errors';
import { entityOf, operationOf, pokeEntity, timersOf, withEntity } from '../support/entity';
import { eventually, eventuallyHolds } from '../support/eventually';
import { newGate } from '../support/gate';
import { asUsual, atFirst, countOf, edit, fails, newWorld, outcomesOf, stagesOf } from '../support/world';

const REFUSED = new FedStateError('InvalidSpec', 'spec.imageSetting.image: no tag');

jest.setTimeout(60_000);

describe('an operation that failed', () => {
  it('is tried again after a pause', async () => {
    const world = newWorld();
    world.instead.checkReferences = atFirst(fails(REFUSED));
    await withEntity(world, async (worker, ref) => {
      const runId = await pokeEntity(worker, ref);
      await eventuallyHolds('tried again', () => world.records.length === 2, 45_000);
      expect(world.records).toMatchObject([
        { kind: 'createInstance', outcome: 'failed', message: REFUSED.message },
        { kind: 'createInstance', outcome: 'succeeded' },
      ]);
      expect(new Set(world.records.map(({ workflowId }) => workflowId)).size).toBe(2);
      expect(await timersOf(entityOf(worker, ref, runId))).toEqual([15]);
    });
  });

  it('is tried again at once when poked, and pauses longer when it fails again', async () => {
    const world = newWorld();
    world.instead.checkReferences = fails(REFUSED);
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventually(async () => expect(await timersOf(entityOf(worker, ref))).toEqual([15]));
      await pokeEntity(worker, ref);
      await eventually(async () => expect(await timersOf(entityOf(worker, ref))).toEqual([15, 30]));
      expect(outcomesOf(world)).toEqual(['createInstance failed', 'createInstance failed']);
    });
  });

  it('holds no deletion up that is asked for while its end is recorded', async () => {
    const world = newWorld();
    world.instead.checkReferences = fails(REFUSED);
    await withEntity(world, async (worker, ref) => {
      world.instead.recordOperation = atFirst(async () => {
        edit(world, { deletionRequested: true });
        await pokeEntity(worker, ref);
      });
      await pokeEntity(worker, ref);
      await entityOf(worker, ref).result();
      expect(stagesOf(world).slice(0, 2)).toEqual(['checkReferences', 'liftPreservation']);
      expect(await timersOf(entityOf(worker, ref))).toEqual([]);
    });
  });

  it('holds no deletion up that was read before it had failed', async () => {
    const world = newWorld();
    const [failing, reading] = [newGate(), newGate()];
    world.instead.checkReferences = () => failing.opened.then(() => Promise.reject(REFUSED));
    world.instead.readInstance = atFirst(asUsual, () => reading.opened.then(() => world.snapshot));
    await withEntity(world, async (worker, ref) => {
      await pokeEntity(worker, ref);
      await eventuallyHolds('creates', () => world.calls.includes('checkReferences'));
      edit(world, { deletionRequested: true });
      await pokeEntity(worker, ref);
      await eventuallyHolds('reads', () => countOf(world, 'readInstance') === 2);
      failing.open();
      await expect(operationOf(worker, ref, 'createInstance').result()).rejects.toThrow(
        'Workflow execution failed',
      );
      reading.open();
      await entityOf(worker, ref).result();
      expect(outcomesOf(world)).toEqual(['createInstance failed', 'deleteInstance succeeded']);
      expect(await timersOf(entityOf(worker, ref))).toEqual([]);
    });
  });
});
