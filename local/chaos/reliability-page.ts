import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../stack/command';
import { writeFileAtomically } from '../stack/json-file';
import { FAULTS } from './faults';
import type { Row } from './row';
import { DATABASE_FAULT } from './temporal-loss';

const BEGIN = '<!-- chaos create: written by npm run chaos -- create -->';
const END = '<!-- /chaos create -->';

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

/** Puts the result in the place of the last one in docs/reliability.md. */
export async function writeReliabilityPage(
  home: string,
  rows: readonly Row[],
  facts: RunFacts,
): Promise<string> {
  const file = join(home, 'docs', 'reliability.md');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : `# Reliability\n\n${BEGIN}\n${END}\n`;
  const [head = '', rest = ''] = text.split(BEGIN);
  const [, tail = ''] = rest.split(END);
  writeFileAtomically(file, `${head}${BEGIN}\n\n${renderResult(rows, facts)}\n\n${END}${tail}`);
  await runCommand(process.execPath, [
    join(home, 'node_modules', 'prettier', 'bin', 'prettier.cjs'),
    '--write',
    '--log-level=warn',
    file,
  ]);
  return file;
}

export function renderResult(rows: readonly Row[], facts: RunFacts): string {
  const commits = [...new Set(rows.map((row) => row.commit))];
  const days = [...new Set(rows.map((row) => row.at.slice(0, 10)))];
  const engines = [...new Set(rows.map((row) => row.engine).filter((engine) => engine !== ''))];
  return [
    `Commit ${commits.join(', ')}; ${days.join(', ')}; ${cpus().length} cores; seed ${facts.seed}; engine ${engines.join(', ')}. ` +
      `${facts.lived} of ${facts.planned} lives, ${facts.together} side by side, each struck up to ${facts.strokes} times in each operation.`,
    '',
    ...renderSummary(rows),
    '',
    ...renderOperation(rows, 'create', facts.steps.create),
    '',
    ...renderOperation(rows, 'delete', facts.steps.delete),
    ...renderRest(rows),
    ...renderProblems(rows),
  ].join('\n');
}

const faultsOf = (): readonly { readonly name: string; readonly says: string }[] => [
  ...FAULTS,
  DATABASE_FAULT,
];

function renderSummary(rows: readonly Row[]): string[] {
  const lines = faultsOf().flatMap(({ name, says }) => {
    const own = rows.filter((row) => row.fault === name);
    if (own.length === 0) return [];
    const count = (outcome: Row['outcome']): number => own.filter((row) => row.outcome === outcome).length;
    return [
      `| \`${name}\` | ${says} | ${count('passed')} | ${count('failed')} | ${count('not reached')} | ${spread(own, 'create')} | ${spread(own, 'delete')} |`,
    ];
  });
  return [
    '| fault | what it is | passed | failed | not reached | last fault to `Health`, median / worst s | last fault to nothing left, median / worst s |',
    '| --- | --- | --- | --- | --- | --- | --- |',
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

function renderOperation(
  rows: readonly Row[],
  operation: 'create' | 'delete',
  steps: readonly string[],
): string[] {
  const faults = FAULTS.filter(({ name }) => rows.some((row) => row.fault === name));
  const cellOf = (step: string, fault: string): string => {
    const own = rows.filter((row) => row.operation === operation && row.step === step && row.fault === fault);
    if (own.length === 0) return '·';
    const bad = own.find((row) => row.outcome !== 'passed');
    if (bad !== undefined) return `**${bad.outcome}**`;
    return String(Math.round(Math.max(...own.map((row) => row.resumed ?? row.seconds ?? 0))));
  };
  return [
    `${operation === 'create' ? 'Creation' : 'Removal'}: passed, and seconds from the fault until the operation came to its next boundary, or after the last to its end; the worst where a step was struck more than once; \`·\` was not run.`,
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
