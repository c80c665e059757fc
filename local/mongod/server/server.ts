import { makeCredential, makeSalt, mechanisms } from '../auth/scram';
import type { Credential, Mechanism } from '../auth/scram';
import { readKeyFile } from '../auth/keyfile';
import type { Command } from '../commands/command';
import { CursorTable } from '../commands/cursor-table';
import { defaultConcernCommands } from '../commands/default-concerns';
import { helloCommands } from '../commands/hello';
import { replicationCommands } from '../commands/replication';
import { saslCommands } from '../commands/sasl';
import { serverCommands } from '../commands/server';
import { userCommands } from '../commands/users';
import { messageOf } from '../error';
import type { Log } from '../log';
import type { Dialect } from '../options/dialect';
import type { ServerOptions } from '../options/options';
import { readOplogBufferMs, startParameters, startSlowOperations } from '../options/parameters';
import { Member } from '../repl/member';
import { Puller } from '../repl/puller';
import { reportPositions } from '../repl/reporter';
import { stepDown } from '../repl/step-down';
import { Engine } from '../storage/engine';
import { checkFeatureVersion } from '../storage/feature-version';
import { releaseLock, takeLock } from '../storage/lock-file';
import type { ServerCore } from './context';
import { makeTable } from './dispatch';
import { listen } from './listener';

/** Exit codes of mongod. */
export const exitCode = {
  clean: 0,
  failure: 1,
  options: 2,
  abrupt: 14,
  needUpgrade: 62,
  uncaught: 100,
} as const;

const shutdownCatchUpMs = 10_000;
/** Loading the query engine waits this long after listening, so that the first handshakes are not held up. */
const loadAfterMs = 200;

const loadDataCommands = async (): Promise<readonly Command[]> =>
  (await import('../commands/data.js')).dataCommands;

type SystemCredentials = Readonly<Record<Mechanism, Credential>>;

const makeSystemCredentials = async (keys: readonly string[]): Promise<SystemCredentials[]> => {
  const salts = Object.fromEntries(mechanisms.map((mechanism) => [mechanism, makeSalt(mechanism)]));
  const make = (mechanism: Mechanism, key: string): Promise<Credential> =>
    makeCredential(mechanism, '__system', key, salts[mechanism]);
  return Promise.all(
    keys.map(async (key) => ({
      'SCRAM-SHA-1': await make('SCRAM-SHA-1', key),
      'SCRAM-SHA-256': await make('SCRAM-SHA-256', key),
    })),
  );
};

/** A running server. */
export interface RunningServer {
  /** Steps down if primary, then ends cleanly with this exit code. */
  stop(reason: string): Promise<void>;
}

/** Starts one server; `exit` ends the process. @throws LockError, KeyFileError, UpgradeError, or the socket's error. */
export const startServer = async (
  options: ServerOptions,
  dialect: Dialect,
  log: Log,
  exit: (code: number) => void,
): Promise<RunningServer> => {
  const keys = options.keyFile === undefined ? [] : readKeyFile(options.keyFile);
  const { unclean } = takeLock(options.dbPath);
  if (unclean) log('STORAGE', 'Detected unclean shutdown - mongod.lock is not empty', {}, 'W');
  const die = (error: unknown): void => {
    log('CONTROL', 'fatal', { error: messageOf(error) }, 'F');
    exit(exitCode.abrupt);
  };
  const engine = new Engine(options.dbPath, options.oplogSizeMB * 1024 * 1024, die);
  checkFeatureVersion(engine.store, dialect);
  const member =
    options.replSetName === undefined
      ? undefined
      : new Member(engine, dialect, log, keys, options.replSetName, options);
  const puller =
    member === undefined
      ? undefined
      : new Puller(
          member,
          { dbPath: options.dbPath, leastMs: options.leastRollbackMs },
          readOplogBufferMs(options.parameters),
          die,
        );
  const core: ServerCore = {
    options,
    dialect,
    log,
    engine,
    member,
    puller,
    cursors: new CursorTable(),
    connections: new Set(),
    counters: { connectionsCreated: 0, commands: 0, inserts: 0, queries: 0, updates: 0, deletes: 0 },
    startedAt: new Date(),
    authEnabled: options.authorization,
    localhostBypass: ![0, '0', false, 'false'].some(
      (off) => options.parameters['enableLocalhostAuthBypass'] === off,
    ),
    systemCredentials: await makeSystemCredentials(keys),
    parameters: startParameters(options.file, options.parameters),
    slowOperations: startSlowOperations(options.file),
    fsyncLocks: 0,
    shutdown: (reason) => void stop(reason),
  };
  engine.onTruncate = () => core.cursors.removeOplog();
  const table = makeTable(
    [
      ...helloCommands(dialect.safeReconfig),
      ...saslCommands,
      ...serverCommands,
      ...(dialect.safeReconfig ? defaultConcernCommands : []),
      ...replicationCommands,
      ...userCommands,
    ],
    loadDataCommands,
  );
  const listener = await listen(table, core);
  if (member !== undefined) member.onDropClients = () => listener.dropClients();
  log('NETWORK', 'waiting for connections', { port: options.port });
  setTimeout(() => void table.later(), loadAfterMs).unref();
  let stopping: Promise<void> | undefined;
  const stopOnce = async (reason: string): Promise<void> => {
    log('CONTROL', 'shutting down', { reason });
    if (member !== undefined) await leave(member, log);
    listener.close();
    await engine.close();
    releaseLock(options.dbPath);
    log('CONTROL', 'shutting down with code:0');
    exit(exitCode.clean);
  };
  const stop = (reason: string): Promise<void> => (stopping ??= stopOnce(reason));
  if (member !== undefined && puller !== undefined) {
    await member.start();
    void puller.run();
    void reportPositions(member);
  }
  return { stop };
};

/** Hands over before the end, so that the set has a primary at once. */
const leave = async (member: Member, log: Log): Promise<void> => {
  if (member.topology.role === 'leader' && member.topology.others().length > 0) {
    try {
      const { handedOff } = await stepDown(member, {
        periodMs: 60_000,
        catchUpMs: shutdownCatchUpMs,
        force: true,
      });
      await handedOff;
    } catch (error) {
      log('REPL', 'could not hand over before the end', { error: messageOf(error) }, 'W');
    }
  }
  member.stop();
};
