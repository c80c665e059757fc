import { runChaosCommand } from './chaos/chaos-command';
import { runDemoCommand } from './demo/demo-command';
import { runLocalCommand } from './stack/local-command';
import { runSoakCommand } from './suite/soak-command';
import { runTestCommand } from './suite/test-command';
import { StackError } from './stack/stack-error';

/** `main.js local COMMAND …`, as local/bootstrap.mjs starts it. */
async function main(): Promise<void> {
  const [area, ...rest] = process.argv.slice(2);
  switch (area) {
    case 'local':
      await runLocalCommand(rest);
      break;
    case 'demo':
      await runDemoCommand(rest);
      break;
    case 'test':
      process.exitCode = await runTestCommand(rest);
      break;
    case 'soak':
      process.exitCode = await runSoakCommand(rest);
      break;
    case 'chaos':
      process.exitCode = await runChaosCommand(rest);
      break;
    default:
      throw new StackError(
        `Unknown part "${area ?? ''}": use npm run local, demo, chaos, soak or npm test.`,
        2,
      );
  }
}

main().catch((error: unknown) => {
  const told = asStackError(error);
  process.stderr.write(`${told?.message ?? String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = told?.exitCode ?? 1;
});

/** Errors that a person can act on; anything else is a fault of ours and is shown with its stack. */
function asStackError(error: unknown): StackError | undefined {
  if (error instanceof StackError) return error;
  const isBadOption =
    error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  return isBadOption ? new StackError(error.message, 2) : undefined;
}
