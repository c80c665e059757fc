import { ActivityFailure, ApplicationFailure, log } from '@temporalio/workflow';
import type { InstanceRef } from '../domain/instance';
import { done, type StageResult } from '../domain/operation';
import { readStepOutcome } from '../domain/outage';
import type { Step } from '../domain/plan';
import { command, quick } from './activities';

// A plan that is still not empty after this many rounds is not converging: a person must look.
const MAX_ROUNDS = 20;

/** Plans, executes and plans again until the set is as desired: the plan in the history is the one that ran. */
export async function convergeReplicaSet(instance: InstanceRef): Promise<StageResult<string>> {
  const executed: string[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const planned = await quick.planReplicaSet({ instance });
    if (!planned.done) return planned;
    const plan = planned.value;
    if (plan.steps.length === 0) {
      return done(executed.length === 0 ? 'already as desired' : executed.join(', '));
    }
    for (const step of plan.steps) {
      log.info('replica-set step', { step: step.kind, plan: plan.hash });
      try {
        executed.push(
          readStepOutcome(
            await command.executeStep.executeWithOptions({ summary: summariseStep(step) }, [
              { instance, step },
            ]),
          ).told,
        );
      } catch (error) {
        // An election or another's reconfiguration came between: the rest of this plan is worth nothing.
        if (!isSuperseded(error)) throw error;
        executed.push(`${step.kind}: planned again`);
        break;
      }
    }
  }
  return {
    done: false,
    wait: {
      code: 'ReplicaSet',
      message: `The replica set is still not as desired after ${MAX_ROUNDS} plans: ${executed.slice(-5).join(', ')}.`,
    },
  };
}

/** What the timeline shows of a step: the server takes 200 bytes, and hosts are ASCII. */
export function summariseStep(step: Step): string {
  const text = step.effect === 'none' ? step.kind : `${step.kind}: ${step.effect}`;
  return text.length > 200 ? `${text.slice(0, 199)}~` : text;
}

/** An election or another's change came between: the rest of a plan is worth nothing. */
export function isSuperseded(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === 'Superseded'
  );
}
