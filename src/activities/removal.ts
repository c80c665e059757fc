import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError, messageOf } from '../domain/errors';
import { FINALIZERS, LABELS } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import { bindingSchema, listWorks, PERMANENT_ID, workNamespace, type Work } from '../karmada/binding';
import { isReady, listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../kube/object';
import { dropPromises } from './room-ledger';
import { findInstance, loadInstance, refOf, type ActivityContext, type InstanceInput } from './context';

const POLL_MS = 300;
const PATIENCE_MS = 45_000;
export const TEMPLATE_KINDS = [KINDS.mongoDB, KINDS.service, KINDS.configMap, KINDS.secret] as const;

export function createRemovalActivities(context: ActivityContext) {
  return {
    /** Policies to preserve=false, seen in every Work: deleting at once after the flip would keep everything (S28). */
    async liftPreservation({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const policies = await listOwn(context, cr, KINDS.propagationPolicy);
      for (const policy of policies) {
        await context.karmada.mergePatch(
          { kind: KINDS.propagationPolicy, namespace: namespaceOf(cr), name: policy.metadata.name },
          { spec: { preserveResourcesOnDeletion: false, suspension: null } },
        );
      }
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        heartbeat('preservation');
        const works = await listInstanceWorks(context, cr);
        const kept = works.filter((work) => work.spec.preserveResourcesOnDeletion === true);
        if (kept.length === 0) return done(`${policies.length} policies, ${works.length} works`);
        if (Date.now() > deadline) {
          return waitFor({ code: 'Removing', message: `Karmada still preserves in: ${namesOf(kept)}.` });
        }
        await sleep(POLL_MS);
      }
    },

    /** Templates first; the override and the policies only after the members are clean. */
    async deleteTemplates({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      let count = 0;
      for (const kind of TEMPLATE_KINDS) {
        for (const template of await listOwn(context, cr, kind)) {
          heartbeat(template.metadata.name);
          await deleteProtected(context, kind, cr, template);
          count += 1;
        }
      }
      return done(`${count} templates`);
    },

    /** Done when reachable clusters hold nothing of the instance; unreachable ones are named and left to Karmada. */
    async awaitRemoval({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const deadline = Date.now() + PATIENCE_MS;
      for (;;) {
        const { left, unreachable } = await listRemains(context, cr);
        heartbeat(left);
        if (left.length === 0) {
          if (unreachable.length > 0) {
            await context.events.record(cr, {
              type: 'Warning',
              reason: 'RemovalIncomplete',
              action: 'Delete',
              note: `Not reachable, removed when back: ${unreachable.join(', ')}.`,
            });
          }
          return done(
            unreachable.length === 0
              ? 'all clusters are clean'
              : `left to Karmada: ${unreachable.join(', ')}`,
          );
        }
        if (Date.now() > deadline) return waitFor({ code: 'Removing', message: left.join('; ') });
        await sleep(POLL_MS);
      }
    },

    async deletePolicies({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      let count = 0;
      for (const kind of [KINDS.overridePolicy, KINDS.propagationPolicy]) {
        for (const policy of await listOwn(context, cr, kind)) {
          await deleteProtected(context, kind, cr, policy);
          count += 1;
        }
      }
      return done(`${count} policies`);
    },

    /** Our finalizer, and nobody else's; then the custom resource may go. */
    async releaseInstance({ instance }: InstanceInput): Promise<StageResult<string>> {
      await dropPromises(context, [instance.uid]);
      const cr = await findInstance(context, instance);
      const index = cr?.metadata.finalizers.indexOf(FINALIZERS.multiCloud) ?? -1;
      if (cr === undefined || index === -1) return done('already released');
      await context.karmada.jsonPatch(refOf(instance), [
        { op: 'test', path: '/metadata/uid', value: instance.uid },
        { op: 'test', path: `/metadata/finalizers/${index}`, value: FINALIZERS.multiCloud },
        { op: 'remove', path: `/metadata/finalizers/${index}` },
      ]);
      return done('released');
    },
  };
}

export async function listOwn(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  kind: Kind,
): Promise<KubeObject[]> {
  const options = { namespace: namespaceOf(cr), labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` };
  return (await context.karmada.list(kind, options, objectSchema)).items;
}

/** Takes the protection off, then deletes this very object. */
export async function deleteProtected(
  context: ActivityContext,
  kind: Kind,
  cr: MultiCloudMongoDB,
  object: KubeObject,
): Promise<void> {
  const ref = { kind, namespace: namespaceOf(cr), name: object.metadata.name };
  try {
    if (object.metadata.labels[LABELS.deletionProtected] !== undefined) {
      await context.karmada.mergePatch(ref, {
        metadata: { uid: object.metadata.uid, labels: { [LABELS.deletionProtected]: null } },
      });
    }
    await context.karmada.delete(ref, { uid: object.metadata.uid });
  } catch (error) {
    if (!isFedStateError(error, 'NotFound')) throw error;
  }
}

export async function listInstanceWorks(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Work[]> {
  const bindings = await context.karmada.list(
    KINDS.resourceBinding,
    { namespace: namespaceOf(cr) },
    bindingSchema,
  );
  const own = new Set(
    (await Promise.all(TEMPLATE_KINDS.map((kind) => listOwn(context, cr, kind))))
      .flat()
      .map((template) => template.metadata.uid),
  );
  const ids = bindings.items
    .filter((binding) => binding.metadata.ownerReferences.some((owner) => own.has(owner.uid)))
    .flatMap((binding) => binding.metadata.labels[PERMANENT_ID] ?? []);
  const clusters = await listClusters(context.karmada);
  const works = await Promise.all(
    clusters.flatMap((cluster) => ids.map((id) => listWorks(context.karmada, cluster.metadata.name, id))),
  );
  return works.flat();
}

async function listRemains(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<{ left: string[]; unreachable: string[] }> {
  const left: string[] = [];
  const unreachable: string[] = [];
  const options = { namespace: namespaceOf(cr), labelSelector: `${LABELS.instanceUid}=${cr.metadata.uid}` };
  for (const cluster of await listClusters(context.karmada)) {
    const { name } = cluster.metadata;
    if (!isReady(cluster)) {
      unreachable.push(name);
      continue;
    }
    try {
      const kube = await context.members.kubeOf(name);
      for (const kind of [...TEMPLATE_KINDS, KINDS.statefulSet, KINDS.pod]) {
        const page = await kube.list(kind, options, objectSchema);
        left.push(...page.items.map((item) => `${name}: ${kind.kind} ${item.metadata.name}`));
      }
    } catch (error) {
      if (!isFedStateError(error, 'Unreachable')) throw error;
      context.logger.warn({ cluster: name, error: messageOf(error) }, 'member not reachable during removal');
      unreachable.push(name);
    }
  }
  return { left, unreachable };
}

const namesOf = (works: readonly Work[]): string =>
  works
    .map((work) => `${(work.metadata.namespace ?? '').replace(workNamespace(''), '')}/${work.metadata.name}`)
    .join(', ');
