import { z } from 'zod';

/** What the supervisor keeps running. */
export const processSpecSchema = z.object({
  /** Unique in the stack, e.g. `east-apiserver`; names the log file too. */
  name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/),
  command: z.array(z.string()).min(1),
  env: z.record(z.string(), z.string()).default({}),
  cwd: z.string().optional(),
  /** Changes when files that it reads at its start have changed, so that it is started anew. */
  revision: z.string().optional(),
  /** Network namespace it lives in. */
  netns: z.string().optional(),
  /** Processes of a higher stage are stopped before those of a lower one. */
  stage: z.number().int(),
  /** Seconds between SIGTERM and SIGKILL. */
  graceSeconds: z.number().default(5),
});
export type ProcessSpec = z.output<typeof processSpecSchema>;
/** A spec as it is written down: what has a default may be left out. */
export type ProcessRequest = z.input<typeof processSpecSchema>;

/** Stages, in the order in which things start. */
export const STAGE = { store: 0, server: 1, runtime: 2, node: 3, federation: 4, role: 5 } as const;

/** One supervised process as it is recorded. */
export const processRecordSchema = z.object({
  spec: processSpecSchema,
  wanted: z.enum(['running', 'stopped']),
  pid: z.number().optional(),
  startTicks: z.number().optional(),
  /** ISO time of the last start. */
  startedAt: z.string().optional(),
  restarts: z.number().int(),
  lastExit: z.string().optional(),
});
export type ProcessRecord = z.output<typeof processRecordSchema>;

export const processTableSchema = z.object({ processes: z.array(processRecordSchema) });
