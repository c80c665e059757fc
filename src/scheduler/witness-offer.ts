import type { ClusterShare } from '../domain/placement';
import type { QuorumRule } from './profile';
import type { ScheduleRequest } from './request';
import { scoreVoters } from './votes';

/** An edit of the spec that a third cluster makes worth while. */
export interface WitnessOffer {
  readonly kind: 'arbiter' | 'member';
  readonly replicaset: number;
  /** Members of the two clusters then, in the order of the shares; the third gets the witness. */
  readonly counts: readonly number[];
}

/**
 * What would let a set on two clusters survive the loss of either: a witness in a third, which needs room for little. An
 * arbiter makes an even number of members odd (S6), a small member does so by itself (S7). Empty: it needs none, or none helps.
 */
export function offerWitness(
  shares: readonly ClusterShare[],
  { members, arbiter }: Pick<ScheduleRequest, 'members' | 'arbiter'>,
  rule: QuorumRule | undefined,
): readonly WitnessOffer[] {
  const holding = shares.filter((share) => share.replicaset > 0 || share.arbiter === true);
  if (rule === undefined || arbiter || holding.length !== 2) return [];
  const present = holding.map((share) => share.replicaset);
  const isEven = members % 2 === 0;
  const candidates: readonly WitnessOffer[] = [
    { kind: 'arbiter', replicaset: isEven ? members : members + 1, counts: spread(present, isEven ? 0 : 1) },
    {
      kind: 'member',
      replicaset: isEven ? members + 1 : members + 2,
      counts: spread(present, isEven ? 0 : 1),
    },
  ];
  return candidates.filter(({ counts }) => scoreVoters([...counts, 1], rule).survives);
}

/** Members that run stay; another goes where there are fewest. */
function spread(present: readonly number[], more: 0 | 1): readonly number[] {
  const fewest = present.indexOf(Math.min(...present));
  return present.map((count, index) => (index === fewest ? count + more : count));
}

/** The offers in words that can be typed; empty where there is none. */
export function describeOffers(
  shares: readonly ClusterShare[],
  offers: readonly WitnessOffer[],
): readonly string[] {
  if (offers.length === 0) return [];
  const holding = shares.filter((share) => share.replicaset > 0 || share.arbiter === true);
  const told = offers.map(({ kind, replicaset, counts }) => {
    const places = holding.map(({ cluster }, index) => `${cluster} ${counts[index] ?? 0}`).join(', ');
    return kind === 'arbiter'
      ? `spec.replicaset: ${replicaset} with spec.config.arbiter: true (${places}, the arbiter there: it holds no data, so that w:majority waits after a loss until the dead have lost their vote, S16)`
      : `spec.replicaset: ${replicaset} (${places}, one member there)`;
  });
  return [
    `With a third cluster either may be lost: ${told.join(', or ')}. \`fedstate plan -f\` with that edit shows the steps.`,
  ];
}
