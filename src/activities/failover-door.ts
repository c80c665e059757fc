import { heartbeat, sleep } from '@temporalio/activity';
import {
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
  type WorkflowHandle,
} from '@temporalio/client';
import { multiCloudMongoDBSchema } from '../api/multicloudmongodb';
import { FedStateError, messageOf } from '../domain/errors';
import type { InstanceRef } from '../domain/instance';
import type { OperationEnd, OperationOutcome } from '../domain/operation';
import { instanceWorkflowId } from '../domain/workflow-ids';
import { refOf, type ActivityContext } from './context';
import { withHeartbeat } from './heartbeat';

export interface FailoverRequest {
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  readonly by: string;
  readonly why?: string | undefined;
  /** The same for each attempt: an Update that was taken is not taken twice. */
  readonly updateId: string;
}

export interface RecoveryRequest {
  readonly namespace: string;
  readonly name: string;
  readonly by: string;
  readonly why: string;
  readonly updateId: string;
}

export interface RequestedOperation {
  readonly instance: InstanceRef;
  readonly workflowId: string;
}

const POLL_MS = 1_000;
/** Until it starts another operation may have to end, at its next safe point. */
const START_MS = 600_000;

export function createFailoverDoorActivities(context: ActivityContext, startMs = START_MS) {
  return {
    /** Hands the request to the instance's entity. @throws InvalidSpec when there is no such instance, or it refuses */
    requestFailover: ({ cluster, by, why, ...asked }: FailoverRequest): Promise<RequestedOperation> =>
      askEntity(context, 'failover', { cluster, by, ...(why === undefined ? {} : { why }) }, asked),

    /** Asks it for a plan to recover a lost majority. @throws InvalidSpec likewise */
    requestRecovery: ({ by, why, ...asked }: RecoveryRequest): Promise<RequestedOperation> =>
      askEntity(context, 'recoverMajority', { by, why }, asked),

    /** Ends with the operation's last run. @throws InvalidSpec with what it says when it fails or never starts */
    async followOperation({ workflowId }: RequestedOperation): Promise<OperationEnd> {
      const handle = context.temporal.workflow.getHandle<() => Promise<OperationOutcome>>(workflowId);
      let runId = await awaitRun(handle, undefined);
      try {
        for (;;) {
          const outcome = await withHeartbeat(workflowId, () => handle.result());
          if (outcome.outcome !== 'handedOn') return outcome;
          runId = await awaitRun(handle, runId);
        }
      } catch (error) {
        if (!(error instanceof WorkflowFailedError)) throw error;
        throw new FedStateError('InvalidSpec', rootMessage(error));
      }
    },
  };

  /** A run that is not `before`, which another operation may have taken the place of. */
  async function awaitRun(handle: WorkflowHandle, before: string | undefined): Promise<string> {
    const { workflowId } = handle;
    const deadline = Date.now() + startMs;
    for (;;) {
      heartbeat(`until ${workflowId} ${before === undefined ? 'starts' : 'goes on'}`);
      try {
        const { runId } = await handle.describe();
        if (runId !== before) return runId;
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
      if (Date.now() > deadline)
        throw new FedStateError(
          'InvalidSpec',
          `${workflowId} did not ${before === undefined ? 'start' : 'go on'}: see the workflow of the instance.`,
        );
      await sleep(POLL_MS);
    }
  }
}

async function askEntity(
  context: ActivityContext,
  update: string,
  args: object,
  { namespace, name, updateId }: Pick<FailoverRequest, 'namespace' | 'name' | 'updateId'>,
): Promise<RequestedOperation> {
  const cr = await context.karmada.get(refOf({ namespace, name }), multiCloudMongoDBSchema);
  if (cr === undefined)
    throw new FedStateError('InvalidSpec', `There is no MultiCloudMongoDB ${namespace}/${name}.`);
  const instance = { namespace, name, uid: cr.metadata.uid };
  const entity = context.temporal.workflow.getHandle(instanceWorkflowId(namespace, name, instance.uid));
  try {
    const workflowId = await entity.executeUpdate<string, [object]>(update, {
      args: [args],
      updateId,
    });
    return { instance, workflowId };
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError)
      throw new FedStateError('InvalidSpec', messageOf(error.cause ?? error));
    if (error instanceof WorkflowNotFoundError)
      throw new FedStateError(
        'InvalidSpec',
        `No workflow runs for MultiCloudMongoDB ${namespace}/${name}: is the controller running?`,
      );
    throw error;
  }
}

function rootMessage(error: Error): string {
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}
