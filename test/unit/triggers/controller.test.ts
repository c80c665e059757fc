import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import { Registry } from 'prom-client';
import { FINALIZERS } from '../../../src/domain/marks';
import { createKube } from '../../../src/kube/client';
import { startTriggers, type Controller, type TriggerOptions } from '../../../src/triggers/controller';
import { eventually } from '../../support/eventually';
import { startFakeApi, type FakeApi } from '../../support/fake-api';
import { fakeEntities, type FakeEntities } from './fakes';

const INSTANCES = 'middleware.fedstate.io/v1alpha1/multicloudmongodbs';
const CLUSTERS = 'cluster.karmada.io/v1alpha1/clusters';
const BINDINGS = 'work.karmada.io/v1alpha2/resourcebindings';
const EVENTS = 'events.k8s.io/v1/events';

jest.setTimeout(60_000);

let api: FakeApi;
let entities: FakeEntities;
let registry: Registry;
const open: Controller[] = [];

function put(
  name: string,
  generation: number,
  more: { metadata?: object; status?: object; spec?: object } = {},
) {
  api.put(INSTANCES, {
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: { finalizers: [FINALIZERS.multiCloud], ...more.metadata, name, namespace: 'shop', generation },
    spec: more.spec ?? { replicaset: 3 },
    ...(more.status === undefined ? {} : { status: more.status }),
  });
}
function putCluster(name: string, allocated: string, ready = 'True'): void {
  api.put(CLUSTERS, {
    metadata: { name, labels: { vip: '10.0.0.1' } },
    spec: {},
    status: {
      conditions: [{ type: 'Ready', status: ready }],
      resourceSummary: { allocated: { cpu: allocated } },
    },
  });
}
function putBinding(name: string, state: string): void {
  api.put(BINDINGS, {
    metadata: { name: `${name}-mongodb`, namespace: 'shop' },
    spec: { resource: { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name } },
    status: { aggregatedStatus: [{ clusterName: 'east', status: { state } }] },
  });
}

async function start(more: Partial<TriggerOptions> = {}): Promise<Controller> {
  registry = new Registry();
  const controller = startTriggers({
    kube: createKube(api.kubeConfig),
    entities,
    logger: pino({ level: 'silent' }),
    registry,
    resyncSeconds: 600,
    settleMs: 300,
    ...more,
  });
  open.push(controller);
  await eventually(() => expect(controller.ready()).toBe(true));
  await eventually(() => expect(api.openWatches()).toBe(3));
  return controller;
}
const settle = (): Promise<void> => sleep(700);
async function metric(name: string): Promise<number> {
  const found = (await registry.getMetricsAsJSON()).find((one) => one.name === name);
  return (found?.values ?? []).reduce((sum, { value }) => sum + value, 0);
}

beforeEach(async () => {
  api = await startFakeApi();
  entities = fakeEntities();
});
afterEach(async () => {
  api.setFault(undefined);
  await Promise.all(open.splice(0).map((controller) => controller.stop()));
  await api.halt();
});

describe('controller', () => {
  test('a new object gets our finalizer beside those of others, and only then its first poke', async () => {
    await start();
    let finalizersAtPoke: unknown;
    const poke = entities.pokeInstance.bind(entities);
    Object.assign(entities, {
      pokeInstance: (...args: Parameters<typeof poke>) => {
        finalizersAtPoke = JSON.parse(JSON.stringify(api.read(INSTANCES, 'shop/orders')));
        return poke(...args);
      },
    });
    put('orders', 1, { metadata: { finalizers: ['example.com/theirs'] } });
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    expect(finalizersAtPoke).toMatchObject({
      metadata: { finalizers: ['example.com/theirs', FINALIZERS.multiCloud] },
    });
    await settle();
    expect(entities.pokes).toEqual(['orders 1']);
  });

  test('somebody is quicker with a finalizer of his own: both are kept', async () => {
    let raced = false;
    api.setFault((request) => {
      if (request.method !== 'PATCH' || raced) return false;
      raced = true;
      put('orders', 1, { metadata: { finalizers: ['example.com/quick'] } });
      return false;
    });
    await start();
    put('orders', 1, { metadata: { finalizers: [] } });
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    expect(api.read(INSTANCES, 'shop/orders')).toMatchObject({
      metadata: { finalizers: ['example.com/quick', FINALIZERS.multiCloud] },
    });
  });

  test('status writes are no reason; generation, steering annotations and deletion are', async () => {
    put('orders', 1);
    await start();
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    for (let i = 0; i < 20; i += 1)
      put('orders', 1, { status: { observedGeneration: 1, readyMembers: `${i}/3` } });
    await settle();
    expect(entities.pokes).toEqual(['orders 1']);
    put('orders', 2);
    await eventually(() => expect(entities.pokes).toEqual(['orders 1', 'orders 2']));
    put('orders', 2, { metadata: { annotations: { 'middleware.fedstate.io/paused': 'true' } } });
    await eventually(() => expect(entities.pokes).toEqual(['orders 1', 'orders 2', 'orders 2']));
    put('orders', 2, { metadata: { deletionTimestamp: '2026-11-23T12:00:00Z' } });
    await eventually(() => expect(entities.pokes.at(-1)).toBe('orders deletion'));
  });

  test('a start among settled instances pokes nobody, but one whose entity is missing or behind', async () => {
    for (const name of ['fine', 'behind', 'missing']) put(name, 3, { status: { observedGeneration: 3 } });
    for (const name of ['fine', 'behind']) {
      const { metadata } = JSON.parse(JSON.stringify(api.read(INSTANCES, `shop/${name}`))) as {
        metadata: { uid: string };
      };
      const ref = { namespace: 'shop', name, uid: metadata.uid };
      await entities.pokeInstance(ref, { generation: name === 'fine' ? 3 : 2, deletionRequested: false });
    }
    entities.pokes.length = 0;
    await start();
    await eventually(() => expect([...entities.pokes].sort()).toEqual(['behind 3', 'missing 3']));
    await settle();
    expect(entities.pokes).toHaveLength(2);
  });

  test('while Temporal is away nothing is dropped: every instance is poked once it is back', async () => {
    entities.down = true;
    for (let i = 0; i < 20; i += 1) put(`m${i}`, 1);
    await start();
    await settle();
    put('m3', 2);
    await settle();
    expect(await metric('fedstate_poke_failures_total')).toBeGreaterThan(0);
    entities.down = false;
    await eventually(() => expect(new Set(entities.pokes).size).toBe(20), 10_000);
    expect(entities.pokes).toContain('m3 2');
    expect(await metric('fedstate_queue_depth')).toBe(0);
  });

  test('blind visibility does not hold up pokes', async () => {
    entities.blind = true;
    put('orders', 1);
    await start();
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    expect(await metric('fedstate_resync_failures_total')).toBe(1);
  });

  test('a spec that cannot be read: no poke but an Event with field and remedy; mended, it is poked', async () => {
    await start();
    put('orders', 1, { spec: { replicaset: 'five' } });
    await eventually(() => expect(api.list(EVENTS)).toHaveLength(1));
    expect(api.list(EVENTS)[0]).toMatchObject({
      type: 'Warning',
      reason: 'SpecRefused',
      regarding: { kind: 'MultiCloudMongoDB', name: 'orders', namespace: 'shop' },
      note: expect.stringMatching(/spec\.replicaset: .*kubectl edit/) as string,
    });
    put('orders', 1, { spec: { replicaset: 'five' }, status: { state: 'UnKnown' } });
    await settle();
    expect(api.list(EVENTS)).toHaveLength(1);
    expect(entities.pokes).toEqual([]);
    put('orders', 2);
    await eventually(() => expect(entities.pokes).toEqual(['orders 2']));
  });

  test('an unreadable object that is being deleted is poked all the same', async () => {
    await start();
    put('orders', 1, { spec: {}, metadata: { deletionTimestamp: '2026-11-23T12:00:00Z' } });
    await eventually(() => expect(entities.pokes).toEqual(['orders deletion']));
  });

  test('the same name made again: the old entity is told, the new one started', async () => {
    put('orders', 1, { metadata: { uid: 'old' } });
    await start();
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    api.drop(INSTANCES, 'shop/orders');
    put('orders', 1, { metadata: { uid: 'new' } });
    await eventually(() => expect(entities.pokes).toEqual(['orders 1', 'orders 1']));
    expect(entities.gone).toEqual(['orders old']);
  });

  test('an entity that was started by a poke whose answer was lost is told as well, whatever became of the name', async () => {
    await start();
    entities.mute = true;
    put('orders', 1, { metadata: { uid: 'old' } });
    put('carts', 1, { metadata: { uid: 'only' } });
    await eventually(() => expect(entities.running.size).toBe(2));
    for (const name of ['orders', 'carts']) api.drop(INSTANCES, `shop/${name}`);
    put('orders', 1, { metadata: { uid: 'new' } });
    await settle();
    entities.mute = false;
    await eventually(() => expect([...entities.gone].sort()).toEqual(['carts only', 'orders old']), 10_000);
    expect([...entities.running.values()].map(({ uid }) => uid)).toEqual(['new']);
  });

  test('orphan sweep: an entity without an object is told at the first comparison, one with an object is not', async () => {
    put('orders', 1);
    const ref = { namespace: 'shop', name: 'ghost', uid: 'g' };
    await entities.pokeInstance(ref, { generation: 1, deletionRequested: false });
    await start();
    await eventually(() => expect(entities.gone).toEqual(['ghost g']));
    await settle();
    expect(entities.gone).toEqual(['ghost g']);
  });

  test('resync starts an entity again that somebody terminated, and pokes nobody else', async () => {
    put('orders', 1, { status: { observedGeneration: 1 } });
    put('carts', 1, { status: { observedGeneration: 1 } });
    await start({ resyncSeconds: 0.3 });
    await eventually(() => expect(entities.pokes).toHaveLength(2));
    await sleep(800);
    expect(entities.pokes).toHaveLength(2);
    for (const [id, { name }] of entities.running) if (name === 'carts') entities.running.delete(id);
    await eventually(() => expect(entities.pokes.slice(2)).toEqual(['carts 1']));
  });

  test('clusters: room wakes those that wait for it, standing those placed there, and nobody else', async () => {
    putCluster('east', '3');
    put('homeless', 1, {
      status: { observedGeneration: 1, operation: { kind: 'createInstance', waitReason: 'Unschedulable' } },
    });
    put('placed', 1, {
      status: { observedGeneration: 1, placement: { current: [{ cluster: 'east', replicaset: 3 }] } },
    });
    put('elsewhere', 1, {
      status: { observedGeneration: 1, placement: { current: [{ cluster: 'west', replicaset: 3 }] } },
    });
    await start();
    await eventually(() => expect(entities.pokes).toHaveLength(3));
    entities.pokes.length = 0;
    putCluster('east', '3');
    await settle();
    expect(entities.pokes).toEqual([]);
    for (let i = 0; i < 5; i += 1) putCluster('east', String(i));
    await eventually(() => expect(entities.pokes).toEqual(['homeless 1']));
    await settle();
    expect(entities.pokes).toEqual(['homeless 1']);
    putCluster('east', '4', 'False');
    await eventually(() =>
      expect([...entities.pokes].sort()).toEqual(['homeless 1', 'homeless 1', 'placed 1']),
    );
    entities.pokes.length = 0;
    putCluster('north', '0');
    await eventually(() => expect(entities.pokes).toEqual(['homeless 1']));
    await settle();
    expect(entities.pokes).toEqual(['homeless 1']);
  });

  test('bindings: a burst of reports is one poke of that instance; reports of others are nobody’s business', async () => {
    put('orders', 1, { status: { observedGeneration: 1 } });
    putBinding('orders', 'Creating');
    await start();
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    entities.pokes.length = 0;
    for (const state of ['a', 'b', 'c', 'Running']) putBinding('orders', state);
    putBinding('stranger', 'Running');
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    await settle();
    expect(entities.pokes).toEqual(['orders 1']);
    putBinding('orders', 'Running');
    await settle();
    expect(entities.pokes).toEqual(['orders 1']);
  });

  test('not ready before everything is listed, nor after long silence; metrics tell the age', async () => {
    api.setFault((request) => (request.url ?? '').includes('resourcebindings'));
    const controller = startTriggers({
      kube: createKube(api.kubeConfig),
      entities,
      logger: pino({ level: 'silent' }),
      registry: new Registry(),
      resyncSeconds: 600,
    });
    await settle();
    expect(controller.ready()).toBe(false);
    await controller.stop();
    api.setFault(undefined);
    const listening = await start();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 301_000);
    expect(listening.ready()).toBe(false);
    expect(await metric('fedstate_last_sync_age_seconds')).toBeGreaterThan(900);
    clock.mockRestore();
    expect(listening.ready()).toBe(true);
  });

  test('no object but ours is ever written, and of ours nothing but the finalizer', async () => {
    putCluster('east', '1');
    putBinding('orders', 'Running');
    put('orders', 1, { metadata: { finalizers: [] } });
    await start();
    await eventually(() => expect(entities.pokes).toEqual(['orders 1']));
    putCluster('east', '2');
    put('orders', 2);
    await settle();
    const writes = api.requests.filter((line) => !line.startsWith('GET'));
    expect(writes.map((line) => line.replace(/\?.*/, ''))).toEqual([
      'PATCH /apis/middleware.fedstate.io/v1alpha1/namespaces/shop/multicloudmongodbs/orders',
    ]);
  });

  test('soak: 100 instances change while watches are cut every 100 ms and history is forgotten: every last generation is poked, none twice', async () => {
    for (let i = 0; i < 100; i += 1) put(`m${i}`, 1);
    await start();
    await eventually(() => expect(entities.pokes).toHaveLength(100));
    let cuts = 0;
    const cutting = setInterval(() => {
      cuts += 1;
      api.cutWatches();
      if (cuts % 5 === 0) api.compact();
    }, 100);
    const until = performance.now() + 3_000;
    for (let round = 2; performance.now() < until; round += 1)
      for (let i = 0; i < 100; i += 1) {
        put(`m${i}`, round);
        if (i % 10 === 0) await sleep(5);
      }
    clearInterval(cutting);
    const wanted = api
      .list(INSTANCES)
      .map(
        (object) => JSON.parse(JSON.stringify(object)) as { metadata: { name: string; generation: number } },
      )
      .map(({ metadata }) => `${metadata.name} ${metadata.generation}`);
    await eventually(() => expect(entities.pokes).toEqual(expect.arrayContaining(wanted)), 15_000);
    expect(new Set(entities.pokes).size).toBe(entities.pokes.length);
    expect(cuts).toBeGreaterThan(5);
  });
});
