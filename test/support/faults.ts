import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { missingEnvironment, readEnvironment, type Environment } from './environment';

const run = promisify(execFile);

/** Why no fault can be caused here, or undefined. */
export function missingFaults(): string | undefined {
  return (
    missingEnvironment() ??
    (readEnvironment().faultCommand === undefined
      ? "the clusters are somebody else's: none of them is cut off, stopped or unregistered"
      : undefined)
  );
}

/** One fault of the local stack, or its end: `cut north`, `stop west-apiserver`. */
export async function cause(environment: Environment, fault: string, target: string): Promise<void> {
  const [command = '', ...args] = environment.faultCommand ?? [];
  await run(command, [...args, fault, target]);
}
