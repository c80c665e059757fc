import { StackError } from '../stack/stack-error';
import { CHANGES_USAGE, RECOVERIES_USAGE, runChangesChaos, runRecoveriesChaos } from './changes-command';
import { CREATE_USAGE, runCreateChaos } from './create-command';
import { FAILOVER_USAGE, runFailoverChaos } from './failover-command';

const USAGE = `${CREATE_USAGE}
${CHANGES_USAGE}
${RECOVERIES_USAGE}
${FAILOVER_USAGE}
FEDSTATE_STACK names the stack (default chaos); one that was not there before is removed at the end.`;

/** `npm run chaos`. Gives the exit code: 1 when a row did not pass. @throws StackError */
export async function runChaosCommand(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'create':
      return runCreateChaos(rest);
    case 'changes':
      return runChangesChaos(rest);
    case 'recoveries':
      return runRecoveriesChaos(rest);
    case 'failover':
      return runFailoverChaos(rest);
    default:
      throw new StackError(USAGE, 2);
  }
}
