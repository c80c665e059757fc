import { join } from 'node:path';
import { appendRows, readRows, rowSchema, type Finding, type Row, type Stamp } from './row';
import { say } from './run-stack';

/** The rows of a run and, when it goes on with one, of that. */
export interface RowBook<F, R> {
  readonly rows: readonly R[];
  /** Written down and said at once, so that an interruption loses nothing. */
  readonly keep: (findings: readonly F[]) => void;
}

/** What a run's rows are: how they are read again, and how one is said. */
export interface RowKind<R> {
  readonly schema: { parse(value: unknown): R };
  readonly describe: (row: R) => string;
}

interface RunFacts {
  readonly seed: number;
  readonly commit: string;
  readonly resume: boolean;
}

/** Rows of a run that makes a table stand beside it, so that it goes on on any machine; others with what is built. */
export const rowFile = (
  home: string,
  section: string,
  { seed, page }: { readonly seed: number; readonly page: boolean },
): string => join(home, ...(page ? ['docs', 'reliability'] : ['dist', 'chaos']), `${section}-${seed}.jsonl`);

export function openBook<F extends object>(
  file: string,
  { schema, describe }: RowKind<F & Stamp>,
  { seed, commit, resume }: RunFacts,
): RowBook<F, F & Stamp> {
  const rows: (F & Stamp)[] = resume ? readRows(file, schema) : [];
  return {
    rows,
    keep(findings) {
      const at = new Date().toISOString();
      const fresh = findings.map((finding) => ({ ...finding, seed, commit, at }));
      rows.push(...fresh);
      appendRows(file, fresh);
      for (const row of fresh) say(describe(row));
    },
  };
}

/** Of strokes at boundaries. */
export const openRowBook = (file: string, facts: RunFacts): RowBook<Finding, Row> =>
  openBook<Finding>(
    file,
    {
      schema: rowSchema,
      describe: (row) =>
        `${row.outcome.padEnd(11)} ${row.fault.padEnd(12)} ${row.operation} ${row.step}: on after ${row.resumed ?? '–'} s, at the end after ${row.seconds ?? '–'} s ${row.problems.join('; ')}`,
    },
    facts,
  );

/** The last line of a run. Gives the exit code: 1 when a row did not pass. */
export function sayTotals(
  { rows }: { readonly rows: readonly { readonly outcome: string }[] },
  seed: number,
) {
  const bad = rows.filter((row) => row.outcome !== 'passed').length;
  say(`seed ${seed}: ${rows.length - bad} rows passed, ${bad} did not`);
  return bad === 0 ? 0 : 1;
}
