import type { MembershipStep, StepFacts } from '../domain/plan';
import { majorityOf, type MemberConfig } from '../domain/replica-set';
import { applyStep } from './apply-step';
import type { SetState } from './set-state';
import { toStep } from './step-contract';

/**
 * S17: from 5.0 on the server refuses a reconfig that would alter the implicit default write concern, so the present
 * one is made explicit first. Below 5.0 there is no such default.
 */
export function defaultWriteConcernStep(
  steps: readonly StepFacts[],
  start: SetState,
  versions: readonly string[],
): MembershipStep[] {
  if (!versions.some((version) => Number.parseInt(version, 10) >= 5)) return [];
  const present = implicitDefault(start.members);
  let state = start;
  for (const step of steps) {
    const applied = applyStep(state, step);
    if (!applied.ok) break;
    state = applied.state;
    if (implicitDefault(state.members) !== present)
      return [toStep({ kind: 'setDefaultWriteConcern', w: present })];
  }
  return [];
}

/** The manual's formula ("implicit default write concern"). */
export function implicitDefault(members: readonly MemberConfig[]): 'majority' | 1 {
  const voters = members.filter((member) => member.votes > 0);
  const arbiters = voters.filter((member) => member.arbiterOnly).length;
  return arbiters > 0 && voters.length - arbiters <= majorityOf(voters.length) ? 1 : 'majority';
}
