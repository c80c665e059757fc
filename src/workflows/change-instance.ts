import { ApplicationFailure, log, setHandler } from '@temporalio/workflow';
import type { OperationKind } from '../domain/instance';
import {
  done,
  type HandedOn,
  type OperationInput,
  type OperationOutcome,
  type StageResult,
} from '../domain/operation';
import { addOutages, describeOutage, readStepOutcome, type StepOutcome } from '../domain/outage';
import { isRecovery, isSurrounding, type Agreement, type ChangePlan, type Step } from '../domain/plan';
import { command, quick, sequence } from './activities';
import { describeChange, describeChanged, type StepLine } from './change-details';
import { isSuperseded, summariseStep } from './replica-set';
import { runStages, type ShowProgress, type Stage } from './stages';
import { stopSignal } from './signals';
import { Stopped, Suspended } from './safe-point';

// A plan that is still not empty after this many rounds is not converging: a person must look.
const MAX_ROUNDS = 30;

const TITLES: Partial<Record<OperationKind, string>> = {
  scaleInstance: 'Scale',
  updateInstance: 'Update',
  upgradeInstance: 'Upgrade',
  switchoverInstance: 'Switch over',
  drainInstance: 'Drain',
  rotateInstance: 'Rotate credentials of',
  rebuildInstance: 'Rebuild a member of',
  failoverInstance: 'Fail over',
};

/**
 * Every change of a running instance: plan, gate, steps one by one, each proved, planned again until nothing is left.
 * What differs between kinds is what was asked for, and the name in the history.
 */
export async function changeInstance(
  input: OperationInput,
  before: readonly Stage[] = [],
  outageBefore: () => number | undefined = () => undefined,
): Promise<OperationOutcome> {
  const { instance } = input;
  const title = `${TITLES[input.kind] ?? input.kind} ${instance.namespace}/${instance.name}`;
  const carrier = createCarrier(input);
  const stages = [
    ...before,
    { name: 'check references', run: () => quick.checkReferences({ instance }) },
    ...carrier.stages,
  ];
  return runCarrier(input, title, carrier, stages, outageBefore);
}

/** Runs the stages of a change, and tells how it ended: carried out, suspended with its plan, or stopped by somebody. */
export async function runCarrier(
  input: OperationInput,
  title: string,
  carrier: Carrier,
  stages: readonly Stage[],
  outageBefore: () => number | undefined = () => undefined,
): Promise<OperationOutcome> {
  const outage = (): { readonly writeOutageMs?: number } =>
    tellOutage(addOutages(outageBefore(), carrier.outageMs()));
  try {
    const end = await runStages(input, title, stages, carrier.mayHandOn);
    if (end === 'handOn') return { outcome: 'handedOn', ...carrier.handOn() };
  } catch (error) {
    if (error instanceof Suspended) return { outcome: 'suspended', suspension: error.suspension };
    if (error instanceof Stopped)
      return {
        outcome: 'cancelled',
        message: `${error.message} ${carrier.describeUndo()}`,
        clusters: [],
        ...outage(),
      };
    throw error;
  }
  return { outcome: 'succeeded', message: carrier.summary(), clusters: [], ...outage() };
}

export async function scaleInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function updateInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function upgradeInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function drainInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function rotateInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function rebuildInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export async function switchoverInstance(input: OperationInput): Promise<OperationOutcome> {
  return changeInstance(input);
}

export const tellOutage = (ms: number | undefined): { readonly writeOutageMs?: number } =>
  ms === undefined ? {} : { writeOutageMs: ms };

interface Carrier {
  readonly run: (show: ShowProgress) => Promise<StageResult<string>>;
  /** Carries the plan out, and what follows it in every change. */
  readonly stages: readonly Stage[];
  readonly summary: () => string;
  readonly describeUndo: () => string;
  /** The most that its steps can have stopped writes for; undefined: none of them does. */
  readonly outageMs: () => number | undefined;
  /** What was agreed to outside of a run. */
  readonly agreeTo: (agreement: Agreement) => void;
  /** A stop that was asked for is this run's to obey. */
  readonly mayHandOn: () => boolean;
  /** What the next run must know. */
  readonly handOn: () => Omit<HandedOn, 'outcome'>;
}

/** Carries plans out and keeps what came of each step, over every pass of the operation. */
export function createCarrier({
  instance,
  kind,
  cluster,
  switchTo,
  agreed: agreedBefore,
  asker,
  earlier = {},
}: OperationInput): Carrier {
  let stop: string | undefined;
  setHandler(stopSignal, (message) => {
    stop = message;
  });
  const recovery =
    kind === 'failoverInstance' || kind === 'failbackInstance' ? { cluster, askedBy: asker?.by } : {};
  const past: StepLine[] = (earlier.past ?? []).map((text) => ({ state: 'done', text }));
  const undo: string[] = [...(earlier.undo ?? [])];
  const plans: ChangePlan[] = [];
  let outage = earlier.writeOutageMs;
  let agreed = agreedBefore;

  const toldSteps = (): string[] => past.filter(({ state }) => state === 'done').map(({ text }) => text);
  const summary = (): string => {
    const told = toldSteps();
    return told.length === 0 ? 'nothing was left to do' : told.slice(-10).join('; ');
  };

  async function run(show: ShowProgress): Promise<StageResult<string>> {
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      obeyStop();
      const planned = await quick.planChange({ instance, switchTo, agreed, kind, ...recovery });
      if (!planned.done) {
        // Somebody waits for an answer: what cannot be is no reason to wait for better times.
        if (switchTo !== undefined && planned.wait.code === 'PlanRefused')
          throw ApplicationFailure.nonRetryable(planned.wait.message, 'Refused');
        return planned;
      }
      const { plan, gate, wish } = planned.value;
      if (plan.steps.length === 0) {
        await show(undefined, describeChanged(past, plans, agreed));
        return done(summary());
      }
      if (!gate.open) throw new Suspended({ plan, wait: gate.wait, opensAt: gate.opensAt, wish });
      agreed = {
        hash: plan.hash,
        risky: [...new Set([...(agreed?.risky ?? []), ...plan.risky])],
        by: agreed?.by ?? gate.agreedBy ?? asker?.by,
        why: agreed?.why ?? asker?.why,
      };
      plans.push(plan);
      const result = await carryOut(plan, show);
      if (!result.done) return result;
    }
    return {
      done: false,
      wait: {
        code: 'ReplicaSet',
        message: `Still not as asked for after ${MAX_ROUNDS} plans; last: ${summary()}.`,
      },
    };
  }

  async function carryOut(plan: ChangePlan, show: ShowProgress): Promise<StageResult<string>> {
    for (const [index, step] of plan.steps.entries()) {
      obeyStop();
      // What cannot be taken back has a gate of its own.
      if (index > 0 && step.risk === 'pointOfNoReturn') return done('planned again');
      const text = summariseStep(step);
      await show(text, describeChange(past, plan, index, agreed));
      log.info('step', { step: step.kind, plan: plan.hash });
      try {
        const result = await execute(step, text);
        if (!result.done) return result;
        past.push({ state: 'done', text: `${text} (${result.value})` });
        if (step.effect !== 'none') undo.push(step.undo);
      } catch (error) {
        // An election or another's change came between: the rest of this plan is worth nothing.
        if (!isSuperseded(error)) throw error;
        past.push({ state: 'open', text: `${text}: planned again` });
        return done('planned again');
      }
      // From here on addresses and templates are known that the plan could only guess at.
      if (changesWhatIsKnown(step, plan.steps[index + 1]) || isFirstProof(step, plan))
        return done('planned again');
    }
    return done('carried out');
  }

  async function execute(step: Step, summary: string): Promise<StageResult<string>> {
    if (isRecovery(step))
      throw ApplicationFailure.nonRetryable(`A change has no step ${step.kind}.`, 'Refused');
    return isSurrounding(step)
      ? sequence.carryOutStep.executeWithOptions({ summary }, [{ instance, step }])
      : done(takeOutcome(await command.executeStep.executeWithOptions({ summary }, [{ instance, step }])));
  }

  function takeOutcome(result: string | StepOutcome): string {
    const { told, writeOutageMs } = readStepOutcome(result);
    outage = addOutages(outage, writeOutageMs);
    return writeOutageMs === undefined ? told : `${told}; ${describeOutage(writeOutageMs)}`;
  }

  function obeyStop(): void {
    if (stop !== undefined) throw new Stopped(stop);
  }

  /** The inverse of what was carried out, last step first: a person's to decide, as what is asked for has not changed. */
  function describeUndo(): string {
    return undo.length === 0
      ? 'Nothing had been changed.'
      : `To take back what was carried out: ${[...undo].reverse().join('; ')}.`;
  }

  const agreeTo = (agreement: Agreement): void => {
    agreed = agreement;
  };

  const stages: Stage[] = [
    { name: 'carry out the plan', run },
    { name: 'create users', run: () => command.ensureUsers({ instance }) },
    { name: 'publish connection', run: () => quick.publishConnection({ instance }) },
    { name: 'verify', run: () => quick.settleChange({ instance, kind }) },
  ];
  return {
    ...{ run, stages, summary, describeUndo, agreeTo },
    outageMs: () => outage,
    mayHandOn: () => stop === undefined,
    handOn: () => ({ agreed, earlier: { writeOutageMs: outage, past: toldSteps(), undo } }),
  };
}

/** The first members of a new image to come back tell which release it really is (S22). */
const isFirstProof = (step: Step, { upgrade }: ChangePlan): boolean =>
  step.kind === 'restartMember' && upgrade !== undefined && !upgrade.proven;

function changesWhatIsKnown(step: Step, next: Step | undefined): boolean {
  return (
    step.kind === 'waitPods' ||
    step.kind === 'shareCredentials' ||
    (step.kind === 'dispatch' && next?.kind !== 'waitPods')
  );
}
