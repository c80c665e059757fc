import { parseArgs } from 'node:util';
import type { StackLayout } from '../stack/layout';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { renderTrials } from './failover-page';
import { createRandom } from './random';
import { writeReliabilitySection } from './reliability-page';
import { openBook, rowFile, sayTotals } from './row-book';
import { readCommit, readCount, readSharedOptions, SHARED_FLAGS, type SharedOptions } from './run-options';
import { readRunSites, say, withRunStack } from './run-stack';
import type { Durations, Scenario } from './scenario';
import { listScenarios } from './scenarios';
import { calmDown, clearStack, withOpenStack } from './session';
import { runTrial } from './trial';
import { describeTrial, planTrials } from './trial-plan';
import { trialRowSchema, type TrialFinding } from './trial-row';

const DEFAULT_RUNS = 40;
const LONG: Durations = { apiDownSeconds: 600, controlLostSeconds: 300 };
const SHORT: Durations = { apiDownSeconds: 60, controlLostSeconds: 60 };

export const FAILOVER_USAGE = `npm run chaos -- failover [OPTIONS]
  clusters, links, processes and volumes lost under the writes of several clients, on a stack of its own
  --scenario NAME[,NAME…] these only, in this order
  --runs N                runs over all scenarios (default ${DEFAULT_RUNS}; once each with --scenario or --short)
  --short                 false alarms and the loss of the control plane last a minute
  --api-down SECONDS      how long a member's API server is down in the first round (default ${LONG.apiDownSeconds})
  --control-lost SECONDS  how long the control plane is lost in the first round (default ${LONG.controlLostSeconds})
  --seed N                order and victims (default: FEDSTATE_SEED, else by chance)
  --image REF             image of mongod (default mongo:4.2)
  --resume                leave out what this seed's earlier run has done
  --page                  write the result to docs/reliability.md, its rows beside it
  --list                  print the scenarios and end`;

interface Options extends SharedOptions {
  readonly wanted: readonly string[] | undefined;
  readonly runs: number | undefined;
  readonly short: boolean;
  readonly durations: Durations;
}

/** `npm run chaos -- failover`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export async function runFailoverChaos(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  const all = listScenarios(readRunSites());
  const scenarios = chooseScenarios(all, options.wanted);
  if (options.list) {
    for (const { name, says, expected } of scenarios) say(`${name.padEnd(22)} ${says}: ${expected}`);
    return 0;
  }
  say(`seed ${options.seed}`);
  return withRunStack((layout, signal) => runOn(layout, { ...options, all, scenarios }, signal));
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...SHARED_FLAGS,
      scenario: { type: 'string' },
      runs: { type: 'string' },
      short: { type: 'boolean' },
      'api-down': { type: 'string' },
      'control-lost': { type: 'string' },
    },
  });
  const short = values.short === true;
  const usual = short ? SHORT : LONG;
  return {
    ...readSharedOptions(values),
    short,
    wanted: values.scenario?.split(','),
    runs: readCount('--runs', values.runs),
    durations: {
      apiDownSeconds: readCount('--api-down', values['api-down']) ?? usual.apiDownSeconds,
      controlLostSeconds: readCount('--control-lost', values['control-lost']) ?? usual.controlLostSeconds,
    },
  };
}

/** In the order in which they are named. @throws StackError naming what there is instead */
function chooseScenarios(
  all: readonly Scenario[],
  wanted: readonly string[] | undefined,
): readonly Scenario[] {
  return (
    wanted?.map((name) => {
      const found = all.find((scenario) => scenario.name === name);
      if (found !== undefined) return found;
      const names = all.map((scenario) => scenario.name).join(', ');
      throw new StackError(`--scenario names "${name}". There are: ${names}.`, 2);
    }) ?? all
  );
}

interface Plan extends Options {
  readonly all: readonly Scenario[];
  readonly scenarios: readonly Scenario[];
}

async function runOn(layout: StackLayout, plan: Plan, signal: AbortSignal): Promise<number> {
  const { all, scenarios, ...options } = plan;
  if (layout.attached) throw new StackError('The clusters of this stack are not its own to harm.', 2);
  const home = packageFolder();
  const file = rowFile(home, 'failover', options);
  const commit = await readCommit(home);
  const kind = { schema: trialRowSchema, describe: describeTrial };
  const book = openBook<TrialFinding>(file, kind, { ...options, commit });
  const lived = new Set(book.rows.map(({ life }) => life));
  const isNamed = options.wanted !== undefined;
  const runs = options.runs ?? (isNamed || options.short ? scenarios.length : DEFAULT_RUNS);
  const trials = planTrials(scenarios, {
    runs,
    seed: options.seed,
    ordered: isNamed,
  });
  try {
    await withOpenStack({ layout, signal, tell: say }, async (stack) => {
      await clearStack(stack, signal, say);
      for (const { scenario, round, life, seed } of trials) {
        if (lived.has(life)) continue;
        // What is to be seen not to happen was waited for long enough once.
        const durations = round === 1 ? options.durations : SHORT;
        const context = { ...options, durations, stack, signal, tell: say };
        await calmDown(context);
        book.keep([await runTrial(context, scenario, life, createRandom(seed))]);
      }
    });
  } finally {
    if (options.page) {
      const planned = new Set([...lived, ...trials.map(({ life }) => life)]).size;
      const text = renderTrials(book.rows, { seed: options.seed, planned, scenarios: all });
      say(await writeReliabilitySection(home, 'failover', text));
    }
  }
  return sayTotals(book, options.seed);
}
