import type { ClusterShare } from '../domain/placement';
import type { ClusterJudgement, SoundRequest } from './cluster-judgement';
import type { ScheduleRequest } from './request';
import { coveredGroups, groupsOf, nameSpread } from './spread-groups';
import { countMembers } from './wording';

const WITNESS = 'a member or, with an even replicaset, the arbiter (config.arbiter) as a witness';

/** What would make the placement survive the loss of any one cluster (S8): a wider set, a third cluster, or room there. */
export function nameCure(
  judged: readonly ClusterJudgement[],
  shares: readonly ClusterShare[],
  { request, profile }: SoundRequest,
): string {
  if (profile.quorum === undefined) return 'Members on a second cluster would cure it.';
  const voters = request.members + (request.arbiter ? 1 : 0);
  if (voters < 3) return 'Three members on three clusters, or two and an arbiter, would cure it.';
  const used = shares.filter((share) => share.replicaset > 0 || share.arbiter === true).length;
  if (used >= 3)
    return 'More votes would cure it, which member.overrides withholds or too few members leave.';
  const idle = judged.filter(
    (one, index) =>
      one.excluded === undefined && (shares[index]?.replicaset ?? 0) === 0 && shares[index]?.arbiter !== true,
  );
  const roomy = idle.filter(({ room }) => room.free > 0).map(({ name }) => name);
  if (roomy.length > 0 && request.existing.length > 0) {
    return `Members that run stay where they are: moving one to ${roomy.join(' or ')} would cure it.`;
  }
  if (roomy.length > 0) {
    return `${roomy.join(' or ')} could take one, but spreadConstraints keeps it out: a higher maxGroups would cure it.`;
  }
  const full = idle.map((one) => `${one.name} (${one.barred ?? 'full'})`);
  return full.length > 0
    ? `Room in a third cluster for ${WITNESS} would cure it: ${full.join('; ')}.`
    : `A third cluster that takes ${WITNESS} would cure it.`;
}

/** Wishes that the placement does not meet, or that mean nothing. */
export function listWarnings(
  judged: readonly ClusterJudgement[],
  shares: readonly ClusterShare[],
  { request }: SoundRequest,
): string[] {
  return [
    ...judged.flatMap((one, index): string[] => {
      const stays = (shares[index]?.replicaset ?? 0) > 0 && one.running > 0;
      const unfit = one.barred !== undefined && one.barred !== one.room.whyFull;
      return stays && unfit
        ? [
            `${countMembers(one.running, { one: 'stays', more: 'stay' })} in ${one.name}, where none would be placed now: ${one.barred}.`,
          ]
        : [];
    }),
    ...warnOfWeights(judged, request),
    ...warnOfGroups(judged, shares, request),
  ];
}

function warnOfWeights(judged: readonly ClusterJudgement[], request: ScheduleRequest): string[] {
  if (request.clusterWeights === undefined) return [];
  if (request.mode !== 'Weighting') {
    return [
      'scheduler.clusterWeights is not used, as scheduler.schedulerMode is Uniform: set it to Weighting.',
    ];
  }
  const known = new Set(judged.map(({ name }) => name));
  const unknown = Object.keys(request.clusterWeights).filter((name) => !known.has(name));
  return unknown.length === 0
    ? []
    : [`scheduler.clusterWeights names no registered cluster with ${unknown.sort().join(', ')}.`];
}

function warnOfGroups(
  judged: readonly ClusterJudgement[],
  shares: readonly ClusterShare[],
  { spreadConstraints }: ScheduleRequest,
): string[] {
  const seats = judged.map(({ cluster }) => ({
    min: 0,
    max: 0,
    groups: spreadConstraints.map((constraint) =>
      cluster === undefined ? [] : groupsOf(cluster, constraint),
    ),
  }));
  const counts = shares.map((share) => share.replicaset);
  return spreadConstraints.flatMap((constraint, index) => {
    const { minGroups = 0, maxGroups = 0 } = constraint;
    const size = coveredGroups(counts, seats, index).size;
    if (size >= minGroups && (maxGroups === 0 || size <= maxGroups)) return [];
    const limits = maxGroups === 0 ? `${minGroups} or more` : `${minGroups} to ${maxGroups}`;
    return [
      `Members stand in ${size} groups of ${nameSpread(constraint)}, spreadConstraints asks for ${limits}: those that run stay where they are, move them to meet it.`,
    ];
  });
}
