import { z } from 'zod';
import { processRecordSchema, processSpecSchema } from './process-spec';

/** What the command line asks of the supervisor: one JSON body posted to its Unix socket, one JSON answer. */
export const supervisorRequestSchema = z.discriminatedUnion('verb', [
  z.object({ verb: z.literal('list') }),
  z.object({ verb: z.literal('ensure'), spec: processSpecSchema }),
  z.object({ verb: z.literal('start'), name: z.string() }),
  z.object({ verb: z.literal('stop'), name: z.string() }),
  z.object({ verb: z.literal('remove'), name: z.string() }),
  z.object({
    verb: z.literal('signal'),
    name: z.string(),
    signal: z.enum(['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGCONT', 'SIGHUP']),
  }),
  z.object({ verb: z.literal('leave') }),
]);
export type SupervisorRequest = z.input<typeof supervisorRequestSchema>;

export const supervisorAnswerSchema = z.object({
  error: z.string().optional(),
  processes: z.array(processRecordSchema).optional(),
  done: z.boolean().optional(),
});
export type SupervisorAnswer = z.output<typeof supervisorAnswerSchema>;
