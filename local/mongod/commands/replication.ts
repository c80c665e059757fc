import { Double, Long } from 'bson';
import { type Doc, isDoc, isTruthy, readDoc, readNumber, readString, toNumber, typeName } from '../doc';
import { CommandError } from '../error';
import { renderConfig } from '../repl/config-render';
import { stand } from '../repl/election';
import { parseHeartbeat, parseVoteRequest, renderHeartbeatReply } from '../repl/heartbeat';
import type { Member } from '../repl/member';
import { isCommitted } from '../repl/newly-added';
import { defaultConfig, initiate, reconfigure } from '../repl/reconfig';
import { takePositions } from '../repl/reporter';
import { describeStatus } from '../repl/status';
import { stepDown } from '../repl/step-down';
import { answerVote } from '../repl/vote';
import { compareOpTimes } from '../optime';
import type { Context } from '../server/context';
import { type Command, define, internal, ok, onCluster } from './command';

const notRunning = (): CommandError => new CommandError(76, 'not running with --replSet');

const memberOf = ({ core }: Context): Member => {
  if (core.member === undefined) throw notRunning();
  return core.member;
};

/** The member, once it has a configuration. @throws CommandError 76, 94. */
const initialized = (context: Context): Member => {
  const member = memberOf(context);
  if (member.topology.config === null) throw new CommandError(94, 'no replset config has been received');
  return member;
};

const getStatus = (context: Context): Doc => {
  const member = initialized(context);
  if (member.topology.selfIndex < 0) {
    throw new CommandError(93, 'Our replica set config is invalid or we are not a member of it');
  }
  const asked = isTruthy(context.command['initialSync']);
  return ok(describeStatus(member, asked ? context.core.puller?.progress : undefined));
};

const getConfig = (context: Context): Doc => {
  const member = initialized(context);
  const { config } = member.topology;
  if (config === null) throw new CommandError(94, 'no replset config has been received');
  const wantsStatus = isTruthy(context.command['commitmentStatus']) && member.dialect.safeReconfig;
  // Members that have no vote yet show as if they had: newlyAdded is the server's own business.
  const members = config.members.map((known) => ({ ...known, newlyAdded: false }));
  return ok({
    config: renderConfig({ ...config, members }, member.dialect),
    ...(wantsStatus ? { commitmentStatus: isCommitted(member) } : {}),
  });
};

const runInitiate = async (context: Context): Promise<Doc> => {
  const { member } = context.core;
  if (member === undefined) throw new CommandError(76, 'This node was not started with the replSet option');
  const given = context.command['replSetInitiate'];
  if (isDoc(given) && Object.keys(given).length > 0) {
    await initiate(member, given);
    return ok();
  }
  const [ip = '127.0.0.1'] = context.core.options.bindIps;
  const me = `${ip === '0.0.0.0' ? '127.0.0.1' : ip}:${context.core.options.port}`;
  await initiate(member, defaultConfig(member, me));
  return ok({ info2: 'no configuration specified. Using a default configuration for the set', me });
};

const runReconfig = async (context: Context): Promise<Doc> => {
  const member = initialized(context);
  const force = isTruthy(context.command['force']);
  const doc = context.command['replSetReconfig'];
  if (!isDoc(doc)) return { errmsg: 'no configuration specified', ok: new Double(0) };
  await reconfigure(member, { doc, force, deadline: context.deadline });
  return ok();
};

const periodOf = (command: Doc, field: string, otherwise: number): number => {
  const value = command[field];
  if (value === undefined) return otherwise;
  const seconds = toNumber(value);
  if (seconds === undefined) {
    throw new CommandError(
      14,
      `Expected field "${field}" to have numeric type, but found ${typeName(value)}`,
    );
  }
  return seconds;
};

const runStepDown = async (context: Context): Promise<Doc> => {
  const { command } = context;
  const member = initialized(context);
  const force = isTruthy(command['force']);
  const given = toNumber(command['replSetStepDown']) ?? 0;
  const period = given === 0 ? 60 : given;
  if (period < 0) throw new CommandError(2, 'stepdown period must be a positive integer');
  const catchUp = periodOf(command, 'secondaryCatchUpPeriodSecs', force ? 0 : 10);
  if (catchUp < 0)
    throw new CommandError(2, 'secondaryCatchUpPeriodSecs period must be a positive or absent');
  if (period < catchUp) {
    throw new CommandError(2, 'stepdown period must be longer than secondaryCatchUpPeriodSecs');
  }
  await stepDown(member, { periodMs: period * 1000, catchUpMs: catchUp * 1000, force });
  return ok();
};

const runStepUp = async (context: Context): Promise<Doc> => {
  const member = initialized(context);
  if (member.topology.role === 'leader') return ok();
  const won = await stand(member, 'step up request', isTruthy(context.command['skipDryRun']));
  if (!won) throw new CommandError(125, 'Election failed.');
  return ok();
};

const runFreeze = (context: Context): Doc => {
  const member = initialized(context);
  const { topology } = member;
  const seconds = toNumber(context.command['replSetFreeze']) ?? 0;
  if (topology.role !== 'follower') {
    const state = topology.role === 'leader' ? 'Primary' : 'Candidate';
    throw new CommandError(95, `cannot freeze node when primary or running for election. state: ${state}`);
  }
  if (seconds === 0) {
    topology.stepDownUntil = 0;
    member.standIfAlone();
    return ok({ info: 'unfreezing' });
  }
  topology.stepDownUntil = Math.max(topology.stepDownUntil, Date.now() + seconds * 1000);
  return ok(seconds === 1 ? { warning: 'you really want to freeze for only 1 second?' } : {});
};

const runMaintenance = (context: Context): Doc => {
  const member = initialized(context);
  const { topology } = member;
  if (topology.role === 'leader') throw new CommandError(95, "primaries can't modify maintenance mode");
  if (isTruthy(context.command['replSetMaintenance'])) topology.maintenance += 1;
  else if (topology.maintenance === 0) throw new CommandError(96, 'already out of maintenance mode');
  else topology.maintenance -= 1;
  member.changed();
  return ok();
};

const runSyncFrom = (context: Context): Doc => {
  const member = initialized(context);
  const { topology } = member;
  const wanted = readString(context.command, 'replSetSyncFrom') ?? '';
  if (topology.role === 'leader') throw new CommandError(95, "primaries don't sync");
  if (topology.self?.arbiterOnly === true) throw new CommandError(95, "arbiters don't sync");
  if (wanted === topology.self?.host) throw new CommandError(72, 'I cannot sync from myself');
  const found = topology.others().find((other) => other.member.host === wanted);
  if (found === undefined) throw new CommandError(74, `Could not find member "${wanted}" in replica set`);
  if (found.data.health !== 1) {
    throw new CommandError(6, `I cannot reach the requested member: ${wanted}`);
  }
  const behind =
    compareOpTimes(found.data.applied, member.engine.lastApplied) < 0 &&
    found.data.applied.secs < member.engine.lastApplied.secs - 10;
  const { puller } = context.core;
  if (puller !== undefined) puller.requested = wanted;
  member.bell.ring();
  return ok({
    syncFromRequested: wanted,
    ...(topology.syncSource === '' ? {} : { prevSyncTarget: topology.syncSource }),
    ...(behind ? { warning: `requested member "${wanted}" is more than 10 seconds behind us` } : {}),
  });
};

const runHeartbeat = (context: Context): Doc => {
  const member = memberOf(context);
  const request = parseHeartbeat(context.command);
  if (request.setName !== member.setName) {
    throw new CommandError(
      108,
      `Our set name of ${member.setName} does not match name ${request.setName} reported by remote node`,
    );
  }
  const { topology } = member;
  if (
    topology.self !== undefined &&
    request.fromId === topology.self.id &&
    request.from !== topology.self.host
  ) {
    throw new CommandError(
      2,
      `Received heartbeat from member with the same member ID as ourself: ${request.fromId}`,
    );
  }
  const response = topology.answerHeartbeat(request, Date.now(), member.engine.config);
  member.perform(topology.updateTerm(request.term));
  const mine = topology.config;
  const newer =
    request.configVersion > (mine?.version ?? -2) ||
    (mine !== null && mine.term >= 0 && request.configTerm > mine.term);
  if (newer && request.configVersion > 0 && !request.checkEmpty) member.fetchConfigFrom(request.from);
  else if (topology.selfIndex < 0 && mine !== null) member.lookForSelf();
  const withView = context.command['$replData'] !== undefined;
  return renderHeartbeatReply(response, member.dialect.safeReconfig, withView);
};

const runRequestVotes = async (context: Context): Promise<Doc> => {
  const member = initialized(context);
  const { topology, engine } = member;
  const request = parseVoteRequest(context.command);
  if (request.setName === member.setName) member.perform(topology.updateTerm(request.term));
  const own = { applied: member.lastApplied, appliedWall: 0, durable: engine.lastDurable };
  const answer = answerVote(topology, request, engine.lastVote, own);
  if (answer.newVote !== undefined) {
    topology.resetElectionTimer(Date.now());
    await engine.saveVote(answer.newVote);
  }
  return ok({
    term: Long.fromNumber(answer.term),
    voteGranted: answer.granted,
    reason: answer.reason,
  });
};

const runUpdatePosition = (context: Context): Doc => {
  takePositions(initialized(context), context.command);
  return ok();
};

const runResize = (context: Context): Doc => {
  const member = initialized(context);
  const size = readNumber(context.command, 'size');
  if (size === undefined) throw new CommandError(72, 'invalid size field, size should be a number');
  if (size < 990) throw new CommandError(72, 'oplog size should be 990MB at least');
  member.engine.oplog.resize(size * 1024 * 1024);
  return ok();
};

const runGetRollbackId = (context: Context): Doc => ok({ rbid: initialized(context).engine.rollbackId });

const runAppendNote = (context: Context): Doc => {
  initialized(context).write({ op: 'n', ns: '', o: readDoc(context.command, 'data') ?? {} });
  return ok();
};

const isSelf = ({ core }: Context): Doc =>
  core.member === undefined ? ok() : { id: core.member.processId, ok: new Double(1) };

const admin = { adminOnly: true };
const stateChange = onCluster('replSetStateChange');

/** Commands of a replica-set member. */
export const replicationCommands: Command[] = [
  define('replSetGetStatus', onCluster('replSetGetStatus'), getStatus, admin),
  define('replSetGetConfig', onCluster('replSetGetConfig'), getConfig, admin),
  define('replSetInitiate', onCluster('replSetConfigure'), runInitiate, admin),
  define('replSetReconfig', onCluster('replSetConfigure'), runReconfig, admin),
  define('replSetStepDown', stateChange, runStepDown, admin),
  define('replSetStepUp', stateChange, runStepUp, admin),
  define('replSetFreeze', stateChange, runFreeze, admin),
  define('replSetMaintenance', stateChange, runMaintenance, admin),
  define('replSetSyncFrom', stateChange, runSyncFrom, admin),
  define('replSetResizeOplog', onCluster('replSetResizeOplog'), runResize, admin),
  define('replSetGetRBID', internal, runGetRollbackId, admin),
  define('replSetHeartbeat', internal, runHeartbeat, admin),
  define('replSetRequestVotes', internal, runRequestVotes, admin),
  define('replSetUpdatePosition', internal, runUpdatePosition, admin),
  define('appendOplogNote', onCluster('appendOplogNote'), runAppendNote, { ...admin, runsOn: 'primary' }),
  define('_isSelf', () => ({ kind: 'open' }), isSelf, admin),
];
