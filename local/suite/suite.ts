import { join } from 'node:path';
import { addTallies, runJest, runShown, type Tally } from './jest-run';

/** What the end-to-end suite runs against; `reason` says why there is none. */
export type Stage =
  | { readonly available: true; readonly environmentFile: string; close(): Promise<void> }
  | { readonly available: false; readonly reason: string };

export interface SuiteFacts {
  readonly home: string;
  /** Brings the environment of the end-to-end suite up; called last, as it is the heaviest. */
  readonly openStage: () => Promise<Stage>;
  readonly say: (line: string) => void;
  /** Leaves everything else out. */
  readonly only: 'e2e' | undefined;
  /** Also what takes minutes more: neighbours, drift, deletions by hand, every way in which a cluster is lost. */
  readonly long: boolean;
}

const STATIC_CHECKS = ['typecheck', 'lint', 'format:check', 'crds:check', 'deadcode'] as const;
// Lives and changes: every task of theirs begins with a replay of all that went before.
const UNCACHED_SUITES = ['test/workflow/instance', 'test/workflow/change', 'test/workflow/long-history'];
/** What is lived through every time; the others take long. */
const SHORT_FAULTS = 'test/e2e/faults/scenarios';
const NO_TESTS: Tally = { passed: 0, failed: 0, skipped: 0 };

/** Every check of the project, cheap ones first. Gives the exit code; the last line counts what ran. */
export async function runSuite({ home, openStage, say, only, long }: SuiteFacts): Promise<number> {
  let tally = only === undefined ? await runWithoutStage(home, say, long) : NO_TESTS;
  say('== e2e');
  tally = addTallies(tally, await runEndToEnd(home, openStage, say, long));
  say(`${tally.passed} passed, ${tally.failed} failed, ${tally.skipped} skipped`);
  return tally.failed === 0 ? 0 : 1;
}

async function runWithoutStage(home: string, say: SuiteFacts['say'], long: boolean): Promise<Tally> {
  const projects = [
    'unit',
    'contract',
    'integration',
    'workflow',
    'replay',
    ...(long ? ['contract-long'] : []),
  ];
  say(`== ${[...STATIC_CHECKS, ...projects].join(', ')}`);
  // Suites wait for servers while a check computes.
  const [checked, tested] = await Promise.all([runChecks(home, say), runJest(home, projects, {})]);
  say('== workflow, without a workflow cache');
  const uncached = await runJest(
    home,
    ['workflow'],
    { MAX_CACHED_WORKFLOWS: '0' },
    'side by side',
    UNCACHED_SUITES,
  );
  return [checked, tested, uncached].reduce(addTallies);
}

async function runChecks(home: string, say: SuiteFacts['say']): Promise<Tally> {
  let tally = NO_TESTS;
  for (const check of STATIC_CHECKS) {
    const code = await runShown('npm', ['run', '--silent', check], home);
    say(`${code === 0 ? 'PASS' : 'FAIL'} ${check}`);
    tally = addTallies(tally, code === 0 ? { ...NO_TESTS, passed: 1 } : { ...NO_TESTS, failed: 1 });
  }
  return tally;
}

async function runEndToEnd(
  home: string,
  openStage: SuiteFacts['openStage'],
  say: SuiteFacts['say'],
  long: boolean,
): Promise<Tally> {
  const stage = await openStage();
  if (!stage.available) {
    say(`e2e skipped: ${stage.reason}`);
    return runJest(home, ['e2e', 'long', 'audit', 'faults'], { FEDSTATE_E2E: '' });
  }
  try {
    const env = { FEDSTATE_E2E: stage.environmentFile };
    const tally = await runJest(home, long ? ['e2e', 'long'] : ['e2e'], env);
    say('== audit');
    // A suite that broke off has not used all that it would: its failure stands above.
    const whole = long ? '1' : '';
    const audited = addTallies(tally, await runJest(home, ['audit'], { ...env, FEDSTATE_E2E_WHOLE: whole }));
    say('== e2e, with clusters that are lost');
    const files = long ? [] : [SHORT_FAULTS];
    return addTallies(audited, await runJest(home, ['faults'], env, 'one by one', files));
  } finally {
    await stage.close();
  }
}

/** Where the environment file of a stack lies. */
export const environmentFile = (stackRoot: string): string => join(stackRoot, 'e2e.json');
