import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import type { OperationKind } from '../domain/instance';
import { done, waitFor, type StageResult } from '../domain/operation';
import { readBinding, reportsOf } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { readChange, scopeOf } from './change-plan';
import { publishConnection } from './connection';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { appliedGeneration, describeWish, isBehind } from './instance-marks';
import { fencedClusters } from './loss-marks';
import { digestReferences, resolveReferences } from './references';
import { dropPromises } from './room-ledger';
import { judgeInstance } from './status';

export interface SettleInput extends InstanceInput {
  /** Of the operation that ends; absent in early histories. */
  readonly kind?: OperationKind | undefined;
}

export function createPublicationActivities(context: ActivityContext) {
  return {
    /** Writes Secret `N-connection` for clients, beside the custom resource; it never leaves Karmada. */
    async publishConnection({ instance }: InstanceInput): Promise<StageResult<string>> {
      return publishConnection(context, await loadInstance(context, instance));
    },

    /** The creation's proof: healthy as promised, or the reason why not yet. */
    async verifyInstance({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const health = await judgeInstance(context, cr);
      if (health?.word !== 'Health') {
        return waitFor({
          code: 'ReplicaSet',
          message: health === undefined ? 'No member has an address yet.' : health.reasons.join('; '),
        });
      }
      if (isBehind(cr)) {
        return waitFor({
          code: 'Dispatching',
          message: `The spec changed while the instance was created (generation ${appliedGeneration(cr)} was dispatched, ${cr.metadata.generation ?? 0} is asked for): it is dispatched again.`,
        });
      }
      const unsettled = await listUnsettled(context, cr);
      if (unsettled.length > 0) return waitFor({ code: 'MembersNotReady', message: unsettled.join('; ') });
      const resolved = await resolveReferences(context, cr);
      if (!resolved.ok) return waitFor(resolved.wait);
      await annotateInstance(context, cr, {
        [ANNOTATIONS.created]: cr.metadata.uid,
        // Its members have just been made: a request that came with the object asks for nothing more.
        [ANNOTATIONS.rebuilt]: cr.metadata.annotations[ANNOTATIONS.rebuild] ?? null,
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(resolved.references)),
      });
      return done(`Health; primary ${health.primaryHost ?? 'unknown'}, may lose ${health.margin}`);
    },

    /**
     * The proof of a change: nothing is left of the wish, the set serves, and the wish is recorded as carried out. A
     * set that could lose less than promised ends it all the same, with the reason: what is missing is not this change.
     */
    async settleChange({ instance, kind }: SettleInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const change = await readChange(context, cr, undefined);
      if (!change.done) return change;
      const { plan, references } = change.value;
      const [next] = plan.steps;
      if (next?.kind === 'soak' || next?.kind === 'setFCV')
        return done(`carried out; what is left belongs to an upgrade: ${next.effect}`);
      if (next !== undefined && (await isLeftToOthers(context, cr, kind)))
        return done(`carried out; what is left belongs to another operation: ${next.effect}`);
      if (next !== undefined) {
        return waitFor({
          code: 'Dispatching',
          message: `Something changed while the plan was carried out, it is planned again: ${next.effect}.`,
        });
      }
      const health = await judgeInstance(context, cr);
      if (health === undefined || health.word === 'UnHealth' || health.word === 'UnKnown') {
        return waitFor({
          code: 'ReplicaSet',
          message: health?.reasons.join('; ') ?? 'No member has an address.',
        });
      }
      const unsettled = await listUnsettled(context, cr);
      if (unsettled.length > 0) return waitFor({ code: 'MembersNotReady', message: unsettled.join('; ') });
      await dropPromises(context, [cr.metadata.uid]);
      await annotateInstance(context, cr, {
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(references)),
        [ANNOTATIONS.approve]: null,
        [ANNOTATIONS.soaking]: null,
      });
      const reasons = health.reasons.length === 0 ? '' : ` (${health.reasons.join('; ')})`;
      return done(`${health.word}${reasons}; primary ${health.primaryHost ?? 'unknown'}`);
    },
  };
}

/** Whether an operation of this kind has nothing left to do of all that is still to be done. */
async function isLeftToOthers(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  kind: OperationKind | undefined,
): Promise<boolean> {
  const scope = scopeOf(kind);
  if (scope !== 'members') return false;
  const own = await readChange(context, cr, undefined, scope);
  return own.done && own.value.plan.steps.length === 0;
}

/** Clusters whose member manager does not call its part `Running` yet, and why. */
async function listUnsettled(context: ActivityContext, cr: MultiCloudMongoDB): Promise<string[]> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const fenced = fencedClusters(cr);
  return [...reportsOf(binding).values()].flatMap(({ cluster, status }) =>
    status?.state === 'Running' || fenced.includes(cluster)
      ? []
      : [`${cluster}: ${status?.waitingFor ?? status?.state ?? 'no report yet'}`],
  );
}
