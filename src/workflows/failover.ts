import { ApplicationFailure, proxyActivities, setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import type { RequestedOperation } from '../activities/failover-door';
import type { Activities } from '../activities/registry';
import { quick } from './activities';

export interface FailoverInput {
  readonly namespace: string;
  readonly name: string;
  /** That is lost. */
  readonly cluster: string;
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

/** As long as the members' initial sync may take. */
const { followOperation } = proxyActivities<Activities>({
  startToCloseTimeout: '7 days',
  heartbeatTimeout: '30 seconds',
  retry: { initialInterval: '1 second', maximumInterval: '30 seconds' },
});

/**
 * A door for `temporal workflow start --type failover`: hands the request to the instance's own workflow, which alone
 * may change the set, and ends as the operation ends, a refusal included.
 */
export async function failover(input: FailoverInput): Promise<string> {
  const { namespace, name, cluster } = readInput(input);
  const title = `## Failover of ${namespace}/${name} from ${cluster}`;
  const { workflowId } = workflowInfo();
  setCurrentDetails(`${title}\n- ▶️ hand it to the workflow of the instance`);
  const operation = await quick.requestFailover({
    namespace,
    name,
    cluster,
    by: input.by ?? `whoever started ${workflowId}`,
    why: input.why,
    updateId: workflowId,
  });
  return followRequest(title, operation);
}

/** Ends as the operation ends, a refusal included. */
export async function followRequest(title: string, operation: RequestedOperation): Promise<string> {
  setCurrentDetails(`${title}\n- ▶️ followed until it ends: \`${operation.workflowId}\``);
  const outcome = await followOperation(operation);
  const said = outcome.outcome === 'suspended' ? outcome.suspension.wait.message : outcome.message;
  const result = `${outcome.outcome}: ${said}`;
  setCurrentDetails(`${title}\n- \`${operation.workflowId}\` ${result}`);
  if (outcome.outcome !== 'succeeded' && outcome.outcome !== 'suspended')
    throw ApplicationFailure.nonRetryable(result, 'Refused');
  return result;
}

/** Typed by hand on a command line. */
function readInput(input: Partial<FailoverInput> | undefined): FailoverInput {
  const { namespace, name, cluster } = input ?? {};
  const isName = (value: unknown): value is string => typeof value === 'string' && value !== '';
  if (isName(namespace) && isName(name) && isName(cluster)) return { namespace, name, cluster };
  throw ApplicationFailure.nonRetryable(
    'Say which: --input \'{"namespace":"shop","name":"orders","cluster":"east"}\'.',
    'InvalidSpec',
  );
}
