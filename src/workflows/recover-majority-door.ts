import { ApplicationFailure, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { quick } from './activities';
import { followRequest } from './failover';

export interface RecoverMajorityInput {
  readonly namespace: string;
  readonly name: string;
  /** Who asks, and why the others never come back. */
  readonly by: string;
  readonly why: string;
}

/**
 * A door for `temporal workflow start --type recoverMajority`: asks the instance's own workflow for a plan, and ends with
 * what came of it: the plan that waits for an approval by name, or why there is none.
 */
export async function recoverMajority(input: RecoverMajorityInput): Promise<string> {
  const request = readInput(input);
  const title = `## Recovery of the majority of ${request.namespace}/${request.name}`;
  setCurrentDetails(`${title}\n- ▶️ ask the workflow of the instance for a plan`);
  const operation = await quick.requestRecovery({ ...request, updateId: workflowInfo().workflowId });
  return followRequest(title, operation);
}

/** Typed by hand on a command line. */
function readInput(input: Partial<RecoverMajorityInput> | undefined): RecoverMajorityInput {
  const { namespace, name, by, why } = input ?? {};
  const isSaid = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
  if (isSaid(namespace) && isSaid(name) && isSaid(by) && isSaid(why)) return { namespace, name, by, why };
  throw ApplicationFailure.nonRetryable(
    'Say which, who and why: --input \'{"namespace":"shop","name":"orders","by":"you","why":"both sites burnt down"}\'.',
    'InvalidSpec',
  );
}
