import type { MembershipStep, MembershipStepFacts } from '../domain/plan';
import type { Applied } from './applied';
import { applyStep } from './apply-step';
import type { Fault } from './config-rules';
import type { SetState } from './set-state';
import { toStep } from './step-contract';

/** A plan that grows step by step; a step that breaks a rule is not taken. */
export interface Draft {
  readonly state: SetState;
  readonly steps: readonly MembershipStep[];
  /** The last rule that stood in the way. */
  readonly blocked: Fault | undefined;
  /** Adds the step and returns true, or records why not. */
  take(facts: MembershipStepFacts): boolean;
  /** What the step would do. */
  probe(facts: MembershipStepFacts): Applied;
  /** Drops the steps after the first `count`. */
  truncate(count: number): void;
}

export function startDraft(start: SetState): Draft {
  const states: SetState[] = [start];
  const steps: MembershipStep[] = [];
  let blocked: Fault | undefined;
  const current = (): SetState => states.at(-1) ?? start;
  return {
    get state() {
      return current();
    },
    get steps() {
      return steps;
    },
    get blocked() {
      return blocked;
    },
    take(facts) {
      const applied = applyStep(current(), facts);
      if (!applied.ok) {
        blocked = applied.fault;
        return false;
      }
      steps.push(toStep(facts, priorityOfPrimary(current())));
      states.push(applied.state);
      return true;
    },
    probe: (facts) => applyStep(current(), facts),
    truncate(count) {
      steps.length = count;
      states.length = count + 1;
    },
  };
}

export const priorityOfPrimary = (state: SetState): number =>
  state.members.find((member) => member.host === state.primaryHost)?.priority ?? 0;
