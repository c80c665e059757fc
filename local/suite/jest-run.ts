import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** Numbers of one Jest run. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const reportSchema = z.looseObject({
  numPassedTests: z.number(),
  numFailedTests: z.number(),
  numPendingTests: z.number(),
  numTodoTests: z.number().default(0),
  numRuntimeErrorTestSuites: z.number().default(0),
});

export const addTallies = (a: Tally, b: Tally): Tally => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/**
 * Runs Jest for some projects, or for the files below `paths` in them, with its output shown; a suite that could not even
 * start counts as a failure.
 */
export async function runJest(
  home: string,
  projects: readonly string[],
  env: Readonly<Record<string, string>>,
  how: 'side by side' | 'one by one' = 'side by side',
  paths: readonly string[] = [],
): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'fedstate-jest-'));
  const report = join(folder, 'report.json');
  try {
    const code = await runShown(
      process.execPath,
      [
        join(home, 'node_modules', 'jest', 'bin', 'jest.js'),
        '--selectProjects',
        ...projects,
        '--json',
        `--outputFile=${report}`,
        '--passWithNoTests=false',
        ...(how === 'one by one' ? ['--runInBand'] : []),
        ...paths,
      ],
      home,
      env,
      // Its report goes to the file; what it prints for people is on standard error.
      'ignore',
    );
    return readTally(report, code);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws when Jest left no report: then it did not run at all */
function readTally(report: string, code: number): Tally {
  const parsed = reportSchema.parse(JSON.parse(readFileSync(report, 'utf8')));
  const failed = parsed.numFailedTests + parsed.numRuntimeErrorTestSuites;
  return {
    passed: parsed.numPassedTests,
    // Jest also ends with another code for, say, a failed tear-down: never call that a pass.
    failed: failed === 0 && code !== 0 ? 1 : failed,
    skipped: parsed.numPendingTests + parsed.numTodoTests,
  };
}

/** Runs a program with its errors, and its output unless `output` is `ignore`, on ours, and gives its exit code. */
export function runShown(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
  output: 'inherit' | 'ignore' = 'inherit',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...args], {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', output, 'inherit'],
    });
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
