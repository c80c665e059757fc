import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another process holds the data folder. */
export class LockError extends Error {}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    const [, name = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(/[()]/);
    return name !== '';
  } catch {
    return false;
  }
};

/** Start time of a process in clock ticks: tells a live owner from another process that got its number. */
const startOf = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19] ?? '';
  } catch {
    return '';
  }
};

const fileOf = (dbPath: string): string => join(dbPath, 'mongod.lock');

const readLock = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
};

/**
 * Takes the lock of a data folder; tells whether the last owner ended without releasing it.
 * @throws LockError when a live process holds it, or the folder is missing or not writable.
 */
export const takeLock = (dbPath: string): { unclean: boolean } => {
  try {
    if (!statSync(dbPath).isDirectory()) throw new LockError(`dbpath (${dbPath}) is not a directory`);
    mkdirSync(join(dbPath, 'journal'), { recursive: true });
  } catch (error) {
    if (error instanceof LockError) throw error;
    throw new LockError(
      `Data directory ${dbPath} not found or not writable. Create it or change storage.dbPath`,
    );
  }
  const path = fileOf(dbPath);
  const [pid = '', start = ''] = readLock(path).split(' ');
  const owner = Number(pid);
  if (owner > 0 && owner !== process.pid && isAlive(owner) && startOf(owner) === start) {
    throw new LockError(
      `DBPathInUse: Unable to lock the lock file: ${path}. Another mongod instance (pid ${owner}) is already running on the ${dbPath} directory`,
    );
  }
  writeFileSync(path, `${process.pid} ${startOf(process.pid)}\n`);
  return { unclean: owner > 0 };
};

/** Empties the lock file: the mark of a clean end. */
export const releaseLock = (dbPath: string): void => writeFileSync(fileOf(dbPath), '');
