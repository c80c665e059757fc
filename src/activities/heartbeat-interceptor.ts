import { activityInfo, heartbeat } from '@temporalio/activity';
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, Next } from '@temporalio/worker';
import { QUICK_HEARTBEAT_MS } from '../domain/timeouts';

/** Gives the signs of life of small activities, so that the loss of their worker costs seconds and not their whole timeout. */
export function createHeartbeatInterceptor(): ActivityInboundCallsInterceptor {
  return {
    async execute(
      input: ActivityExecuteInput,
      next: Next<ActivityInboundCallsInterceptor, 'execute'>,
    ): Promise<unknown> {
      if (activityInfo().heartbeatTimeoutMs !== QUICK_HEARTBEAT_MS) return next(input);
      const timer = setInterval(() => heartbeat(), QUICK_HEARTBEAT_MS / 5);
      try {
        return await next(input);
      } finally {
        clearInterval(timer);
      }
    },
  };
}
