import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { inNetns } from './command';
import { readJsonFile, writeFileAtomically } from './json-file';
import { trimLog } from './log-file';
import { endProcess, identify, isAlive, signalProcess, type ProcessIdentity } from './process-identity';
import { processTableSchema, type ProcessRecord, type ProcessSpec } from './process-spec';

/** Keeps processes running, and knows them again after it was itself replaced. */
export interface Supervisor {
  list(): readonly ProcessRecord[];
  /** Starts it, or leaves it alone when it runs with this very spec, or replaces it. */
  ensure(spec: ProcessSpec): Promise<void>;
  stop(name: string): Promise<void>;
  start(name: string): Promise<void>;
  signal(name: string, signal: NodeJS.Signals): boolean;
  /** Stops it and forgets it. */
  remove(name: string): Promise<void>;
  has(name: string): boolean;
  /** Ends the supervision and leaves the processes running. */
  release(): void;
}

export interface SupervisorOptions {
  /** Table of processes; survives the supervisor. */
  readonly tableFile: string;
  readonly logFolder: string;
}

interface Entry {
  record: ProcessRecord;
  identity: ProcessIdentity | undefined;
  retry: NodeJS.Timeout | undefined;
  /** Ms to wait before the next restart. */
  delay: number;
}

const FIRST_DELAY_MS = 300;
const LONGEST_DELAY_MS = 10_000;
/** A process that lived this long starts again at once. */
const STEADY_MS = 20_000;
const ADOPTED_CHECK_MS = 1_000;
const LOG_CHECK_MS = 60_000;

export function createSupervisor(options: SupervisorOptions): Supervisor {
  const entries = new Map<string, Entry>();
  const children = new Set<number>();
  let released = false;
  mkdirSync(options.logFolder, { recursive: true });

  const save = (): void => {
    const table = { processes: [...entries.values()].map((entry) => entry.record) };
    writeFileAtomically(options.tableFile, `${JSON.stringify(table, null, 1)}\n`);
  };

  const launch = (entry: Entry): void => {
    const { spec } = entry.record;
    const [program = '', ...args] = inNetns(spec.netns, spec.command);
    const log = openSync(logPath(options.logFolder, spec.name), 'a');
    const child = spawn(program, args, {
      cwd: spec.cwd ?? '/',
      env: spec.env,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    const { pid } = child;
    const fail = (why: string): void => handleEnd(entry, pid, why);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(signal === null ? `exit ${code ?? 0}` : signal));
    if (pid === undefined) return;
    children.add(pid);
    entry.identity = identify(pid);
    entry.record = {
      ...entry.record,
      pid,
      startTicks: entry.identity?.startTicks,
      startedAt: new Date().toISOString(),
    };
    save();
  };

  const handleEnd = (entry: Entry, pid: number | undefined, why: string): void => {
    if (pid !== undefined) children.delete(pid);
    if (released || entry.record.pid !== pid || entries.get(entry.record.spec.name) !== entry) return;
    const livedMs = Date.now() - Date.parse(entry.record.startedAt ?? new Date().toISOString());
    entry.identity = undefined;
    entry.record = { ...entry.record, pid: undefined, startTicks: undefined, lastExit: why };
    save();
    if (entry.record.wanted !== 'running') return;
    entry.delay = livedMs > STEADY_MS ? FIRST_DELAY_MS : Math.min(entry.delay * 2, LONGEST_DELAY_MS);
    entry.retry = setTimeout(() => {
      entry.record = { ...entry.record, restarts: entry.record.restarts + 1 };
      launch(entry);
    }, entry.delay);
  };

  const halt = async (entry: Entry): Promise<void> => {
    clearTimeout(entry.retry);
    entry.record = { ...entry.record, wanted: 'stopped' };
    save();
    const { identity } = entry;
    if (identity === undefined) return;
    // A stopped process does not see SIGTERM before it is continued.
    signalProcess(identity, 'SIGCONT');
    await endProcess(identity, entry.record.spec.graceSeconds * 1000);
    handleEnd(entry, identity.pid, 'stopped');
  };

  const add = (record: ProcessRecord): Entry => {
    const entry: Entry = { record, identity: undefined, retry: undefined, delay: FIRST_DELAY_MS / 2 };
    entries.set(record.spec.name, entry);
    return entry;
  };

  const need = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`no process is named ${name}`);
    return entry;
  };

  const begin = (entry: Entry): void => {
    entry.delay = FIRST_DELAY_MS / 2;
    entry.record = { ...entry.record, wanted: 'running' };
    if (entry.identity === undefined) {
      clearTimeout(entry.retry);
      launch(entry);
    } else save();
  };

  for (const record of readJsonFile(options.tableFile, processTableSchema)?.processes ?? []) {
    const { pid, startTicks } = record;
    const identity = pid === undefined || startTicks === undefined ? undefined : { pid, startTicks };
    const alive = identity !== undefined && isAlive(identity);
    const entry = add(alive ? record : { ...record, pid: undefined, startTicks: undefined });
    if (alive) entry.identity = identity;
    else if (record.wanted === 'running') launch(entry);
  }

  // Adopted processes are not our children: no event tells their end.
  const adoptedCheck = setInterval(() => {
    for (const entry of entries.values()) {
      const { identity } = entry;
      if (identity !== undefined && !children.has(identity.pid) && !isAlive(identity)) {
        handleEnd(entry, identity.pid, 'ended while adopted');
      }
    }
  }, ADOPTED_CHECK_MS);
  const logCheck = setInterval(() => {
    for (const name of entries.keys()) trimLog(logPath(options.logFolder, name));
  }, LOG_CHECK_MS);

  return {
    list: () => [...entries.values()].map((entry) => entry.record),
    has: (name) => entries.has(name),
    async ensure(spec) {
      const known = entries.get(spec.name);
      if (known === undefined) {
        begin(add({ spec, wanted: 'running', restarts: 0 }));
        return;
      }
      if (JSON.stringify(known.record.spec) !== JSON.stringify(spec)) await halt(known);
      known.record = { ...known.record, spec };
      begin(known);
    },
    stop: (name) => halt(need(name)),
    start(name) {
      begin(need(name));
      return Promise.resolve();
    },
    signal(name, signal) {
      const { identity } = need(name);
      return identity !== undefined && signalProcess(identity, signal);
    },
    async remove(name) {
      const entry = entries.get(name);
      if (entry === undefined) return;
      await halt(entry);
      entries.delete(name);
      save();
    },
    release() {
      released = true;
      clearInterval(adoptedCheck);
      clearInterval(logCheck);
      for (const entry of entries.values()) clearTimeout(entry.retry);
    },
  };
}

export function logPath(logFolder: string, name: string): string {
  return join(logFolder, `${name}.log`);
}
