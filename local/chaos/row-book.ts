import { appendRows, readRows, type Finding, type Row } from './row';
import { say } from './run-stack';

/** The rows of a run and, when it goes on with one, of that. */
export interface RowBook {
  readonly rows: readonly Row[];
  /** Written down and said at once, so that an interruption loses nothing. */
  readonly keep: (findings: readonly Finding[]) => void;
}

export function openRowBook(
  file: string,
  { seed, commit, resume }: { readonly seed: number; readonly commit: string; readonly resume: boolean },
): RowBook {
  const rows: Row[] = resume ? readRows(file) : [];
  return {
    rows,
    keep(findings) {
      const at = new Date().toISOString();
      const fresh = findings.map((finding) => ({ ...finding, seed, commit, at }));
      rows.push(...fresh);
      appendRows(file, fresh);
      for (const row of fresh) {
        say(
          `${row.outcome.padEnd(11)} ${row.fault.padEnd(12)} ${row.operation} ${row.step}: on after ${row.resumed ?? '–'} s, at the end after ${row.seconds ?? '–'} s ${row.problems.join('; ')}`,
        );
      }
    },
  };
}

/** The last line of a run. Gives the exit code: 1 when a row did not pass. */
export function sayTotals({ rows }: RowBook, seed: number): number {
  const bad = rows.filter((row) => row.outcome !== 'passed').length;
  say(`seed ${seed}: ${rows.length - bad} rows passed, ${bad} did not`);
  return bad === 0 ? 0 : 1;
}
