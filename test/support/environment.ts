import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { kubeOf } from '../../local/stack/kubeconfig';
import type { StackLayout } from '../../local/stack/layout';
import { findStack } from '../../local/stack/stack-registry';
import type { Kube } from '../../src/kube/client';

/** A running FedState with its clusters, as `npm test` (or a person) points the suite at it. */
export interface Environment {
  readonly karmada: Kube;
  readonly karmadaKubeconfig: string;
  readonly members: ReadonlyMap<string, Kube>;
  readonly temporalAddress: string;
  /** Folders with the logs of processes and pods, as far as they lie on this machine. */
  readonly logFolders: readonly string[];
  /** Audit log of each API server by its name, as far as they lie on this machine. */
  readonly auditLogs: ReadonlyMap<string, string>;
  /** The stack whose processes are killed; undefined where there is none of this machine. */
  readonly stack?: StackLayout | undefined;
}

const fileSchema = z.object({
  karmada: z.string(),
  members: z.record(z.string(), z.string()),
  temporalAddress: z.string(),
  logFolders: z.array(z.string()).default([]),
  auditLogs: z.record(z.string(), z.string()).default({}),
  stack: z.object({ name: z.string(), base: z.string() }).optional(),
});

/** Why the suite cannot run, or undefined: FEDSTATE_E2E names a JSON file with kubeconfig paths. */
export function missingEnvironment(): string | undefined {
  const path = process.env['FEDSTATE_E2E'];
  if (path === undefined || path === '')
    return 'FEDSTATE_E2E names no environment: npm test makes one where it can';
  return existsSync(path) ? undefined : `FEDSTATE_E2E names ${path}, which does not exist`;
}

/** Closes what reading the environment has opened. */
export function closeEnvironment(environment: Environment): void {
  for (const kube of [environment.karmada, ...environment.members.values()]) kube.transport.close();
}

export function readEnvironment(): Environment {
  const path = process.env['FEDSTATE_E2E'];
  const facts = fileSchema.parse(JSON.parse(readFileSync(path ?? '', 'utf8')));
  return {
    karmada: kubeOf(facts.karmada),
    karmadaKubeconfig: facts.karmada,
    members: new Map(Object.entries(facts.members).map(([name, kubeconfig]) => [name, kubeOf(kubeconfig)])),
    temporalAddress: facts.temporalAddress,
    logFolders: facts.logFolders,
    auditLogs: new Map(Object.entries(facts.auditLogs)),
    stack: facts.stack === undefined ? undefined : findStack(facts.stack.base, facts.stack.name),
  };
}
