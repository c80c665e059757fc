import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Programs of a bare API server; kube-controller-manager only when controllers are asked for. */
export const API_SERVER_PROGRAMS = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;

/** Path of a program: folder in FEDSTATE_BIN, then PATH, then ~/.cache/fedstate/bin; undefined when it is nowhere. */
export function findProgram(name: string): string | undefined {
  const folders = [
    ...(process.env['FEDSTATE_BIN'] ?? '').split(delimiter),
    ...(process.env['PATH'] ?? '').split(delimiter),
    join(homedir(), '.cache', 'fedstate', 'bin'),
  ];
  return folders
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find(isExecutable);
}

/**
 * Why a suite that needs `programs` cannot run here, or undefined when it can. For
 * `(reason === undefined ? describe : describe.skip)(title, …)` with the reason in the title.
 */
export function skipReason(programs: readonly string[] = API_SERVER_PROGRAMS): string | undefined {
  const missing = programs.filter((program) => findProgram(program) === undefined);
  if (missing.length === 0) return undefined;
  return `skipped: ${missing.join(', ')} not found in FEDSTATE_BIN, PATH or ~/.cache/fedstate/bin`;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
