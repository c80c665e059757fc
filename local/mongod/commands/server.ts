import { hostname, totalmem, cpus, type as osType } from 'node:os';
import { Double, Long } from 'bson';
import { type Doc, isTruthy, readNumber, readString } from '../doc';
import { CommandError } from '../error';
import { stepDown } from '../repl/step-down';
import { rolesOf } from '../auth/authorization';
import type { Context } from '../server/context';
import { describeSlowOperations, readParameter, readSlowOperations } from '../options/parameters';
import { type Command, define, loggedIn, ok, onCluster, onDatabase, open } from './command';
import { setFeatureVersion, showFeatureVersion } from './feature-version';
import { describeReplication } from './hello';

const ping = (): Doc => ok();

const buildInfo = ({ core }: Context): Doc => {
  const { version, gitVersion } = core.dialect;
  const versionArray = [...version.split('.').map(Number), 0].slice(0, 4);
  return ok({
    version,
    gitVersion,
    modules: [],
    allocator: 'system',
    javascriptEngine: 'none',
    sysInfo: 'deprecated',
    versionArray,
    bits: 64,
    debug: false,
    maxBsonObjectSize: 16_777_216,
    storageEngines: ['ephemeralForTest'],
    standIn: 'fedstate',
  });
};

const serverStatus = ({ core }: Context): Doc => {
  const { counters, member, connections } = core;
  const uptime = (Date.now() - core.startedAt.getTime()) / 1000;
  const memory = process.memoryUsage();
  return ok({
    host: `${hostname()}:${core.options.port}`,
    version: core.dialect.version,
    process: 'mongod',
    pid: Long.fromNumber(process.pid),
    uptime: new Double(Math.floor(uptime)),
    uptimeMillis: Long.fromNumber(Math.floor(uptime * 1000)),
    localTime: new Date(),
    asserts: { regular: 0, warning: 0, msg: 0, user: 0, rollovers: 0 },
    connections: {
      current: connections.size,
      available: 51_200 - connections.size,
      totalCreated: counters.connectionsCreated,
      active: connections.size,
    },
    mem: {
      bits: 64,
      resident: Math.round(memory.rss / 1048576),
      virtual: Math.round(memory.rss / 1048576),
      supported: true,
    },
    network: { bytesIn: Long.ZERO, bytesOut: Long.ZERO, numRequests: Long.fromNumber(counters.commands) },
    opcounters: {
      insert: Long.fromNumber(counters.inserts),
      query: Long.fromNumber(counters.queries),
      update: Long.fromNumber(counters.updates),
      delete: Long.fromNumber(counters.deletes),
      getmore: Long.ZERO,
      command: Long.fromNumber(counters.commands),
    },
    ...(member === undefined
      ? {}
      : {
          repl: {
            ...describeReplication(member, core.dialect.implicitMajority ? 'isWritablePrimary' : 'ismaster'),
            rbid: member.engine.rollbackId,
          },
        }),
    storageEngine: { name: 'ephemeralForTest', supportsCommittedReads: true, persistent: true },
    metrics: { cursor: { open: { total: Long.fromNumber(core.cursors.size) } } },
  });
};

const connectionStatus = ({ core, connection }: Context): Doc =>
  ok({
    authInfo: {
      authenticatedUsers: connection.principals.map(({ user, database }) => ({ user, db: database })),
      authenticatedUserRoles: rolesOf(core, connection)
        .filter(({ role }) => role !== '__system')
        .map(({ role, db }) => ({ role, db })),
    },
  });

const whatsMyUri = ({ connection }: Context): Doc => ok({ you: connection.remote });

const hostInfo = ({ core }: Context): Doc =>
  ok({
    system: {
      currentTime: new Date(),
      hostname: `${hostname()}:${core.options.port}`,
      cpuAddrSize: 64,
      memSizeMB: Long.fromNumber(Math.floor(totalmem() / 1048576)),
      numCores: cpus().length,
      cpuArch: process.arch,
      numaEnabled: false,
    },
    os: { type: osType(), name: process.platform, version: '' },
    extra: {},
  });

const getLog = ({ core, command }: Context): Doc => {
  const wanted = readString(command, 'getLog') ?? '';
  if (wanted === '*') return ok({ names: ['global', 'startupWarnings'] });
  const log = wanted === 'global' ? core.log.recent : [];
  return ok({ totalLinesWritten: wanted === 'global' ? core.log.written() : log.length, log });
};

const getCmdLineOpts = ({ core }: Context): Doc =>
  ok({ argv: core.options.argv, parsed: core.options.parsed });

const isSetting = (name: string): boolean =>
  !['getParameter', 'setParameter', '$db', 'lsid', '$clusterTime', '$readPreference', 'comment'].includes(
    name,
  );

const getParameter = (context: Context): Doc => {
  const { core, command } = context;
  if (command['getParameter'] === '*') {
    return ok({
      ...Object.fromEntries(core.parameters),
      featureCompatibilityVersion: showFeatureVersion(context),
    });
  }
  const values: Doc = {};
  for (const name of Object.keys(command).filter(isSetting)) {
    if (name === 'featureCompatibilityVersion') values[name] = showFeatureVersion(context);
    else if (core.parameters.has(name)) values[name] = core.parameters.get(name);
  }
  if (Object.keys(values).length === 0) throw new CommandError(72, 'no option found to get');
  return ok(values);
};

const setParameter = ({ core, command }: Context): Doc => {
  const [name] = Object.keys(command).filter(isSetting);
  if (name === undefined) throw new CommandError(72, 'no option found to set, use help:true to see options ');
  const value = readParameter(name, command[name], core.parameters.has(name));
  const was = core.parameters.get(name);
  core.parameters.set(name, value);
  return ok({ was });
};

/** Nothing is profiled here: -1, which leaves the level as it is, is all that it takes. */
const profile = ({ core, command }: Context): Doc => {
  if (readNumber(command, 'profile') !== -1)
    throw new CommandError(115, 'this stand-in profiles nothing: use profile: -1 or a true mongod');
  const told = describeSlowOperations(core.slowOperations);
  core.slowOperations = readSlowOperations(command, core.slowOperations);
  return ok(told);
};

const fsync = async ({ core, command }: Context): Promise<Doc> => {
  await core.engine.flush();
  if (!isTruthy(command['lock'])) return ok({ numFiles: 1 });
  core.fsyncLocks += 1;
  return ok({
    info: 'now locked against writes, use db.fsyncUnlock() to unlock',
    lockCount: Long.fromNumber(core.fsyncLocks),
    seeAlso: 'http://dochub.mongodb.org/core/fsynccommand',
  });
};

const fsyncUnlock = ({ core }: Context): Doc => {
  if (core.fsyncLocks === 0) throw new CommandError(null, 'fsyncUnlock called when not locked');
  core.fsyncLocks -= 1;
  return ok({ info: 'fsyncUnlock completed', lockCount: Long.fromNumber(core.fsyncLocks) });
};

const currentOp = (): Doc => ok({ inprog: [] });

const empty = (): Doc => ok();

const getNonce = (): Doc => ok({ nonce: Math.random().toString(16).slice(2, 18).padEnd(16, '0') });

const shutdown = async (context: Context): Promise<Doc> => {
  const { core, command } = context;
  const { member } = core;
  const force = isTruthy(command['force']);
  if (member?.topology.role === 'leader' && member.topology.others().length > 0) {
    const seconds = readNumber(command, 'timeoutSecs') ?? 10;
    const { handedOff } = await stepDown(member, { periodMs: 60_000, catchUpMs: seconds * 1000, force });
    await handedOff;
  }
  core.shutdown('shutdown command received');
  return ok();
};

const getLastError = ({ connection, core }: Context): Doc =>
  ok({
    connectionId: connection.id,
    n: 0,
    err: null,
    ...(core.member === undefined ? {} : { lastOp: null }),
  });

const admin = { adminOnly: true };

/** Commands about the server itself. */
export const serverCommands: Command[] = [
  define('ping', open, ping),
  define(['buildInfo', 'buildinfo'], open, buildInfo),
  define('getnonce', open, getNonce),
  define('connectionStatus', open, connectionStatus),
  define('whatsmyuri', open, whatsMyUri),
  define('serverStatus', onCluster('serverStatus'), serverStatus),
  define('hostInfo', onCluster('hostInfo'), hostInfo, admin),
  define('getLog', onCluster('getLog'), getLog, admin),
  define('getCmdLineOpts', onCluster('getCmdLineOpts'), getCmdLineOpts, admin),
  define('getParameter', onCluster('getParameter'), getParameter, admin),
  define('setParameter', onCluster('setParameter'), setParameter, admin),
  define('profile', onDatabase('enableProfiler'), profile),
  define('setFeatureCompatibilityVersion', onCluster('setFeatureCompatibilityVersion'), setFeatureVersion, {
    ...admin,
    runsOn: 'primary',
    takesWriteConcern: true,
  }),
  define('fsync', onCluster('fsync'), fsync, admin),
  define('fsyncUnlock', onCluster('unlock'), fsyncUnlock, admin),
  define('currentOp', onCluster('inprog'), currentOp, admin),
  define('top', onCluster('top'), () => ok({ totals: { note: 'all times in microseconds' } }), admin),
  define('logRotate', onCluster('logRotate'), empty, admin),
  define('connPoolStats', onCluster('connPoolStats'), empty),
  define('killAllSessions', onCluster('killAnySession'), empty),
  define('endSessions', loggedIn, empty),
  define('refreshSessions', loggedIn, empty),
  define('startSession', loggedIn, empty),
  define(['getLastError', 'getlasterror'], open, getLastError),
  define('shutdown', onCluster('shutdown'), shutdown, admin),
];
