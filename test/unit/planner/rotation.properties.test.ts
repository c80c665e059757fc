import fc from 'fast-check';
import type { ChangeOutcome, Step } from '../../../src/domain/plan';
import { planInstance } from '../../../src/planner/plan-instance';
import {
  carryOut,
  createInstanceModel,
  inputOf,
  type InstanceModel,
  type InstanceModelFacts,
} from './instance-model';
import { applyStep } from '../../../src/planner/apply-step';
import { emptyState, type Keys } from '../../../src/planner/set-state';
import { sharesKeys } from './keyfile-model';
import { member } from './server-model';

const CLUSTERS = ['a', 'b', 'c'] as const;

const world = fc.record({
  present: fc.tuple(...CLUSTERS.map(() => fc.integer({ min: 0, max: 2 }))),
  passwords: fc.boolean(),
  templateChanges: fc.boolean(),
  staleOnceIn: fc.constantFrom(0, 0, 4),
  /** After so many steps it is taken back; or never. */
  cancelAfter: fc.option(fc.integer({ min: 0, max: 12 })),
  /** Whoever carries out is lost after so many steps, each time anew, and the rest is planned by what is so then. */
  crashEvery: fc.option(fc.integer({ min: 1, max: 4 })),
  chances: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function begin(from: World): { facts: InstanceModelFacts; model: InstanceModel } | undefined {
  const present = CLUSTERS.flatMap((cluster, index) => {
    const members = from.present[index] ?? 0;
    return members === 0 ? [] : [{ cluster, members }];
  });
  const chances = from.chances[Symbol.iterator]();
  const facts: InstanceModelFacts = {
    present,
    wanted: present,
    templateChanges: from.templateChanges,
    outdated: new Set(),
    down: new Set(),
    choose: (n) => Number(chances.next().value) % n,
  };
  if (present.length === 0) return undefined;
  const model = createInstanceModel(facts);
  model.keys.wantsKey = true;
  model.keys.passwords = from.passwords;
  model.keys.staleOnceIn = from.staleOnceIn;
  return { facts, model };
}

const hostsOf = ({ set }: InstanceModel): Set<string> =>
  new Set((set.config?.members ?? []).map(({ host }) => host));

/** S23, S2: after every step every two members and we share a key, and no voter went while another was away. */
function checkPrefix(model: InstanceModel, step: Step): void {
  expect({ after: step.kind, shares: sharesKeys(model.keys, hostsOf(model)) }).toEqual({
    after: step.kind,
    shares: true,
  });
  expect(model.offences).toEqual([]);
}

function settle(model: InstanceModel, facts: InstanceModelFacts, from: World): ChangeOutcome {
  let carriedOut = 0;
  for (let round = 0; round < 120; round += 1) {
    const outcome = planInstance(inputOf(model, facts));
    if (outcome.kind !== 'plan' || outcome.plan.steps.length === 0) return outcome;
    for (const [index, step] of outcome.plan.steps.entries()) {
      const again = carryOut(model, facts, step);
      checkPrefix(model, step);
      carriedOut += 1;
      if (carriedOut === from.cancelAfter) model.keys.wantsKey = false;
      if (again || carriedOut === from.cancelAfter) break;
      if (from.crashEvery !== null && (index + 1) % from.crashEvery === 0) break;
    }
  }
  throw new Error('120 plans did not converge');
}

describe('rotation of the keyfile against a model of Secret, kubelets and members (S23)', () => {
  test('every prefix leaves all members able to sign in to each other; it converges on one key, and then nothing is left', () => {
    const tally = { renewed: 0, takenBack: 0 };
    fc.assert(
      fc.property(world, (from) => {
        const begun = begin(from);
        fc.pre(begun !== undefined && begun.model.set.primary !== undefined);
        const { facts, model } = begun;
        const outcome = settle(model, facts, from);
        expect(outcome.kind).toBe('plan');
        const { file, former, held, passwords } = model.keys;
        expect({ keys: file.length, former, passwords }).toEqual({
          keys: 1,
          former: undefined,
          passwords: false,
        });
        const renewed = file[0] !== 'key-0';
        tally[renewed ? 'renewed' : 'takenBack'] += 1;
        if (from.cancelAfter === null) expect(renewed).toBe(true);
        // Back on the old key nobody asks a member what it takes: it is its template that tells.
        if (renewed || from.staleOnceIn === 0)
          for (const host of hostsOf(model))
            expect({ host, holds: held.get(host) }).toEqual({ host, holds: file });
      }),
      { numRuns: 400 },
    );
    expect(tally.renewed).toBeGreaterThan(150);
    expect(tally.takenBack).toBeGreaterThan(15);
  });

  test('the plan that is read is the whole of it: passwords first, both keys, all restarted, the new one, all restarted', () => {
    const chances = 0;
    const shares = CLUSTERS.map((cluster) => ({ cluster, members: 1 }));
    const facts: InstanceModelFacts = {
      present: shares,
      wanted: shares,
      templateChanges: false,
      outdated: new Set(),
      down: new Set(),
      choose: () => chances,
    };
    const model = createInstanceModel(facts);
    model.keys.wantsKey = true;
    model.keys.passwords = true;
    const outcome = planInstance(inputOf(model, facts));
    if (outcome.kind !== 'plan') throw new Error(outcome.kind);
    const told = outcome.plan.steps.map((step) =>
      [step.kind, 'keys' in step ? step.keys : '', 'host' in step ? step.host.slice(0, 2) : '']
        .join(' ')
        .trim(),
    );
    expect(told.map((text) => text.replace(/ +/, ' '))).toEqual([
      'rotatePasswords',
      'shareCredentials',
      'writeKeyfile both',
      'shareCredentials',
      'restartMember b0',
      'restartMember c0',
      'stepDown a0',
      'restartMember a0',
      'writeKeyfile new',
      'shareCredentials',
      'restartMember a0',
      'restartMember c0',
      'stepDown b0',
      'restartMember b0',
      'retireKey',
    ]);
    // Only the one that the second half counts on may take over.
    expect(
      outcome.plan.steps.flatMap((step) => (step.kind === 'stepDown' ? [step.freezeHosts] : [])),
    ).toEqual([['c0:27017'], []]);
  });
});

describe('a step that would part members is refused (S23)', () => {
  const stateOf = (file: Keys, a: Keys, b: Keys) => ({
    ...emptyState(new Map(), 1),
    initiated: true,
    members: [member(0, 'a0:1'), member(1, 'b0:1')],
    keys: { file, held: new Map([['a0:1', a] as const, ['b0:1', b] as const]) },
  });
  const write = (keys: Keys) => ({ kind: 'writeKeyfile', keys }) as const;

  test.each([
    ['the new key alone while one member has the old one only', write('new'), stateOf('both', 'both', 'old')],
    ['the old key alone while one member has the new one only', write('old'), stateOf('new', 'both', 'new')],
    ['both keys while one member has another', write('both'), stateOf('new', 'new', 'both')],
    [
      'the old key forgotten while one member takes it',
      { kind: 'retireKey' } as const,
      stateOf('new', 'new', 'both'),
    ],
  ])('%s', (_, step, state) => {
    expect(applyStep(state, step)).toMatchObject({ ok: false, fault: { rule: 'S23' } });
  });

  test.each([
    [write('new'), stateOf('both', 'both', 'both')],
    [write('old'), stateOf('both', 'both', 'old')],
    [write('both'), stateOf('old', 'old', 'old')],
    [{ kind: 'retireKey' } as const, stateOf('new', 'new', 'new')],
  ])('and one that does not is taken', (step, state) => {
    expect(applyStep(state, step).ok).toBe(true);
  });
});
