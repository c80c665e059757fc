import { MockActivityEnvironment } from '@temporalio/testing';
import type { ActivityContext } from '../../../src/activities/context';
import { createPlacementActivities } from '../../../src/activities/placement';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { writePromise } from '../../../src/activities/room-ledger';
import { FedStateError } from '../../../src/domain/errors';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube, type StubKube } from '../../support/stub-kube';

const ready = {
  metadata: { labels: { vip: '10.0.0.1' } },
  spec: {},
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
};

/** An instance of one member, and cluster `east` with room for it. */
function setUp(): { karmada: StubKube; cr: MultiCloudMongoDB; context: ActivityContext } {
  const karmada = createStubKube();
  const member = createStubKube();
  const cr = makeInstance({ replicaset: 1 });
  karmada.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
  karmada.put(KINDS.cluster, 'east', ready);
  member.put(KINDS.node, 'n1', {
    spec: {},
    status: {
      allocatable: { cpu: '8', memory: '32Gi', pods: '110' },
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  });
  member.put(KINDS.storageClass, 'local', {
    metadata: { annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
  });
  const context = makeStubContext(karmada.kube, {
    systemNamespace: 'shop',
    members: {
      kubeOf: (cluster) =>
        cluster === 'east' ? Promise.resolve(member.kube) : Promise.reject(new Error('connection refused')),
    },
  });
  return { karmada, cr, context };
}

test('what others have written in places that are read for all stops nobody from being placed', async () => {
  const { karmada, cr, context } = setUp();
  // Stored by another version, or before the definitions had their rules.
  karmada.put(KINDS.multiCloudMongoDB, 'unreadable', {
    spec: { replicaset: 'many', imageSetting: 7 },
    status: { placement: { current: [{ cluster: 5 }] }, state: 'Splendid' },
  });
  karmada.put(KINDS.configMap, 'fedstate-room', {
    data: { 'uid-of-unreadable': '{no json', other: '[{"cluster":1}]' },
  });
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  expect(await createPlacementActivities(context).placeInstance({ instance })).toMatchObject({
    done: true,
    value: { clusters: ['east'] },
  });
  expect(karmada.writes).toEqual([
    'patch MultiCloudMongoDB orders',
    'patch ConfigMap fedstate-room',
    'patch MultiCloudMongoDB orders',
  ]);
});

test('a cluster that is Ready and cannot be read is waited for, and done without when that lasts', async () => {
  const { karmada, cr, context } = setUp();
  karmada.put(KINDS.cluster, 'west', ready);
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  const activities = createPlacementActivities(context);
  const attemptTo = (attempt: number) =>
    new MockActivityEnvironment({ attempt }).run(() => activities.placeInstance({ instance }));
  for (const attempt of [1, 6])
    await expect(attemptTo(attempt)).rejects.toMatchObject({
      kind: 'Unreachable',
      message: 'Room could not be read in west (connection refused).',
    });
  expect(karmada.writes).toEqual([]);
  expect(await attemptTo(7)).toMatchObject({ done: true, value: { clusters: ['east'] } });
});

test('a placement that needs no more room takes back what was promised before', async () => {
  const { karmada, context } = setUp();
  karmada.put(KINDS.configMap, 'fedstate-room', { data: { 'uid-of-orders': '[]' } });
  const patches: object[] = [];
  karmada.onPatch(KINDS.configMap, (patch) => patches.push(patch));
  await writePromise(context, '1', { uid: 'uid-of-orders', items: [] });
  expect(patches).toEqual([{ metadata: { resourceVersion: '1' }, data: { 'uid-of-orders': null } }]);
});

test('room that another was promised between the look and the promise is not given twice', async () => {
  const { karmada, cr, context } = setUp();
  karmada.put(KINDS.multiCloudMongoDB, 'rival', { spec: {}, status: {} });
  karmada.put(KINDS.configMap, 'fedstate-room', { data: {} });
  let looks = 0;
  karmada.onPatch(KINDS.configMap, () => {
    looks += 1;
    const all = [{ cluster: 'east', cpuMillis: 8000, memoryBytes: 32 * 2 ** 30 }];
    karmada.put(KINDS.configMap, 'fedstate-room', {
      metadata: { resourceVersion: '2' },
      data: { 'uid-of-rival': JSON.stringify(all) },
    });
    throw new FedStateError('Conflict', 'the object has been modified');
  });
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  expect(await createPlacementActivities(context).placeInstance({ instance })).toMatchObject({
    done: false,
    wait: { code: 'Unschedulable' },
  });
  expect(looks).toBe(1);
});
