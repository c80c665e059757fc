import { heartbeat, sleep } from '@temporalio/activity';
import { operationNumber, operationPrefix } from '../domain/workflow-ids';
import type { ActivityContext, InstanceInput } from './context';

const POLL_MS = 1_000;

export function createOpenOperationActivities(context: ActivityContext) {
  return {
    /**
     * For an entity that knows of no past: until no operation of one that was terminated runs any more, so that two never
     * change an instance (S2). @returns the highest number that one had; 0: there was none
     */
    async awaitOperations({ instance }: InstanceInput): Promise<number> {
      const prefix = operationPrefix(instance);
      for (;;) {
        let highest = 0;
        const open: string[] = [];
        const query = `WorkflowId STARTS_WITH '${prefix}'`;
        for await (const { workflowId, status } of context.temporal.workflow.list({ query })) {
          highest = Math.max(highest, operationNumber(workflowId, prefix));
          if (status.name === 'RUNNING') open.push(workflowId);
        }
        if (open.length === 0) return highest;
        heartbeat(`until ${open.join(', ')} end`);
        await sleep(POLL_MS);
      }
    },
  };
}
