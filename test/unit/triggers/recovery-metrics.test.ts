import { Registry } from 'prom-client';
import { instanceViewSchema, type InstanceView } from '../../../src/triggers/instance-view';
import { registerRecoveryMetrics } from '../../../src/triggers/recovery-metrics';

const viewOf = (annotations: Record<string, string>, status: object): InstanceView =>
  instanceViewSchema.parse({
    metadata: { name: 'orders', namespace: 'shop', uid: 'u', resourceVersion: '1', annotations },
    spec: { replicaset: 3 },
    status,
  });
const LOST = 'middleware.fedstate.io/lost';

test('lost clusters, lost majorities and the last failover are told, and no longer when they are over', async () => {
  const registry = new Registry();
  let views: InstanceView[] = [
    viewOf(
      { [LOST]: '{"east":{}}' },
      {
        conditions: [{ type: 'MajorityLost', status: 'True' }],
        recoveries: [
          { kind: 'switchoverInstance' },
          { kind: 'failoverInstance', detectionSeconds: 61, restoredSeconds: 95, writeOutageSeconds: 11.2 },
          { kind: 'failoverInstance', detectionSeconds: 1 },
        ],
      },
    ),
  ];
  registerRecoveryMetrics(registry, () => views);
  const told = async (): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  expect(await told()).toEqual([
    'fedstate_lost_clusters{namespace="shop",name="orders",cluster="east"} 1',
    'fedstate_majority_lost{namespace="shop",name="orders"} 1',
    'fedstate_last_recovery_seconds{namespace="shop",name="orders",part="detected"} 61',
    'fedstate_last_recovery_seconds{namespace="shop",name="orders",part="restored"} 95',
    'fedstate_last_recovery_seconds{namespace="shop",name="orders",part="writeOutage"} 11.2',
  ]);
  views = [viewOf({ [LOST]: '{east' }, { conditions: [{ type: 'MajorityLost', status: 'False' }] })];
  expect(await told()).toEqual([]);
});
