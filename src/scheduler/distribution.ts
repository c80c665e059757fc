import { apportion } from './apportionment';
import { harmlessShare, type QuorumRule } from './profile';
import type { SpreadConstraint } from './request';
import { coverGroups, listSubsets, type GroupedSeat } from './spread-groups';
import { compareScores, scoreVoters, type QuorumScore } from './votes';

/** What a cluster offers: at least `min`, at most `max` data members. Seats stand in order of preference. */
export interface Seat extends GroupedSeat {
  readonly weight: number;
  /** Data members of this set that run there. */
  readonly running: number;
  /** New members that fit beside a new arbiter; undefined when the arbiter does not fit. */
  readonly besideArbiter: number | undefined;
}

export interface DistributionAsk {
  readonly members: number;
  /** `at`: it runs already, at that seat. */
  readonly arbiter: 'none' | 'place' | { readonly at: number };
  readonly mode: 'Uniform' | 'Weighting';
  readonly quorum: QuorumRule | undefined;
  readonly spread: readonly SpreadConstraint[];
}

export interface Distribution {
  readonly outcome: 'distributed';
  readonly counts: readonly number[];
  readonly arbiterAt: number | undefined;
}

/** How far the best attempt came. */
export type DistributionFailure = 'maxGroups' | 'minGroups' | 'arbiter';

interface Attempt extends Distribution {
  readonly score: QuorumScore;
}

/**
 * Members per seat: survives the loss of any one cluster if any spread within the limits does (S8), with the most votes;
 * then as even, or as close to the weights, as that leaves.
 */
export function distribute(
  seats: readonly Seat[],
  ask: DistributionAsk,
): Distribution | { readonly outcome: DistributionFailure } {
  const stages: DistributionFailure[] = ['maxGroups', 'minGroups', 'arbiter'];
  let reached = 0;
  let best: Attempt | undefined;
  for (const subset of listSubsets(seats, ask.spread)) {
    const within = seats.map((seat, index) => (subset.has(index) ? seat : closeSeat(seat)));
    const attempt = distributeWithin(within, ask);
    if (attempt.outcome !== 'distributed') reached = Math.max(reached, stages.indexOf(attempt.outcome));
    else if (best === undefined || isBetter(attempt, best, seats, ask)) best = attempt;
  }
  return best ?? { outcome: stages[reached] ?? 'maxGroups' };
}

const closeSeat = (seat: Seat): Seat => ({ ...seat, max: seat.min, besideArbiter: undefined });

function isBetter(a: Attempt, b: Attempt, seats: readonly Seat[], ask: DistributionAsk): boolean {
  const byScore = compareScores(a.score, b.score);
  if (byScore !== 0) return byScore > 0;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  if (ask.mode === 'Uniform') {
    return sum(a.counts.map((count) => count ** 2)) < sum(b.counts.map((count) => count ** 2));
  }
  const weigh = ({ counts }: Attempt): number =>
    sum(counts.map((count, index) => count * (seats[index]?.weight ?? 0)));
  return weigh(a) > weigh(b);
}

function distributeWithin(
  seats: readonly Seat[],
  ask: DistributionAsk,
): Attempt | { readonly outcome: DistributionFailure } {
  const claims = seats.map((seat) => ({ ...seat, weight: ask.mode === 'Uniform' ? 1 : seat.weight }));
  const wanted = apportion(ask.members, claims);
  if (wanted === undefined) return { outcome: 'maxGroups' };
  const first = attemptOf(wanted, seats, ask);
  if (first !== undefined && compareScores(first.score, idealScore(ask)) >= 0) return first;
  const joint = listJointSpreads(seats, ask);
  const bound = joint.reduce<QuorumScore>(
    (best, counts) => {
      const score = scoreWithArbiter(counts, seats, ask)?.score;
      return score !== undefined && compareScores(score, best) > 0 ? score : best;
    },
    { survives: false, votes: 0 },
  );
  let covered = false;
  let best: Attempt | undefined;
  for (const counts of [approach(wanted, seats, ask, bound), ...joint]) {
    const spread = coverGroups(counts, seats, ask.spread);
    if (spread === undefined) continue;
    covered = true;
    const attempt = scoreWithArbiter(spread, seats, ask);
    if (attempt === undefined) continue;
    if (best === undefined || compareScores(attempt.score, best.score) > 0) best = attempt;
  }
  return best ?? { outcome: covered ? 'arbiter' : 'minGroups' };
}

function attemptOf(
  counts: readonly number[],
  seats: readonly Seat[],
  ask: DistributionAsk,
): Attempt | undefined {
  const spread = coverGroups(counts, seats, ask.spread);
  return spread === undefined ? undefined : scoreWithArbiter(spread, seats, ask);
}

/** The score that nothing can beat. */
function idealScore({ members, arbiter, quorum }: DistributionAsk): QuorumScore {
  const voters = Math.min(members + (arbiter === 'none' ? 0 : 1), quorum?.maxVotes ?? 0);
  return { survives: true, votes: quorum?.voteCounts(voters)[0] ?? 0 };
}

/**
 * The most even spreads of members and arbiter together, one for each seat the arbiter could take: of all spreads within
 * the limits the most even one has the most votes outside any blocking share, so that one of these is the best there is.
 */
function listJointSpreads(seats: readonly Seat[], ask: DistributionAsk): number[][] {
  const spread = (arbiterAt: number | undefined): number[][] => {
    const claims = seats.map((seat, index) => {
      if (index !== arbiterAt) return { weight: 1, min: seat.min, max: seat.max };
      const max =
        ask.arbiter === 'place' ? Math.min(seat.max, seat.running + (seat.besideArbiter ?? 0)) : seat.max;
      return { weight: 1, min: seat.min + 1, max: max + 1 };
    });
    const parts = apportion(ask.members + (arbiterAt === undefined ? 0 : 1), claims);
    return parts === undefined ? [] : [parts.map((part, index) => (index === arbiterAt ? part - 1 : part))];
  };
  if (ask.arbiter === 'none') return spread(undefined);
  if (ask.arbiter !== 'place') return spread(ask.arbiter.at);
  return seats.flatMap((seat, index) => (seat.besideArbiter === undefined ? [] : spread(index)));
}

/** The wanted counts, with members moved out of blocking shares one by one until the best score is reached. */
function approach(
  wanted: readonly number[],
  seats: readonly Seat[],
  ask: DistributionAsk,
  bound: QuorumScore,
): number[] {
  let counts = [...wanted];
  if (ask.quorum === undefined || !bound.survives) return counts;
  const most = harmlessShare(ask.quorum, bound.votes);
  const weights = seats.reduce((sum, seat) => sum + seat.weight, 0);
  const surplus = (index: number): number =>
    (counts[index] ?? 0) * weights - ask.members * (seats[index]?.weight ?? 0);
  for (;;) {
    const score = scoreWithArbiter(counts, seats, ask)?.score;
    if (score !== undefined && compareScores(score, bound) >= 0) return counts;
    const indexes = [...seats.keys()].sort((a, b) => surplus(b) - surplus(a) || b - a);
    const donor = indexes.find((index) => (counts[index] ?? 0) > Math.max(most, seats[index]?.min ?? 0));
    const taker = indexes.findLast((index) => (counts[index] ?? 0) < Math.min(most, seats[index]?.max ?? 0));
    if (donor === undefined || taker === undefined) return counts;
    counts = counts.map((count, index) =>
      index === donor ? count - 1 : index === taker ? count + 1 : count,
    );
  }
}

function scoreWithArbiter(
  counts: readonly number[],
  seats: readonly Seat[],
  ask: DistributionAsk,
): Attempt | undefined {
  const judge = (arbiterAt: number | undefined): Attempt => ({
    outcome: 'distributed',
    counts,
    arbiterAt,
    score: scoreVoters(
      counts.map((count, index) => (index === arbiterAt ? count + 1 : count)),
      ask.quorum,
    ),
  });
  if (ask.arbiter === 'none') return judge(undefined);
  if (ask.arbiter !== 'place') return judge(ask.arbiter.at);
  let best: Attempt | undefined;
  for (const [index, seat] of seats.entries()) {
    const adds = Math.max(0, (counts[index] ?? 0) - seat.running);
    if (seat.besideArbiter === undefined || adds > seat.besideArbiter) continue;
    const attempt = judge(index);
    // S6 and S8: the cluster with the fewest members, unless another one keeps more votes out of a blocking share.
    const better =
      best === undefined ||
      compareScores(attempt.score, best.score) > 0 ||
      (compareScores(attempt.score, best.score) === 0 &&
        (counts[index] ?? 0) < (counts[best.arbiterAt ?? index] ?? 0));
    if (better) best = attempt;
  }
  return best;
}
