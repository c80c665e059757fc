import { sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isFedStateError } from '../domain/errors';
import type { InstanceRef, Wait } from '../domain/instance';
import { FIELD_MANAGER, LABELS } from '../domain/marks';
import { namespaceOf } from '../karmada/template';
import type { Kube } from '../kube/client';
import { apiVersionOf, KINDS, metadataSchema, type Manifest } from '../kube/object';
import type { ActivityContext } from './context';
import type { Layout } from './layout';

// Karmada makes a new namespace in the members by itself, a moment after it is made there.
const PATIENCE_MS = 10_000;
const POLL_MS = 300;

const MANAGED_PATH = `/metadata/labels/${LABELS.karmadaManaged.replace('/', '~1')}`;
const namespaceSchema = z.looseObject({ metadata: metadataSchema });

const namespaceManifest = (name: string, labels?: Readonly<Record<string, string>>): Manifest => ({
  apiVersion: apiVersionOf(KINDS.namespace),
  kind: KINDS.namespace.kind,
  metadata: { name, ...(labels === undefined ? {} : { labels }) },
});

/** A namespace deleted on Karmada is deleted in every member, with preserved objects and volumes in it (recorded fact 62). */
export async function protectNamespace(context: ActivityContext, name: string): Promise<void> {
  const manifest = namespaceManifest(name, { [LABELS.deletionProtected]: 'Always' });
  await context.karmada.apply(KINDS.namespace, manifest, { fieldManager: FIELD_MANAGER, force: true });
}

/** With the last instance the protection goes; whoever else has set the label keeps it, as a field of his own. */
export async function unprotectNamespace(context: ActivityContext, instance: InstanceRef): Promise<void> {
  const { namespace } = instance;
  const there = await context.karmada.list(
    KINDS.multiCloudMongoDB,
    { namespace },
    z.looseObject({ metadata: metadataSchema }),
  );
  const stays = there.items.some(
    ({ metadata }) => metadata.uid !== instance.uid && metadata.deletionTimestamp === undefined,
  );
  if (stays) return;
  await context.karmada.apply(KINDS.namespace, namespaceManifest(namespace), { fieldManager: FIELD_MANAGER });
}

/**
 * Makes the namespace the member's own: one that Karmada manages is deleted there, with everything in it, when the
 * namespace is deleted on Karmada or the cluster is unregistered, preserved or not (recorded facts 62 and 64).
 * @returns why it cannot be done yet in a cluster that answers; one that does not is looked at another time
 */
export async function keepMemberNamespaces(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
): Promise<Wait | undefined> {
  const name = namespaceOf(cr);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const missing = await Promise.all(
      layout.shares.map(async ({ cluster }) => {
        try {
          return (await keepNamespace(await context.members.kubeOf(cluster), name)) ? [] : [cluster];
        } catch (error) {
          if (!isFedStateError(error, 'Unreachable')) throw error;
          return [];
        }
      }),
    );
    const lacking = missing.flat();
    if (lacking.length === 0) return undefined;
    if (Date.now() > deadline) {
      return {
        code: 'Dispatching',
        message: `Namespace ${name} is not there yet in: ${lacking.join(', ')}. Karmada makes it, unless it is told not to: then create it there.`,
      };
    }
    await sleep(POLL_MS);
  }
}

/** @returns false when there is no such namespace */
async function keepNamespace(kube: Kube, name: string): Promise<boolean> {
  const ref = { kind: KINDS.namespace, name };
  const namespace = await kube.get(ref, namespaceSchema);
  const mark = namespace?.metadata.labels[LABELS.karmadaManaged];
  if (mark === undefined) return namespace !== undefined;
  await kube.jsonPatch(ref, [
    { op: 'test', path: MANAGED_PATH, value: mark },
    { op: 'remove', path: MANAGED_PATH },
  ]);
  return true;
}
