import type { ChangeOutcome, StepFacts } from '../../../src/domain/plan';
import { planInstance, type InstancePlanInput } from '../../../src/planner/plan-instance';
import { planLostVotes } from '../../../src/planner/plan-lost-votes';
import { planMembership } from '../../../src/planner/plan-membership';
import { createInstanceModel, inputOf, type InstanceModelFacts, type Share } from './instance-model';
import { createModel, desired, member, observe } from './server-model';

function factsOf(
  present: readonly Share[],
  wanted: readonly Share[],
  down: readonly string[],
): InstanceModelFacts {
  return {
    present,
    wanted,
    down: new Set(down),
    outdated: new Set(),
    templateChanges: false,
    choose: () => 0,
  };
}

/** What the planner is told when clusters are lost: nothing that leaves them can be taken away. */
function inputWithout(facts: InstanceModelFacts, lost: readonly string[]): InstancePlanInput {
  const input = inputOf(createInstanceModel(facts), facts);
  const members = input.members.map((one) =>
    !one.wanted && lost.includes(one.cluster) ? { ...one, dispatched: false } : one,
  );
  return { ...input, members };
}

function outline(outcome: ChangeOutcome | undefined): string[] {
  if (outcome?.kind !== 'plan') throw new Error(JSON.stringify(outcome));
  return outcome.plan.steps.map((step: StepFacts) =>
    [
      step.kind,
      ...('members' in step ? step.members.map(({ host }) => host) : []),
      ...('hosts' in step ? step.hosts : []),
      ...('host' in step ? [step.host] : []),
    ].join(' '),
  );
}

const EACH: readonly Share[] = ['a', 'b', 'c'].map((cluster) => ({ cluster, members: 1 }));
const WITHOUT_A: readonly Share[] = [
  { cluster: 'b', members: 2 },
  { cluster: 'c', members: 1 },
];

describe('members of a lost cluster', () => {
  it('are replaced, lose their vote before their heirs get one, and nobody waits for their pods (S1, S10)', () => {
    const input = inputWithout(factsOf(EACH, WITHOUT_A, ['a0:27017']), ['a']);
    expect(outline(planInstance(input))).toEqual([
      'place',
      'dispatch',
      'waitPods b/1',
      'addMember b/1',
      'waitSync b/1',
      'removeMember a0:27017',
      'grantVote b/1',
      'setPriority b/1',
    ]);
  });

  it('are all out of the set at the end, however many and wherever the primary was', () => {
    const present: readonly Share[] = [
      { cluster: 'a', members: 2 },
      { cluster: 'b', members: 2 },
      { cluster: 'c', members: 1 },
    ];
    const wanted: readonly Share[] = [
      { cluster: 'b', members: 3 },
      { cluster: 'c', members: 2 },
    ];
    const outcome = planInstance(inputWithout(factsOf(present, wanted, ['a0:27017', 'a1:27017']), ['a']));
    const steps = outline(outcome);
    // The dead that hold the others back go first: three voters of whom all are healthy may lose one.
    expect(steps.slice(0, 5)).toEqual([
      'place',
      'dispatch',
      'waitPods b/2 c/1',
      'revokeVote a0:27017',
      'revokeVote a1:27017',
    ]);
    expect(steps).toContain('removeMember a0:27017 a1:27017');
    expect(steps.some((step) => step.startsWith('retireMember'))).toBe(false);
    expect(outcome).toMatchObject({ plan: { after: { votes: 5, healthyVotes: 5 } } });
  });
});

describe('without room for them', () => {
  const why = 'no room';

  it('votes of the dead go where that raises the margin, the fewest that do', () => {
    const present: readonly Share[] = [
      { cluster: 'a', members: 2 },
      { cluster: 'b', members: 2 },
      { cluster: 'c', members: 1 },
    ];
    const input = inputWithout(factsOf(present, present, ['a0:27017', 'a1:27017']), []);
    const outcome = planLostVotes(input, ['a'], why);
    expect(outline(outcome)).toEqual(['revokeVote a0:27017', 'revokeVote a1:27017']);
    expect(outcome).toMatchObject({ plan: { before: { margin: 0 }, after: { margin: 1 } } });
  });

  it('and stay where nothing is gained: what comes back counts again', () => {
    const input = inputWithout(factsOf(EACH, EACH, ['a0:27017']), []);
    expect(planLostVotes(input, ['a'], why)).toBeUndefined();
  });

  it('nor is anybody touched who is dead elsewhere, or whose cluster is alive', () => {
    const present: readonly Share[] = [
      { cluster: 'a', members: 2 },
      { cluster: 'b', members: 2 },
      { cluster: 'c', members: 1 },
    ];
    const input = inputWithout(factsOf(present, present, ['a0:27017', 'a1:27017']), []);
    expect(planLostVotes(input, ['b'], why)).toBeUndefined();
  });
});

test('beside an arbiter the vote of a dead data member goes at once: else no majority write is committed (S16)', () => {
  const [p, s, arbiter] = ['p:1', 's:1', 'x:1'] as const;
  const members = [
    member(0, p, { tags: { cluster: 'a' } }),
    member(1, s, { tags: { cluster: 'b' } }),
    member(2, arbiter, { arbiterOnly: true, priority: 0, tags: {} }),
  ];
  const model = createModel(members, new Set([s]), () => 0);
  const wish = [
    desired(p, { cluster: 'a', tags: { cluster: 'a' } }),
    desired('n:1', { cluster: 'c', tags: { cluster: 'c' } }),
    desired(arbiter, { cluster: 'c', ordinal: 'arbiter', priority: 0, tags: {} }),
  ];
  const outcome = planMembership({
    setName: 'rs0',
    generation: 1,
    desired: wish,
    observation: observe(model, [p, s, arbiter]),
    seedHost: p,
    existed: true,
    usersReady: true,
  });
  if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
  expect(outcome.plan.steps.map(({ kind }) => kind)).toEqual(['revokeVote']);
});

describe('beside an arbiter, from 5.0 on', () => {
  const hosts = ['p:1', 's:1', 't:1', 'u:1', 'x:1'] as const;
  const [p, s, t, u, x] = hosts;
  const cluster = (name: string) => ({ tags: { cluster: name } });
  const members = [
    member(0, p, cluster('a')),
    member(1, s, cluster('a')),
    member(2, t, cluster('b')),
    member(3, u, cluster('b')),
    member(4, x, { arbiterOnly: true, priority: 0, tags: {} }),
  ];
  const wish = [
    desired(p, { cluster: 'a', ...cluster('a') }),
    desired(s, { cluster: 'a', ordinal: 1, ...cluster('a') }),
    desired(t, { cluster: 'b', ...cluster('b') }),
    desired(u, { cluster: 'b', ordinal: 1, ...cluster('b') }),
    desired(x, { cluster: 'c', ordinal: 'arbiter', priority: 0, tags: {} }),
  ];
  const inputOfSet = (down: readonly string[], version = '7.0.14'): InstancePlanInput => {
    const seen = observe(
      createModel(members, new Set(down), () => 0),
      hosts,
    );
    return {
      membership: {
        setName: 'rs0',
        generation: 1,
        desired: wish,
        observation: { ...seen, reports: seen.reports.map((report) => ({ ...report, version })) },
        seedHost: p,
        existed: true,
        usersReady: true,
      },
      members: wish.map((one) => ({
        cluster: one.cluster,
        ordinal: one.ordinal,
        host: one.host,
        wanted: true,
        dispatched: true,
        restart: false,
      })),
      mustDispatch: false,
    };
  };
  const kindsOf = (outcome: ChangeOutcome | undefined): string[] =>
    outline(outcome).map((step) => step.split(' ')[0] ?? '');

  it('the default write concern is kept before dead votes go, which would change it (S17)', () => {
    const lost = (version?: string) => kindsOf(planLostVotes(inputOfSet([t, u], version), ['b'], 'no room'));
    expect(lost()).toEqual(['setDefaultWriteConcern', 'revokeVote', 'revokeVote']);
    expect(lost('4.4.29')).toEqual(['revokeVote', 'revokeVote']);
  });

  it('and before a member loses its vote to be rebuilt (S17)', () => {
    const rebuild = { cluster: 'b', ordinal: 0, host: t, claim: 'uid' };
    const steps = kindsOf(planInstance({ ...inputOfSet([]), rebuild }));
    expect(steps.slice(0, 2)).toEqual(['setDefaultWriteConcern', 'revokeVote']);
  });
});
