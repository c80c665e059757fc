import { readFileSync } from 'node:fs';
import { waitUntil } from '../stack/command';
import { isAlive, parseProcStat, type ProcessIdentity } from '../stack/process-identity';
import type { SupervisorClient } from '../stack/supervisor-client';

/** kill -9 of a process of the stack, also of one that is just on its way back. Resolves when it is dead. */
export async function killProcess(supervisor: SupervisorClient, name: string): Promise<void> {
  let victim: ProcessIdentity | undefined;
  await waitUntil(`${name} to run`, 30_000, async () => {
    const record = (await supervisor.list()).find(({ spec }) => spec.name === name);
    if (record?.pid === undefined || record.startTicks === undefined) return false;
    victim = { pid: record.pid, startTicks: record.startTicks };
    return true;
  });
  await supervisor.signal(name, 'SIGKILL');
  await waitUntil(`the end of ${name}`, 10_000, () => victim !== undefined && !isAlive(victim), 10);
}

/** Whether SIGSTOP holds it. */
export function isFrozen(pid: number): boolean {
  try {
    return parseProcStat(readFileSync(`/proc/${pid}/stat`, 'utf8')).state === 'T';
  } catch {
    return false;
  }
}
