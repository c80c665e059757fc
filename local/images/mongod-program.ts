import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isExecutable } from '../programs/program-cache';
import { runCommand } from '../stack/command';

/** A true mongod of this machine. */
export interface MongodProgram {
  readonly path: string;
  /** e.g. `4.2`. */
  readonly release: string;
}

/** Every true `mongod` that is found: MONGOD (one path, or several joined by `:`), PATH, mongodb-memory-server's cache. */
export async function findMongods(packageFolder: string): Promise<readonly MongodProgram[]> {
  const named = (process.env['MONGOD'] ?? '').split(delimiter);
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'mongod'));
  const caches = [
    join(homedir(), '.cache', 'mongodb-binaries'),
    join(packageFolder, 'node_modules', '.cache', 'mongodb-memory-server'),
  ].flatMap(listFiles);
  const found: MongodProgram[] = [];
  for (const path of [...named, ...onPath, ...caches]) {
    if (path === '' || !isExecutable(path)) continue;
    const release = parseMongodRelease(await runCommand(path, ['--version']).catch(() => ''));
    if (release !== undefined && !found.some((other) => other.release === release))
      found.push({ path, release });
  }
  return found;
}

/** `4.2` out of `db version v4.2.25`. */
export function parseMongodRelease(text: string): string | undefined {
  return /db version v(\d+\.\d+)\./.exec(text)?.[1];
}

function listFiles(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.startsWith('mongod'))
      .map((name) => join(folder, name));
  } catch {
    return [];
  }
}
