import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../activities/registry';
import { HEALTH_TASK_QUEUE } from '../domain/task-queues';
import { QUICK_HEARTBEAT_MS } from '../domain/timeouts';

// Whatever follows a cancelled operation must find nothing of it still writing.
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;
const retry = { initialInterval: '1 second', backoffCoefficient: 2, maximumInterval: '30 seconds' } as const;

/** Reads and small writes: seconds. The worker heartbeats for them. */
export const quick = proxyActivities<Activities>({
  startToCloseTimeout: '60 seconds',
  heartbeatTimeout: QUICK_HEARTBEAT_MS,
  cancellationType,
  retry,
});

/** Sequences of writes over several clusters, with heartbeats. */
export const sequence = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30 seconds',
  cancellationType,
  retry,
});

/** Replica-set commands: never two at a time. */
export const command = proxyActivities<Activities>({
  startToCloseTimeout: '10 minutes',
  heartbeatTimeout: '30 seconds',
  cancellationType,
  retry: { ...retry, maximumAttempts: 10 },
});

/** Waits without end for a change of health: on a queue of its own, so that it never takes a slot from work. */
export const watch = proxyActivities<Activities>({
  taskQueue: HEALTH_TASK_QUEUE,
  startToCloseTimeout: '30 days',
  heartbeatTimeout: '30 seconds',
  retry,
});
