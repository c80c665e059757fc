import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { sleep } from './command';
import { identify, isAlive } from './process-identity';
import { StackError } from './stack-error';

const holderSchema = z.object({ pid: z.number(), startTicks: z.number() });

/**
 * Runs `body` while holding the lock file. A lock whose holder is dead is taken over.
 * @throws StackError after `timeoutMs`, naming the holder
 */
export async function withLock<T>(path: string, timeoutMs: number, body: () => Promise<T> | T): Promise<T> {
  mkdirSync(dirname(path), { recursive: true });
  const deadline = Date.now() + timeoutMs;
  while (!tryLock(path)) {
    const holder = readHolder(path);
    if (holder !== undefined && !isAlive(holder)) {
      rmSync(path, { force: true });
      continue;
    }
    if (Date.now() > deadline) {
      throw new StackError(
        `Another command (pid ${holder?.pid ?? 'unknown'}) works on this stack; it holds ${path}.`,
      );
    }
    await sleep(100);
  }
  try {
    return await body();
  } finally {
    rmSync(path, { force: true });
  }
}

function tryLock(path: string): boolean {
  const self = identify(process.pid);
  try {
    const file = openSync(path, 'wx');
    writeSync(file, JSON.stringify(self));
    closeSync(file);
    return true;
  } catch {
    return false;
  }
}

function readHolder(path: string): z.infer<typeof holderSchema> | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    return undefined;
  }
}
