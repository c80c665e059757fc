import { keepRetired, overrideRules, revisionOf } from '../../../src/activities/override-rules';
import type { Layout, LeavingMember } from '../../../src/activities/layout';

const SHARES = ['east', 'west'].map((cluster, index) => ({
  cluster,
  vip: `10.0.${index}.1`,
  replicaset: 1,
  arbiter: false,
}));

function layoutOf(more: Partial<Layout>): Layout {
  return {
    shares: SHARES,
    members: SHARES.map(({ cluster }) => ({ cluster, ordinal: 0, votes: 1 })),
    leaving: [],
    dispatched: [],
    seed: { cluster: 'east', ordinal: 0 },
    survivesAnyCluster: true,
    fenced: [],
    strayed: [],
    clusterLabels: new Set(),
    ...more,
  };
}

const leaving = (cluster: string, ordinal: number, retired = false): LeavingMember => ({
  cluster,
  ordinal,
  vip: cluster === 'north' ? '10.0.9.1' : undefined,
  retired,
});

describe('the rule of each cluster', () => {
  it('counts members that leave until they are retired: a count alone takes nothing away', () => {
    const layout = layoutOf({ leaving: [leaving('east', 1), leaving('north', 0)] });
    expect(overrideRules(layout).map(({ cluster, members, retired }) => [cluster, members, retired])).toEqual(
      [
        ['east', 2, []],
        ['west', 1, []],
        ['north', 1, []],
      ],
    );
    const retire = [{ cluster: 'east', ordinal: 1 }];
    expect(overrideRules(layout, { retire })[0]).toMatchObject({ members: 1, retired: [1] });
  });

  it('names the one member that may take a new template, and has another revision then', () => {
    const [before] = overrideRules(layoutOf({}));
    const [east, west] = overrideRules(layoutOf({}), { rollout: { cluster: 'east', ordinal: 0 } });
    expect(east?.rollout).toEqual([0]);
    expect(west?.rollout).toEqual([]);
    expect(before && east && revisionOf(before) !== revisionOf(east)).toBe(true);
  });

  it('gives the seed away when its cluster is left', () => {
    const rules = overrideRules(layoutOf({ seed: { cluster: 'gone', ordinal: 0 } }));
    expect(rules.map(({ rsInit }) => rsInit)).toEqual([true, false]);
  });

  it('remembers what was retired until it is swept, but not an ordinal that is wanted again', () => {
    const dispatched = [
      {
        cluster: 'east',
        vip: '10.0.0.1',
        members: 1,
        arbiter: false,
        retired: [0, 1],
        rollout: [],
        revision: 'x',
      },
      {
        cluster: 'north',
        vip: '10.0.9.1',
        members: 0,
        arbiter: false,
        retired: [0],
        rollout: [],
        revision: 'y',
      },
    ];
    const layout = layoutOf({ dispatched });
    const kept = keepRetired(overrideRules(layout), layout);
    expect(kept.map(({ cluster, members, retired }) => [cluster, members, retired])).toEqual([
      ['east', 1, [1]],
      ['west', 1, []],
      ['north', 0, [0]],
    ]);
  });
});

describe('members that a recovery cuts off', () => {
  const shut = new Map([['west', [0, 1]]]);

  it('are told to go whatever the placement says, and keep their volumes', () => {
    const rules = overrideRules(layoutOf({ shut, leaving: [leaving('west', 1)] }));
    expect(rules.find(({ cluster }) => cluster === 'west')).toMatchObject({
      members: 0,
      retired: [0, 1],
      keepsVolumes: true,
    });
    expect(rules.find(({ cluster }) => cluster === 'east')).not.toHaveProperty('keepsVolumes');
  });

  it('keep their volumes also when no member is wanted there any more', () => {
    const share = {
      vip: '10.0.1.1',
      members: 0,
      arbiter: false,
      retired: [0, 1],
      rollout: [],
      revision: 'r',
    };
    const layout = layoutOf({
      shares: SHARES.slice(0, 1),
      members: [],
      shut,
      dispatched: [{ cluster: 'west', ...share }],
    });
    expect(keepRetired(overrideRules(layout), layout).at(-1)).toMatchObject({
      cluster: 'west',
      retired: [0, 1],
      keepsVolumes: true,
    });
  });
});
