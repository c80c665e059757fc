import type { StepFacts } from '../domain/plan';
import type { MemberPlace } from '../domain/placement';
import type { DesiredMember } from '../domain/replica-set';
import type { StepsOrVerdict } from './plan-restarts';
import { candidatesIn, isHealthyIn, type SetState } from './set-state';

/** A member whose data is to be thrown away and copied anew. */
export interface RebuildFacts extends MemberPlace {
  /** Undefined: no member of the instance is there. */
  readonly host: string | undefined;
  /** Uid of the volume claim that goes; undefined: there is none. */
  readonly claim: string | undefined;
}

const MAX_LAG_SECONDS = 10;

/**
 * Without a vote first, as a voter that comes back empty has forgotten what it voted for; then wiped, synced, and only
 * then a voter again (S10). What stands in the way is refused by its rule; nothing else of a change goes along (S12).
 */
export function planRebuild(
  state: SetState,
  rebuild: RebuildFacts,
  wish: DesiredMember | undefined,
): StepsOrVerdict {
  const { cluster, ordinal, host, claim } = rebuild;
  const who = `${cluster}/${ordinal}`;
  if (host === undefined || wish === undefined)
    return refuse(
      'S11',
      `No member ${who} belongs to this instance: name one that does, or take the request back.`,
    );
  const wipe: StepFacts = { kind: 'wipeMember', cluster, ordinal, host, claim };
  const member = state.members.find((one) => one.host === host);
  if (member === undefined) return { kind: 'steps', steps: [wipe] };
  if (member.arbiterOnly)
    return refuse('S6', `${who} is the arbiter, which holds no data: take it away and add it again instead.`);
  const { _id: memberId } = member;
  const steps: StepFacts[] = [];
  if (host === state.primaryHost) {
    if (candidatesIn(state, host).length === 0)
      return refuse('S14', `${host} is primary and no healthy member may be elected in its place.`);
    steps.push({ kind: 'stepDown', host, freezeHosts: [] });
  }
  if (member.votes > 0) steps.push({ kind: 'revokeVote', memberId, host });
  steps.push(wipe, { kind: 'waitSync', hosts: [host], maxLagSeconds: MAX_LAG_SECONDS });
  if (wish.votes > 0) steps.push({ kind: 'grantVote', memberId, host });
  if (wish.votes > 0 && wish.priority > 0)
    steps.push({ kind: 'setPriority', memberId, host, priority: wish.priority });
  return { kind: 'steps', steps };
}

const refuse = (rule: `S${number}`, message: string): StepsOrVerdict => ({ kind: 'refusal', rule, message });

/** Why this member's data must not go now. */
export function wipeFault(
  state: SetState,
  host: string,
): { readonly rule: `S${number}`; readonly message: string } | undefined {
  const member = state.members.find((one) => one.host === host);
  if (member === undefined) return undefined;
  if (host === state.primaryHost)
    return { rule: 'S11', message: `${host} is primary: it must step down before its data goes.` };
  if (member.votes > 0)
    return { rule: 'S10', message: `${host} votes: emptied, it would have forgotten what it voted for.` };
  const down = state.members.find((one) => one.votes > 0 && !isHealthyIn(state, one.host));
  if (down !== undefined)
    return { rule: 'S2', message: `${down.host} is down already: one member at a time.` };
  const sources = state.members.filter(
    (one) => one.host !== host && !one.arbiterOnly && isHealthyIn(state, one.host),
  );
  if (sources.length === 0)
    return { rule: 'S19', message: `no other healthy member holds the data that ${host} would copy.` };
  const isSecondCopy = sources.length === 1 && isHealthyIn(state, host);
  return isSecondCopy && state.members.some((one) => one.arbiterOnly)
    ? { rule: 'S30', message: `${host} is healthy and holds the only second copy beside an arbiter.` }
    : undefined;
}
