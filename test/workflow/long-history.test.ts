import type { WorkflowHandle } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createFailoverDoorActivities, type RequestedOperation } from '../../src/activities/failover-door';
import type { OperationOutcome } from '../../src/domain/operation';
import type { StepFacts } from '../../src/domain/plan';
import { instanceWorkflowId, operationWorkflowId } from '../../src/domain/workflow-ids';
import { entityOf, operationOf, pokeEntity, withEntity } from '../support/entity';
import { eventuallyHolds } from '../support/eventually';
import { freePort } from '../support/free-port';
import { makeStubContext } from '../support/stub-context';
import { createStubKube } from '../support/stub-kube';
import { startTemporalServer, type TemporalServer } from '../support/temporal-server';
import type { TestWorker } from '../support/temporal-worker';
import { countOf, edit, newWorld, outcomesOf, waits, type World } from '../support/world';

/** Waits have no end, histories have: what waits for weeks goes on in fresh runs. */
jest.setTimeout(120_000);

/** Runs of a workflow, the newest first. */
async function runsOf({ client }: TestWorker, workflowId: string) {
  const runs = [];
  for await (const run of client.workflow.list({ query: `WorkflowId='${workflowId}'` })) runs.push(run);
  return runs.sort((a, b) => b.startTime.getTime() - a.startTime.getTime());
}

const lengthOf = async (handle: WorkflowHandle): Promise<number> => (await handle.describe()).historyLength;

/** Wakes it first: one that is just coming to rest may end with the request alone. */
async function handOn(operation: WorkflowHandle): Promise<void> {
  await operation.signal('nudge');
  await operation.signal('handOn');
}

/** Pokes until `check` holds, each time that the operation has looked again. */
async function pokeUntil(
  world: World,
  poke: () => Promise<unknown>,
  check: () => Promise<boolean>,
): Promise<void> {
  for (let pokes = 0; !(await check()); pokes += 1) {
    if (pokes > 60) throw new Error('60 pokes changed nothing');
    const passes = countOf(world, 'placeInstance');
    await poke();
    await eventuallyHolds('the operation looks again', () => countOf(world, 'placeInstance') > passes);
  }
}

/** As the activity behind `temporal workflow start --type failover` does. */
function follow(
  { client }: TestWorker,
  operation: RequestedOperation,
  startMs?: number,
): Promise<OperationOutcome> {
  const context = makeStubContext(createStubKube().kube, { temporal: client });
  const door = createFailoverDoorActivities(context, startMs);
  return new MockActivityEnvironment().run((input) => door.followOperation(input), operation);
}

const SCALE: readonly StepFacts[] = [
  { kind: 'dispatch', clusters: ['east'] },
  { kind: 'stepDown', host: '10.0.1.1:30001', freezeHosts: [] },
  { kind: 'retireMember', cluster: 'west', ordinal: 1, host: '10.0.3.1:30002' },
];

function changedWorld(): World {
  const world = newWorld({ created: true, health: 'Health', change: 'scaleInstance', wish: 'w2' });
  world.changes = SCALE;
  world.steps = [];
  world.secrets.set('orders-auth', 'x');
  world.instead.executeStep = ({ step }) => {
    world.changes = world.changes.filter(({ kind }) => kind !== step.kind);
    return Promise.resolve({ told: 'primary is 10.0.2.1:30001', writeOutageMs: 84 });
  };
  return world;
}

describe('a server that finds histories of a few dozen events long', () => {
  /** Above what one pass and one poke write, far below what this suite lets come together. */
  const LONG = 60;
  const usual = process.env['TEMPORAL_TEST_ADDRESS'];
  let server: TemporalServer;

  beforeAll(async () => {
    server = await startTemporalServer(await freePort(), true, [
      `limit.historyCount.suggestContinueAsNew=${LONG}`,
      'limit.historyCount.error=1000',
    ]);
    process.env['TEMPORAL_TEST_ADDRESS'] = server.address;
  });

  afterAll(async () => {
    process.env['TEMPORAL_TEST_ADDRESS'] = usual;
    await server.kill();
  });

  it('a creation that waits under many pokes goes on in run after run, and so does its entity; all have one id', async () => {
    const world = newWorld();
    world.instead.placeInstance = waits('Unschedulable', 'east: room for 0 of 3');
    await withEntity(world, async (worker, ref) => {
      const operation = operationOf(worker, ref, 'createInstance');
      await pokeEntity(worker, ref);
      await eventuallyHolds('waits', () => world.waits.length > 0);
      const { startTime } = await operation.describe();
      const entityId = instanceWorkflowId(ref.namespace, ref.name, ref.uid);
      let longest = 0;
      await pokeUntil(
        world,
        () => pokeEntity(worker, ref),
        async () => {
          longest = Math.max(
            longest,
            await lengthOf(entityOf(worker, ref)),
            await lengthOf(operationOf(worker, ref, 'createInstance')),
          );
          const [operations, entities] = await Promise.all([
            runsOf(worker, operation.workflowId),
            runsOf(worker, entityId),
          ]);
          return operations.length >= 3 && entities.length >= 3;
        },
      );
      expect(longest).toBeLessThan(4 * LONG);
      expect(outcomesOf(world)).toEqual([]);
      delete world.instead.placeInstance;
      await pokeEntity(worker, ref);
      await eventuallyHolds('created', () => world.records.length > 0);
      expect(outcomesOf(world)).toEqual(['createInstance succeeded']);
      const [record] = world.records;
      expect(record?.workflowId).toBe(operation.workflowId);
      expect(Date.parse(record?.startedAt ?? '')).toBeLessThanOrEqual(startTime.getTime());
      await eventuallyHolds('at rest', async () => (await lengthOf(entityOf(worker, ref))) <= 5);
    });
  });
});

it('a change goes on with what was agreed to, what was carried out and what it has cost', async () => {
  const world = changedWorld();
  world.gate = { open: false, wait: { code: 'ApprovalNeeded', message: 'approve it' } };
  world.instead.carryOutStep = ({ step }) =>
    step.kind === 'retireMember' ? waits('ClusterUnreachable', 'west does not answer')() : undefined;
  await withEntity(world, async (worker, ref) => {
    await pokeEntity(worker, ref);
    await eventuallyHolds('waits for a name', () =>
      world.waits.some(({ code }) => code === 'ApprovalNeeded'),
    );
    const plan = world.waits.length;
    const entity = entityOf(worker, ref);
    await eventuallyHolds('approved', async () => {
      const hash = `plan-of-${SCALE.length}`;
      await entity.executeUpdate('approve', { args: [{ hash, by: 'ann', why: 'planned' }] });
      return true;
    });
    await eventuallyHolds('waits for west', () =>
      world.waits.slice(plan).some(({ code }) => code === 'ClusterUnreachable'),
    );
    const id = operationWorkflowId(ref, 2, 'scaleInstance');
    const first = await worker.client.workflow.getHandle(id).describe();
    const followed = follow(worker, { instance: ref, workflowId: id });
    await handOn(worker.client.workflow.getHandle(id));
    await eventuallyHolds('the next run', async () => (await runsOf(worker, id)).length === 2);
    const ended = await worker.client.workflow
      .getHandle<() => Promise<OperationOutcome>>(id, first.runId, { followRuns: false })
      .result();
    expect(ended).toMatchObject({
      outcome: 'handedOn',
      agreed: { by: 'ann' },
      earlier: { writeOutageMs: 84, past: [expect.any(String), expect.any(String)] },
    });
    delete world.instead.carryOutStep;
    await pokeEntity(worker, ref);
    await eventuallyHolds('carried out', () => world.records.length > 0);
    const [record] = world.records;
    expect(record).toMatchObject({
      kind: 'scaleInstance',
      outcome: 'succeeded',
      workflowId: id,
      writeOutageMs: 84,
    });
    expect(record?.message).toMatch(/dispatch.*stepDown|stepDown/);
    expect(countOf(world, 'executeStep')).toBe(1);
    // Whoever waits at the door for it waits for its last run.
    expect(await followed).toMatchObject({ outcome: 'succeeded', writeOutageMs: 84 });
  });
});

it('a change that is stopped between two runs is over, and says how to take back what earlier runs did', async () => {
  const world = changedWorld();
  world.instead.carryOutStep = ({ step }) =>
    step.kind === 'retireMember' ? waits('ClusterUnreachable', 'west does not answer')() : undefined;
  await withEntity(world, async (worker, ref) => {
    await pokeEntity(worker, ref);
    await eventuallyHolds('waits', () => world.waits.some(({ code }) => code === 'ClusterUnreachable'));
    const id = operationWorkflowId(ref, 1, 'scaleInstance');
    const operation = worker.client.workflow.getHandle(id);
    await handOn(operation);
    await eventuallyHolds('the next run', async () => (await runsOf(worker, id)).length === 2);
    await entityOf(worker, ref).executeUpdate('cancel', { args: [{ by: 'ann', why: 'not now' }] });
    await eventuallyHolds('cancelled', () => world.records.length > 0);
    expect(world.records[0]).toMatchObject({ outcome: 'cancelled', workflowId: id, writeOutageMs: 84 });
    expect(world.records[0]?.message).toContain('To take back what was carried out:');
  });
});

it('what was handed on while the instance is paused makes room for a removal, and is told as cancelled', async () => {
  const world = newWorld();
  world.instead.placeInstance = waits('Unschedulable', 'east: room for 0 of 3');
  await withEntity(world, async (worker, ref) => {
    await pokeEntity(worker, ref);
    await eventuallyHolds('waits', () => world.waits.length > 0);
    edit(world, { paused: true });
    const operation = operationOf(worker, ref, 'createInstance');
    await handOn(operation);
    await eventuallyHolds('at rest', async () => (await lengthOf(entityOf(worker, ref))) <= 5);
    expect((await operation.describe()).status.name).toBe('COMPLETED');
    const followed = follow(worker, { instance: ref, workflowId: operation.workflowId }, 2_000);
    await expect(followed).rejects.toThrow('did not go on');
    edit(world, { deletionRequested: true });
    await pokeEntity(worker, ref);
    await entityOf(worker, ref).result();
    expect(outcomesOf(world)).toEqual(['createInstance cancelled', 'deleteInstance succeeded']);
  });
});
