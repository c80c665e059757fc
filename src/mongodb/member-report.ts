import type {
  MemberConfig,
  MemberReport,
  MemberStateName,
  MemberView,
  ReplicaSetConfig,
} from '../domain/replica-set';
import type { Hello, RawConfig, RawMember, Status } from './answers';

/** Member states by number (manual: "Replica Set Member States"). */
const STATE_NAMES: Readonly<Record<number, MemberStateName>> = {
  0: 'STARTUP',
  1: 'PRIMARY',
  2: 'SECONDARY',
  3: 'RECOVERING',
  5: 'STARTUP2',
  6: 'UNKNOWN',
  7: 'ARBITER',
  8: 'DOWN',
  9: 'ROLLBACK',
  10: 'REMOVED',
};

const stateName = (state: number): MemberStateName => STATE_NAMES[state] ?? 'UNKNOWN';

/** What one member answered; `status` is absent when it has no configuration or is not in it. */
export interface MemberAnswers {
  readonly version: string;
  readonly hello: Hello;
  readonly status?: Status | undefined;
  readonly config?: RawConfig | undefined;
  readonly featureVersion?: string | undefined;
}

export function toReport(host: string, answers: MemberAnswers): MemberReport {
  const { hello, status, config } = answers;
  const membership =
    status !== undefined || hello.arbiterOnly === true
      ? 'member'
      : config === undefined
        ? 'uninitialized'
        : 'removed';
  return {
    host,
    version: answers.version,
    ...(answers.featureVersion === undefined ? {} : { featureCompatibilityVersion: answers.featureVersion }),
    membership,
    stateName: ownState(membership, answers),
    setName: status?.set ?? hello.setName ?? config?._id,
    primaryHost: hello.primary,
    config: config === undefined ? undefined : toConfig(config),
    term: status?.term ?? config?.term,
    ...(status === undefined ? {} : describeElection(status)),
    views: status?.members.map((member) => toView(member, status.date)) ?? [],
    majorityVoteCount: status?.majorityVoteCount,
    writeMajorityCount: status?.writeMajorityCount,
  };
}

function ownState(membership: MemberReport['membership'], { status, hello }: MemberAnswers): MemberStateName {
  switch (membership) {
    case 'uninitialized':
      return 'STARTUP';
    case 'removed':
      return 'REMOVED';
    case 'member':
      return status === undefined
        ? hello.arbiterOnly === true
          ? 'ARBITER'
          : 'UNKNOWN'
        : stateName(status.myState);
  }
}

function describeElection({
  members,
  electionCandidateMetrics,
}: Status): Pick<MemberReport, 'electedAt' | 'electionReason'> {
  const electedAt = members.find((member) => member.self === true)?.electionDate;
  if (electedAt === undefined) return {};
  const reason = electionCandidateMetrics?.lastElectionReason;
  return {
    electedAt: electedAt.toISOString(),
    ...(reason === undefined ? {} : { electionReason: reason }),
  };
}

function toView(member: Status['members'][number], now: Date | undefined): MemberView {
  const heard = member.lastHeartbeatRecv?.getTime() ?? 0;
  return {
    _id: member._id,
    host: member.name,
    health: member.health > 0 ? 1 : 0,
    state: member.state,
    stateName: stateName(member.state),
    optime:
      member.optime === undefined
        ? undefined
        : { seconds: member.optime.ts.t, increment: member.optime.ts.i, term: member.optime.t },
    configVersion: member.configVersion,
    configTerm: member.configTerm,
    syncSourceHost: member.syncSourceHost ?? '',
    uptimeSeconds: member.uptime ?? 0,
    ...(now === undefined || heard <= 0
      ? {}
      : { silentSeconds: Math.max(0, (now.getTime() - heard) / 1000) }),
    self: member.self === true,
  };
}

/** The configuration in the words of the domain; what the server may leave out has the manual's default. */
export function toConfig(config: RawConfig): ReplicaSetConfig {
  return {
    _id: config._id,
    replicaSetId: config.settings?.replicaSetId?.toHexString(),
    version: config.version,
    term: config.term,
    members: config.members.map(toMember),
  };
}

function toMember(member: RawMember): MemberConfig {
  const arbiterOnly = member.arbiterOnly ?? false;
  return {
    _id: member._id,
    host: member.host,
    arbiterOnly,
    buildIndexes: member.buildIndexes ?? true,
    hidden: member.hidden ?? false,
    priority: member.priority ?? (arbiterOnly ? 0 : 1),
    votes: member.votes ?? 1,
    tags: member.tags ?? {},
    secondaryDelaySecs: member.secondaryDelaySecs ?? member.slaveDelay ?? 0,
  };
}
