import { renderTrials } from '../../../../local/chaos/failover-page';
import type { Scenario } from '../../../../local/chaos/scenario';
import { listScenarios } from '../../../../local/chaos/scenarios';
import { nameProblems, sayActual, type Facts } from '../../../../local/chaos/trial-facts';
import { planTrials } from '../../../../local/chaos/trial-plan';
import type { TrialRow } from '../../../../local/chaos/trial-row';
import { restoredAfter } from '../../../../local/chaos/voter-watch';

const SCENARIOS = listScenarios(['east', 'west', 'north']);

function needScenario(name: string): Scenario {
  const found = SCENARIOS.find((scenario) => scenario.name === name);
  if (found === undefined) throw new Error(`no scenario ${name}`);
  return found;
}

const record = (kind: string, cluster?: string, outcome = 'succeeded') => ({
  kind,
  outcome,
  startedAt: '2026-11-26T15:00:00Z',
  workflowId: kind,
  ...(cluster === undefined ? {} : { cluster }),
});

/** A cluster lost and given back. */
const good: Facts = {
  status: {
    state: 'Health',
    operations: [
      record('failbackInstance', 'east'),
      record('failoverInstance', 'east'),
      record('createInstance'),
    ],
    members: [{ cluster: 'west', ordinal: '0', role: 'PRIMARY' }],
  },
  notes: ['first replacement after 41 s'],
  outageMs: 12_300,
  restoredMs: 61_000,
  overlaps: [],
  writes: { acknowledged: 900, lost: 0, problems: [] },
};
const lost = needScenario('primary-cluster-lost');

describe('what is made of a run', () => {
  it('has nothing to object to a failover and a failback within their times', () => {
    expect(nameProblems(lost, good)).toEqual([]);
    expect(sayActual(good)).toBe(
      'first replacement after 41 s; failoverInstance of east succeeded; failbackInstance of east succeeded; Health, primary in west',
    );
  });

  it('tells of two primaries at once, however short', () => {
    const overlaps = [{ hosts: 'a:1 and b:2', from: 0, to: 1_500 }];
    expect(sayActual({ ...good, overlaps })).toContain('; two primaries for 1.5 s; failoverInstance of east');
    expect(nameProblems(lost, { ...good, overlaps })).toEqual([]);
  });

  it.each<[string, Scenario, Partial<Facts>]>([
    ['2 of 900 acknowledged writes are lost', lost, { writes: { acknowledged: 900, lost: 2, problems: [] } }],
    ['no write was acknowledged', lost, { writes: { acknowledged: 0, lost: 0, problems: [] } }],
    ['could not be read back: gone', lost, { writes: { acknowledged: 9, lost: 0, problems: ['gone'] } }],
    ['writes stood still for 31.0 s, not 30 s', lost, { outageMs: 31_000 }],
    ['three voters were not seen to serve again', lost, { restoredMs: undefined }],
    [
      'two primaries for 25 s: a:1 and b:2',
      lost,
      { overlaps: [{ hosts: 'a:1 and b:2', from: 0, to: 25_000 }] },
    ],
    ['0 failovers, not 1 to 1', lost, { status: { operations: [record('createInstance')] } }],
    ['1 failovers, not 0 to 0', needScenario('api-down'), {}],
    [
      'operations were begun: failbackInstance, createInstance',
      needScenario('two-lost'),
      { status: { operations: [record('failbackInstance'), record('createInstance')] } },
    ],
    [
      'failoverInstance failed: nothing said',
      lost,
      { status: { operations: [record('failoverInstance', 'east', 'failed')] } },
    ],
  ])('objects: %s', (said, scenario, facts) => {
    expect(nameProblems(scenario, { ...good, ...facts }).join('; ')).toContain(said);
  });

  it('allows writes to stand still as long as a majority is gone', () => {
    const quiet = { ...good, outageMs: 90_000, status: { operations: [record('createInstance')] } };
    expect(nameProblems(needScenario('two-lost'), quiet)).toEqual([]);
  });
});

describe('redundancy', () => {
  const changes = [
    { at: 0, serving: 3 },
    { at: 100, serving: 0 },
    { at: 110, serving: 2 },
    { at: 160, serving: 3 },
    { at: 190, serving: 2 },
  ];

  it.each([
    ['is restored when enough voters serve again', 90, 70],
    ['is not restored by voters that served until the loss was seen', -10, 170],
    ['was never lost when nothing changed since', 195, 0],
    ['is not restored while some are missing', 170, undefined],
  ])('%s', (_says, since, ms) => {
    expect(restoredAfter(changes, since, 3)).toBe(ms);
  });
});

describe('the runs of a seed', () => {
  it('go through every scenario in each round, the same and of the same victims each time', () => {
    const plan = planTrials(SCENARIOS, { runs: 40, seed: 7, ordered: false });
    expect(plan).toHaveLength(40);
    expect(new Set(plan.map(({ life }) => life)).size).toBe(40);
    expect(new Set(plan.slice(0, SCENARIOS.length).map(({ scenario }) => scenario.name)).size).toBe(
      SCENARIOS.length,
    );
    expect(planTrials(SCENARIOS, { runs: 40, seed: 7, ordered: false })).toEqual(plan);
    expect(planTrials(SCENARIOS, { runs: 40, seed: 8, ordered: false })).not.toEqual(plan);
  });

  it('are in the order in which they were named', () => {
    const named = [needScenario('two-lost'), needScenario('api-down')];
    const plan = planTrials(named, { runs: 3, seed: 7, ordered: true });
    expect(plan.map(({ life }) => life)).toEqual(['two-lost-1', 'api-down-1', 'two-lost-2']);
  });
});

describe('the table of failovers', () => {
  const row = (facts: Partial<TrialRow>): TrialRow => ({
    scenario: 'primary-cluster-lost',
    life: 'primary-cluster-lost-1',
    outcome: 'passed',
    struck: 'cut east',
    expected: lost.expected,
    actual: sayActual(good),
    problems: [],
    outageMs: 12_300,
    restoredSeconds: 61.2,
    acknowledged: 900,
    lost: 0,
    engine: 'stand-in 4.2.24',
    seed: 7,
    commit: 'abc1234',
    at: '2026-11-26T15:00:00.000Z',
    ...facts,
  });
  const facts = { seed: 7, planned: 2, scenarios: SCENARIOS };

  it('has a row for each run, says the worst outage, and names what was not run', () => {
    const text = renderTrials([row({})], facts);
    expect(text).toContain('Commit abc1234; 2026-11-26;');
    expect(text).toContain('seed 7; engine stand-in 4.2.24. 1 of 2 runs, 1 passed.');
    expect(text).toContain('p95 of 1 runs: 12.3 s');
    expect(text).toContain('(cut east) | election; failover; failback | first replacement after 41 s;');
    expect(text).toContain('| 12.3 | 61 | 0 of 900 lost | stand-in 4.2.24 |');
    expect(text).toMatch(/Not run: api-down, two-lost/);
  });

  it('takes the worst outage of those who kept a majority', () => {
    const recovered = row({ scenario: 'majority-lost', life: 'majority-lost-1', outageMs: 400_000 });
    expect(renderTrials([row({}), recovered], facts)).toContain('p95 of 1 runs: 12.3 s');
  });

  it('shows what was wrong, and writes that were lost, in bold', () => {
    const text = renderTrials([row({ outcome: 'failed', problems: ['2 failovers'], lost: 2 })], facts);
    expect(text).toContain('**2 failovers**');
    expect(text).toContain('**2 of 900 lost**');
    expect(text).toContain('1 of 2 runs, 0 passed');
  });
});
