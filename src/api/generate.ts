import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildCrdFiles, type CrdFile } from './crd';

const DEFAULT_FOLDER = 'deploy/crds';
const USAGE = 'Usage: node dist/src/api/generate.js [--check] [FOLDER]';

/** Writes the CRDs, or with `--check` compares; @returns the process's exit code */
function run(args: readonly string[]): number {
  const check = args.includes('--check');
  const rest = args.filter((arg) => arg !== '--check');
  const [folder = DEFAULT_FOLDER, ...surplus] = rest;
  if (surplus.length > 0 || folder.startsWith('-')) {
    process.stderr.write(`Unknown argument ${surplus[0] ?? folder}. ${USAGE}\n`);
    return 2;
  }
  const files = buildCrdFiles();
  if (check) return reportStale(folder, files);
  mkdirSync(folder, { recursive: true });
  for (const file of files) writeFileSync(join(folder, file.fileName), file.content);
  return 0;
}

function reportStale(folder: string, files: readonly CrdFile[]): number {
  const stale = files.filter((file) => readIfThere(join(folder, file.fileName)) !== file.content);
  for (const file of stale) {
    process.stderr.write(`${join(folder, file.fileName)} is not what src/api says: run npm run crds.\n`);
  }
  return stale.length === 0 ? 0 : 1;
}

const readIfThere = (path: string): string | undefined =>
  existsSync(path) ? readFileSync(path, 'utf8') : undefined;

process.exitCode = run(process.argv.slice(2));
