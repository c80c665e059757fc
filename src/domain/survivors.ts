import { majorityOf, type MemberReport, type OpTime, type ReplicaSetConfig } from './replica-set';

/** A data member that answers and has the set's configuration: what a lost majority could be rebuilt from. */
export interface Survivor {
  readonly host: string;
  readonly cluster: string;
  /** Its last applied operation; undefined: it does not tell. */
  readonly optime: OpTime | undefined;
  readonly priority: number;
  readonly votes: number;
}

/** Of a member, where it is. */
export type ClusterOf = (host: string) => string;

/** By cluster as the layout knows it, else by the member's tag. */
export const clusterLookup =
  (known: ReadonlyMap<string, string>, config: ReplicaSetConfig | undefined): ClusterOf =>
  (host) =>
    known.get(host) ?? config?.members.find((member) => member.host === host)?.tags['cluster'] ?? 'unknown';

/** The host by which a member knows itself. */
const ownHost = (report: MemberReport): string => report.views.find((view) => view.self)?.host ?? report.host;

/** Term first: an operation of a later term was written by a later primary (S4). */
export function compareOpTimes(a: OpTime | undefined, b: OpTime | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  return a.term - b.term || a.seconds - b.seconds || a.increment - b.increment;
}

/** Data members that could lead, the one with the latest operation first; of equals the one that is preferred. */
export function rankSurvivors(
  config: ReplicaSetConfig,
  reports: readonly MemberReport[],
  clusterOf: ClusterOf,
): Survivor[] {
  return reports
    .flatMap((report): Survivor[] => {
      const host = ownHost(report);
      const entry = config.members.find((member) => member.host === host);
      const serves = report.stateName === 'SECONDARY' || report.stateName === 'PRIMARY';
      if (entry === undefined || entry.arbiterOnly || report.membership !== 'member' || !serves) return [];
      const optime = report.views.find((view) => view.self)?.optime;
      return [{ host, cluster: clusterOf(host), optime, priority: entry.priority, votes: entry.votes }];
    })
    .sort(
      (a, b) => compareOpTimes(b.optime, a.optime) || b.priority - a.priority || (a.host < b.host ? -1 : 1),
    );
}

/** `1: a:1 in east at term 2, 2026-11-26T10:00:00.000Z/3`, and how far the others are behind. */
export function describeRanking(survivors: readonly Survivor[]): string {
  const first = survivors[0]?.optime;
  return survivors
    .map(({ host, cluster, optime }, index) => {
      const behind = first === undefined || optime === undefined ? 0 : first.seconds - optime.seconds;
      const lag = behind > 0 ? `, ${behind} s behind` : '';
      return `${index + 1}. ${host} in ${cluster} at ${describeOpTime(optime)}${lag}`;
    })
    .join('; ');
}

export const describeOpTime = (optime: OpTime | undefined): string =>
  optime === undefined
    ? 'an operation that it does not tell'
    : `term ${optime.term}, ${new Date(optime.seconds * 1000).toISOString()}/${optime.increment}`;

/** Members of the configuration that do not answer. */
export function missingMembers(config: ReplicaSetConfig, reports: readonly MemberReport[]): string[] {
  const answering = new Set(reports.map(ownHost));
  return config.members.map(({ host }) => host).filter((host) => !answering.has(host));
}

/** How far a missing member was when a survivor saw it last; servers forget it of one that they call down. */
function lastSeen(host: string, reports: readonly MemberReport[]): OpTime | undefined {
  return reports
    .flatMap(({ views }) => views.filter((view) => view.host === host && (view.optime?.seconds ?? 0) > 0))
    .map(({ optime }) => optime)
    .reduce<OpTime | undefined>((best, one) => (compareOpTimes(one, best) > 0 ? one : best), undefined);
}

/** What nobody who answers can vouch for: the part of the decision that only a person may take. */
export function describeStakes(
  config: ReplicaSetConfig,
  reports: readonly MemberReport[],
  clusterOf: ClusterOf,
): string {
  const [first] = rankSurvivors(config, reports, clusterOf);
  const data = missingMembers(config, reports).filter(
    (host) => config.members.find((member) => member.host === host)?.arbiterOnly === false,
  );
  if (first === undefined || data.length === 0) return 'no data member is missing';
  const places = data.map((host) => {
    const seen = lastSeen(host, reports);
    return `${host} in ${clusterOf(host)}${seen === undefined ? '' : `, last seen at ${describeOpTime(seen)}`}`;
  });
  const votes = config.members.reduce((sum, member) => sum + member.votes, 0);
  const theirs = config.members.filter(({ host, votes: own }) => own > 0 && data.includes(host)).length;
  const acknowledged =
    theirs >= majorityOf(votes)
      ? 'writes that a majority acknowledged among them'
      : 'writes with a lower write concern';
  return `what was written after ${describeOpTime(first.optime)} may exist only on ${places.join(' and ')}, ${acknowledged}: it would be lost`;
}

/** What a person can know and do when the majority is lost; nothing of it happens by itself (S4). */
export function describeChoice(
  config: ReplicaSetConfig,
  reports: readonly MemberReport[],
  clusterOf: ClusterOf,
): string {
  const survivors = rankSurvivors(config, reports, clusterOf);
  if (survivors.length === 0)
    return 'No data member that answers could lead: bring others back, or restore a backup into a new instance.';
  const kept = new Set(survivors.map(({ cluster }) => cluster));
  const fenced = [...new Set(missingMembers(config, reports).map(clusterOf))].filter(
    (cluster) => !kept.has(cluster),
  );
  return [
    `Survivors by (term, opTime): ${describeRanking(survivors)}.`,
    `At stake: ${describeStakes(config, reports, clusterOf)}.`,
    `Only if the others never come back: Update recoverMajority {"by","why"} makes a plan that fences ${fenced.sort().join(', ') || 'no cluster'} and waits for an approval by name.`,
  ].join(' ');
}
