import { mostRecent, nameMajorityLoss, writablePrimary } from '../domain/health';
import type { Look, LossMarks } from '../domain/loss';
import type { MemberReport, ReplicaSetObservation } from '../domain/replica-set';
import { selfHost } from './assess';

/** What the platform says of a member cluster. */
export interface PlatformSight {
  readonly cluster: string;
  /** Karmada's condition Ready. */
  readonly ready: boolean;
  /** Since when it stands so, RFC 3339. */
  readonly readySince?: string | undefined;
  /** Whether its API server answers us; undefined: nobody asked. */
  readonly api?: boolean | undefined;
}

export interface EvidenceFacts {
  /** Every registered cluster. */
  readonly platform: readonly PlatformSight[];
  readonly observation: ReplicaSetObservation;
  /** Clusters of members by host; of others their tag tells. */
  readonly clusterOf: ReadonlyMap<string, string>;
  readonly marks: LossMarks;
}

export interface Evidence {
  /** Clusters that look dead in both views, and lost ones that look alive; of the others there is nothing to tell. */
  readonly looks: Readonly<Record<string, Look>>;
  /** Clusters all of whose mongods are dead to the surviving members, whatever the platform says. */
  readonly silent: readonly string[];
  /** Those, and clusters cut off from the primary's side whose mongods still answer us: a person may call them lost. */
  readonly unseen: readonly string[];
  /** Set when no majority is left: nothing is done by itself then (S4). */
  readonly majorityLost?: string | undefined;
}

/**
 * S20: a cluster looks dead only when its API server does not answer and every surviving member sees all its mongods
 * down. One alone is no loss: an API server that is down, or pods that have failed.
 */
export function judgeClusters(facts: EvidenceFacts): Evidence {
  const members = configuredMembers(facts);
  const silent = [...members].flatMap(([cluster, hosts]) =>
    isSilent(facts, cluster, hosts) ? [cluster] : [],
  );
  const unseen = [...members].flatMap(([cluster, hosts]) => (isUnseen(facts, hosts) ? [cluster] : []));
  const { reports } = facts.observation;
  const majorityLost =
    writablePrimary(reports) === undefined
      ? nameMajorityLoss(mostRecent(reports)?.config, reports)
      : undefined;
  const hold = majorityLost ?? nameBrake(facts);
  const dead = silent
    .filter((cluster) => sightOf(facts, cluster).api === false)
    .map((cluster): [string, Look] => {
      const { ready, readySince } = sightOf(facts, cluster);
      return [
        cluster,
        {
          looks: 'dead',
          views: describeViews(facts, cluster, members.get(cluster) ?? []),
          confirmed: !ready,
          karmadaSince: readySince,
          heardAt: heardAt(facts, members.get(cluster) ?? []),
          hold,
        },
      ];
    });
  const back = facts.platform
    .filter(({ cluster, ready, api }) => facts.marks[cluster] !== undefined && ready && api === true)
    .map(({ cluster, readySince }): [string, Look] => [
      cluster,
      {
        looks: 'alive',
        views: describeViews(facts, cluster, members.get(cluster) ?? []),
        confirmed: true,
        karmadaSince: readySince,
      },
    ]);
  return { looks: Object.fromEntries([...dead, ...back]), silent, unseen, majorityLost };
}

/** One that is not registered any more is nobody's to ask. */
const sightOf = ({ platform }: EvidenceFacts, cluster: string): PlatformSight =>
  platform.find((one) => one.cluster === cluster) ?? { cluster, ready: false, api: false };

/** Hosts of the present configuration, by cluster. */
function configuredMembers({ observation, clusterOf }: EvidenceFacts): Map<string, string[]> {
  const config = (writablePrimary(observation.reports) ?? mostRecent(observation.reports))?.config;
  const found = new Map<string, string[]>();
  for (const { host, tags } of config?.members ?? []) {
    const cluster = clusterOf.get(host) ?? tags['cluster'];
    if (cluster !== undefined) found.set(cluster, [...(found.get(cluster) ?? []), host]);
  }
  return found;
}

/** Members elsewhere that have a view of the set. */
const witnesses = ({ observation }: EvidenceFacts, hosts: readonly string[]): MemberReport[] =>
  observation.reports.filter(
    (report) =>
      report.membership === 'member' && report.views.length > 0 && !hosts.includes(selfHost(report)),
  );

/** A single member that sees a single one of them is a proof of life, and so is one that answers us. */
function isSilent(facts: EvidenceFacts, cluster: string, hosts: readonly string[]): boolean {
  const answers = facts.observation.reports.some(
    (report) => hosts.includes(report.host) || facts.clusterOf.get(report.host) === cluster,
  );
  return !answers && areDownToAll(facts, hosts);
}

/** To everybody elsewhere they are down, and the primary that a majority follows is elsewhere. */
function isUnseen(facts: EvidenceFacts, hosts: readonly string[]): boolean {
  const primary = writablePrimary(facts.observation.reports);
  return primary !== undefined && !hosts.includes(selfHost(primary)) && areDownToAll(facts, hosts);
}

function areDownToAll(facts: EvidenceFacts, hosts: readonly string[]): boolean {
  const seeing = witnesses(facts, hosts);
  return (
    seeing.length > 0 &&
    seeing.every((report) =>
      hosts.every((host) => report.views.find((view) => view.host === host)?.health === 0),
    )
  );
}

/** When any of these was last heard by a member elsewhere; undefined: nobody tells. */
function heardAt(facts: EvidenceFacts, hosts: readonly string[]): string | undefined {
  const silences = witnesses(facts, hosts)
    .flatMap(({ views }) => views.filter(({ host }) => hosts.includes(host)))
    .flatMap(({ silentSeconds }) => silentSeconds ?? []);
  if (silences.length === 0) return undefined;
  return new Date(Date.parse(facts.observation.at) - Math.min(...silences) * 1000).toISOString();
}

/** Much that is lost at once is more likely our own side than theirs. */
function nameBrake({ platform, observation }: EvidenceFacts): string | undefined {
  if (observation.reports.length === 0) return 'no member answers us: our own side may be cut off';
  if (writablePrimary(observation.reports) === undefined)
    return 'there is no primary that a majority follows: an election comes first';
  const gone = platform.filter(({ ready, api }) => !ready || api === false);
  return gone.length * 2 > platform.length
    ? `${gone.length} of ${platform.length} clusters (${gone.map(({ cluster }) => cluster).join(', ')}) look lost at once: more than half are not believed`
    : undefined;
}

function describeViews(facts: EvidenceFacts, cluster: string, hosts: readonly string[]): string {
  const { ready, readySince, api } = sightOf(facts, cluster);
  const since = readySince === undefined ? '' : ` since ${readySince}`;
  const answer = api === undefined ? 'was not asked' : api ? 'answers' : 'does not answer';
  const platform = `Karmada: ${ready ? 'Ready' : 'not Ready'}${since}; its API server ${answer}`;
  const seeing = witnesses(facts, hosts).map(selfHost);
  const seen = hosts.map((host) => {
    const up = witnesses(facts, hosts)
      .filter((report) => report.views.some((view) => view.host === host && view.health === 1))
      .map(selfHost);
    return up.length === 0
      ? `${host} down to ${seeing.join(', ') || 'nobody, as nobody was asked'}`
      : `${host} up to ${up.join(', ')}`;
  });
  return `${platform}; members: ${seen.join('; ') || 'none of it in the configuration'}`;
}
