import { log, setHandler } from '@temporalio/workflow';
import { done, type OperationInput, type OperationOutcome, type StageResult } from '../domain/operation';
import { readStepOutcome } from '../domain/outage';
import { isRecovery, isSurrounding, type Agreement, type ChangePlan, type Step } from '../domain/plan';
import { command, sequence } from './activities';
import { describeChange, type StepLine } from './change-details';
import { isSuperseded, summariseStep } from './replica-set';
import { Stopped, Suspended } from './safe-point';
import { stopSignal } from './signals';
import { runStages, type ShowProgress } from './stages';

/**
 * The majority of the voters is gone for good, a person says. Looked at with every view, planned, and not a step further
 * without somebody's name under that very plan (S4). Who is missing is added afterwards by changes as any other (S10).
 */
export async function recoverInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance, asker } = input;
  const title = `Recover the majority of ${instance.namespace}/${instance.name}`;
  let stop: string | undefined;
  setHandler(stopSignal, (message) => {
    stop = message;
  });
  const past: StepLine[] = [];
  // Once something is ordered the plan stands: looked at afresh it would be another.
  let begun: { readonly plan: ChangePlan; readonly agreed: Agreement } | undefined;
  let next = 0;
  let isForced = false;

  async function look(): Promise<StageResult<string>> {
    if (begun !== undefined) return done(`plan ${begun.plan.hash}`);
    obeyStop();
    const seen = await sequence.proposeRecovery({ instance, agreed: input.agreed });
    if (!seen.done) return seen;
    const proposal = seen.value;
    if (proposal.kind === 'refusal') throw new Stopped(proposal.message);
    const { plan, gate, wish } = proposal;
    if (!gate.open || input.agreed === undefined) {
      const wait = gate.open ? { code: 'ApprovalNeeded' as const, message: `Plan ${plan.hash}` } : gate.wait;
      const asked = asker === undefined ? '' : `Asked for by ${asker.by} (${asker.why ?? 'no reason'}). `;
      throw new Suspended({ plan, wait: { ...wait, message: `${asked}${wait.message}` }, wish });
    }
    begun = { plan, agreed: input.agreed };
    return done(`plan ${plan.hash}, agreed to by ${input.agreed.by ?? 'nobody'}`);
  }

  async function carryOut(show: ShowProgress): Promise<StageResult<string>> {
    if (begun === undefined) return done('nothing');
    const { plan, agreed } = begun;
    for (; next < plan.steps.length; next += 1) {
      const step = plan.steps[next];
      if (step === undefined) break;
      // What was forced is carried through: only then is there somebody to lead.
      if (!isForced) obeyStop();
      const text = summariseStep(step);
      await show(text, describeChange(past, plan, next, agreed));
      log.info('step', { step: step.kind, plan: plan.hash });
      const result = await execute(step, text, agreed);
      if (!result.done) return result;
      if (step.kind === 'forceReconfig') isForced = true;
      past.push({ state: 'done', text: `${text} (${result.value})` });
    }
    return done(past.map(({ text }) => text).join('; '));
  }

  async function execute(step: Step, summary: string, agreed: Agreement): Promise<StageResult<string>> {
    const input = { instance, step, agreed };
    if (step.kind === 'forceReconfig')
      return command.carryOutRecovery.executeWithOptions({ summary }, [{ ...input, step }]);
    if (isRecovery(step))
      return sequence.carryOutRecovery.executeWithOptions({ summary }, [{ ...input, step }]);
    return isSurrounding(step)
      ? sequence.carryOutStep.executeWithOptions({ summary }, [{ instance, step }])
      : done(
          readStepOutcome(await command.executeStep.executeWithOptions({ summary }, [{ instance, step }]))
            .told,
        );
  }

  function obeyStop(): void {
    if (stop !== undefined) throw new Stopped(stop);
  }

  /** Whoever was ordered to shut off is given back, as long as it is sure that nothing was forced. */
  async function takeBack(): Promise<string> {
    if (begun === undefined || isForced) return 'Nothing had been changed.';
    const given = await sequence.liftRecovery({ instance });
    return given.length === 0 ? 'Nothing was forced.' : `Nothing was forced; ${given.join(', ')} given back.`;
  }

  const stages = [
    { name: 'look afresh', run: look },
    { name: 'carry out the plan', run: carryOut },
  ];
  try {
    // Before anything is ordered the next run looks afresh all the same.
    const end = await runStages(input, title, stages, () => begun === undefined && stop === undefined);
    if (end === 'handOn') return { outcome: 'handedOn', agreed: input.agreed };
  } catch (error) {
    if (error instanceof Suspended) return { outcome: 'suspended', suspension: error.suspension };
    // Nothing was sent: what was agreed to is no longer so. It is planned again, and asked for again.
    const isOutdated = isSuperseded(error) && begun !== undefined && !isForced;
    if (!(error instanceof Stopped) && !isOutdated) throw error;
    const said = await takeBack();
    const why = error instanceof Stopped ? error.message : 'What was agreed to is no longer so.';
    if (isOutdated) return outlook(said);
    return { outcome: 'cancelled', message: `${why} ${said}`, clusters: [] };
  }
  return { outcome: 'succeeded', message: past.map(({ text }) => text).join('; '), clusters: [] };

  /** After orders were taken back: the new plan waits for a word of its own, or there is none any more. */
  async function outlook(said: string): Promise<OperationOutcome> {
    const seen = await sequence.proposeRecovery({ instance });
    if (!seen.done) return { outcome: 'cancelled', message: `${said} ${seen.wait.message}`, clusters: [] };
    const proposal = seen.value;
    if (proposal.kind === 'refusal')
      return { outcome: 'cancelled', message: `${proposal.message} ${said}`, clusters: [] };
    const { plan, gate, wish } = proposal;
    const wait = gate.open ? { code: 'ApprovalNeeded' as const, message: '' } : gate.wait;
    const message = `What was agreed to is no longer so. ${said} ${wait.message}`;
    return { outcome: 'suspended', suspension: { plan, wait: { ...wait, message }, wish } };
  }
}
