import { delimiter, dirname } from 'node:path';
import { obtainPrograms } from '../programs/obtain';
import { temporalServerPath } from '../programs/temporal';
import { resetStack } from '../stack/down';
import { packageFolder } from '../stack/package-folder';
import { StackError } from '../stack/stack-error';
import { readBaseFolder } from '../stack/stack-registry';
import { bringUp } from '../stack/up';
import { environmentFile, runSuite, type Stage } from './suite';

/** A stack of the suite's own, beside the demo's. */
const STACK = 'test';

/** `npm test`: programs first, then every check. Gives the exit code. */
export async function runTestCommand(): Promise<number> {
  const say = (line: string): void => {
    process.stdout.write(`${line}\n`);
  };
  const home = packageFolder();
  const programs = await obtainPrograms({ packageFolder: home, tell: say });
  // Suites look these up by environment, as a person's machine might have them elsewhere.
  process.env['FEDSTATE_BIN'] = [...new Set(Object.values(programs).map((path) => dirname(path)))].join(
    delimiter,
  );
  process.env['FEDSTATE_TEMPORAL'] = await temporalServerPath();
  return runSuite({ home, openStage: () => openStage(say), say });
}

async function openStage(say: (line: string) => void): Promise<Stage> {
  const base = readBaseFolder(process.env);
  try {
    const layout = await bringUp({ base, name: STACK, members: undefined, withRoles: true, tell: say });
    return {
      available: true,
      environmentFile: environmentFile(layout.root),
      close: async () => {
        await resetStack(base, STACK);
      },
    };
  } catch (error) {
    // Code 3: this machine cannot; anything else is a fault that must be seen.
    if (error instanceof StackError && error.exitCode === 3)
      return { available: false, reason: error.message };
    throw error;
  }
}
