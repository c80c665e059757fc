import type { MiddlewareProfile } from '../../../src/scheduler/profile';
import { scheduleMembers } from '../../../src/scheduler/schedule';
import { clusterOf, requestOf } from './states';

/** A cache: no votes, no arbiter, spread evenly. All that another middleware has to write. */
const cacheProfile: MiddlewareProfile = { name: 'Cache', maxMembers: 200, arbiter: 'forbidden' };

/** Three of four must be left: another quorum than MongoDB's. */
const strictProfile: MiddlewareProfile = {
  name: 'Strict',
  maxMembers: 9,
  arbiter: 'forbidden',
  quorum: { maxVotes: 4, voteCounts: (voters) => (voters >= 4 ? [4] : [voters]), majority: () => 3 },
};

const scheduled = (members: number, profile: MiddlewareProfile, names: string[]) => {
  const verdict = scheduleMembers(
    requestOf(members),
    names.map((name) => clusterOf(name, 99)),
    profile,
  );
  if (verdict.outcome !== 'scheduled') throw new Error(verdict.message);
  return verdict.placement;
};

describe('another middleware brings a profile and nothing else', () => {
  it('a cache spreads evenly, without votes', () => {
    const placement = scheduled(60, cacheProfile, ['a', 'b']);
    expect(placement.shares).toEqual([
      { cluster: 'a', replicaset: 30 },
      { cluster: 'b', replicaset: 30 },
    ]);
    expect(placement.members.every(({ votes }) => votes === 0)).toBe(true);
    expect(placement.quorum).toEqual({ votes: 0, majority: 0, fatalClusters: [], survivesAnyCluster: true });
    expect(placement.warnings).toEqual([]);
  });

  it('a cache on one cluster is told that its loss is the loss of all', () => {
    const placement = scheduled(2, cacheProfile, ['a']);
    expect(placement.quorum.fatalClusters).toEqual(['a']);
    expect(placement.warnings).toEqual([
      'The loss of cluster a is the loss of every member. Members on a second cluster would cure it.',
    ]);
  });

  it('its limits are refused in its name', () => {
    const verdict = scheduleMembers(requestOf(2, { arbiter: true }), [clusterOf('a', 9)], cacheProfile);
    expect(verdict).toMatchObject({
      outcome: 'unschedulable',
      message: 'config.arbiter is true, but Cache knows no arbiter: set it to false.',
    });
  });

  it('its own majority decides which loss is fatal', () => {
    expect(scheduled(4, strictProfile, ['a', 'b', 'c']).quorum.fatalClusters).toEqual(['a']);
    expect(scheduled(4, strictProfile, ['a', 'b', 'c', 'd']).quorum.survivesAnyCluster).toBe(true);
  });
});
