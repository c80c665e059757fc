import { MockActivityEnvironment } from '@temporalio/testing';
import type { Layout } from '../../../src/activities/layout';
import { sweepLeftovers } from '../../../src/activities/leftovers';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

/** One member stays in east, its second one has left. */
const layout: Layout = {
  shares: [{ cluster: 'east', vip: '10.0.0.1', replicaset: 1, arbiter: false }],
  members: [{ cluster: 'east', ordinal: 0, votes: 1 }],
  leaving: [],
  dispatched: [],
  seed: { cluster: 'east', ordinal: 0 },
  survivesAnyCluster: false,
  fenced: [],
  strayed: [],
  clusterLabels: new Set(),
};

test('a Service of a member that left is deleted though it has lost its protection, and the manager’s own are not', async () => {
  const karmada = createStubKube();
  const member = createStubKube();
  const owner = { apiVersion: 'v1', kind: 'MongoDB', name: 'orders', uid: 'there' };
  member.put(KINDS.service, 'orders-mongodb-0');
  member.put(KINDS.service, 'orders-mongodb-1');
  member.put(KINDS.service, 'orders-mongodb-1-exporter', { metadata: { ownerReferences: [owner] } });
  const context = makeStubContext(karmada.kube, { members: { kubeOf: () => Promise.resolve(member.kube) } });
  const sweep = new MockActivityEnvironment().run(() => sweepLeftovers(context, makeInstance({}), layout));
  expect(await sweep).toBeUndefined();
  expect(member.writes).toEqual(['delete Service orders-mongodb-1']);
});
