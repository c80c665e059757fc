import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BSON } from 'mongodb';
import { z } from 'zod';
import { isFedStateError, type ErrorKind } from '../../../src/domain/errors';

const errorSchema = z.looseObject({ code: z.number(), codeName: z.string(), message: z.string() });

const goldensSchema = z.looseObject({ errors: z.record(z.string(), errorSchema) });

/** Recorded answers of a true mongod 4.2, as the driver would hand them over. */
export function readGoldens(): {
  answer(name: string): unknown;
  error(name: string): z.infer<typeof errorSchema>;
} {
  const path = join(__dirname, '../../contract/goldens/engine/mongod-4.2.json');
  const parsed: unknown = BSON.EJSON.parse(readFileSync(path, 'utf8'));
  const goldens = goldensSchema.parse(parsed);
  return {
    answer: (name) => goldens[name],
    error: (name) => errorSchema.parse(goldens.errors[name]),
  };
}

/** The kind of the error that `run` throws; undefined when it throws none of ours. */
export function kindThrownBy(run: () => unknown): ErrorKind | undefined {
  try {
    run();
  } catch (error) {
    if (isFedStateError(error)) return error.kind;
  }
  return undefined;
}
