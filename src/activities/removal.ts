import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import { FINALIZERS, LABELS } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import { bindingSchema, listWorks, PERMANENT_ID, workNamespace, type Work } from '../karmada/binding';
import { listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS, objectSchema, type Kind, type KubeObject } from '../kube/object';
import { dropPromises } from './room-ledger';
import { findInstance, loadInstance, refOf, type ActivityContext, type InstanceInput } from './context';
import { withHeartbeat } from './heartbeat';
import { unprotectNamespace } from './namespace-guard';
import { listRemains, TEMPLATE_KINDS, tellUnseen } from './remains';

const POLL_MS = 300;
const PATIENCE_MS = 45_000;
/** From policy to Work it takes 0.15 s (recorded fact 31). */
const POLICY_MS = 5_000;

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
      const direct = Date.now() + POLICY_MS;
      for (;;) {
        heartbeat('preservation');
        const works = await listInstanceWorks(context, cr);
        const kept = works.filter((work) => work.spec.preserveResourcesOnDeletion === true);
        if (kept.length === 0) return done(`${policies.length} policies, ${works.length} works`);
        // A Work whose policy was deleted by hand hears of nothing any more.
        if (Date.now() > direct) await Promise.all(kept.map((work) => liftWork(context, work)));
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

    /** Done when reachable clusters hold nothing of the instance; the others are named. */
    async awaitRemoval({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const deadline = Date.now() + PATIENCE_MS;
      return withHeartbeat('clusters', async (tell) => {
        for (;;) {
          const remains = await listRemains(context, cr);
          const { left } = remains;
          tell(left.join('; '));
          if (left.length === 0) return done(await tellUnseen(context, cr, remains));
          if (Date.now() > deadline) return waitFor({ code: 'Removing', message: left.join('; ') });
          await sleep(POLL_MS);
        }
      });
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
      await unprotectNamespace(context, instance);
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

async function liftWork(context: ActivityContext, { metadata }: Work): Promise<void> {
  const ref = { kind: KINDS.work, namespace: metadata.namespace, name: metadata.name };
  await context.karmada.mergePatch(ref, {
    metadata: { uid: metadata.uid },
    spec: { preserveResourcesOnDeletion: false },
  });
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

const namesOf = (works: readonly Work[]): string =>
  works
    .map((work) => `${(work.metadata.namespace ?? '').replace(workNamespace(''), '')}/${work.metadata.name}`)
    .join(', ');
