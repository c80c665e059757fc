import { request } from 'node:http';
import type { Context } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';
import { z } from 'zod';
import type { Report } from './report';

/** Health watches run beside every operation: they are part of none. */
const LEFT_ALONE: ReadonlySet<string> = new Set(['watchInstance', 'pokeInstance']);
const BEAT_MS = 5_000;

const inputSchema = z.looseObject({
  instance: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  step: z.looseObject({ kind: z.string() }).optional(),
  progress: z.looseObject({ step: z.string(), wait: z.unknown().optional() }).optional(),
});

/**
 * Tells the driver of every boundary of an activity and waits for its go-ahead: a fault can be put exactly between an
 * effect and its report to Temporal. With no driver there it holds nothing up.
 */
export function createHook(socketPath: string): ActivityInterceptorsFactory {
  return (context) => ({
    inbound: {
      async execute(input, next) {
        const facts = describeActivity(context, input.args[0]);
        if (facts === undefined) return next(input);
        await awaitGoAhead(socketPath, context, { ...facts, phase: 'before' });
        const result = await next(input);
        await awaitGoAhead(socketPath, context, { ...facts, phase: 'after' });
        return result;
      },
    },
  });
}

function describeActivity(context: Context, argument: unknown): Omit<Report, 'phase'> | undefined {
  const { activityType: activity, activityId, workflowExecution } = context.info;
  const input = inputSchema.safeParse(argument);
  if (LEFT_ALONE.has(activity) || workflowExecution === undefined || !input.success) return undefined;
  const { instance, step, progress } = input.data;
  // That something waits is told when it does, which is a matter of time and not of the course of things.
  if (progress?.wait !== undefined) return undefined;
  const detail = step?.kind ?? progress?.step;
  return {
    activity,
    activityId,
    workflowId: workflowExecution.workflowId,
    instance,
    ...(detail === undefined ? {} : { detail }),
  };
}

/** Resolves when the driver answers, when it is not there, or when the activity is cancelled. */
async function awaitGoAhead(socketPath: string, context: Context, report: Report): Promise<void> {
  const beat =
    context.info.heartbeatTimeoutMs === undefined
      ? undefined
      : setInterval(() => context.heartbeat('held'), BEAT_MS);
  try {
    await new Promise<void>((resolve) => {
      const call = request(
        { socketPath, method: 'POST', path: '/', signal: context.cancellationSignal },
        (response) => {
          response.resume();
          response.once('close', resolve);
        },
      );
      call.once('error', () => resolve());
      call.end(JSON.stringify(report));
    });
  } finally {
    clearInterval(beat);
  }
}
