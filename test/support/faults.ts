import type { Fault } from '../../local/faults/fault';
import { openFaultKit } from '../../local/faults/fault-kit';
import { parseFault } from '../../local/faults/parse-fault';
import type { StackLayout } from '../../local/stack/layout';
import { closeEnvironment, missingEnvironment, readEnvironment, type Environment } from './environment';

const NOT_OURS = "the clusters are somebody else's: none of them is cut off, stopped or unregistered";

/** Why no fault can be caused here, or undefined. */
export function missingFaults(): string | undefined {
  const missing = missingEnvironment();
  if (missing !== undefined) return missing;
  const environment = readEnvironment();
  closeEnvironment(environment);
  return environment.stack === undefined || environment.stack.attached ? NOT_OURS : undefined;
}

function needStack({ stack }: Environment): StackLayout {
  if (stack === undefined) throw new Error(NOT_OURS);
  return stack;
}

/** One fault of the local stack: `cut north`, `stop west-apiserver`, `part east west`. */
export async function cause(
  environment: Environment,
  verb: Fault['verb'],
  ...targets: readonly string[]
): Promise<void> {
  const kit = openFaultKit(needStack(environment));
  await kit.cause(parseFault([verb, ...targets], kit.known));
}

/** Takes back what is in force; of that site, process or member alone when one is named. */
export async function heal(environment: Environment, target?: string): Promise<void> {
  await openFaultKit(needStack(environment)).healAll(target);
}
