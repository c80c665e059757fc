import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { listWorks, PERMANENT_ID, readBinding } from '../karmada/binding';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import type { ActivityContext } from './context';

const POLL_MS = 300;
const PATIENCE_MS = 30_000;

/**
 * Waits until the Works of lost clusters are suspended, as their policies say: whatever is written afterwards, in whatever
 * order Karmada takes it, reaches nobody there.
 * @returns why not, when Karmada does not follow in time
 */
export async function awaitFence(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  fenced: readonly string[],
): Promise<string | undefined> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    heartbeat('fence');
    const open = await listOpen(context, cr, fenced);
    if (open.length === 0) return undefined;
    if (Date.now() > deadline) return `Karmada has not suspended dispatch to ${open.join(', ')} yet.`;
    await sleep(POLL_MS);
  }
}

/** Lost clusters whose Works would still be carried there. */
async function listOpen(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  fenced: readonly string[],
): Promise<string[]> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const id = binding?.metadata.labels[PERMANENT_ID];
  if (id === undefined) return [];
  const looks = await Promise.all(
    fenced.map(async (cluster) => ({ cluster, works: await listWorks(context.karmada, cluster, id) })),
  );
  return looks
    .filter(({ works }) => works.some((work) => work.spec.suspendDispatching !== true))
    .map(({ cluster }) => cluster);
}
