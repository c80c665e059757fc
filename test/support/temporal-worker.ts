import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';

// Before the first worker: failures speak through assertions, not through a log.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});

export interface TestWorker {
  readonly client: Client;
  readonly taskQueue: string;
}

/** Required part of the environment that the global set-up has filled. */
function fromSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: did the global set-up run?`);
  return value;
}

/**
 * Runs `body` with a worker of its own task queue on the shared development server. Every workflow that `body` leaves
 * open on this queue is terminated, so that no pending call meets a closed connection.
 */
export async function withWorker(
  activities: Record<string, (input: never) => Promise<unknown>>,
  taskQueue: string,
  body: (worker: TestWorker) => Promise<void>,
): Promise<void> {
  const address = fromSetup('TEMPORAL_TEST_ADDRESS');
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const cached = process.env['MAX_CACHED_WORKFLOWS'];
  const worker = await Worker.create({
    connection: native,
    taskQueue,
    activities,
    workflowBundle: { codePath: fromSetup('TEMPORAL_TEST_BUNDLE') },
    ...(cached === undefined ? {} : { maxCachedWorkflows: Number(cached) }),
  });
  try {
    await worker.runUntil(async () => {
      await body({ client, taskQueue });
      for await (const open of client.workflow.list({
        query: `TaskQueue='${taskQueue}' AND ExecutionStatus='Running'`,
      })) {
        await endWorkflow(client, open.workflowId);
      }
    });
  } finally {
    await connection.close();
    await native.close();
  }
}

/** The list lags behind: what it calls running may have ended by itself. */
async function endWorkflow(client: Client, workflowId: string): Promise<void> {
  try {
    await client.workflow.getHandle(workflowId).terminate('test ended');
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}
