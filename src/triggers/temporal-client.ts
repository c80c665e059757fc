import { WorkflowNotFoundError, type Client } from '@temporalio/client';
import { FedStateError, messageOf } from '../domain/errors';
import type { InstanceRef } from '../domain/instance';
import { instanceWorkflowId, readInstanceWorkflowId } from '../domain/workflow-ids';
import type { instance } from '../workflows/instance';
import type { Poke } from '../workflows/signals';
import { GENERATION, NAME, NAMESPACE } from './search-attributes';

/** An entity workflow that runs, as visibility knows it: up to seconds behind. */
export interface RunningEntity extends InstanceRef {
  /** metadata.generation that it has read last; absent: none yet. */
  readonly generation?: number | undefined;
}

/** The one door of this room to Temporal. Every call ends within seconds. */
export interface EntityClient {
  /**
   * Starts the entity or signals the one that runs; needs no worker. Repeating it does no harm.
   * @throws FedStateError Unreachable, or InvalidSpec when Temporal refuses, with the remedy
   */
  pokeInstance(ref: InstanceRef, poke: Poke): Promise<void>;
  /** To an entity whose custom resource is gone. False when none runs: none is started. */
  tellGone(ref: InstanceRef): Promise<boolean>;
  /** All that run on this task queue, by workflow id. */
  listRunning(): Promise<ReadonlyMap<string, RunningEntity>>;
}

const CALL_MS = 15_000;
const LIST_MS = 120_000;
const WORKFLOW_TYPE = 'instance';
const SIGNAL = 'poke';

/** The only place of this room that starts or signals workflows. */
export function createEntityClient(temporal: Client, taskQueue: string): EntityClient {
  const within = <T>(ms: number, call: () => Promise<T>): Promise<T> =>
    temporal.withDeadline(Date.now() + ms, call);

  return {
    async pokeInstance(ref, poke) {
      const { namespace, name, uid } = ref;
      try {
        await within(CALL_MS, () =>
          temporal.workflow.signalWithStart<typeof instance, [Poke]>(WORKFLOW_TYPE, {
            workflowId: instanceWorkflowId(namespace, name, uid),
            taskQueue,
            args: [{ namespace, name, uid }],
            signal: SIGNAL,
            signalArgs: [poke],
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            typedSearchAttributes: [
              { key: NAMESPACE, value: namespace },
              { key: NAME, value: name },
            ],
            staticSummary: `MongoDB ${namespace}/${name}`,
            staticDetails: `Entity of MultiCloudMongoDB \`${namespace}/${name}\`, uid \`${uid}\`. It alone changes the replica set; each operation is a child workflow.`,
          }),
        );
      } catch (error) {
        throw explain(error, `poke of ${namespace}/${name}`);
      }
    },

    async tellGone(ref) {
      const poke: Poke = { generation: 0, deletionRequested: true };
      try {
        await within(CALL_MS, () =>
          temporal.workflow
            .getHandle(instanceWorkflowId(ref.namespace, ref.name, ref.uid))
            .signal(SIGNAL, poke),
        );
        return true;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false;
        throw explain(error, `poke of ${ref.namespace}/${ref.name}, which is gone`);
      }
    },

    async listRunning() {
      const running = new Map<string, RunningEntity>();
      try {
        await within(LIST_MS, async () => {
          for await (const one of temporal.workflow.list({
            query: `WorkflowType = '${WORKFLOW_TYPE}' AND ExecutionStatus = 'Running' AND TaskQueue = '${taskQueue}'`,
            pageSize: 1000,
          })) {
            const ref = readInstanceWorkflowId(one.workflowId);
            if (ref !== undefined)
              running.set(one.workflowId, { ...ref, generation: one.typedSearchAttributes.get(GENERATION) });
          }
        });
      } catch (error) {
        throw explain(error, 'listing the running entities');
      }
      return running;
    },
  };
}

function explain(error: unknown, action: string): FedStateError {
  const text =
    error instanceof Error && error.cause instanceof Error ? error.cause.message : messageOf(error);
  if (/search attribute/i.test(text)) {
    return new FedStateError(
      'InvalidSpec',
      `Temporal refused the ${action}: ${text}. Register the search attributes: temporal operator search-attribute create --name MongoNamespace --type Keyword, the same for MongoName, and MongoGeneration of type Int.`,
      {},
      { cause: error },
    );
  }
  return new FedStateError('Unreachable', `Temporal failed the ${action}: ${text}`, {}, { cause: error });
}
