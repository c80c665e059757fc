import type { QuorumView } from '../domain/plan';
import { majorityOf, type MemberConfig } from '../domain/replica-set';

/** Votes of a configuration, and what the loss of each cluster would mean (S8). */
export function viewQuorum(
  members: readonly MemberConfig[],
  isHealthy: (host: string) => boolean,
  clusterOf: (member: MemberConfig) => string,
): QuorumView {
  const voters = members.filter((member) => member.votes > 0);
  const healthy = voters.filter((member) => isHealthy(member.host));
  const majority = majorityOf(voters.length);
  const clusters = [...new Set(voters.map(clusterOf))].sort();
  return {
    votes: voters.length,
    majority,
    healthyVotes: healthy.length,
    margin: healthy.length - majority,
    losses: clusters.map((cluster) => {
      const left = healthy.filter((member) => clusterOf(member) !== cluster).length;
      const votes = voters.filter((member) => clusterOf(member) === cluster).length;
      return { cluster, votes, left, fatal: left < majority };
    }),
  };
}

export const fatalClusters = (view: QuorumView): string[] =>
  view.losses.filter((loss) => loss.fatal).map((loss) => loss.cluster);
