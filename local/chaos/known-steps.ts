import { z } from 'zod';
import { readJsonFile, writeFileAtomically } from '../stack/json-file';
import type { Boundary, LifeOperation } from './boundary';

/** What each operation passes. */
export type Steps = Readonly<Record<LifeOperation, readonly Boundary[]>>;

const boundariesSchema = z.array(z.object({ activity: z.string(), phase: z.enum(['before', 'after']) }));
const knownSchema = z.object({ commit: z.string(), create: boundariesSchema, delete: boundariesSchema });

/** What an earlier run found out about this very code; undefined: none did. */
export function readKnownSteps(file: string, commit: string): Steps | undefined {
  const known = readJsonFile(file, knownSchema);
  return known?.commit === commit ? known : undefined;
}

export function writeKnownSteps(file: string, commit: string, steps: Steps): void {
  writeFileAtomically(file, JSON.stringify({ commit, create: steps.create, delete: steps.delete }));
}
