import type { SwitchTarget } from '../domain/plan';
import type { MemberConfig } from '../domain/replica-set';
import type { StepsOrVerdict } from './plan-restarts';
import { candidatesIn, clusterIn, isHealthyIn, type SetState } from './set-state';

/**
 * S15: the other candidates are frozen, the primary steps down, one of the aimed-at takes over. A target that others
 * outrank is refused: they would take over again within seconds.
 */
export function planSwitchover(state: SetState, target: SwitchTarget | undefined): StepsOrVerdict {
  if (target === undefined) return { kind: 'steps', steps: [] };
  const named = 'cluster' in target ? `cluster ${target.cluster}` : target.host;
  const isAimed = (member: MemberConfig): boolean =>
    'cluster' in target ? clusterIn(state, member) === target.cluster : member.host === target.host;
  const primary = state.members.find((member) => member.host === state.primaryHost);
  if (primary === undefined)
    return { kind: 'wait', reason: 'There is no primary to hand over.', waitingFor: [] };
  if (isAimed(primary)) return { kind: 'steps', steps: [] };
  const refuse = (message: string): StepsOrVerdict => ({ kind: 'refusal', rule: 'S15', message });
  const aimed = state.members.filter(isAimed);
  if (aimed.length === 0) return refuse(`No member of the replica set is in ${named}.`);
  const candidates = candidatesIn(state, primary.host);
  const able = candidates.filter(isAimed);
  if (able.length === 0) {
    const why = aimed.map((member) =>
      isHealthyIn(state, member.host)
        ? `${member.host} has priority ${member.priority} and ${member.votes} votes`
        : `${member.host} is down`,
    );
    return refuse(`Nobody in ${named} may be elected: ${why.join('; ')}.`);
  }
  const best = Math.max(...able.map((member) => member.priority));
  const above = [primary, ...candidates].filter((member) => member.priority > best);
  if (above.length > 0) {
    const list = above.map((member) => `${member.host} (priority ${member.priority})`).join(', ');
    return refuse(
      `${list} outranks ${named} (priority ${best}) and would take over again: change priorities in spec.member.overrides.`,
    );
  }
  // Of several in the aimed-at cluster only the highest may stand, the others would only split the vote.
  const freezeHosts = candidates
    .filter((member) => !isAimed(member) || member.priority < best)
    .map((member) => member.host);
  return { kind: 'steps', steps: [{ kind: 'stepDown', host: primary.host, freezeHosts }] };
}
