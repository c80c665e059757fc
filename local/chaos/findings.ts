import { nameOf, type ChaosOperation } from './boundary';
import type { Verdict } from './judgement';
import type { Passage } from './passage';
import type { Finding } from './row';
import type { Strokes } from './strikes';

export interface Ordeal {
  readonly fault: string;
  readonly operation: ChaosOperation;
  readonly life: string;
  readonly passage: Passage;
  readonly strokes: Strokes;
  readonly verdict: Verdict;
}

/** A row for each boundary that it should be struck at; one in all when there was none. */
export function listFindings({ fault, operation, life, passage, strokes, verdict }: Ordeal): Finding[] {
  const shared = { fault, operation, problems: [...verdict.problems], engine: verdict.engine, life };
  const isBad = verdict.problems.length > 0;
  if (passage.targets.length === 0)
    return [{ ...shared, step: 'none', outcome: isBad ? 'failed' : 'passed' }];
  const last = Math.max(...strokes.values());
  return passage.targets.map((target): Finding => {
    const at = strokes.get(nameOf(target));
    const next = [...passage.seen().values()].find((one) => at !== undefined && one.at > at);
    return {
      ...shared,
      step: nameOf(target),
      outcome: isBad ? 'failed' : at === undefined ? 'not reached' : 'passed',
      ...(at === undefined || next === undefined ? {} : { resumed: secondsBetween(at, next.at) }),
      ...(at !== last || verdict.at === undefined ? {} : { seconds: secondsBetween(at, verdict.at) }),
    };
  });
}

const secondsBetween = (from: number, to: number): number => Math.max(0, Math.round((to - from) / 100) / 10);
