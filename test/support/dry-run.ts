import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Environment } from './environment';

export interface DryRun {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** `fedstate plan -f FILE`, as a person runs it with Karmada's kubeconfig. */
export function runDryRun(
  { karmadaKubeconfig }: Pick<Environment, 'karmadaKubeconfig'>,
  manifest: object,
): Promise<DryRun> {
  const folder = mkdtempSync(join(tmpdir(), 'fedstate-plan-'));
  const file = join(folder, 'cr.yaml');
  writeFileSync(file, stringify(manifest));
  const command = ['dist/src/cli/main.js', 'plan', '-f', file, '--kubeconfig', karmadaKubeconfig];
  return new Promise((resolve) => {
    execFile(process.execPath, command, { timeout: 120_000 }, (error, out, err) => {
      rmSync(folder, { recursive: true });
      resolve({ code: error === null ? 0 : Number(error.code ?? -1), out, err });
    });
  });
}
