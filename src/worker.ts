import {
  Worker,
  type ActivityInterceptorsFactory,
  type NativeConnection,
  type WorkerOptions,
} from '@temporalio/worker';
import type { ActivityContext } from './activities/context';
import { createErrorInterceptor } from './activities/error-interceptor';
import { createHeartbeatInterceptor } from './activities/heartbeat-interceptor';
import { createActivities } from './activities/registry';
import { HEALTH_TASK_QUEUE, TASK_QUEUE } from './domain/task-queues';

export interface WorkerFacts {
  readonly connection: NativeConnection;
  readonly namespace: string;
  readonly context: ActivityContext;
  /** Path of the bundle made ahead; absent: workflows are bundled at start. */
  readonly workflowBundle?: string | undefined;
  readonly maxCachedWorkflows?: number | undefined;
  readonly maxHealthWatches: number;
  /** Around every activity and its error, the first outermost. */
  readonly activityInterceptors?: readonly ActivityInterceptorsFactory[] | undefined;
}

export interface RunningWorkers {
  /** Rejects when a worker fails; resolves after stop. */
  readonly finished: Promise<void>;
  stop(): Promise<void>;
}

/** The two workers of one process: one for workflows and work, one for health watches. */
export async function startWorkers(facts: WorkerFacts): Promise<RunningWorkers> {
  const shared = {
    connection: facts.connection,
    namespace: facts.namespace,
    activities: createActivities(facts.context),
    interceptors: {
      activity: [
        () => ({ inbound: createHeartbeatInterceptor() }),
        ...(facts.activityInterceptors ?? []),
        () => ({ inbound: createErrorInterceptor() }),
      ],
    },
    shutdownGraceTime: '20 seconds',
  } satisfies Partial<WorkerOptions>;
  const work = await Worker.create({
    ...shared,
    taskQueue: TASK_QUEUE,
    // A cancellation comes with the answer to a heartbeat, which the SDK else keeps back for up to 48 s.
    maxHeartbeatThrottleInterval: '5 seconds',
    ...(facts.workflowBundle === undefined
      ? { workflowsPath: require.resolve('./workflows') }
      : { workflowBundle: { codePath: facts.workflowBundle } }),
    ...(facts.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: facts.maxCachedWorkflows }),
  });
  const health = await Worker.create({
    ...shared,
    taskQueue: HEALTH_TASK_QUEUE,
    maxConcurrentActivityTaskExecutions: facts.maxHealthWatches,
  });
  const workers = [work, health];
  const finished = Promise.all(workers.map((worker) => worker.run())).then(() => undefined);
  return {
    finished,
    stop: async () => {
      for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown();
      await finished;
    },
  };
}
