import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import pino from 'pino';
import { Registry } from 'prom-client';
import { z } from 'zod';
import { FINALIZERS } from '../../../src/domain/marks';
import { instanceWorkflowId } from '../../../src/domain/workflow-ids';
import type { Kube } from '../../../src/kube/client';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { startController, type Controller } from '../../../src/triggers/controller';
import { NAME, NAMESPACE } from '../../../src/triggers/search-attributes';
import { createEntityClient } from '../../../src/triggers/temporal-client';
import { signInAs } from '../../support/account';
import { eventually } from '../../support/eventually';
import { freePort } from '../../support/free-port';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { skipReason } from '../../support/programs';
import { startTemporalServer, type TemporalServer } from '../../support/temporal-server';
import { wireTo, type Wire } from '../kube/wire';
import { installCrds } from './crds';

const reason = skipReason(['etcd', 'kube-apiserver']);
const logger = pino({ level: 'silent' });
const namesSchema = z.looseObject({ metadata: metadataSchema });

(reason === undefined ? describe : describe.skip)(`controller on a real API server ${reason ?? ''}`, () => {
  let server: ApiServer;
  let wire: Wire;
  // The controller's own account, with the rights of deploy/rbac.
  let own: Kube;
  let port: number;
  let temporalServer: TemporalServer;
  let connection: Connection;
  let temporal: Client;
  const open: Controller[] = [];

  const refOf = (name: string) => ({ kind: KINDS.multiCloudMongoDB, namespace: 'default', name });
  const put = (name: string, replicaset: number, annotations?: Record<string, string>) =>
    wire.direct.apply(
      KINDS.multiCloudMongoDB,
      {
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: 'MultiCloudMongoDB',
        metadata: { name, namespace: 'default', ...(annotations === undefined ? {} : { annotations }) },
        spec: { replicaset },
      },
      { fieldManager: 'user', force: true },
    );
  const start = async (resyncSeconds = 600): Promise<Controller> => {
    const controller = await startController({
      kube: own,
      temporal,
      taskQueue: 'fedstate',
      logger,
      registry: new Registry(),
      resyncSeconds,
    });
    open.push(controller);
    await eventually(() => expect(controller.ready()).toBe(true));
    return controller;
  };
  const describeEntity = async (name: string, uid: string) =>
    temporal.workflow.getHandle(instanceWorkflowId('default', name, uid)).describe();
  const pokesOf = async (name: string, uid: string): Promise<unknown[]> => {
    const history = await temporal.workflow
      .getHandle(instanceWorkflowId('default', name, uid))
      .fetchHistory();
    return (history.events ?? [])
      .map((event) => event.workflowExecutionSignaledEventAttributes)
      .filter((signal) => signal !== null && signal !== undefined)
      .map(
        (signal) => JSON.parse(Buffer.from(signal.input?.payloads?.[0]?.data ?? []).toString()) as unknown,
      );
  };
  const removeAll = async (): Promise<void> => {
    const left = await wire.direct.list(KINDS.multiCloudMongoDB, { namespace: 'default' }, namesSchema);
    for (const { metadata } of left.items) {
      await wire.direct.mergePatch(refOf(metadata.name), { metadata: { finalizers: null } });
      await wire.direct.delete(refOf(metadata.name));
    }
  };

  beforeAll(async () => {
    [server, port] = await Promise.all([startApiServer({ name: 'triggers' }), freePort()]);
    [wire, temporalServer] = await Promise.all([wireTo(server), startTemporalServer(port)]);
    await eventually(() => installCrds(wire.direct));
    own = await signInAs('fedstate-controller', 'karmada', server.kubeconfigPath);
    connection = await Connection.connect({ address: temporalServer.address });
    temporal = new Client({ connection });
  }, 180_000);
  afterEach(async () => {
    await Promise.all(open.splice(0).map((controller) => controller.stop()));
    await removeAll();
  }, 60_000);
  afterAll(async () => {
    await connection.close();
    await temporalServer.kill();
    own.transport.close();
    await wire.stop();
    await server.stop();
  });

  test('from kubectl apply to an entity: finalizer, workflow with attributes and summary, signal without a spec', async () => {
    await start();
    const { metadata } = await put('orders', 5);
    const entity = await eventually(() => describeEntity('orders', metadata.uid));
    expect(entity).toMatchObject({ type: 'instance', taskQueue: 'fedstate', status: { name: 'RUNNING' } });
    expect([entity.typedSearchAttributes.get(NAMESPACE), entity.typedSearchAttributes.get(NAME)]).toEqual([
      'default',
      'orders',
    ]);
    expect(await entity.staticSummary()).toBe('MongoDB default/orders');
    expect(await pokesOf('orders', metadata.uid)).toEqual([{ generation: 1, deletionRequested: false }]);
    const history = JSON.stringify(
      await temporal.workflow.getHandle(instanceWorkflowId('default', 'orders', metadata.uid)).fetchHistory(),
    );
    expect(history).not.toContain('replicaset');
    const there = await wire.direct.get(refOf('orders'), namesSchema);
    expect(there?.metadata.finalizers).toEqual([FINALIZERS.multiCloud]);

    await put('orders', 3, { 'middleware.fedstate.io/paused': 'true' });
    await eventually(async () => {
      expect(await pokesOf('orders', metadata.uid)).toHaveLength(2);
    });
    await put('orders', 3);
    await wire.direct.delete(refOf('orders'));
    await eventually(async () => {
      expect((await pokesOf('orders', metadata.uid)).at(-1)).toEqual({
        generation: 3,
        deletionRequested: true,
      });
    });
    expect(await wire.direct.get(refOf('orders'), namesSchema)).toBeDefined();
  }, 60_000);

  test('Temporal killed and come back empty: every entity is started again by the resync', async () => {
    const uids = new Map<string, string>();
    for (const name of ['a', 'b', 'c']) uids.set(name, (await put(name, 3)).metadata.uid);
    await start(2);
    for (const [name, uid] of uids) await eventually(() => describeEntity(name, uid));
    await temporalServer.kill();
    const created = await put('d', 3);
    await sleep(1_000);
    temporalServer = await startTemporalServer(port);
    uids.set('d', created.metadata.uid);
    for (const [name, uid] of uids) {
      const entity = await eventually(() => describeEntity(name, uid), 45_000);
      expect(entity.status.name).toBe('RUNNING');
    }
  }, 120_000);

  test('the entity client: one run for many pokes, nobody started for what is gone, a list with generations', async () => {
    const entities = createEntityClient(temporal, 'fedstate');
    const ref = { namespace: 'shop', name: 'list', uid: 'u-1' };
    expect(await entities.tellGone(ref)).toBe(false);
    await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        entities.pokeInstance(ref, { generation: i, deletionRequested: false }),
      ),
    );
    const id = instanceWorkflowId('shop', 'list', 'u-1');
    const runs = new Set<string>();
    for await (const one of temporal.workflow.list({ query: `WorkflowId = '${id}'` })) runs.add(one.runId);
    expect(runs.size).toBe(1);
    const listed = await eventually(async () => {
      const found = (await entities.listRunning()).get(id);
      if (found === undefined) throw new Error('not listed yet');
      return found;
    });
    expect(listed).toEqual({ ...ref, generation: undefined });
    expect(await createEntityClient(temporal, 'another').listRunning()).toEqual(new Map());
    expect(await entities.tellGone(ref)).toBe(true);
    await temporal.workflow.getHandle(id).terminate('test');
    await entities.pokeInstance(ref, { generation: 1, deletionRequested: false });
    expect((await temporal.workflow.getHandle(id).describe()).status.name).toBe('RUNNING');
    await temporal.workflow.getHandle(id).terminate('test');
  }, 60_000);

  test('a Temporal without our search attributes refuses with the remedy', async () => {
    const bare = await startTemporalServer(await freePort(), false);
    const toBare = await Connection.connect({ address: bare.address });
    try {
      const poke = createEntityClient(new Client({ connection: toBare }), 'fedstate').pokeInstance(
        { namespace: 'shop', name: 'orders', uid: 'u' },
        { generation: 1, deletionRequested: false },
      );
      await expect(poke).rejects.toMatchObject({
        kind: 'InvalidSpec',
        message: expect.stringMatching(/MongoN.*temporal operator search-attribute create/s) as string,
      });
    } finally {
      await toBare.close();
      await bare.kill();
    }
  }, 60_000);
});
