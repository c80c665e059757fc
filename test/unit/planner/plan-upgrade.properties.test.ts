import fc from 'fast-check';
import type { ChangeOutcome, Step } from '../../../src/domain/plan';
import { compareReleases, nextRelease } from '../../../src/domain/release';
import { planInstance } from '../../../src/planner/plan-instance';
import {
  carryOut,
  createInstanceModel,
  inputOf,
  ModelRefusal,
  releasesOf,
  type InstanceModel,
  type InstanceModelFacts,
  type Share,
} from './instance-model';

const RELEASES = ['4.2', '4.4', '5.0', '6.0', '7.0', '8.0'] as const;
const CLUSTERS = ['a', 'b', 'c'] as const;
const rarely = fc.integer({ min: 0, max: 5 }).map((n) => n === 0);

const world = fc.record({
  present: fc.tuple(...CLUSTERS.map(() => fc.integer({ min: 1, max: 2 }))),
  grows: rarely,
  at: fc.integer({ min: 0, max: RELEASES.length - 1 }),
  step: fc.constantFrom(-2, -1, 0, 1, 1, 1, 2),
  featureBehind: fc.boolean(),
  tagged: fc.boolean(),
  whole: fc.boolean(),
  // Nobody has been restarted yet, or some have.
  begun: fc.option(fc.array(fc.constantFrom('a/0', 'b/0', 'b/1', 'c/0'), { maxLength: 3 })),
  down: fc.option(fc.constantFrom('a0:27017', 'b0:27017')),
  anyDown: rarely,
  chances: fc.infiniteStream(fc.nat()),
});
type World = typeof world extends fc.Arbitrary<infer T> ? T : never;

function factsOf(from: World): InstanceModelFacts | undefined {
  const [release, to] = [RELEASES[from.at], RELEASES[from.at + from.step]];
  const before = RELEASES[from.at - 1];
  if (release === undefined || to === undefined) return undefined;
  const featureVersion = from.featureBehind && before !== undefined ? before : release;
  // What has begun could begin: some members run both.
  const fits = to === featureVersion || to === nextRelease(featureVersion);
  if (from.begun !== null && !fits) return undefined;
  const present = CLUSTERS.map((cluster, index): Share => ({ cluster, members: from.present[index] ?? 1 }));
  const chances = from.chances[Symbol.iterator]();
  return {
    present,
    wanted: from.grows ? present.map((share) => ({ ...share, members: share.members + 1 })) : present,
    outdated: new Set(from.begun ?? []),
    templateChanges: from.begun === null,
    down: new Set(from.anyDown && from.down !== null ? [from.down] : []),
    choose: (n) => Number(chances.next().value) % n,
    releases: { from: release, to, featureVersion, tagged: from.tagged, whole: from.whole },
  };
}

/** S22: nobody runs what the data is not for, and the data is for nothing that somebody does not run. */
function checkReleases(model: InstanceModel, facts: InstanceModelFacts): void {
  const version = model.featureVersion ?? '';
  for (const release of releasesOf(model, facts)) {
    expect([version, nextRelease(version)]).toContain(release);
    expect(compareReleases(version, release)).toBeLessThanOrEqual(0);
  }
  expect(model.offences).toEqual([]);
}

/** A tag that tells nothing may hide a binary that does not take the data; one that tells must have been refused. */
function tryCarryOut(
  model: InstanceModel,
  facts: InstanceModelFacts,
  step: Step,
): boolean | 'does not start' {
  try {
    return carryOut(model, facts, step);
  } catch (error) {
    const hidden = facts.releases?.tagged === false;
    if (hidden && error instanceof ModelRefusal && error.message.startsWith('UPGRADE PROBLEM'))
      return 'does not start';
    throw error;
  }
}

/** As the workflow does: what cannot be taken back is a plan of its own. */
function settle(model: InstanceModel, facts: InstanceModelFacts): ChangeOutcome {
  for (let round = 0; round < 30; round += 1) {
    const outcome = planInstance(inputOf(model, facts));
    if (outcome.kind !== 'plan' || outcome.plan.steps.length === 0) return outcome;
    const { steps, upgrade } = outcome.plan;
    for (const [index, step] of steps.entries()) {
      if (index > 0 && step.risk === 'pointOfNoReturn') break;
      const again = tryCarryOut(model, facts, step);
      if (again === 'does not start') return { kind: 'wait', reason: again, waitingFor: [] };
      checkReleases(model, facts);
      if (again || (step.kind === 'restartMember' && upgrade?.proven === false)) break;
    }
  }
  throw new Error('thirty plans did not converge');
}

test('no member runs a release more than one away from the feature compatibility version, which no binary is below (S22)', () => {
  const tally = new Map<string, number>();
  const count = (word: string): unknown => tally.set(word, (tally.get(word) ?? 0) + 1);
  fc.assert(
    fc.property(world, (from) => {
      const facts = factsOf(from);
      fc.pre(facts?.releases !== undefined);
      const { releases } = facts;
      const model = createInstanceModel(facts);
      fc.pre(model.set.primary !== undefined);
      checkReleases(model, facts);
      const outcome = settle(model, facts);
      count(outcome.kind);
      if (outcome.kind !== 'plan') return;
      expect(new Set(releasesOf(model, facts))).toEqual(new Set([releases.to]));
      const raised = model.featureVersion !== releases.featureVersion;
      if (raised) count('raised');
      if (releases.whole) expect(model.featureVersion).toBe(releases.to);
      else expect(raised).toBe(false);
    }),
    { numRuns: 800 },
  );
  expect(tally.get('plan')).toBeGreaterThan(150);
  expect(tally.get('refusal')).toBeGreaterThan(100);
  expect(tally.get('raised')).toBeGreaterThan(40);
});
