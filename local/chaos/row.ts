import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { CHANGES, RECOVERIES } from './boundary';

/** Of which run a row is. */
export const stampSchema = z.object({
  seed: z.number(),
  commit: z.string(),
  /** ISO time. */
  at: z.string(),
});
export type Stamp = z.output<typeof stampSchema>;

/** One line of the result: a fault at a boundary, and what came of it. */
export const rowSchema = stampSchema.extend({
  fault: z.string(),
  operation: z.enum(['create', 'delete', 'rest', ...CHANGES, ...RECOVERIES]),
  /** Name of the boundary. */
  step: z.string(),
  outcome: z.enum(['passed', 'failed', 'not reached']),
  problems: z.array(z.string()),
  /** From the fault until the operation came to its next boundary; absent: there was none. */
  resumed: z.number().optional(),
  /** From the last fault of the operation to Health, or to nothing being left. */
  seconds: z.number().optional(),
  engine: z.string(),
  life: z.string(),
});
export type Row = z.output<typeof rowSchema>;

/** What a row says beyond the run. */
export type Finding = Omit<Row, keyof Stamp>;

export function appendRows(file: string, rows: readonly Stamp[]): void {
  mkdirSync(dirname(file), { recursive: true });
  appendFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}

export function readRows<R extends Stamp>(file: string, schema: { parse(value: unknown): R }): R[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => schema.parse(JSON.parse(line)));
}
