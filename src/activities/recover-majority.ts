import { cancellationSignal } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import { ForceWarrant } from '../domain/force-warrant';
import { CONDITIONS } from '../domain/instance';
import { ANNOTATIONS } from '../domain/marks';
import { done, type StageResult } from '../domain/operation';
import type { Agreement, ChangePlan, ForceStep, Gate, RecoveryStep } from '../domain/plan';
import { findForced, forceReconfig } from '../mongodb/force-reconfig';
import { judgeGate } from '../planner/gate';
import { planRecovery } from '../planner/plan-recovery';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { readCredentials } from './credentials';
import { withHeartbeat } from './heartbeat';
import { describeWish } from './instance-marks';
import { digestAddresses } from './layout';
import { digestReferences, resolveReferences } from './references';
import { seeRecovery } from './recovery-sight';
import { accessOf } from './replica-set';
import { liftShutOff, noteForced, shutOff } from './shut-off';

export interface RecoveryInput extends InstanceInput {
  readonly agreed?: Agreement | undefined;
}

export interface RecoveryStepInput extends InstanceInput {
  readonly step: RecoveryStep;
  /** Whose word it is carried out by; looked at again before anything is forced. */
  readonly agreed: Agreement;
}

export interface ReviewInput extends InstanceInput {
  readonly hash: string;
}

/** A plan with what may let it run, or why nothing is forced. */
export type RecoveryProposal =
  | { readonly kind: 'refusal'; readonly message: string }
  | { readonly kind: 'plan'; readonly plan: ChangePlan; readonly gate: Gate; readonly wish: string };

export function createRecoverMajorityActivities(context: ActivityContext) {
  return {
    /** Looks afresh with every view and plans; changes nothing but that a request by annotation is answered. */
    proposeRecovery: ({ instance, agreed }: RecoveryInput): Promise<StageResult<RecoveryProposal>> =>
      withHeartbeat('every view', async () => {
        const cr = await loadInstance(context, instance);
        if (cr.metadata.annotations[ANNOTATIONS.recoverMajority] !== undefined)
          await annotateInstance(context, cr, { [ANNOTATIONS.recoverMajority]: null });
        const seen = await seeRecovery(context, cr);
        if (!seen.done) return seen;
        const outcome = planRecovery(seen.value);
        if (outcome.kind === 'refusal') return done(outcome);
        const { plan } = outcome;
        const gate = judgeGate({ plan, approval: 'Always', windows: [], agreed, now: context.now() });
        const resolved = await resolveReferences(context, cr);
        const references = resolved.ok ? digestReferences(resolved.references) : undefined;
        return done({
          kind: 'plan',
          plan,
          gate,
          wish: describeWish(cr, references, await digestAddresses(context, cr)),
        });
      }),

    /** Whether the plan that waits would still be made: a person must not read of what is no longer so. */
    reviewRecovery: ({ instance, hash }: ReviewInput): Promise<boolean> =>
      withHeartbeat('every view', async () => {
        const seen = await seeRecovery(context, await loadInstance(context, instance));
        if (!seen.done) return true;
        const outcome = planRecovery(seen.value);
        return outcome.kind === 'plan' && outcome.plan.hash === hash;
      }),

    /**
     * Carries out one step of a recovery; repeating it is harmless.
     * @throws Superseded when nothing was forced, since what was agreed to is no longer the plan
     */
    carryOutRecovery: ({ instance, step, agreed }: RecoveryStepInput): Promise<StageResult<string>> =>
      withHeartbeat(step.kind, async () => {
        const cr = await loadInstance(context, instance);
        if (step.kind === 'forceReconfig') return done(await force(context, cr, step, agreed));
        const lost = cr.status?.conditions?.find(({ type }) => type === CONDITIONS.majorityLost);
        return shutOff(context, cr, {
          clusters: step.clusters,
          since: lost?.lastTransitionTime ?? context.now().toISOString(),
          views: 'no majority of the voters answered, and a person had the others cut off',
          by: agreed.by ?? '',
        });
      }),

    /** Gives clusters back that were ordered to shut off, when nothing was forced after it. Answers with their names. */
    liftRecovery: ({ instance }: InstanceInput): Promise<string[]> =>
      withHeartbeat('orders', async () => liftShutOff(context, await loadInstance(context, instance))),
  };
}

async function force(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  step: ForceStep,
  agreed: Agreement,
): Promise<string> {
  const access = accessOf(await readCredentials(context, cr));
  const patient = { ...access, options: { signal: cancellationSignal() } };
  // An attempt before this one may have forced it: then every view has changed, and that is no reason to take it back.
  const before = await findForced(step, patient);
  const said = before ?? (await forceReconfig(step, await warrantForce(context, cr, agreed), patient));
  await noteForced(context, cr);
  await context.events.record(cr, {
    type: 'Warning',
    reason: 'ConfigurationForced',
    action: 'RecoverMajority',
    note: `${said}, plan ${agreed.hash} agreed to by ${agreed.by ?? ''}${agreed.why === undefined ? '' : ` (${agreed.why})`}. What only the members that were cut off hold is lost to the set.`.slice(
      0,
      1000,
    ),
  });
  return said;
}

/** Every view once more, right before: the very plan that a person agreed to, or nothing. */
async function warrantForce(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  agreed: Agreement,
): Promise<ForceWarrant> {
  const seen = await seeRecovery(context, cr);
  if (!seen.done) throw new FedStateError('Superseded', `Nothing is forced: ${seen.wait.message}`);
  const outcome = planRecovery(seen.value);
  if (outcome.kind === 'refusal') throw new FedStateError('Superseded', outcome.message);
  const warrant = ForceWarrant.of(outcome.plan, agreed);
  if (warrant === undefined)
    throw new FedStateError(
      'Superseded',
      `Nothing is forced: plan ${agreed.hash} is not the present one, ${outcome.plan.hash}, or was agreed to by nobody.`,
    );
  return warrant;
}
