import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { CHANGES, nameOf, type Boundary, type ChangeOperation } from './boundary';
import { runChangeVolley, type ChangeLife } from './change-volley';
import { listFaults, type Fault } from './faults';
import { chunk, dealBoundaries, filterBoundaries } from './matrix';
import { chooseSeed, createRandom } from './random';
import { renderChanges, writeReliabilitySection } from './reliability-page';
import { appendRows, readRows, type Finding, type Row } from './row';
import { readCommit, readCount } from './run-options';
import { say, withRunStack } from './run-stack';
import { calmDown, withHookedStack } from './session';
import type { VolleyContext } from './volley-context';

export const CHANGES_USAGE = `npm run chaos -- changes [OPTIONS]
  kill -9 at every activity boundary of changes of running instances, under writes
  --change NAME[,NAME…]   ${CHANGES.join(', ')}
  --fault NAME[,NAME…]    these faults only (default worker)
  --step TEXT             boundaries whose name holds the text
  --seed N                victims (default: FEDSTATE_SEED, else by chance)
  --together N            lives side by side, struck at once (default 2)
  --strokes N             boundaries at which one life is struck (default 1)
  --image REF             image of mongod (default mongo:4.2)
  --resume                leave out what this seed's earlier run has done
  --page                  write the result to docs/reliability.md
  --list                  print the boundaries and end`;

interface Options {
  readonly changes: readonly ChangeOperation[];
  readonly faults: readonly string[];
  readonly step: string | undefined;
  readonly seed: number;
  readonly together: number;
  readonly strokes: number;
  readonly image: string;
  readonly resume: boolean;
  readonly page: boolean;
  readonly list: boolean;
}

/** `npm run chaos -- changes`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export async function runChangesChaos(args: readonly string[]): Promise<number> {
  const options = readOptions(args);
  say(`seed ${options.seed}`);
  const random = createRandom(options.seed);
  return withRunStack((layout, signal) =>
    withHookedStack({ layout, random, signal, tell: say }, (context) => runAll(context, options)),
  );
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      change: { type: 'string' },
      fault: { type: 'string' },
      step: { type: 'string' },
      seed: { type: 'string' },
      together: { type: 'string' },
      strokes: { type: 'string' },
      image: { type: 'string' },
      resume: { type: 'boolean' },
      page: { type: 'boolean' },
      list: { type: 'boolean' },
    },
  });
  return {
    changes: values.change === undefined ? CHANGES : values.change.split(',').map(readChange),
    faults: values.fault?.split(',') ?? ['worker'],
    step: values.step,
    seed: readCount('--seed', values.seed) ?? chooseSeed(process.env),
    together: readCount('--together', values.together) ?? 2,
    strokes: readCount('--strokes', values.strokes) ?? 1,
    image: values.image ?? 'mongo:4.2',
    resume: values.resume === true,
    page: values.page === true,
    list: values.list === true,
  };
}

function readChange(text: string): ChangeOperation {
  const found = CHANGES.find((change) => change === text);
  if (found === undefined)
    throw new StackError(`--change names "${text}". There are: ${CHANGES.join(', ')}.`, 2);
  return found;
}

async function runAll(context: VolleyContext, options: Options): Promise<number> {
  const home = packageFolder();
  const commit = await readCommit(home);
  const file = join(home, 'dist', 'chaos', `changes-${options.seed}.jsonl`);
  const rows: Row[] = options.resume ? readRows(file) : [];
  const lived = new Set(rows.map((row) => row.life));
  const keep = (findings: readonly Finding[]): void => {
    const at = new Date().toISOString();
    const fresh = findings.map((finding) => ({ ...finding, seed: options.seed, commit, at }));
    rows.push(...fresh);
    appendRows(file, fresh);
    for (const row of fresh) {
      say(
        `${row.outcome.padEnd(11)} ${row.fault} ${row.operation} ${row.step}: on after ${row.resumed ?? '–'} s, at the end after ${row.seconds ?? '–'} s ${row.problems.join('; ')}`,
      );
    }
  };
  const faults = await chooseFaults(context, options.faults);
  const steps = new Map<ChangeOperation, readonly string[]>();
  try {
    for (const operation of options.changes) {
      const boundaries = await listBoundaries(context, operation, options.image);
      steps.set(operation, boundaries.map(nameOf));
      if (options.list) for (const boundary of boundaries) say(`${operation}  ${nameOf(boundary)}`);
      else await strikeAll(context, options, operation, boundaries, { faults, lived, keep });
    }
  } finally {
    if (options.page && !options.list) {
      const text = renderChanges(rows, { ...options, steps });
      say(await writeReliabilitySection(home, 'changes', text));
    }
  }
  const bad = rows.filter((row) => row.outcome !== 'passed').length;
  say(`seed ${options.seed}: ${rows.length - bad} rows passed, ${bad} did not`);
  return bad === 0 ? 0 : 1;
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
