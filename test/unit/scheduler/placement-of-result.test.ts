import { readSchedulerResult } from '../../../src/api/scheduler-result';
import { mongodbProfile } from '../../../src/scheduler/mongodb-profile';
import { placementOfResult } from '../../../src/scheduler/placement-of-result';
import type { ScheduleRequest } from '../../../src/scheduler/schedule';
import { clusterOf, nameShares, nameVoters, place, requestOf } from './states';

const seed =
  '{"ClusterWithReplicaset":[{"cluster":"10-29-14-21","replicaset":4},{"cluster":"10-29-14-25","replicaset":1}]}';
const known = ['10-29-14-21', '10-29-14-25', 'north'];
const entry = (cluster: string, replicaset: number, arbiter?: boolean) => ({
  cluster,
  replicaset,
  ...(arbiter === undefined ? {} : { arbiter }),
});
const placed = (entries: ReturnType<typeof entry>[], request: ScheduleRequest) =>
  placementOfResult({ ClusterWithReplicaset: entries }, request, ['a', 'b', 'c'], mongodbProfile);

describe('readSchedulerResult', () => {
  it('reads the annotation of the seed', () =>
    expect(readSchedulerResult(seed)).toEqual({
      ClusterWithReplicaset: [entry('10-29-14-21', 4), entry('10-29-14-25', 1)],
    }));

  it('tolerates what it does not know, as upstream does', () =>
    expect(
      readSchedulerResult(
        '{"by":"x","ClusterWithReplicaset":[{"cluster":"a","replicaset":0,"arbiter":true,"w":1}]}',
      ),
    ).toEqual({ ClusterWithReplicaset: [entry('a', 0, true)] }));

  it.each([
    ['{', 'it is not JSON. Expected for example {"ClusterWithReplicaset":['],
    ['[]', 'Invalid input: expected object, received array'],
    ['{}', 'ClusterWithReplicaset: Invalid input: expected array'],
    [
      '{"ClusterWithReplicaset":[{"cluster":"a","replicaset":"2"}]}',
      'ClusterWithReplicaset.0.replicaset: Invalid input: expected number',
    ],
    [
      '{"ClusterWithReplicaset":[{"cluster":"","replicaset":2}]}',
      'ClusterWithReplicaset.0.cluster: is empty',
    ],
    ['{"ClusterWithReplicaset":[{"cluster":"a","replicaset":1.5}]}', 'ClusterWithReplicaset.0.replicaset: '],
  ])('refuses %s', (annotation, message) =>
    expect(() => readSchedulerResult(annotation)).toThrow(
      expect.objectContaining({
        kind: 'InvalidSpec',
        message: expect.stringContaining(message) as string,
      }) as Error,
    ),
  );
});

describe('placementOfResult', () => {
  it('makes members, votes and outlook of the seed: 4+1, one loss of which is fatal (S8)', () => {
    const placement = placementOfResult(readSchedulerResult(seed), requestOf(5), known, mongodbProfile);
    expect(nameVoters(placement)).toEqual([
      '10-29-14-21/0',
      '10-29-14-21/1',
      '10-29-14-21/2',
      '10-29-14-21/3',
      '10-29-14-25/0',
    ]);
    expect(placement.quorum).toEqual({
      votes: 5,
      majority: 3,
      fatalClusters: ['10-29-14-21'],
      survivesAnyCluster: false,
    });
    expect(placement.warnings).toEqual([
      expect.stringMatching(/^The loss of cluster 10-29-14-21 stops writes: 4 of 5 votes/),
      expect.stringMatching(/^With a third cluster either may be lost: spec\.replicaset: 6 with/),
    ]);
    expect(placement.reasons).toEqual([]);
  });

  it('agrees with the scheduler that wrote it', () => {
    const clusters = ['a', 'b', 'c'].map((name) => clusterOf(name, 9));
    for (const request of [requestOf(4, { arbiter: true }), requestOf(10), requestOf(5)]) {
      const ours = place(request, clusters);
      const read = placementOfResult(
        readSchedulerResult(JSON.stringify({ ClusterWithReplicaset: ours.shares })),
        request,
        ['a', 'b', 'c'],
        mongodbProfile,
      );
      expect({ ...read, reasons: ours.reasons }).toEqual(ours);
    }
  });

  it('orders the shares and drops those of 0', () =>
    expect(nameShares(placed([entry('c', 1), entry('a', 0), entry('b', 2)], requestOf(3)))).toBe('b 2, c 1'));

  it('puts the arbiter where it is named, else where it helps most, then with the fewest (S6, S8)', () => {
    const request = requestOf(4, { arbiter: true });
    expect(nameShares(placed([entry('a', 2, true), entry('b', 2), entry('c', 0)], request))).toBe(
      'a 2+A, b 2',
    );
    expect(nameShares(placed([entry('a', 2), entry('b', 2), entry('c', 0)], request))).toBe(
      'a 2, b 2, c 0+A',
    );
    expect(nameShares(placed([entry('a', 3), entry('b', 1)], request))).toBe('a 3, b 1+A');
  });

  it('leaves out an arbiter that config does not ask for, and says so', () => {
    const placement = placed([entry('a', 1, true), entry('b', 1), entry('c', 1)], requestOf(3));
    expect(nameShares(placement)).toBe('a 1, b 1, c 1');
    expect(placement.warnings).toEqual([
      'The arbiter that it names is left out, as config.arbiter is false.',
    ]);
  });

  it('keeps ordinals that run and names those that leave', () => {
    const existing = [
      { cluster: 'a', ordinal: 1 },
      { cluster: 'a', ordinal: 3 },
      { cluster: 'c', ordinal: 0 },
    ];
    const placement = placed([entry('a', 2), entry('b', 1)], requestOf(3, { existing }));
    expect(placement.members.map(({ cluster, ordinal }) => `${cluster}/${ordinal}`)).toEqual([
      'a/1',
      'a/3',
      'b/0',
    ]);
    expect(placement.leaving).toEqual([{ cluster: 'c', ordinal: 0 }]);
  });

  it('warns of members in an excluded cluster', () =>
    expect(
      placed(
        [entry('a', 1), entry('b', 1), entry('c', 1)],
        requestOf(3, { excludedClusters: [{ cluster: 'c', reason: 'drained' }] }),
      ).warnings,
    ).toEqual(['It places members in c, which takes none: drained.']));

  it.each([
    [
      [entry('a', 2), entry('x', 1)],
      requestOf(3),
      'ClusterWithReplicaset[1].cluster names x, which is not registered with Karmada (registered: a, b, c).',
    ],
    [
      [entry('a', 2), entry('a', 1)],
      requestOf(3),
      'ClusterWithReplicaset[1].cluster names a a second time: make one entry of them.',
    ],
    [
      [entry('a', 4), entry('b', -1)],
      requestOf(3),
      'ClusterWithReplicaset[1].replicaset is -1: write a whole number from 0.',
    ],
    [
      [entry('a', 2)],
      requestOf(3),
      'ClusterWithReplicaset sums up to 2, but replicaset is 3: make them equal.',
    ],
    [
      [entry('a', 1, true), entry('b', 1, true)],
      requestOf(2, { arbiter: true }),
      'names an arbiter in a and b: a set has at most one (S6), leave one.',
    ],
    [[entry('a', 3)], requestOf(3, { arbiter: true }), 'config.arbiter is true with an odd replicaset (3)'],
    [
      [entry('a', 50)],
      requestOf(50, { retired: [{ cluster: 'a', ordinal: 3 }] }),
      'a has ordinals for 49 until retired members are gone: lower it, or wait.',
    ],
  ])('refuses %j', (entries, request, message) =>
    expect(() => placed(entries, request)).toThrow(
      expect.objectContaining({
        kind: 'InvalidSpec',
        message: expect.stringContaining(message) as string,
      }) as Error,
    ),
  );
});
