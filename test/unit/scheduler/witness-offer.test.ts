import fc from 'fast-check';
import { mongodbProfile } from '../../../src/scheduler/mongodb-profile';
import { placementOfResult } from '../../../src/scheduler/placement-of-result';
import { scheduleMembers } from '../../../src/scheduler/schedule';
import { offerWitness } from '../../../src/scheduler/witness-offer';
import { clusterOf, requestOf } from './states';

const rule = mongodbProfile.quorum;
const share = (cluster: string, replicaset: number, arbiter = false) => ({
  cluster,
  replicaset,
  ...(arbiter ? { arbiter } : {}),
});
const warningsOf = (members: number, ...shares: readonly ReturnType<typeof share>[]): readonly string[] =>
  placementOfResult(
    { ClusterWithReplicaset: shares },
    requestOf(members, { arbiter: shares.some((one) => one.arbiter === true) }),
    ['a', 'b', 'c'],
    mongodbProfile,
  ).warnings;

describe('a set on two clusters', () => {
  it('is told which loss stops writes, and the edit that would cure it', () => {
    expect(warningsOf(3, share('a', 2), share('b', 1))).toEqual([
      expect.stringContaining('The loss of cluster a stops writes: 2 of 3 votes are there'),
      'With a third cluster either may be lost: spec.replicaset: 4 with spec.config.arbiter: true (a 2, b 2, the arbiter there: it holds no data, so that w:majority waits after a loss until the dead have lost their vote, S16), or spec.replicaset: 5 (a 2, b 2, one member there). `fedstate plan -f` with that edit shows the steps.',
    ]);
    const even = warningsOf(4, share('a', 2), share('b', 2)).join(' ');
    expect(even).toContain('spec.replicaset: 4 with spec.config.arbiter: true (a 2, b 2,');
    expect(even).toContain('or spec.replicaset: 5 (a 2, b 2, one member there)');
  });

  it('gets no such offer where there is a third, where there is an arbiter already, or with one alone', () => {
    const offered = (shares: readonly ReturnType<typeof share>[], arbiter = false) =>
      offerWitness(shares, { members: shares.reduce((sum, one) => sum + one.replicaset, 0), arbiter }, rule);
    expect(offered([share('a', 1), share('b', 1), share('c', 1)])).toEqual([]);
    expect(offered([share('a', 2), share('b', 2, true)], true)).toEqual([]);
    expect(offered([share('a', 3)])).toEqual([]);
    expect(offered([share('a', 3), share('b', 0)])).toEqual([]);
    expect(warningsOf(3, share('a', 1), share('b', 1), share('c', 1))).toEqual([]);
  });

  it('survives the loss of either once an offer is taken and a third cluster is there (S8)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (first, second) => {
        const shares = [share('a', first), share('b', second)];
        const members = first + second;
        const existing = shares.flatMap(({ cluster, replicaset }) =>
          Array.from({ length: replicaset }, (_, ordinal) => ({ cluster, ordinal })),
        );
        const offers = offerWitness(shares, { members, arbiter: false }, rule);
        expect(offers.map(({ kind }) => kind)).toEqual(['arbiter', 'member']);
        for (const { kind, replicaset } of offers) {
          const verdict = scheduleMembers(
            requestOf(replicaset, { arbiter: kind === 'arbiter', existing }),
            ['a', 'b', 'c'].map((name) => clusterOf(name, 8)),
            mongodbProfile,
          );
          expect(verdict).toMatchObject({
            outcome: 'scheduled',
            placement: { leaving: [], quorum: { survivesAnyCluster: true } },
          });
        }
      }),
      { numRuns: 40 },
    );
  });
});
