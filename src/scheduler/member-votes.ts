import type { ClusterShare, MemberPlace, PlacedMember } from '../domain/placement';
import type { MiddlewareProfile } from './profile';
import type { VoteOverride } from './request';
import { assignVotes } from './votes';

/** Who votes: the number per cluster is chosen for S8, inside a cluster the lower ordinals come first; overrides hold. */
export function giveVotes(
  shares: readonly ClusterShare[],
  places: readonly MemberPlace[],
  profile: MiddlewareProfile,
  overrides: readonly VoteOverride[],
): PlacedMember[] {
  const rule = profile.quorum;
  if (rule === undefined) return places.map((place) => ({ ...place, votes: 0 }));
  const candidates = shares.map(({ cluster }) => listCandidates(cluster, places, overrides));
  const arbiterAt = shares.findIndex((share) => share.arbiter === true);
  const votes = assignVotes(
    candidates.map((members, index) => members.length + (index === arbiterAt ? 1 : 0)),
    arbiterAt === -1 ? undefined : arbiterAt,
    rule,
  );
  const voters = new Set(
    candidates.flatMap((members, index) =>
      members.slice(0, (votes[index] ?? 0) - (index === arbiterAt ? 1 : 0)),
    ),
  );
  return places.map((place) => ({
    ...place,
    votes: place.ordinal === 'arbiter' || voters.has(place) ? 1 : 0,
  }));
}

/** Data members of a cluster that may vote, those that an override wants to vote first. */
function listCandidates(
  cluster: string,
  places: readonly MemberPlace[],
  overrides: readonly VoteOverride[],
): MemberPlace[] {
  const wanted = new Map(
    places
      .filter((place) => place.cluster === cluster && place.ordinal !== 'arbiter')
      .map((place) => [place, overrideOf(place, overrides)]),
  );
  const told = (votes: number | undefined): MemberPlace[] =>
    [...wanted].filter(([, override]) => override === votes).map(([place]) => place);
  return [...told(1), ...told(undefined)];
}

function overrideOf(place: MemberPlace, overrides: readonly VoteOverride[]): number | undefined {
  const matching = overrides.filter(({ cluster, votes }) => cluster === place.cluster && votes !== undefined);
  const exact = matching.findLast(({ ordinal }) => ordinal === place.ordinal);
  return (exact ?? matching.findLast(({ ordinal }) => ordinal === undefined))?.votes;
}
