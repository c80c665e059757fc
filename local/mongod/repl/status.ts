import { Double, Long } from 'bson';
import type { Doc } from '../doc';
import { type OpTime, compareOpTimes, nullOpTime, renderOpTime, toTimestamp } from '../optime';
import { countVoters, isVoter, majorityOf, writeMajorityOf } from './config-rules';
import type { SyncProgress } from './initial-sync';
import type { Member } from './member';
import { type MemberData, memberState, stateName } from './member-state';

const hostIp = (host: string): string => host.slice(0, host.lastIndexOf(':'));

const dateOf = (optime: OpTime): Date => new Date(optime.secs * 1000);

/** Fields that 4.2 shows twice, under an old name as well. */
const syncFields = (member: Member, source: string): Doc => {
  const id = member.topology.config?.members.find(({ host }) => host === source)?.id ?? -1;
  return {
    ...(member.dialect.safeReconfig ? {} : { syncingTo: source }),
    syncSourceHost: source,
    syncSourceId: id,
  };
};

const electionFields = (time: { secs: number; inc: number } | undefined): Doc =>
  time === undefined ? {} : { electionTime: toTimestamp(time), electionDate: new Date(time.secs * 1000) };

const configFields = (member: Member, version: number, term: number): Doc =>
  member.dialect.safeReconfig
    ? { configVersion: version, configTerm: Long.fromNumber(term) }
    : { configVersion: version };

const describeSelf = (member: Member, id: number, host: string): Doc => {
  const { topology, dialect, engine } = member;
  const { state, config } = topology;
  const arbiter = state === memberState.arbiter;
  const applied = engine.lastApplied;
  const wall = engine.lastAppliedWall;
  return {
    _id: id,
    name: host,
    ...(dialect.safeReconfig ? {} : { ip: hostIp(host) }),
    health: new Double(1),
    state,
    stateStr: stateName(state),
    uptime: Math.floor((Date.now() - member.startedAt) / 1000),
    ...(arbiter
      ? {}
      : {
          optime: renderOpTime(applied),
          optimeDate: dateOf(applied),
          ...(dialect.implicitMajority ? { lastAppliedWallTime: wall, lastDurableWallTime: wall } : {}),
        }),
    ...syncFields(member, topology.syncSource),
    ...(topology.maintenance > 0 ? { maintenanceMode: topology.maintenance } : {}),
    infoMessage: topology.infoMessage,
    ...(topology.role === 'leader' ? electionFields(topology.electionTime) : {}),
    ...configFields(member, config?.version ?? -1, config?.term ?? -1),
    self: true,
    lastHeartbeatMessage: '',
  };
};

const stateWord = (data: MemberData): string =>
  data.health === 0 ? '(not reachable/healthy)' : stateName(data.state);

const describeOther = (member: Member, data: MemberData, arbiter: boolean): Doc => {
  const { dialect } = member;
  return {
    _id: data.id,
    name: data.host,
    ...(dialect.safeReconfig ? {} : { ip: hostIp(data.host) }),
    health: new Double(data.health),
    state: data.state,
    stateStr: stateWord(data),
    uptime: data.health === 1 ? Math.floor((Date.now() - data.upSince) / 1000) : 0,
    ...(arbiter
      ? {}
      : {
          optime: renderOpTime(data.applied),
          optimeDurable: renderOpTime(data.durable),
          optimeDate: dateOf(data.applied),
          optimeDurableDate: dateOf(data.durable),
          ...(dialect.implicitMajority
            ? {
                lastAppliedWallTime: new Date(data.appliedWall),
                lastDurableWallTime: new Date(data.durableWall),
              }
            : {}),
        }),
    lastHeartbeat: new Date(data.lastHeartbeat),
    lastHeartbeatRecv: new Date(data.lastHeartbeatReceived),
    pingMs: Long.fromNumber(data.pingMs),
    lastHeartbeatMessage: data.message,
    ...(data.authenticated ? {} : { authenticated: false }),
    ...syncFields(member, data.syncSource),
    infoMessage: '',
    ...electionFields(data.state === memberState.primary ? data.electionTime : undefined),
    ...configFields(member, data.configVersion, data.configTerm),
  };
};

const describeOptimes = (member: Member): Doc => {
  const { engine, topology } = member;
  const committed = topology.commitPoint;
  const { snapshot } = topology;
  const applied = member.lastApplied;
  const durable = topology.self?.arbiterOnly === true ? nullOpTime : engine.lastDurable;
  const wallAt = (optime: OpTime): Date =>
    compareOpTimes(optime, engine.lastApplied) === 0 ? engine.lastAppliedWall : dateOf(optime);
  const modern = member.dialect.implicitMajority;
  return {
    lastCommittedOpTime: renderOpTime(committed),
    lastCommittedWallTime: wallAt(committed),
    ...(snapshot === undefined
      ? {}
      : {
          readConcernMajorityOpTime: renderOpTime(snapshot),
          ...(modern ? {} : { readConcernMajorityWallTime: wallAt(snapshot) }),
        }),
    appliedOpTime: renderOpTime(applied),
    durableOpTime: renderOpTime(durable),
    lastAppliedWallTime: wallAt(applied),
    lastDurableWallTime: wallAt(durable),
  };
};

const describeCounts = (member: Member): Doc => {
  const { config } = member.topology;
  if (!member.dialect.safeReconfig || config === null) return {};
  const writable = config.members.filter((known) => isVoter(known) && !known.arbiterOnly).length;
  return {
    majorityVoteCount: majorityOf(config),
    writeMajorityCount: writeMajorityOf(config),
    votingMembersCount: countVoters(config),
    writableVotingMembersCount: writable,
  };
};

const describeClone = ({ databases }: SyncProgress): Doc => ({
  databasesCloned: [...databases.values()].filter(({ counts }) => counts['end'] !== undefined).length,
  ...Object.fromEntries([...databases].map(([name, { counts, copies }]) => [name, { ...counts, ...copies }])),
});

const describeInitialSync = (progress: SyncProgress): Doc => ({
  failedInitialSyncAttempts: progress.failed,
  maxFailedInitialSyncAttempts: 10,
  initialSyncStart: progress.start,
  ...(progress.end === undefined
    ? {}
    : {
        initialSyncEnd: progress.end,
        initialSyncElapsedMillis: progress.end.getTime() - progress.start.getTime(),
      }),
  initialSyncAttempts: progress.attempts,
  ...(progress.oplogStart === undefined
    ? {}
    : {
        fetchedMissingDocs: 0,
        appliedOps: progress.appliedOps,
        initialSyncOplogStart: toTimestamp(progress.oplogStart),
        ...(progress.oplogEnd === undefined ? {} : { initialSyncOplogEnd: toTimestamp(progress.oplogEnd) }),
        databases: describeClone(progress),
      }),
});

/** replSetGetStatus as this member sees its set; `progress`: of an initial sync, when it is to be shown. */
export const describeStatus = (member: Member, progress: SyncProgress | undefined): Doc => {
  const { topology, dialect } = member;
  const { config } = topology;
  const stable = toTimestamp(topology.commitPoint);
  return {
    set: config?.setName ?? '',
    date: new Date(),
    myState: topology.state,
    term: Long.fromNumber(topology.term),
    ...syncFields(member, topology.syncSource),
    heartbeatIntervalMillis: Long.fromNumber(config?.settings.heartbeatIntervalMillis ?? 2000),
    ...describeCounts(member),
    optimes: describeOptimes(member),
    lastStableRecoveryTimestamp: stable,
    ...(dialect.safeReconfig ? {} : { lastStableCheckpointTimestamp: stable }),
    ...(progress === undefined ? {} : { initialSyncStatus: describeInitialSync(progress) }),
    members: (config?.members ?? []).map(({ id, host, arbiterOnly }, index) => {
      const data = topology.members[index];
      return index === topology.selfIndex || data === undefined
        ? describeSelf(member, id, host)
        : describeOther(member, data, arbiterOnly);
    }),
  };
};
