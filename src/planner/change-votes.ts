import type { MembershipStepFacts } from '../domain/plan';
import type { DesiredMember, MemberConfig } from '../domain/replica-set';
import { priorityOfPrimary, type Draft } from './draft';
import { handOver } from './hand-over';
import { fatalClusters } from './quorum';
import { candidatesIn, isHealthyIn, quorumOf, type SetState } from './set-state';
import { settleFields } from './settle-fields';

export interface VoteWish {
  readonly wishes: ReadonlyMap<string, DesiredMember>;
  /** Hosts that get a vote. */
  readonly granting: readonly string[];
  readonly arbiter: MemberConfig | undefined;
  readonly mayLose: boolean;
}

interface Change {
  readonly facts: MembershipStepFacts;
  readonly host: string;
  readonly grants: boolean;
  readonly dead: boolean;
}

/**
 * One vote after the other (S1), each time the safe change that leaves the best margin, the primary's own last. How
 * often the number is even on the way does not depend on the order, so the margin decides.
 * @returns what could not be changed safely
 */
export function changeVotes(
  draft: Draft,
  wish: VoteWish,
): { readonly done: boolean; readonly stuck: readonly string[] } {
  for (;;) {
    const open = openChanges(draft.state, wish);
    if (open.length === 0) return { done: true, stuck: [] };
    const others = open.filter((change) => change.host !== draft.state.primaryHost);
    const best = pickBest(draft, others, others.length < open.length ? heirsOf(draft.state, wish) : []);
    if (best !== undefined) {
      draft.take(best.facts);
      if (best.grants) raisePriority(draft, best.host, wish.wishes);
      continue;
    }
    const own = open.find((change) => change.host === draft.state.primaryHost);
    const blockers = open.filter((change) => change !== own);
    if (own === undefined || !passOn(draft, wish, own)) {
      for (const { facts } of blockers) draft.take(facts);
      return { done: false, stuck: open.map((change) => change.host) };
    }
  }
}

function openChanges(state: SetState, wish: VoteWish): Change[] {
  const grants = state.members
    .filter((member) => member.votes === 0 && wish.granting.includes(member.host))
    .map((member) => change({ kind: 'grantVote', memberId: member._id, host: member.host }, member, true));
  const { arbiter } = wish;
  const joins =
    arbiter === undefined || state.members.some((member) => member.host === arbiter.host)
      ? []
      : [change({ kind: 'addMember', members: [arbiter] }, arbiter, true)];
  const losses = state.members
    .filter((member) => member.votes > 0 && wish.wishes.get(member.host)?.votes !== 1)
    .map((member) => {
      const one = { memberId: member._id, host: member.host };
      return wish.wishes.has(member.host)
        ? change({ kind: 'revokeVote', ...one }, member, false)
        : change({ kind: 'removeMember', members: [one] }, member, false);
    });
  return [...grants, ...joins, ...(wish.mayLose ? losses : [])];

  function change(facts: MembershipStepFacts, member: MemberConfig, granting: boolean): Change {
    return { facts, host: member.host, grants: granting, dead: !isHealthyIn(state, member.host) };
  }
}

/** While nobody could take over from a primary that goes: who may, so that seven votes are not full before one of them has its own (S5, S14). */
function heirsOf(state: SetState, { wishes }: VoteWish): string[] {
  const maySucceed = (host: string): boolean => (wishes.get(host)?.priority ?? 0) > 0;
  return candidatesIn(state, state.primaryHost).some(({ host }) => maySucceed(host))
    ? []
    : state.members.map(({ host }) => host).filter(maySucceed);
}

function pickBest(draft: Draft, changes: readonly Change[], heirs: readonly string[]): Change | undefined {
  const rated = changes.flatMap((change) => {
    const applied = draft.probe(change.facts);
    if (!applied.ok) return [];
    const view = quorumOf(applied.state);
    const deadFirst = change.dead && !change.grants ? 1 : 0;
    const heirFirst = change.grants && heirs.includes(change.host) ? 1 : 0;
    const grants = change.grants ? 1 : 0;
    return [{ change, rank: [deadFirst, heirFirst, grants, view.margin, -fatalClusters(view).length] }];
  });
  return rated.sort((a, b) => compareRanks(b.rank, a.rank))[0]?.change;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** A priority above the primary's causes an election (S15), so such a one waits until all votes are settled. */
function raisePriority(draft: Draft, host: string, wishes: ReadonlyMap<string, DesiredMember>): void {
  const member = draft.state.members.find((entry) => entry.host === host);
  const priority = wishes.get(host)?.priority ?? 0;
  if (member === undefined || priority === 0 || priority > priorityOfPrimary(draft.state)) return;
  draft.take({ kind: 'setPriority', memberId: member._id, host, priority });
}

/** The primary is to lose its vote: another takes over first, then its own change (S11). */
function passOn(draft: Draft, wish: VoteWish, own: Change): boolean {
  settleFields(draft, wish.wishes);
  return handOver(draft, wish.wishes) && draft.take(own.facts);
}
