import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { waitUntil } from './command';
import { readJsonFile } from './json-file';
import type { StackLayout } from './layout';
import { endProcess, isAlive } from './process-identity';
import { processTableSchema, type ProcessRecord, type ProcessRequest } from './process-spec';
import { revisionOfTexts } from './revision';
import { StackError } from './stack-error';
import { supervisorAnswerSchema, type SupervisorAnswer, type SupervisorRequest } from './supervisor-protocol';

const supervisorSchema = z.object({
  pid: z.number(),
  startTicks: z.number(),
  /** Digest of the program that it runs. */
  revision: z.string().optional(),
});

/** A stack's supervisor, spoken to over its socket. */
export interface SupervisorClient {
  list(): Promise<readonly ProcessRecord[]>;
  ensure(spec: ProcessRequest): Promise<void>;
  start(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  remove(name: string): Promise<void>;
  signal(name: string, signal: 'SIGKILL' | 'SIGTERM' | 'SIGSTOP' | 'SIGCONT' | 'SIGHUP'): Promise<void>;
}

/** The running supervisor's identity; undefined when there is none. */
export function findSupervisor(layout: StackLayout): z.infer<typeof supervisorSchema> | undefined {
  const identity = readJsonFile(join(layout.runFolder, 'supervisor.json'), supervisorSchema);
  return identity !== undefined && isAlive(identity) ? identity : undefined;
}

/** Connects to the supervisor. One is started when none runs, or an older program does: it takes the processes over. */
export async function startSupervisor(layout: StackLayout): Promise<SupervisorClient> {
  const revision = supervisorRevision();
  const running = findSupervisor(layout);
  if (running !== undefined && running.revision !== revision) await endSupervisor(layout);
  if (running?.revision !== revision) {
    mkdirSync(layout.runFolder, { recursive: true });
    mkdirSync(layout.logFolder, { recursive: true });
    const log = openSync(join(layout.logFolder, 'supervisor.log'), 'a');
    const program = join(__dirname, 'supervisor-main.js');
    const child = spawn(process.execPath, [program, layout.runFolder, layout.logFolder, revision], {
      cwd: '/',
      detached: true,
      stdio: ['ignore', log, log],
    });
    child.unref();
    closeSync(log);
  }
  const client = connectSupervisor(layout);
  await waitUntil('the supervisor', 10_000, async () => (await client.list()).length >= 0, 50);
  return client;
}

/** @throws StackError on the first call when no supervisor answers */
export function connectSupervisor(layout: StackLayout): SupervisorClient {
  const ask = (body: SupervisorRequest): Promise<SupervisorAnswer> => post(socketOf(layout), body);
  return {
    list: () => ask({ verb: 'list' }).then((answer) => answer.processes ?? []),
    ensure: (spec) => ask({ verb: 'ensure', spec }).then(() => undefined),
    start: (name) => ask({ verb: 'start', name }).then(() => undefined),
    stop: (name) => ask({ verb: 'stop', name }).then(() => undefined),
    remove: (name) => ask({ verb: 'remove', name }).then(() => undefined),
    signal: (name, signal) => ask({ verb: 'signal', name, signal }).then(() => undefined),
  };
}

/** Ends the supervisor; the processes stay. */
export async function endSupervisor(layout: StackLayout): Promise<void> {
  const identity = findSupervisor(layout);
  if (identity === undefined) return;
  await post(socketOf(layout), { verb: 'leave' }).catch(() => undefined);
  await endProcess(identity, 3_000);
}

/** The recorded processes, also when no supervisor runs. */
export function readProcessTable(layout: StackLayout): readonly ProcessRecord[] {
  return readJsonFile(join(layout.runFolder, 'processes.json'), processTableSchema)?.processes ?? [];
}

function supervisorRevision(): string {
  const names = ['supervisor', 'supervisor-main', 'supervisor-protocol', 'process-spec', 'process-identity'];
  return revisionOfTexts(names.map((name) => readFileSync(join(__dirname, `${name}.js`), 'utf8')));
}

const socketOf = (layout: StackLayout): string => join(layout.runFolder, 'supervisor.sock');

function post(socketPath: string, body: SupervisorRequest): Promise<SupervisorAnswer> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: '/' }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        try {
          const answer = supervisorAnswerSchema.parse(JSON.parse(Buffer.concat(parts).toString('utf8')));
          if (answer.error === undefined) resolve(answer);
          else reject(new StackError(answer.error));
        } catch (error) {
          reject(new StackError('The supervisor gave an unreadable answer.', 1, { cause: error }));
        }
      });
    });
    call.on('error', (error) => reject(new StackError(`The supervisor does not answer: ${error.message}`)));
    call.end(JSON.stringify(body));
  });
}
