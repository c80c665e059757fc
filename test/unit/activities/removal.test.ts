import { setTimeout as sleep } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createRemovalActivities } from '../../../src/activities/removal';
import { LABELS } from '../../../src/domain/marks';
import { PERMANENT_ID } from '../../../src/karmada/binding';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

test('nothing is deleted before every Work is seen without preservation: it would keep all that it holds (S28)', async () => {
  const karmada = createStubKube();
  const cr = makeInstance({ replicaset: 1 });
  const own = { labels: { [LABELS.instanceUid]: cr.metadata.uid } };
  const putWork = (isKept: boolean): void =>
    karmada.put(KINDS.work, 'orders-work', { spec: { preserveResourcesOnDeletion: isKept, workload: {} } });
  karmada.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
  karmada.put(KINDS.cluster, 'east', { spec: {}, status: { conditions: [] } });
  karmada.put(KINDS.propagationPolicy, 'orders', { metadata: own, spec: {} });
  karmada.put(KINDS.mongoDB, 'orders', { metadata: own, spec: {} });
  const owner = {
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MongoDB',
    name: 'orders',
    uid: 'uid-of-orders',
  };
  karmada.put(KINDS.resourceBinding, 'orders-mongodb', {
    metadata: { labels: { [PERMANENT_ID]: 'permanent' }, ownerReferences: [owner] },
    spec: { clusters: [{ name: 'east' }], resource: { kind: 'MongoDB', name: 'orders' } },
  });
  putWork(true);
  // Its policy says so and it does not hear of it, as where somebody has deleted that policy.
  karmada.onPatch(KINDS.work, () => putWork(false));
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  const lifted = new MockActivityEnvironment().run(() =>
    createRemovalActivities(makeStubContext(karmada.kube, {})).liftPreservation({ instance }),
  );
  expect(await lifted).toMatchObject({ done: true });
  expect(karmada.writes).toEqual(['patch PropagationPolicy orders', 'patch Work orders-work']);
}, 20_000);

test('policies wait until no cluster that answers holds anything; what Karmada has let go of is deleted by us', async () => {
  const [karmada, east] = [createStubKube(), createStubKube()];
  const cr = makeInstance({ replicaset: 1 });
  const own = { [LABELS.instanceUid]: cr.metadata.uid };
  karmada.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
  karmada.put(KINDS.cluster, 'east', {
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
  east.put(KINDS.mongoDB, 'orders', { metadata: { labels: { ...own, [LABELS.karmadaManaged]: 'true' } } });
  east.put(KINDS.configMap, 'orders-hostconf', { metadata: { labels: own } });
  const context = makeStubContext(karmada.kube, { members: { kubeOf: () => Promise.resolve(east.kube) } });
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  const ended: string[] = [];
  const removed = new MockActivityEnvironment().run(async () => {
    const result = await createRemovalActivities(context).awaitRemoval({ instance });
    ended.push('awaitRemoval');
    return result;
  });
  await sleep(1_000);
  expect(ended).toEqual([]);
  expect(east.writes).toEqual(['delete ConfigMap orders-hostconf']);
  await east.kube.delete({ kind: KINDS.mongoDB, namespace: 'shop', name: 'orders' });
  expect(await removed).toMatchObject({ done: true });
}, 20_000);
