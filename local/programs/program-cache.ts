import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  copyFileSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { ToolSet } from './catalog';

/** Folder for everything that can be made again: programs, image layers, the Temporal server. */
export function cacheFolder(): string {
  return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'fedstate');
}

/** Folder of the Go modules that pin the programs, below the folder of the package. */
export function toolFolder(packageFolder: string, set: ToolSet): string {
  return join(packageFolder, 'local', 'tools', set.folder);
}

/** Cache folder of a tool set. Its name changes with the version, the pinned modules and the machine. */
export function setFolder(packageFolder: string, set: ToolSet): string {
  const hash = createHash('sha256');
  for (const file of ['go.mod', 'go.sum'])
    hash.update(readFileSync(join(toolFolder(packageFolder, set), file)));
  hash.update(`${set.version} ${process.platform} ${process.arch} ${set.buildFlags.join(' ')}`);
  return join(cacheFolder(), 'bin', `${set.folder}-${set.version}-${hash.digest('hex').slice(0, 12)}`);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Puts a finished program into the cache in one step and gives its path. */
export function keepProgram(folder: string, name: string, made: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, name);
  const draft = `${path}.${process.pid}.tmp`;
  copyFileSync(made, draft, constants.COPYFILE_FICLONE);
  renameSync(draft, path);
  return path;
}

/** `bin/NAME` beside the versioned folders points at the program in use, for tests and for people. */
export function linkProgram(name: string, path: string): void {
  const folder = join(cacheFolder(), 'bin');
  const link = join(folder, name);
  if (targetOf(link) === path) return;
  mkdirSync(folder, { recursive: true });
  const draft = `${link}.${process.pid}.tmp`;
  rmSync(draft, { force: true });
  symlinkSync(path, draft);
  renameSync(draft, link);
}

function targetOf(link: string): string | undefined {
  try {
    return readlinkSync(link);
  } catch {
    return undefined;
  }
}
