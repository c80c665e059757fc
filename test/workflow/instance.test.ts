import { randomUUID } from 'node:crypto';
import type { InstanceRef, InstanceSnapshot, OperationRecord, Wait } from '../../src/domain/instance';
import { done, waitFor, type StageResult } from '../../src/domain/operation';
import { instanceWorkflowId } from '../../src/domain/workflow-ids';
import { withWorker, type TestWorker } from '../support/temporal-worker';

interface World {
  snapshot: InstanceSnapshot;
  readonly calls: string[];
  readonly records: OperationRecord[];
  readonly waits: Wait[];
  /** What the activity of this name does instead of succeeding. */
  readonly behaviour: Map<string, () => StageResult<unknown>>;
}

function newWorld(): World {
  return {
    snapshot: {
      found: true,
      generation: 1,
      deletionRequested: false,
      paused: false,
      created: false,
      clusters: ['east'],
      health: undefined,
    },
    calls: [],
    records: [],
    waits: [],
    behaviour: new Map(),
  };
}

/** Activities over a small world: stages succeed unless the world says otherwise. */
function fakeActivities(world: World): Record<string, (input: never) => Promise<unknown>> {
  const stage =
    (name: string, value: unknown = name) =>
    () => {
      world.calls.push(name);
      return Promise.resolve(world.behaviour.get(name)?.() ?? done(value));
    };
  return {
    readInstance: () => Promise.resolve(world.snapshot),
    reportStatus: ({ progress }: { progress?: { wait?: Wait } }) => {
      if (progress?.wait !== undefined) world.waits.push(progress.wait);
      return Promise.resolve();
    },
    recordOperation: ({ record }: { record: OperationRecord }) => {
      world.records.push(record);
      return Promise.resolve();
    },
    startHealthWatch: () => {
      world.calls.push('startHealthWatch');
      return Promise.resolve();
    },
    checkReferences: stage('checkReferences'),
    placeInstance: stage('placeInstance', { clusters: ['east'], summary: 'east 3' }),
    prepareCredentials: stage('prepareCredentials'),
    dispatchInstance: stage('dispatchInstance'),
    awaitMembers: stage('awaitMembers'),
    planReplicaSet: stage('planReplicaSet', { steps: [], hash: 'h' }),
    ensureUsers: stage('ensureUsers'),
    publishConnection: stage('publishConnection'),
    verifyInstance: () => {
      world.calls.push('verifyInstance');
      if (world.snapshot.found) world.snapshot = { ...world.snapshot, created: true, health: 'Health' };
      return Promise.resolve(done('Health'));
    },
    liftPreservation: stage('liftPreservation'),
    deleteTemplates: stage('deleteTemplates'),
    awaitRemoval: stage('awaitRemoval'),
    deletePolicies: stage('deletePolicies'),
    releaseInstance: stage('releaseInstance'),
  };
}

async function poke({ client, taskQueue }: TestWorker, ref: InstanceRef): Promise<void> {
  await client.workflow.signalWithStart('instance', {
    workflowId: instanceWorkflowId(ref.namespace, ref.name, ref.uid),
    taskQueue,
    args: [ref],
    signal: 'poke',
    signalArgs: [{ generation: 1, deletionRequested: false }],
  });
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const newRef = (): InstanceRef => ({ namespace: 'shop', name: 'orders', uid: randomUUID() });

const CREATE = [
  'checkReferences',
  'placeInstance',
  'prepareCredentials',
  'dispatchInstance',
  'awaitMembers',
  'planReplicaSet',
  'ensureUsers',
  'publishConnection',
  'verifyInstance',
];

jest.setTimeout(60_000);

describe('the entity of an instance', () => {
  it('creates, records the operation, starts the health watch and then rests without new events', async () => {
    const world = newWorld();
    const ref = newRef();
    await withWorker(fakeActivities(world), `q-${ref.uid}`, async (worker) => {
      await poke(worker, ref);
      await until('health watch started', () => world.calls.includes('startHealthWatch'));
      expect(world.calls.filter((call) => call !== 'startHealthWatch')).toEqual(CREATE);
      expect(world.records).toMatchObject([{ kind: 'createInstance', outcome: 'succeeded' }]);
      const handle = worker.client.workflow.getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid));
      await until('continued as new', async () => (await handle.describe()).historyLength <= 5);
      const { runId } = await handle.describe();
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      // At rest: no run follows another without a poke.
      expect((await handle.describe()).runId).toBe(runId);
    });
  });

  it('tells what it waits for, and goes on from the first stage when nudged', async () => {
    const world = newWorld();
    const ref = newRef();
    let roomy = false;
    world.behaviour.set('placeInstance', () =>
      roomy
        ? done({ clusters: ['east'], summary: 'east 3' })
        : waitFor({ code: 'Unschedulable', message: 'east: room for 0 of 3' }),
    );
    await withWorker(fakeActivities(world), `q-${ref.uid}`, async (worker) => {
      await poke(worker, ref);
      await until('waits', () => world.waits.length > 0);
      expect(world.waits[0]).toEqual({ code: 'Unschedulable', message: 'east: room for 0 of 3' });
      expect(world.calls).not.toContain('dispatchInstance');
      roomy = true;
      await poke(worker, ref);
      await until('created', () => world.records.length > 0);
      expect(world.calls.slice(0, 4)).toEqual([
        'checkReferences',
        'placeInstance',
        'checkReferences',
        'placeInstance',
      ]);
    });
  });

  it('gives way to a deletion: the creation is cancelled, the instance removed, the entity ends', async () => {
    const world = newWorld();
    const ref = newRef();
    world.behaviour.set('awaitMembers', () =>
      waitFor({ code: 'MembersNotReady', message: 'east/0: pulling' }),
    );
    await withWorker(fakeActivities(world), `q-${ref.uid}`, async (worker) => {
      await poke(worker, ref);
      await until('waits for members', () => world.waits.length > 0);
      if (world.snapshot.found) world.snapshot = { ...world.snapshot, deletionRequested: true };
      await poke(worker, ref);
      await worker.client.workflow.getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid)).result();
      expect(world.records.map(({ kind, outcome }) => `${kind} ${outcome}`)).toEqual([
        'createInstance cancelled',
        'deleteInstance succeeded',
      ]);
      expect(world.calls.slice(-5)).toEqual([
        'liftPreservation',
        'deleteTemplates',
        'awaitRemoval',
        'deletePolicies',
        'releaseInstance',
      ]);
    });
  });

  it('touches nothing while paused, but still removes', async () => {
    const world = newWorld();
    const ref = newRef();
    if (world.snapshot.found) world.snapshot = { ...world.snapshot, paused: true };
    await withWorker(fakeActivities(world), `q-${ref.uid}`, async (worker) => {
      await poke(worker, ref);
      await until('looked', () => world.calls.includes('startHealthWatch'));
      expect(world.calls).toEqual(['startHealthWatch']);
      if (world.snapshot.found) world.snapshot = { ...world.snapshot, deletionRequested: true };
      await poke(worker, ref);
      await worker.client.workflow.getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid)).result();
      expect(world.records.at(-1)).toMatchObject({ kind: 'deleteInstance', outcome: 'succeeded' });
    });
  });

  it('ends without touching anything when the custom resource was deleted by force', async () => {
    const world = newWorld();
    const ref = newRef();
    world.snapshot = { found: false };
    await withWorker(fakeActivities(world), `q-${ref.uid}`, async (worker) => {
      await poke(worker, ref);
      await worker.client.workflow.getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid)).result();
      expect(world.calls).toEqual([]);
    });
  });
});
