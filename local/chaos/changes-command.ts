import { parseArgs } from 'node:util';
import { findMongods } from '../images/mongod-program';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { CHANGES, nameOf, RECOVERIES, type Boundary, type ChangeOperation } from './boundary';
import { runChangeVolley, type ChangeLife } from './change-volley';
import { listFaults, type Fault } from './faults';
import { chunk, dealBoundaries, filterBoundaries } from './matrix';
import { createRandom } from './random';
import { renderChanges, writeReliabilitySection } from './reliability-page';
import type { Finding } from './row';
import { openRowBook, rowFile, sayTotals } from './row-book';
import { readCommit, readRunOptions, RUN_FLAGS, type RunOptions } from './run-options';
import { say, withRunStack } from './run-stack';
import { calmDown, withHookedStack } from './session';
import { checkUpgradeImages } from './upgrade-image';
import type { VolleyContext } from './volley-context';

export const CHANGES_USAGE = `npm run chaos -- changes [OPTIONS]
  kill -9 at every activity boundary of changes of running instances, under writes
  --change NAME[,NAME…]   ${CHANGES.join(', ')}
  --fault NAME[,NAME…]    these faults only (default worker)
  --step TEXT             boundaries whose name holds the text
  --seed N                victims (default: FEDSTATE_SEED, else by chance)
  --together N            lives side by side, struck at once (default 2)
  --strokes N             boundaries at which one life is struck (default 1)
  --image REF             image of mongod (default mongo:4.2); an upgrade leads to the release after it
  --resume                leave out what this seed's earlier run has done
  --page                  write the result to docs/reliability.md, its rows beside it
  --list                  print the boundaries and end`;

export const RECOVERIES_USAGE = `npm run chaos -- recoveries [OPTIONS]
  the same of what follows the loss of clusters: options as above, but for
  --change NAME[,NAME…]   ${RECOVERIES.join(', ')}
  --fault NAME[,NAME…]    these faults only (default worker,controller)`;

const DEFAULT_TOGETHER = 2;

/** Changes that are struck by one command, and told in one section of the page. */
interface ChangeGroup {
  readonly section: 'changes' | 'recoveries';
  readonly changes: readonly ChangeOperation[];
  readonly faults: readonly string[];
}

/** `npm run chaos -- changes`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export const runChangesChaos = (args: readonly string[]): Promise<number> =>
  runGroup({ section: 'changes', changes: CHANGES, faults: ['worker'] }, args);

/** `npm run chaos -- recoveries`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export const runRecoveriesChaos = (args: readonly string[]): Promise<number> =>
  runGroup({ section: 'recoveries', changes: RECOVERIES, faults: ['worker', 'controller'] }, args);

interface Options extends RunOptions {
  readonly changes: readonly ChangeOperation[];
}

async function runGroup(group: ChangeGroup, args: readonly string[]): Promise<number> {
  const options = readOptions(group, args);
  if (options.changes.includes('upgrade')) {
    const found = await findMongods(packageFolder());
    checkUpgradeImages(
      options.image,
      found.map(({ release }) => release),
    );
  }
  say(`seed ${options.seed}`);
  const random = createRandom(options.seed);
  return withRunStack((layout, signal) =>
    withHookedStack({ layout, random, signal, tell: say }, (context) => runAll(context, group, options)),
  );
}

function readOptions({ changes }: ChangeGroup, args: readonly string[]): Options {
  const { values } = parseArgs({ args: [...args], options: { ...RUN_FLAGS, change: { type: 'string' } } });
  return {
    ...readRunOptions(values, DEFAULT_TOGETHER),
    changes: values.change?.split(',').map((text) => readChange(changes, text)) ?? changes,
  };
}

function readChange(changes: readonly ChangeOperation[], text: string): ChangeOperation {
  const found = changes.find((change) => change === text);
  if (found === undefined)
    throw new StackError(`--change names "${text}". There are: ${changes.join(', ')}.`, 2);
  return found;
}

async function runAll(
  context: VolleyContext,
  { section, faults: usual }: ChangeGroup,
  options: Options,
): Promise<number> {
  const home = packageFolder();
  const commit = await readCommit(home);
  const file = rowFile(home, section, options);
  const book = openRowBook(file, { ...options, commit });
  const lived = new Set(book.rows.map((row) => row.life));
  const faults = await chooseFaults(context, options.faults ?? usual);
  const steps = new Map<ChangeOperation, readonly string[]>();
  try {
    for (const operation of options.changes) {
      const boundaries = await listBoundaries(context, operation, options.image);
      steps.set(operation, boundaries.map(nameOf));
      if (options.list) for (const boundary of boundaries) say(`${operation}  ${nameOf(boundary)}`);
      else await strikeAll(context, options, operation, boundaries, { faults, lived, keep: book.keep });
    }
  } finally {
    if (options.page && !options.list) {
      const text = renderChanges(book.rows, { ...options, steps });
      say(await writeReliabilitySection(home, section, text));
    }
  }
  return sayTotals(book, options.seed);
}

async function chooseFaults(context: VolleyContext, wanted: readonly string[]): Promise<readonly Fault[]> {
  const faults = await listFaults(context.stack);
  return wanted.map((name) => {
    const found = faults.find((fault) => fault.name === name);
    if (found !== undefined) return found;
    const names = faults.map((fault) => fault.name).join(', ');
    throw new StackError(`--fault names "${name}". There are: ${names}.`, 2);
  });
}

/** A change without a fault: what this very code passes, and proof that the checks hold without one. */
async function listBoundaries(
  context: VolleyContext,
  operation: ChangeOperation,
  image: string,
): Promise<Boundary[]> {
  const problems: string[] = [];
  const lives = [{ name: `dry-${operation}`, targets: [] }];
  const [passage] = await runChangeVolley(context, undefined, { operation, image, lives }, (findings) =>
    problems.push(...findings.flatMap((finding) => finding.problems)),
  );
  if (problems.length > 0)
    throw new StackError(`${operation} without any fault does not pass: ${problems.join('; ')}`);
  return [...(passage?.seen().values() ?? [])].map(({ boundary }) => boundary);
}

interface Tools {
  readonly faults: readonly Fault[];
  readonly lived: ReadonlySet<string>;
  readonly keep: (findings: readonly Finding[]) => void;
}

async function strikeAll(
  context: VolleyContext,
  options: Options,
  operation: ChangeOperation,
  boundaries: readonly Boundary[],
  { faults, lived, keep }: Tools,
): Promise<void> {
  const dealt = dealBoundaries(filterBoundaries(boundaries, options.step), options);
  for (const fault of faults) {
    const lives = dealt.map((targets, index): ChangeLife => ({
      name: `${operation}-${fault.name}-${index}`,
      targets,
    }));
    for (const some of chunk(lives, options.together)) {
      const open = some.filter((life) => !lived.has(life.name));
      if (open.length === 0) continue;
      await calmDown(context);
      await runChangeVolley(context, fault, { operation, image: options.image, lives: open }, keep);
    }
  }
}
