import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../stack/command';
import { writeFileAtomically } from '../stack/json-file';
import { StackError } from '../stack/stack-error';
import type { ChangeOperation } from './boundary';
import { FAULTS } from './faults';
import type { Row, Stamp } from './row';
import { DATABASE_FAULT } from './temporal-loss';

/** Parts of the page that are written by a run. */
type Section = 'create' | 'changes' | 'recoveries' | 'failover';

export interface RunFacts {
  readonly seed: number;
  readonly together: number;
  readonly strokes: number;
  /** Lives that were planned. */
  readonly planned: number;
  /** Lives that were lived. */
  readonly lived: number;
  /** Boundaries of each operation in the order in which they come. */
  readonly steps: Readonly<Record<'create' | 'delete', readonly string[]>>;
}

/** Puts the result in the place of the last one in docs/reliability.md. @throws StackError when it has no such place */
export async function writeReliabilitySection(home: string, section: Section, text: string): Promise<string> {
  const file = join(home, 'docs', 'reliability.md');
  const begin = `<!-- chaos ${section}: written by npm run chaos -- ${section} -->`;
  const end = `<!-- /chaos ${section} -->`;
  const [head = '', rest] = readFileSync(file, 'utf8').split(begin);
  const tail = rest?.split(end)[1];
  if (tail === undefined) throw new StackError(`${file} has no lines "${begin}" and "${end}".`);
  writeFileAtomically(file, `${head}${begin}\n\n${text}\n\n${end}${tail}`);
  await runCommand(process.execPath, [
    join(home, 'node_modules', 'prettier', 'bin', 'prettier.cjs'),
    '--write',
    '--log-level=warn',
    file,
  ]);
  return file;
}

export function renderResult(rows: readonly Row[], facts: RunFacts): string {
  return [
    `${describeRun(rows, facts.seed)} ` +
      `${facts.lived} of ${facts.planned} lives, ${facts.together} side by side, each struck up to ${facts.strokes} times in each operation.`,
    '',
    ...renderSummary(rows, ['create', 'delete']),
    '',
    ...renderOperation(rows, 'create', facts.steps.create),
    '',
    ...renderOperation(rows, 'delete', facts.steps.delete),
    ...renderRest(rows),
    ...renderProblems(rows),
  ].join('\n');
}

export interface ChangesFacts {
  readonly seed: number;
  readonly together: number;
  readonly strokes: number;
  readonly steps: ReadonlyMap<ChangeOperation, readonly string[]>;
}

export function renderChanges(
  rows: readonly Row[],
  { seed, together, strokes, steps }: ChangesFacts,
): string {
  const operations = [...steps.keys()];
  return [
    `${describeRun(rows, seed)} ${together} lives side by side, each struck up to ${strokes} times.`,
    '',
    ...renderSummary(rows, operations),
    ...operations.flatMap((operation) => [
      '',
      ...renderOperation(rows, operation, steps.get(operation) ?? []),
    ]),
    ...renderProblems(rows),
  ].join('\n');
}

export function describeRun(rows: readonly (Stamp & { readonly engine: string })[], seed: number): string {
  const commits = [...new Set(rows.map((row) => row.commit))];
  const days = [...new Set(rows.map((row) => row.at.slice(0, 10)))];
  const engines = [...new Set(rows.map((row) => row.engine).filter((engine) => engine !== ''))];
  return `Commit ${commits.join(', ')}; ${days.join(', ')}; ${cpus().length} cores; seed ${seed}; engine ${engines.join(', ')}.`;
}

type Operation = Row['operation'];

const TITLES: Readonly<Record<Operation, string>> = {
  create: 'Creation',
  delete: 'Removal',
  rest: 'At rest',
  'scale-down': 'Scale-down, 5 to 3',
  move: 'Move of a member',
  upgrade: 'Upgrade to the next release',
  failover: 'Failover of a lost cluster',
  failback: 'Failback to a cluster that is back',
  'recover-majority': 'Recovery of a majority that is gone',
};

const faultsOf = (): readonly { readonly name: string; readonly says: string }[] => [
  ...FAULTS,
  DATABASE_FAULT,
];

function renderSummary(rows: readonly Row[], operations: readonly Operation[]): string[] {
  const lines = faultsOf().flatMap(({ name, says }) => {
    const own = rows.filter((row) => row.fault === name);
    if (own.length === 0) return [];
    const count = (outcome: Row['outcome']): number => own.filter((row) => row.outcome === outcome).length;
    return [
      `| \`${name}\` | ${says} | ${count('passed')} | ${count('failed')} | ${count('not reached')} | ${operations.map((operation) => spread(own, operation)).join(' | ')} |`,
    ];
  });
  return [
    `| fault | what it is | passed | failed | not reached | ${operations.map((operation) => `${TITLES[operation]}: last fault to its end, median / worst s`).join(' | ')} |`,
    `| --- | --- | --- | --- | --- | ${operations.map(() => '---').join(' | ')} |`,
    ...lines,
  ];
}

function spread(rows: readonly Row[], operation: Row['operation']): string {
  const seconds = rows
    .flatMap((row) => (row.operation === operation && row.seconds !== undefined ? [row.seconds] : []))
    .sort((one, other) => one - other);
  const median = seconds[Math.floor((seconds.length - 1) / 2)];
  return median === undefined ? '–' : `${Math.round(median)} / ${Math.round(seconds.at(-1) ?? 0)}`;
}

function renderOperation(rows: readonly Row[], operation: Operation, steps: readonly string[]): string[] {
  const faults = FAULTS.filter(({ name }) => rows.some((row) => row.fault === name));
  const cellOf = (step: string, fault: string): string => {
    const own = rows.filter((row) => row.operation === operation && row.step === step && row.fault === fault);
    if (own.length === 0) return '·';
    const bad = own.find((row) => row.outcome !== 'passed');
    if (bad !== undefined) return `**${bad.outcome}**`;
    return String(Math.round(Math.max(...own.map((row) => row.resumed ?? row.seconds ?? 0))));
  };
  return [
    `${TITLES[operation]}: passed, and seconds from the fault until the operation came to its next boundary, or after the last to its end; the worst where a step was struck more than once; \`·\` was not run.`,
    '',
    `| step | ${faults.map(({ name }) => name).join(' | ')} |`,
    `| --- | ${faults.map(() => '---').join(' | ')} |`,
    ...steps.map((step) => `| ${step} | ${faults.map(({ name }) => cellOf(step, name)).join(' | ')} |`),
  ];
}

function renderRest(rows: readonly Row[]): string[] {
  const own = rows.filter((row) => row.operation === 'rest');
  if (own.length === 0) return [];
  const lines = own.map(
    (row) =>
      `| ${row.fault} | ${row.step} | ${row.life} | ${row.outcome} | ${row.seconds ?? '–'} | ${row.engine} |`,
  );
  return [
    '',
    'Running instances: seconds until entity and health watch were back; no pod, Secret, policy or configuration had changed.',
    '',
    '| fault | step | instance | outcome | seconds | engine |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
  ];
}

function renderProblems(rows: readonly Row[]): string[] {
  const bad = rows.filter((row) => row.problems.length > 0);
  if (bad.length === 0) return [];
  const lines = bad.map(
    (row) => `- ${row.fault}, ${row.operation}, ${row.step} (${row.life}): ${row.problems.join('; ')}`,
  );
  return ['', 'What was wrong:', '', ...lines];
}
