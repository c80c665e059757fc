import type { PlanInput, PlanOutcome } from '../../../src/domain/plan';
import type { DesiredMember, MemberConfig, MemberReport } from '../../../src/domain/replica-set';
import { planMembership } from '../../../src/planner/plan-membership';
import { createModel, desired, member, observe, type ServerModel } from './server-model';

const [A, B, C, D, E] = ['a0:1', 'b0:1', 'c0:1', 'd0:1', 'e0:1'] as const;

const modelOf = (members?: readonly MemberConfig[], down: readonly string[] = []): ServerModel =>
  createModel(members, down, () => 0);

function inputOf(
  model: ServerModel,
  wish: readonly DesiredMember[],
  more: Partial<PlanInput> = {},
): PlanInput {
  return {
    setName: 'rs0',
    generation: 1,
    desired: wish,
    observation: observe(
      model,
      wish.map(({ host }) => host),
    ),
    seedHost: A,
    existed: model.config !== undefined,
    usersReady: true,
    ...more,
  };
}

const plan = (
  model: ServerModel,
  wish: readonly DesiredMember[],
  more: Partial<PlanInput> = {},
): PlanOutcome => planMembership(inputOf(model, wish, more));

/** `kind host` of each step. */
function outline(outcome: PlanOutcome): string[] {
  if (outcome.kind !== 'plan') throw new Error(JSON.stringify(outcome));
  return outcome.plan.steps.map((step) => {
    switch (step.kind) {
      case 'createUsers':
      case 'setDefaultWriteConcern':
        return step.kind;
      case 'initiate':
      case 'addMember':
      case 'removeMember':
        return `${step.kind} ${step.members.map(({ host }) => host).join('+')}`;
      case 'waitSync':
        return `${step.kind} ${step.hosts.join('+')}`;
      case 'setPriority':
        return `${step.kind} ${step.host} ${step.priority}`;
      case 'stepUp':
      case 'stepDown':
      case 'grantVote':
      case 'revokeVote':
      case 'setMemberFields':
        return `${step.kind} ${step.host}`;
    }
  });
}

const three = [desired(A), desired(B), desired(C)];
const running = [member(0, A), member(1, B), member(2, C)];

describe('creating a set', () => {
  test('is initiated at the recorded seed with all that answer, who then leads without waiting', () => {
    const outcome = plan(modelOf(), [desired(B), desired(A), desired(C)]);
    expect(outline(outcome)).toEqual([`initiate ${A}+${B}+${C}`, `stepUp ${A}`, 'createUsers']);
    if (outcome.kind === 'plan') {
      expect(outcome.plan.before.votes).toBe(0);
      expect(outcome.plan.after).toMatchObject({ votes: 3, majority: 2, margin: 1 });
    }
  });

  test('goes on with a majority; the missing one is named and added later (S10)', () => {
    const outcome = plan(modelOf(undefined, [C]), three);
    expect(outline(outcome)[0]).toBe(`initiate ${A}+${B}`);
    expect(outcome.kind === 'plan' ? outcome.plan.warnings[0] : '').toContain(C);
  });

  test.each([
    ['the seed is silent', [A], [A]],
    ['too few voters answer', [B, C], [B, C]],
  ])('waits while %s', (_why, down, waitingFor) => {
    expect(plan(modelOf(undefined, down), three)).toMatchObject({ kind: 'wait', waitingFor });
  });

  test('never happens a second time: a set that existed is waited for, one that is seen is adopted', () => {
    expect(plan(modelOf(), three, { existed: true }).kind).toBe('wait');
    expect(outline(plan(modelOf([member(0, A)]), three, { existed: false }))[0]).toMatch(/^addMember/);
  });

  test('is refused at a seed that may not lead', () => {
    expect(plan(modelOf(), three, { seedHost: E })).toMatchObject({ kind: 'refusal', rule: 'S4' });
  });
});

describe('a set that runs', () => {
  test('as desired needs nothing; missing users are made', () => {
    expect(outline(plan(modelOf(running), three))).toEqual([]);
    expect(outline(plan(modelOf(running), three, { usersReady: false }))).toEqual(['createUsers']);
  });

  test('grows: all without a vote, synced, then vote and priority one by one (S1, S5, S7, S10)', () => {
    expect(outline(plan(modelOf(running), [...three, desired(D), desired(E)]))).toEqual([
      `addMember ${D}+${E}`,
      `waitSync ${D}+${E}`,
      `grantVote ${D}`,
      `setPriority ${D} 1`,
      `grantVote ${E}`,
      `setPriority ${E} 1`,
    ]);
  });

  test('shrinks: the primary steps down before it is removed (S9, S11)', () => {
    const model = modelOf(running);
    model.primary = A;
    expect(outline(plan(model, [desired(B)], { seedHost: B }))).toEqual([
      `removeMember ${C}`,
      `stepDown ${A}`,
      `removeMember ${A}`,
    ]);
  });

  test('moves its only member to another cluster without losing the data', () => {
    expect(outline(plan(modelOf([member(0, A)]), [desired(B)], { seedHost: B }))).toEqual([
      `addMember ${B}`,
      `waitSync ${B}`,
      `grantVote ${B}`,
      `setPriority ${B} 1`,
      `stepDown ${A}`,
      `removeMember ${A}`,
    ]);
  });

  test('with seven votes takes one away before it grants another (S5)', () => {
    const hosts = ['a0', 'a1', 'b0', 'b1', 'c0', 'c1', 'd0'].map((name) => `${name}:1`);
    const model = modelOf(hosts.map((host, id) => member(id, host)));
    const wish = [...hosts.slice(0, 6), E].map((host) => desired(host));
    expect(outline(plan(model, wish))).toEqual([
      `addMember ${E}`,
      `waitSync ${E}`,
      'removeMember d0:1',
      `grantVote ${E}`,
      `setPriority ${E} 1`,
    ]);
  });

  test('replaces dead members: their votes go first, where that helps at once', () => {
    const hosts = ['a0', 'a1', 'b0', 'b1', 'c0'].map((name) => `${name}:1`);
    const members = hosts.map((host, id) => member(id, host));
    const wish = ['a0', 'a1', 'c0', 'd0', 'd1'].map((name) => desired(`${name}:1`));
    expect(outline(plan(modelOf(members, ['b0:1', 'b1:1']), wish))).toEqual([
      'revokeVote b0:1',
      'revokeVote b1:1',
      'addMember d0:1+d1:1',
      'waitSync d0:1+d1:1',
      'grantVote d0:1',
      'setPriority d0:1 1',
      'grantVote d1:1',
      'setPriority d1:1 1',
      'removeMember b0:1+b1:1',
    ]);
  });

  test('a priority above the primary waits until the votes are settled, and is marked (S15)', () => {
    const outcome = plan(modelOf(running), [desired(A), desired(B, { priority: 5 }), desired(C)]);
    expect(outline(outcome)).toEqual([`setPriority ${B} 5`]);
    expect(outcome.kind === 'plan' ? outcome.plan.steps[0]?.risk : '').toBe('primaryChange');
  });

  test('a member becomes hidden and unelectable in one reconfig (S5)', () => {
    const outcome = plan(modelOf(running), [
      desired(A),
      desired(B),
      desired(C, { hidden: true, priority: 0 }),
    ]);
    expect(outline(outcome)).toEqual([`setMemberFields ${C}`]);
    expect(outcome).toMatchObject({ plan: { steps: [{ hidden: true, priority: 0 }] } });
  });

  test('an arbiter comes with its vote; from 5.0 on the default write concern is fixed before (S6, S17)', () => {
    const two = [member(0, A), member(1, B)];
    const wish = [desired(A), desired(B), desired(C, { ordinal: 'arbiter', priority: 0, tags: {} })];
    expect(outline(plan(modelOf(two), wish))).toEqual(['setDefaultWriteConcern', `addMember ${C}`]);
    const old = inputOf(modelOf(two), wish);
    const reports = old.observation.reports.map((report) => ({ ...report, version: '4.2.24' }));
    expect(outline(planMembership({ ...old, observation: { ...old.observation, reports } }))).toEqual([
      `addMember ${C}`,
    ]);
  });

  test('an _id is never used again, also when only the caller remembers it (S5)', () => {
    const outcome = plan(modelOf(running), [...three, desired(D), desired(E)], { highestMemberId: 9 });
    const ids =
      outcome.kind === 'plan'
        ? outcome.plan.steps.flatMap((step) => (step.kind === 'addMember' ? [...step.members] : []))
        : [];
    expect(ids).toMatchObject([{ _id: 10 }, { _id: 11 }]);
  });
});

describe('a member at a new address keeps its _id', () => {
  const moved = 'a0:9';
  const wish = [desired(moved, { cluster: 'a', tags: { cluster: 'a' } }), desired(B), desired(C)];

  const modelAt = (down: readonly string[]): ServerModel => {
    const model = modelOf(running, down);
    model.alsoAt.set(moved, A);
    return model;
  };

  test('when it answers there and knows itself by the old one', () => {
    const outcome = plan(modelAt([]), wish, { seedHost: moved });
    expect(outline(outcome)).toEqual([`setMemberFields ${A}`, `waitSync ${moved}`]);
    expect(outcome).toMatchObject({ plan: { steps: [{ memberId: 0, newHost: moved }, {}] } });
  });

  test('not while another voter is down: nobody knows yet whether it is seen there (S2)', () => {
    expect(plan(modelAt([C]), wish, { seedHost: moved })).toMatchObject({
      kind: 'wait',
      reason: expect.stringMatching(/a0:1 keeps its address while c0:1 is down/) as string,
      waitingFor: [C],
    });
  });

  test('at once when it is not seen at the old one, whoever else is down', () => {
    const five = [...running, member(3, D), member(4, E)];
    const model = createModel(five, [A, C], () => 0);
    model.alsoAt.set(moved, A);
    const outcome = plan(model, [...wish, desired(D), desired(E)], { seedHost: moved });
    expect(outline(outcome)).toEqual([`setMemberFields ${A}`, `waitSync ${moved}`]);
  });

  test('when it no longer finds itself in the configuration that it holds', () => {
    const input = inputOf(modelOf(running, [A]), wish, { seedHost: moved });
    const removed: MemberReport = {
      host: moved,
      version: '7.0.14',
      membership: 'removed',
      stateName: 'REMOVED',
      config: { _id: 'rs0', version: 4, term: 2, members: running, replicaSetId: '6b03f993b83a1c29b7c81a0a' },
      views: [],
    };
    const reports = [removed, ...input.observation.reports.filter(({ host }) => host !== moved)];
    const outcome = planMembership({ ...input, observation: { ...input.observation, reports } });
    expect(outline(outcome)).toEqual([`setMemberFields ${A}`, `waitSync ${moved}`]);
  });
});

describe('what only a person can decide', () => {
  test('members of two sets are never joined (S4)', () => {
    const input = inputOf(modelOf(running), three);
    const reports = input.observation.reports.map((report): MemberReport =>
      report.host === C && report.config !== undefined
        ? { ...report, config: { ...report.config, replicaSetId: 'ffffffffffffffffffffffff' } }
        : report,
    );
    const outcome = planMembership({ ...input, observation: { ...input.observation, reports } });
    expect(outcome).toMatchObject({ kind: 'refusal', rule: 'S4' });
    expect(outcome.kind === 'refusal' ? outcome.message : '').toContain(C);
  });

  test.each([
    ['an even number of votes', 'S7', [desired(A), desired(B)]],
    [
      'two arbiters',
      'S6',
      [
        desired(A),
        desired(B, { ordinal: 'arbiter', priority: 0 }),
        desired(C, { ordinal: 'arbiter', priority: 0 }),
      ],
    ],
    ['nobody electable', 'S5', three.map((one) => ({ ...one, priority: 0 }))],
    ['a hidden member with priority', 'S5', [desired(A), desired(B), desired(C, { hidden: true })]],
    [
      'a delayed member with priority',
      'S6',
      [desired(A), desired(B), desired(C, { secondaryDelaySecs: 60 })],
    ],
    ['a priority without a vote', 'S5', [desired(A), desired(B, { votes: 0 })]],
    ['an address twice', 'S5', [desired(A), desired(B), desired(B, { ordinal: 5 })]],
    ['a member twice', 'S5', [desired(A), desired(B), desired('x:1', { cluster: 'a', ordinal: 0 })]],
    [
      'nine votes',
      'S5',
      ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2'].map((name) => desired(`${name}:1`)),
    ],
  ])('%s is refused by %s', (_what, rule, wish) => {
    expect(plan(modelOf(running), wish)).toMatchObject({ kind: 'refusal', rule });
  });

  test('a data member cannot become an arbiter at its address (S6)', () => {
    const wish = [desired(A), desired(B), desired(C, { ordinal: 'arbiter', priority: 0 })];
    expect(plan(modelOf(running), wish)).toMatchObject({ kind: 'refusal', rule: 'S6' });
  });
});

describe('what cannot be done now', () => {
  test('no majority: nothing is planned, the silent are named (S29)', () => {
    expect(plan(modelOf(running, [B, C]), three)).toMatchObject({ kind: 'wait', waitingFor: [B, C] });
  });

  test('a healthy member is not removed while its successor has not come (S12)', () => {
    const outcome = plan(modelOf(running, [D]), [desired(A), desired(B), desired(D)]);
    expect(outcome).toMatchObject({ kind: 'wait', waitingFor: [D] });
  });

  test('removing a healthy voter waits while another is down (S9)', () => {
    const outcome = plan(modelOf(running, [B]), [desired(B)], { seedHost: B });
    expect(outcome).toMatchObject({ kind: 'wait', waitingFor: [B] });
  });

  test.each([A, C])(
    'a member that %s cannot see is not relied upon, although it answers us (S9)',
    (viewer) => {
      const input = inputOf(modelOf(running), [desired(B)], { seedHost: B });
      expect(planMembership(input).kind).toBe('plan');
      const reports = input.observation.reports.map((report) =>
        report.host === viewer
          ? {
              ...report,
              views: report.views.map((view) => (view.host === B ? { ...view, health: 0 as const } : view)),
            }
          : report,
      );
      const outcome = planMembership({ ...input, observation: { ...input.observation, reports } });
      expect(outcome).toMatchObject({ kind: 'wait', waitingFor: [B] });
    },
  );
});

test('a leaving primary whose only heir has no vote yet: the heir gets one before all seven are taken (S5, S14)', () => {
  const silent = ['a0:1', 'a1:1', 'a2:1', 'a3:1', 'a4:1'];
  const present = silent.map((host, id) => member(id, host, { votes: 0, priority: 0, hidden: true }));
  const model = modelOf([...present, member(8, 'p0:1')]);
  const heir = desired('z0:1');
  const wish = [...[...silent, 'a5:1'].map((host) => desired(host, { priority: 0, hidden: true })), heir];
  const steps = outline(plan(model, wish));
  expect(steps.filter((step) => step.startsWith('grantVote'))[0]).toBe('grantVote z0:1');
  expect(steps).toEqual(expect.arrayContaining(['stepDown p0:1', 'removeMember p0:1']));
  expect(steps.filter((step) => step.startsWith('grantVote'))).toHaveLength(7);
});

describe('the plan tells', () => {
  test('a hash that changes with generation, configuration and wish, and with nothing else', () => {
    const hash = (
      model: ServerModel,
      wish: readonly DesiredMember[],
      more: Partial<PlanInput> = {},
    ): string => {
      const outcome = plan(model, wish, more);
      return outcome.kind === 'plan' ? outcome.plan.hash : outcome.kind;
    };
    const first = hash(modelOf(running), three);
    expect(hash(modelOf(running), [...three].reverse())).toBe(first);
    const later = modelOf(running);
    if (later.config !== undefined) later.config = { ...later.config, version: 5 };
    const others = [
      hash(modelOf(running), three, { generation: 2 }),
      hash(later, three),
      hash(modelOf(running), [desired(A), desired(B), desired(C, { priority: 2 })]),
    ];
    expect(new Set([first, ...others]).size).toBe(4);
  });
});
