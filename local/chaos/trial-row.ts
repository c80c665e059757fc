import { z } from 'zod';
import { stampSchema, type Stamp } from './row';

/** One line of the result: a scenario that was lived through once, and what came of it. */
export const trialRowSchema = stampSchema.extend({
  /** Name of the scenario. */
  scenario: z.string(),
  /** Unique in a run. */
  life: z.string(),
  outcome: z.enum(['passed', 'failed']),
  /** What was struck, e.g. the cluster that was lost. */
  struck: z.string(),
  expected: z.string(),
  actual: z.string(),
  problems: z.array(z.string()),
  /** Longest time between two acknowledged writes of any writer, from the fault to the end. */
  outageMs: z.number().optional(),
  /** From the fault until three voters served again; 0: they always did; absent: not seen. */
  restoredSeconds: z.number().optional(),
  acknowledged: z.number(),
  lost: z.number(),
  engine: z.string(),
});
export type TrialRow = z.output<typeof trialRowSchema>;

/** What a row says beyond the run. */
export type TrialFinding = Omit<TrialRow, keyof Stamp>;
