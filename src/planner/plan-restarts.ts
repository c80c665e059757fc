import type { PlanOutcome, StepFacts } from '../domain/plan';
import type { MemberPlace } from '../domain/placement';
import type { MemberConfig } from '../domain/replica-set';
import { candidatesIn, isHealthyIn, type SetState } from './set-state';

export type StepsOrVerdict =
  { readonly kind: 'steps'; readonly steps: readonly StepFacts[] } | Exclude<PlanOutcome, { kind: 'plan' }>;

export interface RestartMember extends MemberPlace {
  readonly host: string;
  /** Uid of a pod that has the present template and must go all the same. */
  readonly replaces?: string | undefined;
}

/**
 * Restarts one after the other: those that are down already, then who may not lead, then secondaries by rank, the
 * primary last after it has stepped down (S2, S9, S11). Members outside the configuration are nobody's loss and come first.
 * @param namesHeir whether only one may take over, so that what follows is known (S15)
 */
export function planRestarts(
  state: SetState,
  due: readonly RestartMember[],
  namesHeir = false,
): StepsOrVerdict {
  const byHost = new Map(state.members.map((member) => [member.host, member]));
  const rank = (host: string): number => {
    const member = byHost.get(host);
    if (member === undefined || !isHealthyIn(state, host)) return 0;
    if (host === state.primaryHost) return 3;
    return member.priority === 0 ? 1 : 2;
  };
  const priority = (host: string): number => byHost.get(host)?.priority ?? 0;
  const ordered = [...due].sort(
    (a, b) =>
      rank(a.host) - rank(b.host) ||
      priority(a.host) - priority(b.host) ||
      a.host.localeCompare(b.host, 'en'),
  );
  const heirs = namesHeir ? candidatesIn(state, state.primaryHost) : [];
  const best = Math.max(...heirs.map((member) => member.priority));
  const heir = heirs.find((member) => member.priority === best);
  const freezeHosts = heirs.filter((member) => member !== heir).map((member) => member.host);
  const steps = ordered.flatMap(({ cluster, ordinal, host, replaces }): StepFacts[] => {
    const restart: StepFacts = {
      kind: 'restartMember',
      cluster,
      ordinal,
      host,
      ...(replaces === undefined ? {} : { replaces }),
    };
    // Alone it has nobody to hand over to: the outage is as long as its restart.
    const handsOver = host === state.primaryHost && votersOf(state).length > 1;
    return handsOver ? [{ kind: 'stepDown', host, freezeHosts }, restart] : [restart];
  });
  const leads = ordered.some(({ host }) => host === state.primaryHost) && votersOf(state).length > 1;
  if (leads && candidatesIn(state, state.primaryHost).length === 0) {
    return {
      kind: 'refusal',
      rule: 'S14',
      message: `${state.primaryHost ?? 'The primary'} must be restarted and no healthy member may be elected in its place: raise a priority in spec.member.overrides, or mend a member.`,
    };
  }
  return { kind: 'steps', steps };
}

const votersOf = (state: SetState): MemberConfig[] => state.members.filter((member) => member.votes > 0);
