import pino from 'pino';
import type { ActivityContext } from '../../../src/activities/context';
import { createPlacementActivities } from '../../../src/activities/placement';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { createStubKube } from '../../support/stub-kube';

test('what others have written in places that are read for all stops nobody from being placed', async () => {
  const karmada = createStubKube();
  const member = createStubKube();
  const cr = makeInstance({ replicaset: 1 });
  karmada.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
  // Stored by another version, or before the definitions had their rules.
  karmada.put(KINDS.multiCloudMongoDB, 'unreadable', {
    spec: { replicaset: 'many', imageSetting: 7 },
    status: { placement: { current: [{ cluster: 5 }] }, state: 'Splendid' },
  });
  karmada.put(KINDS.configMap, 'fedstate-room', {
    data: { 'uid-of-unreadable': '{no json', other: '[{"cluster":1}]' },
  });
  karmada.put(KINDS.cluster, 'east', {
    metadata: { labels: { vip: '10.0.0.1' } },
    spec: {},
    status: { conditions: [{ type: 'Ready', status: 'True' }] },
  });
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
  const context: ActivityContext = {
    karmada: karmada.kube,
    members: { kubeOf: () => Promise.resolve(member.kube) },
    get temporal(): never {
      throw new Error('nothing is asked of Temporal');
    },
    events: { record: () => Promise.resolve() },
    logger: pino({ level: 'silent' }),
    imageReplacements: [],
    systemNamespace: 'shop',
    now: () => new Date(0),
  };
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
