import { runDemoCommand } from './demo/demo-command';
import { runLocalCommand } from './stack/local-command';
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
      process.exitCode = await runTestCommand();
      break;
    default:
      throw new StackError(`Unknown part "${area ?? ''}": use npm run local, npm run demo or npm test.`, 2);
  }
}

main().catch((error: unknown) => {
  const isTold = error instanceof StackError;
  process.stderr.write(`${isTold ? error.message : String(error instanceof Error ? error.stack : error)}\n`);
  process.exitCode = isTold ? error.exitCode : 1;
});
