import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createErrorInterceptor } from '../../src/activities/error-interceptor';
import { createHeartbeatInterceptor } from '../../src/activities/heartbeat-interceptor';
import { HEALTH_TASK_QUEUE } from '../../src/domain/task-queues';
import type { FakeActivities } from './world';

// Before the first worker: failures speak through assertions, not through a log.
Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: 'ERROR', forward: {} } },
});

export interface TestWorker {
  readonly client: Client;
  readonly taskQueue: string;
}

export interface TestWorkerOptions {
  readonly activities: FakeActivities;
  readonly taskQueue: string;
  /** Also serves the one queue of health watches: at most one suite at a time may. */
  readonly watchesHealth?: boolean;
}

// The default names the machine, which a recorded history must not.
const IDENTITY = 'fedstate-test';

/** Required part of the environment that the global set-up has filled. */
export function fromSetup(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: did the global set-up run?`);
  return value;
}

/**
 * Runs `body` with a worker of its own task queue on the shared development server. Every workflow that `body` leaves
 * open on this queue is terminated, so that no pending call meets a closed connection.
 */
export async function withWorker(
  { activities, taskQueue, watchesHealth = false }: TestWorkerOptions,
  body: (worker: TestWorker) => Promise<void>,
): Promise<void> {
  const address = fromSetup('TEMPORAL_TEST_ADDRESS');
  const native = await NativeConnection.connect({ address });
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, identity: IDENTITY });
  const cached = process.env['MAX_CACHED_WORKFLOWS'];
  const shared = {
    connection: native,
    identity: IDENTITY,
    activities,
    interceptors: {
      activity: [
        () => ({ inbound: createHeartbeatInterceptor() }),
        () => ({ inbound: createErrorInterceptor() }),
      ],
    },
    // A cancelled activity hears of it with its next heartbeat that is really sent.
    maxHeartbeatThrottleInterval: 100,
  };
  const worker = await Worker.create({
    ...shared,
    taskQueue,
    workflowBundle: { codePath: fromSetup('TEMPORAL_TEST_BUNDLE') },
    ...(cached === undefined ? {} : { maxCachedWorkflows: Number(cached) }),
  });
  const watcher = watchesHealth
    ? await Worker.create({ ...shared, taskQueue: HEALTH_TASK_QUEUE })
    : undefined;
  const runBody = async (): Promise<void> => {
    await body({ client, taskQueue });
    for await (const open of client.workflow.list({
      query: `TaskQueue='${taskQueue}' AND ExecutionStatus='Running'`,
    })) {
      try {
        await client.workflow.getHandle(open.workflowId).terminate('test ended');
      } catch (error) {
        // The list is a little behind, and the end of an entity ends its operation too.
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      }
    }
  };
  try {
    await worker.runUntil(() => (watcher === undefined ? runBody() : watcher.runUntil(runBody)));
  } finally {
    await connection.close();
    await native.close();
  }
}
