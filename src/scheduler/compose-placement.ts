import type {
  ClusterReason,
  ClusterShare,
  PlacedMember,
  Placement,
  QuorumOutlook,
} from '../domain/placement';
import { giveVotes } from './member-votes';
import { compareText, findLeaving, nameMember, placeOrdinals } from './ordinals';
import type { MiddlewareProfile } from './profile';
import type { ScheduleRequest } from './request';
import { outlookOf } from './votes';
import { describeOffers, offerWitness } from './witness-offer';

export interface PlacementDraft {
  readonly shares: readonly ClusterShare[];
  readonly request: ScheduleRequest;
  readonly profile: MiddlewareProfile;
  readonly reasons: readonly ClusterReason[];
  /** What would cure the loss of a cluster being fatal, as a sentence. */
  readonly cure: string;
  readonly warnings: readonly string[];
}

/** Members, votes and outlook of shares that are decided, with a warning for each thing that falls short of S6 to S8. */
export function composePlacement(draft: PlacementDraft): Placement {
  const { request, profile } = draft;
  const shares = draft.shares
    .filter((share) => share.replicaset > 0 || share.arbiter === true)
    .sort((a, b) => b.replicaset - a.replicaset || compareText(a.cluster, b.cluster));
  const places = shares.flatMap((share) => placeOrdinals(share, request));
  const members = giveVotes(shares, places, profile, request.overrides ?? []);
  const votes = new Map<string, number>();
  const counts = new Map<string, number>();
  for (const member of members) {
    votes.set(member.cluster, (votes.get(member.cluster) ?? 0) + member.votes);
    counts.set(member.cluster, (counts.get(member.cluster) ?? 0) + 1);
  }
  const quorum = outlookOf(votes, counts, profile.quorum);
  return {
    shares,
    members,
    leaving: findLeaving(request.existing, places),
    reasons: draft.reasons,
    quorum,
    warnings: [
      ...warnOfFatalClusters(quorum, votes, draft.cure),
      ...(quorum.fatalClusters.length === 0
        ? []
        : describeOffers(shares, offerWitness(shares, request, profile.quorum))),
      ...warnOfWithheldVotes(members, request, profile, quorum),
      ...warnOfArbiter(members, quorum, [...counts.keys()]),
      ...draft.warnings,
    ],
  };
}

function warnOfFatalClusters(
  { votes, majority, fatalClusters }: QuorumOutlook,
  byCluster: ReadonlyMap<string, number>,
  cure: string,
): string[] {
  return fatalClusters.map((cluster) =>
    votes === 0
      ? `The loss of cluster ${cluster} is the loss of every member. ${cure}`
      : `The loss of cluster ${cluster} stops writes: ${byCluster.get(cluster) ?? 0} of ${votes} votes are there, and a majority is ${majority} (S8). ${cure}`,
  );
}

function warnOfWithheldVotes(
  members: readonly PlacedMember[],
  request: ScheduleRequest,
  { quorum: rule }: MiddlewareProfile,
  { votes }: QuorumOutlook,
): string[] {
  if (rule === undefined) return [];
  const without = members.filter((member) => member.votes === 0).map(nameMember);
  if (without.length === 0) return [];
  if (!members.some((member) => member.votes === 1 && member.ordinal !== 'arbiter')) {
    return ['No data member has a vote, so that none can be elected: take votes 0 out of member.overrides.'];
  }
  const pinned = (request.overrides ?? []).some((override) => override.votes === 0);
  const most = rule.voteCounts(Math.min(members.length, rule.maxVotes))[0] ?? 0;
  const why =
    votes < most
      ? pinned
        ? 'as member.overrides and the placement leave no more that keep the votes odd and no cluster with a blocking share (S7, S8)'
        : 'so that no cluster holds a blocking share of the votes (S8)'
      : members.length > rule.maxVotes
        ? `as at most ${rule.maxVotes} may vote (S5)`
        : 'so that the number of votes stays odd (S7): an odd replicaset, or config.arbiter, would use them all';
  return [`${without.join(', ')} ${without.length === 1 ? 'has' : 'have'} no vote, ${why}.`];
}

/** S16: with an arbiter a majority of votes may be left that holds too little data to acknowledge majority writes. */
function warnOfArbiter(
  members: readonly PlacedMember[],
  { majority, fatalClusters }: QuorumOutlook,
  clusters: readonly string[],
): string[] {
  if (!members.some((member) => member.ordinal === 'arbiter')) return [];
  const data = members.filter((member) => member.ordinal !== 'arbiter' && member.votes === 1);
  const writeMajority = Math.min(majority, data.length);
  const stalling = clusters.filter(
    (cluster) =>
      !fatalClusters.includes(cluster) &&
      data.filter((member) => member.cluster !== cluster).length < writeMajority,
  );
  if (stalling.length === 0) return [];
  return [
    `After the loss of ${stalling.join(' or ')} there is a primary, but writes with w:majority wait, as the arbiter holds no data (S16). A data member in its place would cure it.`,
  ];
}
