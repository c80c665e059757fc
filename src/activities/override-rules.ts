import type { MongoDBStatus } from '../api/mongodb';
import { ANNOTATIONS } from '../domain/marks';
import { fnv1a32, type Ordinal } from '../domain/names';
import type { MemberPlace } from '../domain/placement';
import type { ClusterOverride } from '../karmada/policy';
import { isSamePlace, type Layout } from './layout';

export interface RuleChanges {
  /** The one member that may take a new pod template now (S2). */
  readonly rollout?: MemberPlace | undefined;
  /** Members that are out of the set (S11) and to be taken away. */
  readonly retire?: readonly MemberPlace[] | undefined;
}

/**
 * One rule per cluster that has members or still had some. Members that leave are counted until they are retired:
 * nothing is ever lowered by a count alone.
 */
export function overrideRules(layout: Layout, changes: RuleChanges = {}): ClusterOverride[] {
  const retire = changes.retire ?? [];
  const vips = new Map<string, string>([
    ...layout.leaving.flatMap(({ cluster, vip }): [string, string][] =>
      vip === undefined ? [] : [[cluster, vip]],
    ),
    ...layout.shares.map(({ cluster, vip }): [string, string] => [cluster, vip]),
  ]);
  const clusters = [...new Set([...layout.shares, ...layout.leaving].map(({ cluster }) => cluster))];
  const seedCluster = clusters.includes(layout.seed.cluster) ? layout.seed.cluster : clusters[0];
  return clusters.flatMap((cluster): ClusterOverride[] => {
    const vip = vips.get(cluster);
    if (vip === undefined) return [];
    const shut = layout.shut?.get(cluster);
    if (shut !== undefined) return [shutRule(cluster, vip, shut)];
    const leaving = layout.leaving.filter((member) => member.cluster === cluster);
    const isRetired = (member: (typeof leaving)[number]): boolean =>
      member.retired || retire.some((place) => isSamePlace(place, member));
    const running: Ordinal[] = [
      ...layout.members.filter((member) => member.cluster === cluster),
      ...leaving.filter((member) => !isRetired(member)),
    ].map(({ ordinal }) => ordinal);
    return [
      {
        cluster,
        vip,
        members: running.filter((ordinal) => ordinal !== 'arbiter').length,
        arbiter: running.includes('arbiter'),
        rsInit: cluster === seedCluster,
        retired: leaving.filter(isRetired).map(({ ordinal }) => ordinal),
        rollout: changes.rollout?.cluster === cluster ? [changes.rollout.ordinal] : [],
      },
    ];
  });
}

/** What was cut off goes, and keeps its volumes: it may hold what nobody else has (S4). */
const shutRule = (cluster: string, vip: string, ordinals: readonly Ordinal[]): ClusterOverride => ({
  cluster,
  vip,
  members: 0,
  arbiter: false,
  rsInit: false,
  retired: ordinals,
  rollout: [],
  keepsVolumes: true,
});

/**
 * The rules with what has been retired and is gone still in them: the record of what must be swept, until it is. An
 * ordinal that is wanted again is no longer retired.
 */
export function keepRetired(rules: readonly ClusterOverride[], layout: Layout): ClusterOverride[] {
  const isWanted = (place: MemberPlace): boolean =>
    layout.members.some((member) => isSamePlace(member, place));
  const kept = rules.map((rule) => {
    const past = layout.dispatched.find((share) => share.cluster === rule.cluster)?.retired ?? [];
    const gone = past.filter(
      (ordinal) => !rule.retired.includes(ordinal) && !isWanted({ cluster: rule.cluster, ordinal }),
    );
    return gone.length === 0 ? rule : { ...rule, retired: [...rule.retired, ...gone] };
  });
  const dropped = layout.dispatched.flatMap(({ cluster, vip, retired }): ClusterOverride[] =>
    vip === undefined || rules.some((rule) => rule.cluster === cluster)
      ? []
      : [
          layout.shut?.has(cluster) === true
            ? shutRule(cluster, vip, retired)
            : { cluster, vip, members: 0, arbiter: false, rsInit: false, retired, rollout: [] },
        ],
  );
  return [...kept, ...dropped];
}

/**
 * Whether a manager acts on what was dispatched last: override, template and configuration reach it one by one.
 * @param annotations of the custom resource
 * @param revision of its cluster's rule
 */
export function hasTakenUp(
  status: MongoDBStatus | undefined,
  annotations: Readonly<Record<string, string>>,
  revision: string | undefined,
): boolean {
  const template = annotations[ANNOTATIONS.appliedTemplate];
  const config = annotations[ANNOTATIONS.appliedConfig];
  return (
    status?.overrideRevision === revision &&
    (template === undefined || status?.templateRevision === template) &&
    (config === undefined || status?.customConfigRevision === config)
  );
}

/** A word that changes with the rule: the member's status echoes the one it acted on. */
export const revisionOf = (rule: ClusterOverride): string => fnv1a32(JSON.stringify(rule));
