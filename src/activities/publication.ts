import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import type { OperationKind } from '../domain/instance';
import { done, waitFor, type StageResult } from '../domain/operation';
import { readBinding, reportsOf } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { readChange } from './change-plan';
import { publishConnection } from './connection';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { appliedGeneration, describeWish, isBehind } from './instance-marks';
import { digestAddresses } from './layout';
import { fencedClusters } from './loss-marks';
import { digestReferences, resolveReferences } from './references';
import { dropPromises } from './room-ledger';
import { judgeSettlement } from './settlement';
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
      // Before anything is judged: a VIP that changes meanwhile is a change to come.
      const addresses = await digestAddresses(context, cr);
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
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(resolved.references), addresses),
      });
      return done(`Health; primary ${health.primaryHost ?? 'unknown'}, may lose ${health.margin}`);
    },

    /**
     * The proof of a change: nothing is left of the wish, the set serves, and the wish is recorded as carried out; or nothing
     * of this operation's part is left, and the rest is for others. A
     * set that could lose less than promised ends it all the same, with the reason: what is missing is not this change.
     */
    async settleChange({ instance, kind }: SettleInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const addresses = await digestAddresses(context, cr);
      const left = await judgeSettlement(kind, (scope) => readChange(context, cr, undefined, scope));
      if (left.kind === 'open') return left.wait;
      if (left.kind === 'left') return done(left.told);
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
        [ANNOTATIONS.settled]: describeWish(cr, digestReferences(left.references), addresses),
        [ANNOTATIONS.approve]: null,
        [ANNOTATIONS.soaking]: null,
      });
      const reasons = health.reasons.length === 0 ? '' : ` (${health.reasons.join('; ')})`;
      return done(`${health.word}${reasons}; primary ${health.primaryHost ?? 'unknown'}`);
    },
  };
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
