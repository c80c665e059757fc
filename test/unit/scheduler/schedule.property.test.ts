import fc from 'fast-check';
import type { ClusterCapacity, NodeCapacity } from '../../../src/domain/capacity';
import type { Placement } from '../../../src/domain/placement';
import { mongodbProfile } from '../../../src/scheduler/mongodb-profile';
import { scheduleMembers, type ScheduleRequest } from '../../../src/scheduler/schedule';
import { fits, listAssignments, mostSafeVotes, seatsOf, type Assignment, type OracleSeat } from './oracle';
import { existingOf, requestOf, runMembers } from './states';

const NAMES = ['ash', 'birch', 'cedar', 'elm', 'fir'];

const nodeArbitrary = fc.record({
  cpu: fc.nat(60),
  memory: fc.nat(60),
  pods: fc.nat(12),
  used: fc.nat(10),
  health: fc.constantFrom('well', 'well', 'well', 'well', 'down', 'cordoned', 'tainted'),
});

const clusterArbitrary = fc.record({
  nodes: fc.option(fc.array(nodeArbitrary, { minLength: 1, maxLength: 3 }), { freq: 15, nil: undefined }),
  flaw: fc.oneof(
    { weight: 8, arbitrary: fc.constant('') },
    { weight: 1, arbitrary: fc.constantFrom('notReady', 'noVip', 'taint', 'noClass') },
  ),
});

type DrawnCluster = typeof clusterArbitrary extends fc.Arbitrary<infer T> ? T : never;

function buildCluster({ nodes, flaw }: DrawnCluster, index: number): ClusterCapacity {
  return {
    name: NAMES[index] ?? `x${index}`,
    ready: flaw !== 'notReady',
    vip: flaw === 'noVip' ? undefined : `10.0.0.${index}`,
    zones: [],
    labels: {},
    taints: flaw === 'taint' ? [{ key: 'k', effect: 'NoSchedule' }] : [],
    storageClasses: [{ name: 'local', isDefault: flaw !== 'noClass' }],
    instancesPlaced: [],
    nodes: nodes?.map((node, position): NodeCapacity => ({
      name: `n${position}`,
      labels: {},
      taints: node.health === 'tainted' ? [{ key: 'k', effect: 'NoExecute' }] : [],
      schedulable: node.health !== 'cordoned',
      ready: node.health !== 'down',
      allocatable: { cpuMillis: node.cpu * 100, memoryBytes: node.memory * 100, pods: node.pods },
      requested: { cpuMillis: node.used * 100, memoryBytes: node.used * 50, pods: Math.min(node.used, 2) },
    })),
  };
}

const stateArbitrary = fc
  .record({
    clusters: fc.oneof(
      { weight: 1, arbitrary: fc.array(clusterArbitrary, { maxLength: 2 }) },
      { weight: 4, arbitrary: fc.array(clusterArbitrary, { minLength: 3, maxLength: 4 }) },
      { weight: 1, arbitrary: fc.array(clusterArbitrary, { minLength: 5, maxLength: 5 }) },
    ),
    members: fc.integer({ min: 1, max: 8 }),
    arbiter: fc.boolean(),
    mode: fc.constantFrom('Uniform' as const, 'Weighting' as const),
    need: fc.record({ cpu: fc.nat(12), memory: fc.nat(12) }),
    arbiterNeed: fc.integer({ min: 0, max: 9 }),
    running: fc.array(fc.record({ cluster: fc.nat(4), ordinal: fc.nat(9) }), { maxLength: 4 }),
    arbiterHome: fc.option(fc.nat(4), { freq: 2 }),
    excluded: fc.option(fc.nat(4), { freq: 4 }),
    fresh: fc.boolean(),
  })
  .map((drawn) => {
    const clusters = drawn.clusters.map(buildCluster);
    const nameOf = (index: number): string => NAMES[index] ?? 'none';
    const running = new Map(
      drawn.running.map(({ cluster, ordinal }) => [
        `${cluster}/${ordinal}`,
        { cluster: nameOf(cluster), ordinal },
      ]),
    );
    const home =
      drawn.arbiterHome === null ? [] : [{ cluster: nameOf(drawn.arbiterHome), ordinal: 'arbiter' as const }];
    const request = requestOf(drawn.members, {
      arbiter: drawn.arbiter && drawn.members % 2 === 0,
      mode: drawn.mode,
      perMember: { cpuMillis: drawn.need.cpu * 100, memoryBytes: drawn.need.memory * 100 },
      arbiterResources: { cpuMillis: drawn.arbiterNeed * 100, memoryBytes: drawn.arbiterNeed * 100 },
      existing: drawn.fresh ? [] : [...running.values(), ...home],
      excludedClusters: drawn.excluded === null ? [] : [{ cluster: nameOf(drawn.excluded), reason: 'lost' }],
    });
    return { request, clusters };
  });

const schedule = (request: ScheduleRequest, clusters: readonly ClusterCapacity[]) =>
  scheduleMembers(request, clusters, mongodbProfile);

const nameOf = ({ cluster, ordinal }: { cluster: string; ordinal: number | 'arbiter' }): string =>
  `${cluster}/${ordinal}`;

const countOf = (placement: Placement, cluster: string): number =>
  placement.shares.find((share) => share.cluster === cluster)?.replicaset ?? 0;

/** S5 and S7, and an outlook that says what the votes say (S8). */
function expectSoundVotes({ members, quorum }: Placement, request: ScheduleRequest): void {
  const votes = members.filter((member) => member.votes === 1);
  const fatal = [...new Set(members.map(({ cluster }) => cluster))].filter(
    (name) => votes.filter(({ cluster }) => cluster !== name).length < Math.floor(votes.length / 2) + 1,
  );
  const arbiters = members.filter(({ ordinal }) => ordinal === 'arbiter');
  // One comparison for many facts: Jest's matchers cost more than the scheduler does.
  expect({
    atMostSeven: votes.length <= 7,
    odd: votes.length % 2 === 1,
    votes: quorum.votes,
    fatalClusters: quorum.fatalClusters,
    survives: quorum.survivesAnyCluster,
    arbiterVotes: arbiters.map((member) => member.votes),
  }).toEqual({
    atMostSeven: true,
    odd: true,
    votes: votes.length,
    fatalClusters: fatal.sort(),
    survives: fatal.length === 0,
    arbiterVotes: request.arbiter ? [1] : [],
  });
}

/** Exact sum, nothing beyond what fits, nobody moved, everybody accounted for. */
function expectSoundMembers(
  placement: Placement,
  request: ScheduleRequest,
  seats: readonly OracleSeat[],
): void {
  const sizes = placement.shares.map(({ replicaset }) => replicaset);
  const placed = new Set(placement.members.map(nameOf));
  const gone = request.existing.map(nameOf).filter((name) => !placed.has(name));
  const arbiters = new Set(placement.members.filter(({ ordinal }) => ordinal === 'arbiter').map(nameOf));
  for (const member of request.existing) arbiters.delete(nameOf(member));
  const broken = seats.filter((seat) => {
    const count = countOf(placement, seat.name);
    const data = placement.members.filter(
      ({ cluster, ordinal }) => cluster === seat.name && ordinal !== 'arbiter',
    );
    const adds = Math.max(0, count - seat.running);
    const newArbiterFits =
      !arbiters.has(`${seat.name}/arbiter`) ||
      (seat.cluster !== undefined && fits(seat.cluster, request, adds, true));
    return data.length !== count || count < seat.min || count > seat.max || !newArbiterFits;
  });
  expect({
    broken: broken.map(({ name }) => name),
    sum: sizes.reduce((sum, size) => sum + size, 0),
    sizes,
    distinct: placed.size,
    leaving: placement.leaving.map(nameOf).sort(),
  }).toEqual({
    broken: [],
    sum: request.members,
    sizes: sizes.toSorted((a, b) => b - a),
    distinct: placement.members.length,
    leaving: gone.sort(),
  });
}

describe('scheduleMembers, over all kinds of states', () => {
  it('places exactly, soundly and as safely as any assignment could, or proves that none fits (S5 to S8)', () => {
    let scheduled = 0;
    let safe = 0;
    let refused = 0;
    fc.assert(
      fc.property(stateArbitrary, ({ request, clusters }) => {
        const verdict = schedule(request, clusters);
        const reasons = verdict.outcome === 'scheduled' ? verdict.placement.reasons : verdict.reasons;
        const names = new Set([
          ...clusters.map(({ name }) => name),
          ...request.existing.map(({ cluster }) => cluster),
        ]);
        expect(reasons.map(({ cluster }) => cluster)).toEqual([...names].sort());
        expect(reasons.every(({ reason }) => reason.length > 0)).toBe(true);

        const seats = seatsOf(request, clusters);
        const possible: Assignment[] = [...listAssignments(request, seats)];
        if (verdict.outcome === 'unschedulable') {
          refused += 1;
          expect(possible).toEqual([]);
          return;
        }
        scheduled += 1;
        const { placement } = verdict;
        expectSoundMembers(placement, request, seats);
        expectSoundVotes(placement, request);
        const most = possible.reduce((best, one) => Math.max(best, mostSafeVotes(one)), 0);
        expect(placement.quorum.survivesAnyCluster ? placement.quorum.votes : 0).toBe(most);
        if (most > 0) safe += 1;
        else expect(placement.warnings.join()).toContain('(S8)');
      }),
      { numRuns: 6000 },
    );
    // A generator that draws only one kind of state would prove nothing.
    expect(Math.min(scheduled, safe, refused)).toBeGreaterThan(600);
  }, 120_000);

  it('is the most even placement there is, when Uniform and S8 leave the choice', () => {
    const squares = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count ** 2, 0);
    fc.assert(
      fc.property(stateArbitrary, ({ request, clusters }) => {
        const uniform = { ...request, arbiter: false, mode: 'Uniform' as const };
        const verdict = schedule(uniform, clusters);
        if (verdict.outcome !== 'scheduled') return;
        const seats = seatsOf(uniform, clusters);
        const counts = seats.map(({ name }) => countOf(verdict.placement, name));
        const all = [...listAssignments(uniform, seats)].map((one) => squares(one.counts));
        expect(squares(counts)).toBe(Math.min(...all));
      }),
      { numRuns: 2000 },
    );
  }, 60_000);

  it('gives the same answer whatever the order of clusters, nodes and members', () => {
    fc.assert(
      fc.property(stateArbitrary, fc.infiniteStream(fc.nat(1000)), ({ request, clusters }, random) => {
        const shuffle = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => ({ item, rank: random.next().value as number }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ item }) => item);
        const shuffled = shuffle(clusters).map((cluster) => ({
          ...cluster,
          nodes: cluster.nodes === undefined ? undefined : shuffle(cluster.nodes),
        }));
        expect(schedule({ ...request, existing: shuffle(request.existing) }, shuffled)).toEqual(
          schedule(request, clusters),
        );
      }),
      { numRuns: 1000 },
    );
  });

  it('changes nothing once it runs, only adds when grown, only takes away when shrunk', () => {
    let compared = 0;
    fc.assert(
      fc.property(stateArbitrary, fc.integer({ min: 1, max: 4 }), ({ request, clusters }, step) => {
        const verdict = schedule({ ...request, arbiter: false }, clusters);
        if (verdict.outcome !== 'scheduled') return;
        const first = verdict.placement;
        const running = { ...request, arbiter: false, existing: existingOf(first) };
        const now = runMembers(clusters, request, { ...first, members: newMembers(first, request) });

        const again = schedule(running, now);
        if (again.outcome !== 'scheduled') throw new Error(again.message);
        expect(again.placement.members).toEqual(first.members);
        expect(again.placement.shares).toEqual(first.shares);
        expect(again.placement.leaving).toEqual([]);

        const grown = schedule({ ...running, members: request.members + step }, now);
        if (grown.outcome === 'scheduled') {
          compared += 1;
          const names = grown.placement.members.map(nameOf);
          expect(names).toEqual(expect.arrayContaining(first.members.map(nameOf)));
          expect(grown.placement.leaving).toEqual([]);
        }

        if (request.members <= step) return;
        const shrunk = schedule({ ...running, members: request.members - step }, now);
        if (shrunk.outcome !== 'scheduled') throw new Error(shrunk.message);
        const before = new Set(first.members.map(nameOf));
        expect(shrunk.placement.members.map(nameOf).every((name) => before.has(name))).toBe(true);
        expect(shrunk.placement.leaving).toHaveLength(step);
      }),
      { numRuns: 2000 },
    );
    expect(compared).toBeGreaterThan(100);
  }, 60_000);

  it('never promises more than all nodes can hold, at any size', () => {
    const slots = fc.array(fc.array(fc.nat(12), { maxLength: 8 }), { maxLength: 12 });
    fc.assert(
      fc.property(slots, fc.integer({ min: 1, max: 50 }), (drawn, members) => {
        const clusters = drawn.map((nodes, index) => ({
          ...buildCluster({ nodes: [], flaw: '' }, index + 10),
          nodes: nodes.map((cpu, position): NodeCapacity => ({
            name: `n${position}`,
            labels: {},
            taints: [],
            schedulable: true,
            ready: true,
            allocatable: { cpuMillis: cpu * 400, memoryBytes: 1e9, pods: 50 },
            requested: { cpuMillis: 0, memoryBytes: 0, pods: 0 },
          })),
        }));
        const request = requestOf(members, { perMember: { cpuMillis: 1000, memoryBytes: 1 } });
        const verdict = schedule(request, clusters);
        const room = drawn.map((nodes) =>
          nodes.reduce((sum, cpu) => sum + (cpu * 400 - ((cpu * 400) % 1000)) / 1000, 0),
        );
        const total = room.reduce((sum, one) => sum + one, 0);
        expect(verdict.outcome).toBe(total >= members ? 'scheduled' : 'unschedulable');
        if (verdict.outcome !== 'scheduled') return;
        expectSoundVotes(verdict.placement, request);
        const over = clusters.filter(
          ({ name }, index) => countOf(verdict.placement, name) > (room[index] ?? 0),
        );
        expect(over).toEqual([]);
        const usable = room.filter((one) => one > 0).length;
        expect(verdict.placement.quorum.survivesAnyCluster).toBe(usable >= 3 && members >= 3);
      }),
      { numRuns: 1000 },
    );
  });
});

/** Members of the placement that did not run before: those that did are in the nodes' requests already. */
function newMembers(placement: Placement, request: ScheduleRequest): Placement['members'] {
  const before = new Set(request.existing.map(nameOf));
  return placement.members.filter((member) => !before.has(nameOf(member)));
}
