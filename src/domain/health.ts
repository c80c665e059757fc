import type { HealthWord } from './instance';
import {
  lagSeconds,
  majorityOf,
  type DesiredMember,
  type MemberConfig,
  type MemberReport,
  type MemberStateName,
  type OpTime,
  type ReplicaSetConfig,
  type ReplicaSetObservation,
} from './replica-set';

import { clusterLookup, describeChoice } from './survivors';

/** One member as status shows it. */
export interface MemberHealth {
  readonly cluster: string;
  readonly ordinal: number | 'arbiter';
  readonly host: string;
  /** The server's word; `DOWN` when it answers nobody, `ABSENT` when it is not in the configuration yet. */
  readonly role: MemberStateName | 'ABSENT';
  readonly votes: number;
  readonly lagSeconds?: number | undefined;
  readonly version?: string | undefined;
  readonly syncSource?: string | undefined;
}

export interface HealthVerdict {
  readonly word: HealthWord;
  /** Why it is not `Health`; empty when it is. */
  readonly reasons: readonly string[];
  readonly members: readonly MemberHealth[];
  readonly primaryHost?: string | undefined;
  /** As the primary tells it. */
  readonly featureCompatibilityVersion?: string | undefined;
  /** Voting members that may still be lost before writes stop; -1 when they have stopped. */
  readonly margin: number;
  /** Clusters whose loss would stop writes. */
  readonly fatalClusters: readonly string[];
  readonly config?: ReplicaSetConfig | undefined;
  /** How the present primary came to lead, as it tells. */
  readonly election?: Election | undefined;
  /** Set when too few voters answer to elect a primary: what is missing, and the remedy (S4). */
  readonly majorityLost?: string | undefined;
  /** Then: who is left, what is at stake, and what a person can do. */
  readonly choice?: string | undefined;
}

export interface Election {
  readonly term: number;
  readonly host: string;
  readonly at?: string | undefined;
  readonly reason?: string | undefined;
}

export interface HealthFacts {
  readonly desired: readonly DesiredMember[];
  readonly observation: ReplicaSetObservation;
  /** Whether the placement promised to survive the loss of any one cluster (S8). */
  readonly survivesAnyCluster: boolean;
  /** Clusters of which region and zone are not known at present: tags are not compared there. */
  readonly placeless?: ReadonlySet<string> | undefined;
  /** It is being made: that nobody leads yet is no loss. */
  readonly isNew?: boolean;
}

const SERVING: readonly MemberStateName[] = ['PRIMARY', 'SECONDARY', 'ARBITER'];

/**
 * Health = serves, as desired, and may lose any one cluster if that was promised; SubHealth = serves but differs or has
 * less margin; UnHealth = no majority-writable primary; UnKnown = nothing answers (design: words of the status).
 */
export function judgeHealth(facts: HealthFacts): HealthVerdict {
  const { reports } = facts.observation;
  const best = mostRecent(reports);
  const config = best?.config;
  const primary = writablePrimary(reports);
  const primaryOptime = primary?.views.find((view) => view.self)?.optime;
  const members = facts.desired.map((member) =>
    describeMember(member, facts.observation, primary ?? best, primaryOptime),
  );

  if (reports.length === 0) {
    const why = facts.observation.unreachable.map(({ host, reason }) => `${host}: ${reason}`);
    return {
      word: 'UnKnown',
      reasons: why.length > 0 ? why : ['no member answers'],
      members,
      margin: -1,
      fatalClusters: [],
    };
  }

  const voters = members.filter((member) => member.votes > 0);
  const serving = voters.filter((member) => SERVING.some((state) => state === member.role));
  const votes = (config?.members ?? []).reduce((sum, member) => sum + member.votes, 0);
  const majority = majorityOf(votes);
  const margin = primary === undefined ? -1 : serving.length - majority;
  const clusters = [...new Set(members.map((member) => member.cluster))];
  const fatalClusters = clusters.filter(
    (cluster) => serving.filter((member) => member.cluster !== cluster).length < majority,
  );

  const majorityLost =
    primary === undefined && facts.isNew !== true ? nameMajorityLoss(config, reports) : undefined;
  const reasons = [
    ...(primary === undefined ? ['no primary that a majority follows'] : []),
    ...(majorityLost === undefined ? [] : [majorityLost]),
    ...(primary === undefined ? [] : nameStalledWrites(primary)),
    ...members
      .filter((member) => !SERVING.some((state) => state === member.role))
      .map((member) => `${member.host} is ${member.role}`),
    ...differences(facts, config),
    ...(facts.survivesAnyCluster && primary !== undefined && fatalClusters.length > 0
      ? [`the loss of ${fatalClusters.join(' or ')} would stop writes`]
      : []),
  ];
  const word: HealthWord =
    primary === undefined || margin < 0 ? 'UnHealth' : reasons.length > 0 ? 'SubHealth' : 'Health';
  return {
    word,
    reasons,
    members,
    primaryHost: primary?.host,
    ...(primary?.featureCompatibilityVersion === undefined
      ? {}
      : { featureCompatibilityVersion: primary.featureCompatibilityVersion }),
    margin,
    fatalClusters,
    config,
    ...describeElection(primary),
    majorityLost,
    ...(majorityLost === undefined || config === undefined
      ? {}
      : { choice: describeChoice(config, reports, clusterLookup(clustersByHost(facts), config)) }),
  };
}

const clustersByHost = ({ desired }: HealthFacts): ReadonlyMap<string, string> =>
  new Map(desired.map(({ host, cluster }) => [host, cluster]));

function describeElection(primary: MemberReport | undefined): Pick<HealthVerdict, 'election'> {
  if (primary?.term === undefined) return {};
  const { host, term, electedAt: at, electionReason: reason } = primary;
  return {
    election: {
      term,
      host,
      ...(at === undefined ? {} : { at }),
      ...(reason === undefined ? {} : { reason }),
    },
  };
}

/** S16: an arbiter lets a primary be elected that has too few members with data to acknowledge majority writes. */
function nameStalledWrites({ config, views }: MemberReport): string[] {
  const voters = (config?.members ?? []).filter((member) => member.votes > 0);
  const data = voters.filter((member) => !member.arbiterOnly);
  const needed = Math.min(data.length, majorityOf(voters.length));
  const serving = data.filter(({ host }) =>
    views.some(
      (view) =>
        view.host === host &&
        view.health === 1 &&
        (view.stateName === 'PRIMARY' || view.stateName === 'SECONDARY'),
    ),
  );
  return data.length === voters.length || serving.length >= needed
    ? []
    : [
        `writes with w:majority wait: ${serving.length} of the ${needed} members with data that must acknowledge them serve, and the arbiter holds none (S16)`,
      ];
}

/** Voters that answer are no majority: only what comes back, or people, can help (S4). */
export function nameMajorityLoss(
  config: ReplicaSetConfig | undefined,
  reports: readonly MemberReport[],
): string | undefined {
  if (config === undefined)
    return 'the majority is lost: no member answers that knows the configuration; nothing is forced by itself (S4): bring members back';
  const voters = config.members.filter((member) => member.votes > 0);
  const hosts = reports.map((report) => report.views.find((view) => view.self)?.host ?? report.host);
  const silent = voters.filter(({ host }) => !hosts.includes(host)).map(({ host }) => host);
  const needed = majorityOf(voters.length);
  return voters.length - silent.length >= needed
    ? undefined
    : `the majority is lost: ${voters.length - silent.length} of ${voters.length} voters answer and ${needed} are needed; nothing is forced by itself (S4): bring back ${silent.join(' or ')}`;
}

/** A primary that sees a majority of the votes as healthy; of two claimants the one of the higher term. */
export function writablePrimary(reports: readonly MemberReport[]): MemberReport | undefined {
  const claimants = reports.filter(
    (report) => report.stateName === 'PRIMARY' && report.config !== undefined && seesMajority(report),
  );
  return claimants.reduce<MemberReport | undefined>(
    (best, report) => (best === undefined || termOf(report) > termOf(best) ? report : best),
    undefined,
  );
}

function seesMajority(report: MemberReport): boolean {
  const configured = report.config?.members ?? [];
  const votes = configured.reduce((sum, member) => sum + member.votes, 0);
  const seen = configured.filter(
    (member) =>
      member.votes > 0 && report.views.some((view) => view.host === member.host && view.health === 1),
  );
  return seen.length >= majorityOf(votes);
}

export function mostRecent(reports: readonly MemberReport[]): MemberReport | undefined {
  return reports
    .filter((report) => report.config !== undefined && report.membership === 'member')
    .reduce<MemberReport | undefined>(
      (best, report) => (best === undefined || compareConfigs(report, best) > 0 ? report : best),
      undefined,
    );
}

function compareConfigs(a: MemberReport, b: MemberReport): number {
  return termOf(a) - termOf(b) || (a.config?.version ?? 0) - (b.config?.version ?? 0);
}

const termOf = (report: MemberReport): number => report.config?.term ?? report.term ?? 0;

function describeMember(
  member: DesiredMember,
  observation: ReplicaSetObservation,
  witness: MemberReport | undefined,
  primaryOptime: OpTime | undefined,
): MemberHealth {
  const own = observation.reports.find((report) => report.host === member.host);
  const configured = witness?.config?.members.find((entry) => entry.host === member.host);
  const view = witness?.views.find((entry) => entry.host === member.host);
  const base = {
    cluster: member.cluster,
    ordinal: member.ordinal,
    host: member.host,
    votes: configured?.votes ?? 0,
    version: own?.version,
    syncSource: view === undefined || view.syncSourceHost === '' ? undefined : view.syncSourceHost,
  };
  if (configured === undefined) return { ...base, role: own === undefined ? 'DOWN' : 'ABSENT' };
  // A member that we cannot reach may still serve: the primary's view decides (S9).
  const role =
    view !== undefined && view.health === 1 ? view.stateName : own === undefined ? 'DOWN' : own.stateName;
  const lag =
    primaryOptime !== undefined && view?.optime !== undefined && role === 'SECONDARY'
      ? lagSeconds(primaryOptime, view.optime)
      : undefined;
  return { ...base, role, lagSeconds: lag };
}

function differences({ desired, placeless }: HealthFacts, config: ReplicaSetConfig | undefined): string[] {
  if (config === undefined) return ['the replica set is not initiated'];
  const wanted = new Set(desired.map((member) => member.host));
  const surplus = config.members.filter((member) => !wanted.has(member.host));
  return [
    ...desired.flatMap((member) => {
      const present = config.members.find((entry) => entry.host === member.host);
      return present === undefined
        ? [`${member.host} is not in the configuration`]
        : [
            ...fieldDifferences(member, present),
            ...(placeless?.has(member.cluster) === true ? [] : tagDifference(member, present)),
          ];
    }),
    ...surplus.map((member) => `${member.host} is in the configuration but not wanted`),
  ];
}

function fieldDifferences(desired: DesiredMember, present: MemberConfig): string[] {
  const wrong = (field: string, want: unknown, have: unknown): string[] =>
    want === have ? [] : [`${desired.host} has ${field} ${String(have)}, wanted ${String(want)}`];
  return [
    ...wrong('votes', desired.votes, present.votes),
    ...wrong('priority', desired.priority, present.priority),
    ...wrong('hidden', desired.hidden, present.hidden),
    ...wrong('secondaryDelaySecs', desired.secondaryDelaySecs, present.secondaryDelaySecs),
  ];
}

function tagDifference(desired: DesiredMember, present: MemberConfig): string[] {
  const [want, have] = [tell(desired.tags), tell(present.tags)];
  return present.arbiterOnly || want === have ? [] : [`${desired.host} has tags ${have}, wanted ${want}`];
}

const tell = (tags: Readonly<Record<string, string>>): string =>
  Object.keys(tags)
    .sort()
    .map((key) => `${key}=${tags[key] ?? ''}`)
    .join(',') || 'none';
