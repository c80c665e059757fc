import fc from 'fast-check';
import { listDispatchedMembers, readDispatched } from '../../../src/activities/dispatched';
import { keepRetired, overrideRules } from '../../../src/activities/override-rules';
import type { Layout } from '../../../src/activities/layout';
import { buildOverridePolicy, type ClusterOverride } from '../../../src/karmada/policy';
import { KINDS } from '../../../src/kube/object';
import { sortMembers } from '../../../src/member/membership-set';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

const cr = makeInstance({ replicaset: 1 });
const share = { cluster: 'east', vip: '10.0.0.1', replicaset: 1, arbiter: false };

/** What Karmada holds after these rules, read back. No cluster has reported yet. */
async function readBack(rules: readonly ClusterOverride[]) {
  const karmada = createStubKube();
  const policy = buildOverridePolicy({
    namespace: 'shop',
    name: 'orders',
    labels: {},
    owner: { apiVersion: 'v1', kind: 'MultiCloudMongoDB', name: 'orders', uid: 'u' },
    rules,
    revisionAnnotation: 'middleware.fedstate.io/override-revision',
    revisionOf: () => 'r',
  });
  karmada.put(KINDS.overridePolicy, 'orders', { spec: policy['spec'] });
  const context = makeStubContext(karmada.kube);
  const dispatched = await readDispatched(context, cr);
  return { dispatched, members: await listDispatchedMembers(context, cr, dispatched) };
}

test('members that go one by one, in whatever order, are told apart from those that stay (S1, S11)', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 7 }).chain((count) =>
        fc.record({
          count: fc.constant(count),
          order: fc.shuffledSubarray(Array.from({ length: count - 1 }, (_, index) => index + 1)),
        }),
      ),
      async ({ count, order }) => {
        let [rule]: ClusterOverride[] = [
          {
            cluster: 'east',
            vip: share.vip,
            members: count,
            arbiter: false,
            rsInit: true,
            retired: [],
            rollout: [],
          },
        ];
        const gone: number[] = [];
        for (const ordinal of order) {
          const { dispatched, members } = await readBack(rule === undefined ? [] : [rule]);
          const layout: Layout = {
            shares: [share],
            members: [{ cluster: 'east', ordinal: 0, votes: 1 }],
            leaving: members
              .filter((member) => member.ordinal !== 0)
              .map((member) => ({ ...member, vip: share.vip })),
            dispatched,
            seed: { cluster: 'east', ordinal: 0 },
            survivesAnyCluster: true,
            fenced: [],
            strayed: [],
            clusterLabels: new Set(),
          };
          [rule] = keepRetired(overrideRules(layout, { retire: [{ cluster: 'east', ordinal }] }), layout);
          gone.push(ordinal);
          const all = Array.from({ length: count }, (_, index) => index);
          const sorted = sortMembers({ members: rule?.members, retired: rule?.retired }, all);
          expect(sorted.wanted).toEqual(all.filter((one) => !gone.includes(one)));
          expect(sorted.retired).toEqual(all.filter((one) => gone.includes(one)));
          expect(sorted.stray).toEqual([]);
        }
      },
    ),
  );
});
