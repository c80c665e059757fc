import fc from 'fast-check';
import type { ChangeOutcome } from '../../../src/domain/plan';
import { placeholderOf, planInstance } from '../../../src/planner/plan-instance';
import {
  carryOut,
  createInstanceModel,
  inputOf,
  WANTED_SETTING,
  wishOf,
  type InstanceModel,
  type InstanceModelFacts,
} from './instance-model';

const CLUSTERS = ['a', 'b', 'c', 'd'] as const;
const counts = fc.tuple(...CLUSTERS.map(() => fc.integer({ min: 0, max: 3 })));
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);

const world = fc.record({
  present: counts,
  wanted: counts,
  templateChanges: fc.boolean(),
  settingChanges: fc.boolean(),
  outdated: fc.array(fc.constantFrom('a/0', 'a/1', 'b/0', 'c/0', 'd/2'), { maxLength: 3 }),
  down: fc.array(fc.constantFrom('a0', 'a1', 'b0', 'b1', 'c0', 'd0'), { maxLength: 2 }),
  anyDown: rarely,
  switchTo: fc.option(fc.constantFrom(...CLUSTERS)),
  chances: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

const sharesOf = (list: readonly number[]): { cluster: string; members: number }[] =>
  CLUSTERS.flatMap((cluster, index) => {
    const members = list[index] ?? 0;
    return members === 0 ? [] : [{ cluster, members }];
  });

function factsOf(from: World): InstanceModelFacts | undefined {
  const present = sharesOf(from.present);
  const wanted = sharesOf(from.wanted);
  if (present.length === 0 || wanted.length === 0) return undefined;
  const chances = from.chances[Symbol.iterator]();
  return {
    present,
    wanted,
    templateChanges: from.templateChanges,
    settingChanges: from.settingChanges,
    outdated: new Set(from.outdated),
    down: new Set(from.anyDown ? from.down.map((name) => `${name}:27017`) : []),
    switchTo: from.switchTo === null ? undefined : { cluster: from.switchTo },
    choose: (n) => Number(chances.next().value) % n,
  };
}

/** S5, S9: after every step a majority is healthy and no more than seven vote. */
function checkPrefix(model: InstanceModel): void {
  const voters = (model.set.config?.members ?? []).filter(({ votes }) => votes > 0);
  const healthy = voters.filter(({ host }) => !model.set.down.has(host)).length;
  expect(voters.length).toBeLessThanOrEqual(7);
  expect(healthy * 2).toBeGreaterThan(voters.length);
  expect(model.offences).toEqual([]);
}

const isDown = (model: InstanceModel, host: string): boolean =>
  model.set.down.has(host.includes('/') ? `${host.replace('/', '')}:27017` : host);

/** Plans and carries out until nothing is left, or somebody is waited for. */
function settle(model: InstanceModel, facts: InstanceModelFacts): ChangeOutcome {
  for (let round = 0; round < 12; round += 1) {
    const outcome = planInstance(inputOf(model, facts));
    if (outcome.kind !== 'plan' || outcome.plan.steps.length === 0) return outcome;
    for (const step of outcome.plan.steps) {
      const silent = step.kind === 'waitPods' ? step.hosts.filter((host) => isDown(model, host)) : [];
      if (silent.length > 0) return { kind: 'wait', reason: 'pods do not come', waitingFor: silent };
      const again = carryOut(model, facts, step);
      checkPrefix(model);
      if (again) break;
    }
  }
  throw new Error('twelve plans did not converge');
}

describe('planned changes against a model of clusters and servers', () => {
  test('nothing is refused on the way, every prefix is safe, it converges, and then nothing is left (S1, S2, S5, S9–S13)', () => {
    const tally = new Map<string, number>();
    fc.assert(
      fc.property(world, (from) => {
        const facts = factsOf(from);
        fc.pre(facts !== undefined);
        const model = createInstanceModel(facts);
        fc.pre(model.set.primary !== undefined);
        const outcome = settle(model, facts);
        tally.set(outcome.kind, (tally.get(outcome.kind) ?? 0) + 1);
        if (outcome.kind !== 'plan') {
          // A switchover to where nobody may lead is the only wish here that is wrong in itself.
          if (facts.down.size === 0) expect(outcome).toMatchObject({ kind: 'refusal', rule: 'S15' });
          return;
        }
        const wish = wishOf(model, facts);
        const configured = (model.set.config?.members ?? []).map(({ host, votes }) => `${host} ${votes}`);
        expect(configured.sort()).toEqual(wish.map(({ host, votes }) => `${host} ${votes}`).sort());
        expect([...model.pods.keys()].sort()).toEqual(wish.map(placeholderOf).sort());
        expect(new Set(model.pods.values())).toEqual(new Set([2]));
        const told = wish.filter(({ host }) => !model.set.down.has(host));
        for (const { host } of told) expect(model.settings.get(host)).toBe(WANTED_SETTING);
        expect(model.file).toBe(WANTED_SETTING);
        // A setting alone is no reason to restart anybody.
        if (!facts.templateChanges && facts.outdated.size === 0) expect(model.restarted).toEqual([]);
        if (from.settingChanges && !from.templateChanges) tally.set('told', (tally.get('told') ?? 0) + 1);
        if (from.switchTo !== null) expect(model.set.primary.slice(0, 1)).toBe(from.switchTo);
      }),
      { numRuns: 3000 },
    );
    expect(tally.get('plan')).toBeGreaterThan(1000);
    expect(tally.get('refusal')).toBeGreaterThan(20);
    expect(tally.get('told')).toBeGreaterThan(300);
  });
});
