import type { ChangeOutcome } from '../domain/plan';
import { assess } from './assess';
import { startDraft } from './draft';
import { judgeChange, withPlaces, type InstancePlanInput } from './plan-instance';
import { hashPlan } from './plan-hash';
import { revokeDeadVotes } from './plan-changes';
import { startState, versionsOf } from './plan-membership';
import { clusterIn, quorumOf } from './set-state';
import { defaultWriteConcernStep } from './write-concern';

/**
 * While nobody has room for the members of a lost cluster: only the votes of its dead that hold the others back, so that
 * writes go on, or survive one loss more. Undefined: there is nothing to gain.
 */
export function planLostVotes(
  input: InstancePlanInput,
  lost: readonly string[],
  why: string,
): ChangeOutcome | undefined {
  const seen = assess(input.membership);
  if (seen.kind !== 'running') return undefined;
  const { situation } = seen;
  const start = withPlaces(startState(input.membership, situation), input.members);
  const draft = startDraft(start);
  revokeDeadVotes(
    draft,
    start.members.filter((member) => lost.includes(clusterIn(start, member))),
  );
  if (draft.steps.length === 0) return undefined;
  const steps = [...defaultWriteConcernStep(draft.steps, start, versionsOf(situation)), ...draft.steps];
  const plan = {
    steps,
    hash: hashPlan(input.membership, situation.config),
    warnings: [`Members are not replaced yet: ${why}`],
    before: quorumOf(start),
    after: quorumOf(draft.state),
    complete: false,
  };
  return judgeChange(input, plan, plan.hash, plan.steps, start);
}
