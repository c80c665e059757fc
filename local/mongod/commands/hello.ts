import { Long, ObjectId } from 'bson';
import { findUser, isSystem } from '../auth/authorization';
import { isMechanism, mechanisms } from '../auth/scram';
import { type Doc, isDoc, isTruthy, readDoc, readNumber, readString } from '../doc';
import { CommandError } from '../error';
import { renderOpTime } from '../optime';
import type { Member } from '../repl/member';
import { memberState } from '../repl/member-state';
import type { Context, ServerCore } from '../server/context';
import { type Command, define, ok, open } from './command';
import { startSasl } from './sasl';

/** `electionId` of a primary, as write replies and hello show it: the term is in its last bytes. */
export const electionId = (member: Member): Doc => {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt32BE(0x7fffffff, 0);
  bytes.writeUInt32BE(member.topology.term, 8);
  return { electionId: new ObjectId(bytes) };
};

const lastWrite = (member: Member): Doc => {
  const applied = member.lastApplied;
  const committed = member.topology.snapshot;
  return {
    lastWrite: {
      opTime: renderOpTime(applied),
      lastWriteDate: new Date(applied.secs * 1000),
      ...(committed === undefined
        ? {}
        : { majorityOpTime: renderOpTime(committed), majorityWriteDate: new Date(committed.secs * 1000) }),
    },
  };
};

const hostLists = (member: Member): Doc => {
  const visible = (member.topology.config?.members ?? []).filter((known) => !known.hidden);
  const hosts = visible.filter((known) => !known.arbiterOnly && known.priority > 0).map(({ host }) => host);
  const passives = visible
    .filter((known) => !known.arbiterOnly && known.priority === 0)
    .map(({ host }) => host);
  const arbiters = visible.filter((known) => known.arbiterOnly).map(({ host }) => host);
  return {
    hosts,
    ...(passives.length > 0 ? { passives } : {}),
    ...(arbiters.length > 0 ? { arbiters } : {}),
  };
};

const ownRole = (member: Member): Doc => {
  const { self, config, primaryIndex } = member.topology;
  if (self === undefined) return {};
  const primary = config?.members[primaryIndex]?.host;
  const delay = member.dialect.implicitMajority ? 'secondaryDelaySecs' : 'slaveDelay';
  return {
    ...(primary === undefined ? {} : { primary }),
    ...(self.arbiterOnly ? { arbiterOnly: true } : self.priority === 0 ? { passive: true } : {}),
    ...(self.hidden ? { hidden: true } : {}),
    ...(self.buildIndexes ? {} : { buildIndexes: false }),
    ...(self.delaySecs > 0 ? { [delay]: self.delaySecs } : {}),
    ...(Object.keys(self.tags).length > 0 ? { tags: self.tags } : {}),
    me: self.host,
  };
};

/** `{processId, counter}` for awaitable hello (S31). */
const renderTopologyVersion = (member: Member): Doc => ({
  processId: member.processId,
  counter: Long.fromNumber(member.topologyVersion),
});

/** What hello tells of the set; `word`: the name of the writable flag. */
export const describeReplication = (member: Member, word: 'ismaster' | 'isWritablePrimary'): Doc => {
  const { topology, dialect } = member;
  const { config, state } = topology;
  const version = dialect.safeReconfig ? { topologyVersion: renderTopologyVersion(member) } : {};
  if (config === null || topology.selfIndex < 0) {
    return {
      ...version,
      ...(config === null ? {} : { setName: config.setName }),
      [word]: false,
      secondary: false,
      info: 'Does not have a valid replica set config',
      isreplicaset: true,
    };
  }
  const draining = topology.role === 'leader' && !topology.writable && !topology.steppingDown;
  const isPrimary = member.isWritable;
  return {
    ...version,
    ...hostLists(member),
    setName: config.setName,
    setVersion: config.version,
    [word]: isPrimary,
    secondary: state === memberState.secondary || draining,
    ...ownRole(member),
    ...(topology.role === 'leader' ? electionId(member) : {}),
    ...lastWrite(member),
  };
};

const mechanismsOf = (core: ServerCore, wanted: string): Doc => {
  const dot = wanted.indexOf('.');
  const principal = { database: wanted.slice(0, dot), user: wanted.slice(dot + 1) };
  if (isSystem(principal)) {
    return core.systemCredentials.length > 0 ? { saslSupportedMechs: [...mechanisms] } : {};
  }
  const user = findUser(core, principal);
  if (user === undefined) return {};
  const credentials = readDoc(user, 'credentials') ?? {};
  return { saslSupportedMechs: mechanisms.filter((mechanism) => mechanism in credentials) };
};

const speculate = (context: Context, asked: Doc): Doc => {
  const mechanism = asked['mechanism'];
  const database = readString(asked, 'db') ?? 'admin';
  if (!isMechanism(mechanism)) return {};
  try {
    const reply = startSasl({ ...context, database, command: asked });
    return { speculativeAuthenticate: reply };
  } catch (error) {
    if (error instanceof CommandError) return {};
    throw error;
  }
};

const awaitChange = async (context: Context): Promise<void> => {
  const { core, command } = context;
  const { member } = core;
  const known = readDoc(command, 'topologyVersion');
  const maxAwaitMs = readNumber(command, 'maxAwaitTimeMS');
  if (member === undefined || known === undefined || maxAwaitMs === undefined || !core.dialect.safeReconfig)
    return;
  const same = (): boolean =>
    String(known['processId']) === member.processId.toHexString() &&
    readNumber(known, 'counter') === member.topologyVersion;
  await member.bell.until(
    () => (!same() || context.connection.closed || member.stopped ? true : undefined),
    maxAwaitMs,
  );
};

const standaloneFlags = (word: string): Doc => ({ [word]: true });

const hello = async (context: Context): Promise<Doc> => {
  const { core, command, connection, name } = context;
  if (isDoc(command['client'])) {
    if (connection.helloSeen && !core.dialect.safeReconfig) {
      throw new CommandError(186, 'The client metadata document may only be sent in the first isMaster');
    }
  }
  connection.helloSeen = true;
  if (isTruthy(command['helloOk']) && core.dialect.safeReconfig) connection.helloOk = true;
  await awaitChange(context);
  const word = name === 'hello' ? 'isWritablePrimary' : 'ismaster';
  const { member } = core;
  const wanted = readString(command, 'saslSupportedMechs');
  const speculative = readDoc(command, 'speculativeAuthenticate');
  return ok({
    ...(connection.helloOk ? { helloOk: true } : {}),
    ...(member === undefined ? standaloneFlags(word) : describeReplication(member, word)),
    maxBsonObjectSize: 16_777_216,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    localTime: new Date(),
    logicalSessionTimeoutMinutes: 30,
    connectionId: connection.id,
    minWireVersion: 0,
    maxWireVersion: core.dialect.maxWireVersion,
    readOnly: false,
    ...(wanted === undefined ? {} : mechanismsOf(core, wanted)),
    ...(speculative === undefined || !core.dialect.safeReconfig ? {} : speculate(context, speculative)),
  });
};

/** hello, and isMaster under its old names. */
export const helloCommands = (modern: boolean): Command[] => [
  define(['isMaster', 'ismaster'], open, hello),
  ...(modern ? [define('hello', open, hello)] : []),
];
