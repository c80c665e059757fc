/** How members of a middleware agree; absent for one whose members hold no votes (a cache). */
export interface QuorumRule {
  /** Most votes that one set may have. */
  readonly maxVotes: number;
  /** Numbers of votes that a finished set may have, best first, of `voters` members that could vote. */
  readonly voteCounts: (voters: number) => readonly number[];
  /** Votes that must be left for the set to serve, of `votes`. */
  readonly majority: (votes: number) => number;
}

/** What the scheduler must know of a middleware: a new one adds a profile, nothing else here changes. */
export interface MiddlewareProfile {
  readonly name: string;
  /** Most data members of one set. */
  readonly maxMembers: number;
  /** `evenMembersOnly`: one member without data, only to make an even number of votes odd. */
  readonly arbiter: 'forbidden' | 'evenMembersOnly';
  readonly quorum?: QuorumRule | undefined;
}

/** Votes that one cluster may hold so that its loss leaves a majority. */
export const harmlessShare = (rule: QuorumRule, votes: number): number => votes - rule.majority(votes);
