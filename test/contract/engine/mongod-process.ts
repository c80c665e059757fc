import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeNetworks } from '../../support/loopback';

const STAND_IN = join(__dirname, '../../../dist/local/mongod/main.js');

/** A true server when `MONGOD` names one, else the stand-in, which must be built. */
export const engine =
  process.env['MONGOD'] === undefined || process.env['MONGOD'] === ''
    ? { name: 'stand-in', command: process.execPath, args: [STAND_IN] }
    : { name: process.env['MONGOD'], command: process.env['MONGOD'], args: [] };

export interface MongodProcess {
  readonly host: string;
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Sends it and does not wait. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** Starts it again on the same data. */
  start(): void;
}

export interface MongodFleet {
  readonly keyfile: string;
  readonly members: readonly MongodProcess[];
  stop(): Promise<void>;
}

/** So many members of set `replset-0`, one address each, that share a keyfile and nothing else. */
export async function startMongods(
  count: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<MongodFleet> {
  if (engine.name === 'stand-in' && !existsSync(STAND_IN))
    throw new Error(`${STAND_IN} is missing: run "npm run build", or set MONGOD to a true mongod.`);
  const network = takeNetworks()(0);
  const folder = await mkdtemp(join(tmpdir(), 'engine-'));
  const keyfile = Buffer.from(`engine ${network} keyfile of the contract test`).toString('base64');
  const keyPath = join(folder, 'keyfile');
  await writeFile(keyPath, `${keyfile}\n`, { mode: 0o400 });
  const members: MongodProcess[] = [];
  for (let index = 1; index <= count; index += 1) {
    const data = await mkdtemp(join(folder, 'data-'));
    members.push(startOne(`${network}.${index}`, data, keyPath, environment));
  }
  return {
    keyfile,
    members,
    async stop() {
      await Promise.all(members.map((member) => member.kill('SIGKILL')));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function startOne(
  address: string,
  data: string,
  keyPath: string,
  environment: Readonly<Record<string, string>>,
): MongodProcess {
  let child: ChildProcess | undefined;
  const start = (): void => {
    child = spawn(
      engine.command,
      [
        ...engine.args,
        ...['--bind_ip', address, '--port', '27017', '--dbpath', data],
        ...['--replSet', 'replset-0', '--keyFile', keyPath],
      ],
      { stdio: 'ignore', env: { ...process.env, ...environment } },
    );
  };
  start();
  return {
    host: `${address}:27017`,
    start,
    signal: (signal) => child?.kill(signal),
    async kill(signal) {
      const running = child;
      if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill(signal);
      await ended;
    },
  };
}
