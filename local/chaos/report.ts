import { z } from 'zod';

/** What the hook in the worker tells of an activity, before its first effect and after its last. */
export const reportSchema = z.object({
  phase: z.enum(['before', 'after']),
  activity: z.string(),
  /** The same for every attempt. */
  activityId: z.string(),
  /** The kind of a replica-set step, or the stage whose status is told. */
  detail: z.string().optional(),
  workflowId: z.string(),
  instance: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
});
export type Report = z.output<typeof reportSchema>;

/** Environment variable with the driver's socket. */
export const SOCKET_VARIABLE = 'FEDSTATE_CHAOS_SOCKET';
