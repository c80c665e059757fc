import { createRandom, shuffle } from './random';
import type { Scenario } from './scenario';
import type { TrialRow } from './trial-row';

export interface Trial {
  readonly scenario: Scenario;
  /** From 1. */
  readonly round: number;
  /** The instance's name, the same for the same seed. */
  readonly life: string;
  /** Of its victims, so that a run that goes on chooses as the one before would have. */
  readonly seed: number;
}

export interface PlanFacts {
  readonly runs: number;
  readonly seed: number;
  /** As they are named; otherwise each round in another order. */
  readonly ordered: boolean;
}

/** Rounds through all scenarios until there are so many runs. */
export function planTrials(
  scenarios: readonly Scenario[],
  { runs, seed, ordered }: PlanFacts,
): readonly Trial[] {
  const random = createRandom(seed);
  const trials: Trial[] = [];
  for (let round = 1; trials.length < runs && scenarios.length > 0; round += 1) {
    for (const scenario of ordered ? scenarios : shuffle(scenarios, random)) {
      trials.push({
        scenario,
        round,
        life: `${scenario.name}-${round}`,
        seed: Math.floor(random() * 2 ** 31),
      });
    }
  }
  return trials.slice(0, runs);
}

/** One line of a run's log. */
export function describeTrial(row: TrialRow): string {
  const outage = row.outageMs === undefined ? '–' : `${(row.outageMs / 1000).toFixed(1)} s`;
  return `${row.outcome.padEnd(8)} ${row.life}: ${row.struck} → ${row.actual}; outage ${outage}, three voters after ${row.restoredSeconds ?? '–'} s, ${row.lost} of ${row.acknowledged} writes lost ${row.problems.join('; ')}`;
}
