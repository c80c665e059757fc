import type { MembershipStep, PlanInput } from '../domain/plan';
import { majorityOf, type DesiredMember, type MemberConfig } from '../domain/replica-set';
import { toConfig } from './config-rules';
import { startDraft, type Draft } from './draft';
import type { KeptMember, Matched } from './match-members';
import { settleFields } from './settle-fields';
import { isHealthyIn, type SetState } from './set-state';
import { changeVotes } from './change-votes';

const DEFAULT_MAX_LAG_SECONDS = 10;

export interface Changes {
  readonly steps: readonly MembershipStep[];
  /** Hosts that must come (back) before the rest can be planned; empty: the plan is complete. */
  readonly waitingFor: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Steps for a set that runs: members that are back at a new address, votes of the dead that hold it back, other new addresses, additions without vote, their sync,
 * then votes one by one, fields and priorities, the primary last, and what lost its vote out of the configuration.
 */
export function planChanges(input: PlanInput, matched: Matched, start: SetState): Changes {
  const draft = startDraft(start);
  const wishes = new Map(input.desired.map((member) => [member.host, member]));
  const lagSeconds = input.maxLagSeconds ?? DEFAULT_MAX_LAG_SECONDS;
  const moving = matched.kept.filter(({ desired, present }) => desired.host !== present.host);
  const isSeen = ({ present }: KeptMember): boolean => isHealthyIn(start, present.host);
  // Who is back at a new address counts before a vote is taken from the dead.
  const mended = moveMembers(
    draft,
    moving.filter((one) => !isSeen(one)),
    lagSeconds,
  );
  revokeDeadVotes(draft, matched.leaving);
  if (!mended || !moveMembers(draft, moving.filter(isSeen), lagSeconds))
    return {
      steps: draft.steps,
      waitingFor: [...draft.state.down],
      notes: [`Not all of the change is safe now: ${draft.blocked?.message ?? ''}`],
    };
  addMembers(draft, matched.added);
  const settled = draft.steps.length;

  const absent = matched.pending.map((member) => member.host);
  const silent = wishedVoters(draft.state, wishes).filter(
    (member) => !isHealthyOrNew(member, matched, start),
  );
  const waitingFor = [...absent, ...silent.map((member) => member.host)];
  const arbiter = matched.added.find((member) => member.ordinal === 'arbiter');
  const ready = wishedVoters(draft.state, wishes).filter((member) => !silent.includes(member));
  if (ready.length > 0)
    draft.take({ kind: 'waitSync', hosts: ready.map((member) => member.host), maxLagSeconds: lagSeconds });
  const outcome = changeVotes(draft, {
    wishes,
    granting: ready.map((member) => member.host),
    arbiter: arbiter === undefined ? undefined : toConfig(arbiter, draft.state.highestId + 1),
    // While a wanted member has not come, healthy ones are kept: additions go before removals (S12).
    mayLose: waitingFor.length === 0,
  });
  const unsafe = draft.blocked?.message ?? '';
  if (!outcome.done || waitingFor.length > 0) cutBack(draft, settled, start);
  settleFields(draft, wishes);
  if (!outcome.done) {
    const down = [...start.down];
    return {
      steps: draft.steps,
      waitingFor: down.length > 0 ? down : outcome.stuck,
      notes: [`Not all of the change is safe now: ${unsafe}`],
    };
  }
  if (waitingFor.length > 0)
    return {
      steps: draft.steps,
      waitingFor,
      notes: [`Waiting for ${waitingFor.join(', ')} to answer and to be synced before the rest.`],
    };
  removeVoteless(draft, wishes);
  if (draft.blocked === undefined) return { steps: draft.steps, waitingFor: [], notes: [] };
  return {
    steps: draft.steps,
    waitingFor: [...start.down, start.primaryHost ?? ''],
    notes: [`Not all of the change is safe now: ${draft.blocked.message}`],
  };
}

/**
 * So many dead, leaving voters lose their vote at once as raises the margin, the fewest that do (S7), and as many more as
 * keep majority writes from being committed (S16).
 */
export function revokeDeadVotes(draft: Draft, leaving: readonly MemberConfig[]): void {
  const { state } = draft;
  const voters = state.members.filter((member) => member.votes > 0);
  const healthy = voters.filter((member) => isHealthyIn(state, member.host)).length;
  const dead = leaving.filter((member) => member.votes > 0 && !isHealthyIn(state, member.host));
  const margins = [...dead.keys(), dead.length].map((gone) => healthy - majorityOf(voters.length - gone));
  const best = Math.max(...margins);
  const stalls = (gone: number): boolean => {
    const dataVoters = voters.filter(
      (member) => !member.arbiterOnly && !dead.slice(0, gone).includes(member),
    );
    const alive = dataVoters.filter((member) => isHealthyIn(state, member.host)).length;
    return alive < Math.min(dataVoters.length, majorityOf(voters.length - gone));
  };
  const counts = margins.flatMap((margin, gone) => (margin === best ? [gone] : []));
  // A vote that goes and cures nothing would only make their number even.
  const enough = counts.find((gone) => !stalls(gone)) ?? counts[0];
  for (const member of dead.slice(0, enough)) {
    const one = { memberId: member._id, host: member.host };
    if (member.arbiterOnly) draft.take({ kind: 'removeMember', members: [one] });
    else draft.take({ kind: 'revokeVote', ...one });
  }
}

/**
 * New addresses one after the other.
 * @returns whether all have theirs: who is left is in no wish by its old one, and must not pass for leaving
 */
const moveMembers = (draft: Draft, moving: readonly KeptMember[], maxLagSeconds: number): boolean =>
  moving.every(
    ({ desired, present }) =>
      draft.take({
        kind: 'setMemberFields',
        memberId: present._id,
        host: present.host,
        newHost: desired.host,
      }) && draft.take({ kind: 'waitSync', hosts: [desired.host], maxLagSeconds }),
  );

function addMembers(draft: Draft, added: readonly DesiredMember[]): void {
  const members = added
    .filter((member) => member.ordinal !== 'arbiter')
    .map((member, index) => ({
      ...toConfig(member, draft.state.highestId + 1 + index),
      votes: 0,
      priority: 0,
    }));
  if (members.length > 0) draft.take({ kind: 'addMember', members });
}

/** Members without a vote that should have one. */
const wishedVoters = (state: SetState, wishes: ReadonlyMap<string, DesiredMember>): MemberConfig[] =>
  state.members.filter((member) => member.votes === 0 && wishes.get(member.host)?.votes === 1);

/** A member that was just added is not yet seen by anyone; one that moved is seen at its old host. */
function isHealthyOrNew(member: MemberConfig, matched: Matched, start: SetState): boolean {
  const isNew = matched.added.some((wish) => wish.host === member.host);
  const moved = matched.kept.some(
    ({ desired, present }) => desired.host === member.host && present.host !== member.host,
  );
  return isNew || moved || isHealthyIn(start, member.host);
}

/** A change that stops half-way must not stop at an even number of votes that it made itself (S7), nor only wait. */
function cutBack(draft: Draft, settled: number, start: SetState): void {
  const isEven = (state: SetState): boolean =>
    state.members.filter(({ votes }) => votes > 0).length % 2 === 0;
  const wasEven = isEven(start);
  while (draft.steps.length > settled) {
    const idle = draft.steps.at(-1)?.kind === 'waitSync';
    if (!idle && (wasEven || !isEven(draft.state))) return;
    draft.truncate(draft.steps.length - 1);
  }
}

function removeVoteless(draft: Draft, wishes: ReadonlyMap<string, DesiredMember>): void {
  const members = draft.state.members
    .filter((member) => !wishes.has(member.host) && member.votes === 0)
    .map((member) => ({ memberId: member._id, host: member.host }));
  if (members.length > 0) draft.take({ kind: 'removeMember', members });
}
