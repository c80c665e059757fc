import fc from 'fast-check';
import type { ChangeOutcome } from '../../../src/domain/plan';
import { planInstance } from '../../../src/planner/plan-instance';
import { wipeFault } from '../../../src/planner/plan-rebuild';
import { emptyState, type SetState } from '../../../src/planner/set-state';
import {
  carryOut,
  createInstanceModel,
  inputOf,
  type InstanceModel,
  type InstanceModelFacts,
} from './instance-model';
import { member } from './server-model';

const CLUSTERS = ['a', 'b', 'c'] as const;

const world = fc.record({
  present: fc.tuple(...CLUSTERS.map(() => fc.integer({ min: 0, max: 2 }))),
  rebuild: fc.constantFrom('a/0', 'a/1', 'b/0', 'b/1', 'c/0'),
  down: fc.uniqueArray(fc.constantFrom('a0', 'a1', 'b0', 'b1', 'c0'), { maxLength: 2 }),
  crashEvery: fc.option(fc.integer({ min: 1, max: 3 })),
  templateChanges: fc.boolean(),
  chances: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function factsOf(from: World): InstanceModelFacts | undefined {
  const present = CLUSTERS.flatMap((cluster, index) => {
    const members = from.present[index] ?? 0;
    return members === 0 ? [] : [{ cluster, members }];
  });
  const chances = from.chances[Symbol.iterator]();
  if (present.length === 0) return undefined;
  return {
    present,
    wanted: present,
    templateChanges: from.templateChanges,
    outdated: new Set(),
    down: new Set(from.down.map((name) => `${name}:27017`)),
    rebuild: from.rebuild,
    choose: (n) => Number(chances.next().value) % n,
  };
}

function checkPrefix(model: InstanceModel): void {
  const voters = (model.set.config?.members ?? []).filter(({ votes }) => votes > 0);
  const healthy = voters.filter(({ host }) => !model.set.down.has(host)).length;
  expect(healthy * 2).toBeGreaterThan(voters.length);
  expect(model.offences).toEqual([]);
}

function settle(model: InstanceModel, facts: InstanceModelFacts, crashEvery: number | null): ChangeOutcome {
  for (let round = 0; round < 60; round += 1) {
    const outcome = planInstance(inputOf(model, facts));
    if (outcome.kind !== 'plan' || outcome.plan.steps.length === 0) return outcome;
    for (const [index, step] of outcome.plan.steps.entries()) {
      const again = carryOut(model, facts, step);
      checkPrefix(model);
      // What syncs goes on without the worker: a crash costs only steps that do something.
      const crashes = crashEvery !== null && (index + 1) % crashEvery === 0 && step.kind !== 'waitSync';
      if (again || crashes) break;
    }
  }
  throw new Error('60 plans did not converge');
}

describe('rebuild of one member against a model of servers', () => {
  test('no voter is ever emptied, a majority and a copy of the data stay, it converges, or it is refused by a rule (S2, S9, S10, S14)', () => {
    const tally = new Map<string, number>();
    fc.assert(
      fc.property(world, (from) => {
        const facts = factsOf(from);
        fc.pre(facts !== undefined);
        const model = createInstanceModel(facts);
        fc.pre(model.set.primary !== undefined);
        const before = JSON.stringify(model.set.config?.members);
        const outcome = settle(model, facts, from.crashEvery);
        const said = outcome.kind === 'refusal' ? outcome.rule : outcome.kind;
        tally.set(said, (tally.get(said) ?? 0) + 1);
        if (model.rebuilt) {
          // What it was before, it is again: vote, priority, and in step with the primary.
          if (outcome.kind === 'plan') expect(JSON.stringify(model.set.config?.members)).toBe(before);
        } else expect(outcome.kind).toBe('refusal');
      }),
      { numRuns: 1000 },
    );
    expect(tally.get('plan')).toBeGreaterThan(100);
    for (const rule of ['S2', 'S11', 'S14']) expect([rule, tally.get(rule) ?? 0]).not.toEqual([rule, 0]);
  });
});

const stateOf = (members: SetState['members'], more: Partial<SetState> = {}): SetState => ({
  ...emptyState(new Map(), 9),
  initiated: true,
  members,
  primaryHost: 'a0:1',
  ...more,
});
const voteless = member(1, 'b0:1', { votes: 0, priority: 0 });

test.each([
  ['a voter', 'S10', stateOf([member(0, 'a0:1'), member(1, 'b0:1'), member(2, 'c0:1')])],
  ['the primary', 'S11', stateOf([member(0, 'a0:1'), voteless], { primaryHost: 'b0:1' })],
  [
    'while another voter is down',
    'S2',
    stateOf([member(0, 'a0:1'), voteless, member(2, 'c0:1')], { down: new Set(['c0:1']) }),
  ],
  [
    'the only one that holds data',
    'S19',
    stateOf([member(0, 'x0:1', { arbiterOnly: true, priority: 0 }), voteless]),
  ],
  [
    'a healthy second copy beside an arbiter',
    'S30',
    stateOf([member(0, 'a0:1'), voteless, member(2, 'x0:1', { arbiterOnly: true, priority: 0 })]),
  ],
])('%s is not wiped (%s)', (_, rule, state) => {
  expect(wipeFault(state, 'b0:1')?.rule).toBe(rule);
});

test('the plan is the whole of it: handed over, without vote, wiped, synced, a voter again', () => {
  const shares = CLUSTERS.map((cluster) => ({ cluster, members: 1 }));
  const facts: InstanceModelFacts = {
    present: shares,
    wanted: shares,
    templateChanges: true,
    outdated: new Set(),
    down: new Set(),
    rebuild: 'a/0',
    choose: () => 0,
  };
  const outcome = planInstance(inputOf(createInstanceModel(facts), facts));
  expect(outcome).toMatchObject({
    kind: 'plan',
    plan: {
      risk: 'dataLoss',
      risky: ['stepDown a/0', 'revokeVote a/0', 'wipeMember a/0'],
      steps: [
        { kind: 'stepDown' },
        { kind: 'revokeVote' },
        { kind: 'wipeMember', claim: 'claim of a/0' },
        { kind: 'waitSync' },
        { kind: 'grantVote' },
        { kind: 'setPriority' },
      ],
    },
  });
});
