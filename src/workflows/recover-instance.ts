import { done, type OperationInput, type OperationOutcome, type StageResult } from '../domain/operation';
import { describeOutage } from '../domain/outage';
import { quick, sequence } from './activities';
import { changeInstance, createCarrier, runCarrier } from './change-instance';
import { Stopped, Suspended } from './safe-point';
import type { ShowProgress } from './stages';

/**
 * The members of a lost cluster get a place elsewhere. First both views are looked at once more and the cluster is marked
 * (S20): what follows is a change as any other, that waits for nobody there.
 */
export async function failoverInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance, cluster, asker } = input;
  if (cluster === undefined) return changeInstance(input);
  let outage: number | undefined;
  const confirm = async (): Promise<StageResult<string>> => {
    const verdict = await sequence.confirmLoss({ instance, cluster, ...asker });
    if (!verdict.lost) throw new Stopped(verdict.message);
    outage = verdict.writeOutageMs;
    const told = outage === undefined ? '' : `; ${describeOutage(outage)}`;
    return done(`${verdict.views}; since ${verdict.since}${told}`);
  };
  return changeInstance(input, [{ name: 'confirm the loss', run: confirm }], () => outage);
}

/**
 * A lost cluster that has come back is cleaned of what it still holds, and gets its members again. Nothing is touched
 * there before the plan may run.
 */
export async function failbackInstance(input: OperationInput): Promise<OperationOutcome> {
  const { instance, cluster = '' } = input;
  const title = `Fail back ${instance.namespace}/${instance.name} to ${cluster}`;
  let agreed = input.agreed;
  let given = false;
  const carrier = createCarrier(input);

  async function agree(): Promise<StageResult<string>> {
    if (given) return done(agreed?.by === undefined ? 'by policy' : `by ${agreed.by}`);
    const proposed = await quick.planChange({
      instance,
      agreed,
      kind: input.kind,
      cluster,
      restoring: true,
      askedBy: input.asker?.by,
    });
    if (!proposed.done) return proposed;
    const { plan, gate } = proposed.value;
    if (!gate.open) throw new Suspended({ plan, wait: gate.wait, opensAt: gate.opensAt });
    given = true;
    agreed = { hash: plan.hash, risky: plan.risky, by: agreed?.by ?? gate.agreedBy ?? input.asker?.by };
    carrier.agreeTo(agreed);
    return done(plan.steps.length === 0 ? 'nothing was moved' : `plan ${plan.hash}`);
  }

  async function cleanUp(show: ShowProgress): Promise<StageResult<string>> {
    const isTouched = await quick.liftFence({ instance, cluster });
    const cleaned = isTouched ? await carrier.run(show) : done('nothing was moved');
    if (!cleaned.done) return cleaned;
    await quick.forgetLoss({ instance, cluster });
    return cleaned;
  }

  const outcome = await runCarrier(input, title, carrier, [
    {
      name: 'confirm the return',
      run: async () => {
        const back = await sequence.confirmReturn({ instance, cluster });
        // Gone again: nobody waits for it.
        if (!back.done) throw new Stopped(back.wait.message);
        return back;
      },
    },
    { name: 'agree to the plan', run: agree },
    { name: 'check references', run: () => quick.checkReferences({ instance }) },
    { name: 'clean up what it holds', run: cleanUp },
    ...carrier.stages,
  ]);
  return outcome.outcome === 'succeeded' ? { ...outcome, clusters: [cluster] } : outcome;
}
