import { describeRun } from './reliability-page';
import type { Scenario } from './scenario';
import type { TrialRow } from './trial-row';

export interface TrialFacts {
  readonly seed: number;
  /** Runs that were planned. */
  readonly planned: number;
  /** All there are, in the order of the table. */
  readonly scenarios: readonly Scenario[];
}

/** How a table of many columns is written. */
const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const COLUMNS = [
  ...['scenario', 'fault', 'expected', 'actual', 'write outage s', 'redundancy restored s'],
  ...['data check', 'engine'],
];

/** Every run a row, the spread of the outages before them. */
export function renderTrials(rows: readonly TrialRow[], { seed, planned, scenarios }: TrialFacts): string {
  const passed = rows.filter(({ outcome }) => outcome === 'passed').length;
  const order = scenarios.map(({ name }) => name);
  const sorted = [...rows].sort((one, other) => order.indexOf(one.scenario) - order.indexOf(other.scenario));
  const missing = order.filter((name) => !rows.some(({ scenario }) => scenario === name));
  return [
    `${describeRun(rows, seed)} ${rows.length} of ${planned} runs, ${passed} passed. ${sayOutages(rows, scenarios)}`,
    '',
    line(COLUMNS),
    line(COLUMNS.map(() => '---')),
    ...sorted.map((row) => line(cellsOf(row, scenarios))),
    ...(missing.length === 0 ? [] : ['', `Not run: ${missing.join(', ')}.`]),
  ].join('\n');
}

/** Over the runs in which a cluster was lost, and the others were a majority. */
function sayOutages(rows: readonly TrialRow[], scenarios: readonly Scenario[]): string {
  const losses = new Set(
    scenarios
      .filter(({ failovers: [fewest], outageSeconds }) => fewest > 0 && outageSeconds !== undefined)
      .map(({ name }) => name),
  );
  const outages = rows
    .flatMap(({ scenario, outageMs }) => (losses.has(scenario) && outageMs !== undefined ? [outageMs] : []))
    .sort((one, other) => one - other);
  const p95 = outages[Math.ceil(outages.length * 0.95) - 1];
  return p95 === undefined
    ? ''
    : `Longest write outage with a cluster lost, p95 of ${outages.length} runs: ${(p95 / 1000).toFixed(1)} s.`;
}

function cellsOf(row: TrialRow, scenarios: readonly Scenario[]): readonly string[] {
  const says = scenarios.find(({ name }) => name === row.scenario)?.says ?? '';
  const problems = row.problems.length === 0 ? '' : ` **${row.problems.join('; ')}**`;
  const check = `${row.lost} of ${row.acknowledged} lost`;
  return [
    `\`${row.life}\``,
    `${says} (${row.struck})`,
    row.expected,
    `${row.actual}${problems}`,
    row.outageMs === undefined ? '–' : (row.outageMs / 1000).toFixed(1),
    sayRestored(row),
    row.lost === 0 ? check : `**${check}**`,
    row.engine,
  ].map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' '));
}

function sayRestored({ restoredSeconds }: TrialRow): string {
  if (restoredSeconds === undefined) return '–';
  return restoredSeconds === 0 ? 'never lost' : String(Math.round(restoredSeconds));
}
