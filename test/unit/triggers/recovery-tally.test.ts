import { Registry } from 'prom-client';
import { instanceViewSchema, type InstanceView } from '../../../src/triggers/instance-view';
import { createRecoveryTally } from '../../../src/triggers/recovery-tally';

const viewOf = (recoveries: readonly object[], more: object = {}, uid = 'u'): InstanceView =>
  instanceViewSchema.parse({
    metadata: { name: 'orders', namespace: 'shop', uid, resourceVersion: '1' },
    spec: { replicaset: 3 },
    status: { recoveries, ...more },
  });

const ELECTION = {
  kind: 'election',
  outcome: 'succeeded',
  at: '2026-11-26T10:00:00Z',
  term: 4,
  detectionSeconds: 2,
  writeOutageSeconds: 11.4,
};
const DOWN = { kind: 'stepDown', outcome: 'succeeded', workflowId: 'op/2', term: 5, writeOutageSeconds: 9 };

function newTally() {
  const registry = new Registry();
  const tally = createRecoveryTally(registry);
  const told = async (): Promise<string[]> =>
    (await registry.metrics())
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !line.includes('_bucket'))
      .map((line) => line.replace(/^fedstate_/, ''));
  return { tally, told };
}

test('entries of ledgers are counted once, each figure when it is there, and not those of before', async () => {
  const { tally, told } = newTally();
  tally.see('shop/orders', viewOf([{ ...ELECTION, term: 3, at: '2026-11-26T09:00:00Z' }]));
  expect((await told()).filter((line) => !line.endsWith(' 0'))).toEqual([]);
  for (let times = 0; times < 2; times += 1) tally.see('shop/orders', viewOf([ELECTION]));
  expect(await told()).toEqual([
    'recoveries_total{kind="election",outcome="succeeded"} 1',
    'write_outage_seconds_sum{kind="election"} 11.4',
    'write_outage_seconds_count{kind="election"} 1',
    'detection_seconds_sum{kind="election"} 2',
    'detection_seconds_count{kind="election"} 1',
  ]);
  for (let times = 0; times < 2; times += 1)
    tally.see('shop/orders', viewOf([{ ...ELECTION, restoredSeconds: 40 }]));
  expect(await told()).toContain('redundancy_restored_seconds_sum{kind="election"} 40');
  expect(await told()).toContain('recoveries_total{kind="election",outcome="succeeded"} 1');
});

test('what an operation that runs has brought about is counted when it is over, with its last figures', async () => {
  const { tally, told } = newTally();
  tally.see('shop/orders', viewOf([]));
  tally.see('shop/orders', viewOf([DOWN], { operation: { kind: 'updateInstance', workflowId: 'op/2' } }));
  expect(await told()).toEqual([]);
  tally.see('shop/orders', viewOf([{ ...DOWN, writeOutageSeconds: 0.1 }]));
  expect(await told()).toEqual([
    'recoveries_total{kind="stepDown",outcome="succeeded"} 1',
    'write_outage_seconds_sum{kind="stepDown"} 0.1',
    'write_outage_seconds_count{kind="stepDown"} 1',
  ]);
});

test('an instance of the same name that is another begins anew', async () => {
  const { tally, told } = newTally();
  tally.see('shop/orders', viewOf([]));
  tally.see('shop/orders', viewOf([DOWN], {}, 'other'));
  tally.see('shop/orders', undefined);
  tally.see('shop/orders', viewOf([ELECTION]));
  expect(await told()).toEqual([]);
});
