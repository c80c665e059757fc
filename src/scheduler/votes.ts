import type { QuorumOutlook } from '../domain/placement';
import { apportion } from './apportionment';
import { harmlessShare, type QuorumRule } from './profile';

/** How good a spread of voters is: surviving the loss of any one cluster first (S8), then the number of votes. */
export interface QuorumScore {
  readonly survives: boolean;
  readonly votes: number;
}

export const compareScores = (a: QuorumScore, b: QuorumScore): number =>
  Number(a.survives) - Number(b.survives) || a.votes - b.votes;

/** Best that can be made of `voters` per cluster: votes may be withheld so that no cluster holds a blocking share. */
export function scoreVoters(voters: readonly number[], rule: QuorumRule | undefined): QuorumScore {
  if (rule === undefined) return { survives: true, votes: 0 };
  const total = voters.reduce((sum, count) => sum + count, 0);
  const choices = rule.voteCounts(Math.min(total, rule.maxVotes));
  for (const votes of choices) {
    const most = harmlessShare(rule, votes);
    if (voters.reduce((sum, count) => sum + Math.min(count, most), 0) >= votes)
      return { survives: true, votes };
  }
  return { survives: false, votes: choices[0] ?? 0 };
}

/** Votes of each cluster by {@link scoreVoters}, as even as can be, so that no share blocks if one need not; `arbiter` is the index of the cluster whose arbiter must vote. */
export function assignVotes(
  voters: readonly number[],
  arbiter: number | undefined,
  rule: QuorumRule,
): number[] {
  const { votes } = scoreVoters(voters, rule);
  const bySize = voters
    .map((count, index) => ({ count, index }))
    .sort((a, b) => b.count - a.count || a.index - b.index);
  const parts = apportion(
    votes,
    bySize.map(({ count, index }) => ({
      weight: 1,
      min: index === arbiter ? 1 : 0,
      max: count,
    })),
  );
  const assigned = voters.map(() => 0);
  bySize.forEach(({ index }, position) => {
    assigned[index] = parts?.[position] ?? 0;
  });
  return assigned;
}

/** What the loss of each cluster would mean (S8: votes(c) ≤ V − majority). */
export function outlookOf(
  votesByCluster: ReadonlyMap<string, number>,
  membersByCluster: ReadonlyMap<string, number>,
  rule: QuorumRule | undefined,
): QuorumOutlook {
  const holding = [...membersByCluster].filter(([, members]) => members > 0).map(([cluster]) => cluster);
  if (rule === undefined) {
    const fatalClusters = holding.length === 1 ? holding : [];
    return { votes: 0, majority: 0, fatalClusters, survivesAnyCluster: fatalClusters.length === 0 };
  }
  const votes = [...votesByCluster.values()].reduce((sum, count) => sum + count, 0);
  const fatalClusters = holding
    .filter((cluster) => (votesByCluster.get(cluster) ?? 0) > harmlessShare(rule, votes))
    .sort();
  return {
    votes,
    majority: rule.majority(votes),
    fatalClusters,
    survivesAnyCluster: fatalClusters.length === 0,
  };
}
