import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { StackLayout } from '../stack/layout';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { nameOf, type Boundary } from './boundary';
import { listFaults } from './faults';
import { readKnownSteps, writeKnownSteps, type Steps } from './known-steps';
import { filterBoundaries, planMatrix, type Volley } from './matrix';
import type { Passage } from './passage';
import { createRandom } from './random';
import { renderResult, writeReliabilitySection } from './reliability-page';
import { openRowBook, rowFile, sayTotals } from './row-book';
import { CHANGED, readCommit, readCount, readRunOptions, RUN_FLAGS, type RunOptions } from './run-options';
import { say, withRunStack } from './run-stack';
import { calmDown, withHookedStack } from './session';
import { DATABASE_FAULT, loseTemporalDatabase } from './temporal-loss';
import { runVolley } from './volley';
import type { VolleyContext } from './volley-context';

export const CREATE_USAGE = `npm run chaos -- create [OPTIONS]
  kill -9 of every process at every activity boundary of creations and removals, on a stack of its own
  --fault NAME[,NAME…]    these faults only (temporal-database: Temporal forgets everything)
  --step TEXT             boundaries whose name holds the text
  --lives N               the first N lives of the seed's order
  --seed N                order and victims (default: FEDSTATE_SEED, else by chance)
  --together N            lives side by side, struck at once (default 4)
  --strokes N             boundaries at which one life is struck in each operation (default 1)
  --image REF             image of mongod (default mongo:4.2)
  --resume                leave out what this seed's earlier run has done
  --page                  write the result to docs/reliability.md, its rows beside it
  --list                  print the boundaries and end`;

const DEFAULT_TOGETHER = 4;
const FORGOTTEN = 1;
const FORGOTTEN_LIFE = 'forgotten-0';

interface Options extends RunOptions {
  readonly lives: number | undefined;
}

/** `npm run chaos -- create`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export async function runCreateChaos(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  say(`seed ${options.seed}`);
  return withRunStack((layout, signal) => runOn(layout, options, signal));
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: { ...RUN_FLAGS, lives: { type: 'string' } } });
  return { ...readRunOptions(values, DEFAULT_TOGETHER), lives: readCount('--lives', values.lives) };
}

async function runOn(layout: StackLayout, options: Options, signal: AbortSignal): Promise<number> {
  const random = createRandom(options.seed);
  return withHookedStack({ layout, random, signal, tell: say }, async (context) => {
    const commit = await readCommit(packageFolder());
    const steps = await findBoundaries(context, options, commit);
    if (options.list) {
      for (const operation of ['create', 'delete'] as const)
        for (const boundary of steps[operation]) say(`${operation}  ${nameOf(boundary)}`);
      return 0;
    }
    const faults = await chooseFaults(context, options.faults);
    const volleys = planMatrix({
      ...options,
      faults,
      create: filterBoundaries(steps.create, options.step),
      delete: filterBoundaries(steps.delete, options.step),
    });
    return runAll(context, options, volleys, steps, commit);
  });
}

async function findBoundaries(context: VolleyContext, options: Options, commit: string): Promise<Steps> {
  const file = join(packageFolder(), 'dist', 'chaos', 'steps.json');
  // Sources that were changed since the commit may pass others.
  const known = options.resume && !commit.endsWith(CHANGED) ? readKnownSteps(file, commit) : undefined;
  if (known !== undefined) return known;
  const steps = await listBoundaries(context, options.image);
  writeKnownSteps(file, commit, steps);
  return steps;
}

/** A life without a fault: what this very code passes, and proof that the checks hold without one. */
async function listBoundaries(context: VolleyContext, image: string): Promise<Steps> {
  const plan = {
    name: 'dry-run',
    create: [],
    delete: [],
    spec: { image, whenDeleted: 'Delete' },
  } as const;
  const problems: string[] = [];
  const [create, removal] = await runVolley(context, undefined, [plan], (findings) =>
    problems.push(...findings.flatMap((finding) => finding.problems)),
  );
  if (problems.length > 0)
    throw new StackError(`A life without any fault does not pass: ${problems.join('; ')}`);
  const boundariesOf = (passage: Passage | undefined): Boundary[] =>
    [...(passage?.seen().values() ?? [])].map(({ boundary }) => boundary);
  return { create: boundariesOf(create), delete: boundariesOf(removal) };
}

async function chooseFaults(context: VolleyContext, wanted: readonly string[] | undefined) {
  const faults = await listFaults(context.stack);
  const names = [...faults.map(({ name }) => name), DATABASE_FAULT.name];
  const unknown = wanted?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    throw new StackError(`--fault names "${unknown}". There are: ${names.join(', ')}.`, 2);
  }
  return faults.filter(({ name }) => wanted === undefined || wanted.includes(name));
}

async function runAll(
  context: VolleyContext,
  options: Options,
  volleys: readonly Volley[],
  steps: Steps,
  commit: string,
): Promise<number> {
  const home = packageFolder();
  const file = rowFile(home, 'create', options);
  const book = openRowBook(file, { ...options, commit });
  // One that was created and not removed was interrupted: it is lived again.
  const lived = new Set(book.rows.filter((row) => row.operation !== 'create').map((row) => row.life));
  const losesDatabase = isWanted(options, DATABASE_FAULT.name);
  const planned = new Set([
    ...lived,
    ...volleys.flatMap((volley) => volley.lives.map((life) => life.name)),
    ...(losesDatabase ? [FORGOTTEN_LIFE] : []),
  ]).size;
  try {
    if (losesDatabase && !lived.has(FORGOTTEN_LIFE))
      book.keep(await loseTemporalDatabase(context, options.image, FORGOTTEN));
    for (const { fault, lives } of volleys) {
      const open = lives.filter((life) => !lived.has(life.name));
      if (open.length === 0) continue;
      await calmDown(context);
      await runVolley(context, fault, open, book.keep);
    }
  } finally {
    if (options.page) {
      const names = { create: steps.create.map(nameOf), delete: steps.delete.map(nameOf) };
      const done = new Set(book.rows.map((row) => row.life)).size;
      const text = renderResult(book.rows, { ...options, planned, lived: done, steps: names });
      say(await writeReliabilitySection(home, 'create', text));
    }
  }
  return sayTotals(book, options.seed);
}

const isWanted = ({ faults, lives }: Options, name: string): boolean =>
  faults === undefined ? lives === undefined : faults.includes(name);
