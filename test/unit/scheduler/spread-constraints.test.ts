import type { ScheduleRequest } from '../../../src/scheduler/schedule';
import { clusterOf, existingOf, nameShares, place, reasonFor, refuse, requestOf } from './states';

const clusters = [
  clusterOf('a', 9, { region: 'eu', zones: ['eu1'], provider: 'p', labels: { rack: '1' } }),
  clusterOf('b', 9, { region: 'eu', zones: ['eu1', 'eu2'], provider: 'p', labels: { rack: '1' } }),
  clusterOf('c', 9, { region: 'us', zones: ['us1'], provider: 'q', labels: { rack: '2' } }),
  clusterOf('d', 2, { region: 'ap', zones: ['ap1'], provider: 'q' }),
];
const spread = (members: number, ...spreadConstraints: ScheduleRequest['spreadConstraints']) =>
  requestOf(members, { spreadConstraints });
const shares = (members: number, ...constraints: ScheduleRequest['spreadConstraints']) =>
  nameShares(place(spread(members, ...constraints), clusters));

describe('spreadConstraints', () => {
  it.each([
    [{ spreadByField: 'region' as const, minGroups: 3 }, 'a 1, c 1, d 1'],
    [{ spreadByField: 'region' as const, minGroups: 2 }, 'a 1, b 1, c 1'],
    [{ spreadByField: 'region' as const, maxGroups: 1 }, 'a 2, b 1'],
    [{ spreadByField: 'cluster' as const, maxGroups: 2 }, 'a 2, b 1'],
    [{ spreadByField: 'provider' as const, maxGroups: 1, minGroups: 1 }, 'a 2, b 1'],
    [{ spreadByField: 'zone' as const, minGroups: 4 }, 'b 1, c 1, d 1'],
    [{ spreadByField: 'zone' as const, maxGroups: 1 }, 'a 3'],
    [{ spreadByLabel: 'rack', minGroups: 2 }, 'a 1, b 1, c 1'],
    [{ spreadByField: 'region' as const, minGroups: 0, maxGroups: 0 }, 'a 1, b 1, c 1'],
  ])('%j puts three members on %s', (constraint, expected) => expect(shares(3, constraint)).toBe(expected));

  it('hold together', () =>
    expect(
      shares(4, { spreadByField: 'region', minGroups: 3 }, { spreadByField: 'cluster', maxGroups: 3 }),
    ).toBe('a 2, c 1, d 1'));

  it('choose among groups by S8 first', () => {
    const lopsided = [
      clusterOf('a', 9, { region: 'eu' }),
      clusterOf('b', 9, { region: 'us' }),
      clusterOf('c', 9, { region: 'us' }),
      clusterOf('d', 9, { region: 'us' }),
    ];
    const placement = place(spread(3, { spreadByField: 'region', maxGroups: 1 }), lopsided);
    expect(nameShares(placement)).toBe('b 1, c 1, d 1');
    expect(placement.quorum.survivesAnyCluster).toBe(true);
  });

  it('take the roomiest groups when there are too many to try', () => {
    const many = Array.from({ length: 50 }, (_, index) =>
      clusterOf(`c${String(index).padStart(2, '0')}`, index === 17 || index === 31 || index === 44 ? 9 : 1),
    );
    expect(nameShares(place(spread(6, { spreadByField: 'cluster', maxGroups: 3 }), many))).toBe(
      'c17 2, c31 2, c44 2',
    );
  });

  it('leave out a cluster without the field, with its reason', () => {
    const placement = place(spread(3, { spreadByLabel: 'rack', maxGroups: 5 }), clusters);
    expect(reasonFor(placement, 'd')).toBe(
      'spreadConstraints spreads by label rack, and it has none: set it on the Cluster',
    );
  });

  it.each([
    [spread(3, { minGroups: 1 }), 'spreadConstraints.spreadConstraints[0] names neither spreadByField'],
    [
      spread(3, { spreadByField: 'zone', minGroups: 3, maxGroups: 2 }),
      '[0] has minGroups 3 above maxGroups 2: lower the one or raise the other.',
    ],
    [
      spread(3, { spreadByField: 'region', minGroups: 4 }),
      '[0] asks for 4 groups of region, replicaset is 3: raise replicaset or lower minGroups.',
    ],
    [
      spread(5, { spreadByField: 'region', minGroups: 4 }),
      'replicaset 5 cannot reach as many groups as spreadConstraints asks for: lower minGroups or make room in more of them.',
    ],
    [
      spread(10, { spreadByField: 'cluster', maxGroups: 1 }),
      'replicaset 10 does not fit in as few groups as spreadConstraints allows: raise maxGroups or make room there.',
    ],
  ])('are refused or not met with the remedy (%#)', (request, message) =>
    expect(refuse(request, clusters).message).toContain(message),
  );

  it('names the groups as the cure of a fatal loss (S8)', () =>
    expect(place(spread(3, { spreadByField: 'cluster', maxGroups: 2 }), clusters).warnings[0]).toContain(
      'c or d could take one, but spreadConstraints keeps it out: a higher maxGroups would cure it.',
    ));

  it('move no member that runs: growing stays in its groups, a broken one is told', () => {
    const existing = existingOf(place(requestOf(3), clusters));
    const grown = place({ ...spread(5, { spreadByField: 'region', maxGroups: 1 }), existing }, clusters);
    expect(nameShares(grown)).toBe('a 2, b 2, c 1');
    expect(grown.warnings).toContain(
      'Members stand in 2 groups of region, spreadConstraints asks for 0 to 1: those that run stay where they are, move them to meet it.',
    );
  });

  it('keep minGroups while shrinking', () => {
    const existing = existingOf(place(spread(6, { spreadByField: 'region', minGroups: 3 }), clusters));
    const shrunk = place({ ...spread(3, { spreadByField: 'region', minGroups: 3 }), existing }, clusters);
    expect(nameShares(shrunk)).toBe('a 1, c 1, d 1');
  });
});
