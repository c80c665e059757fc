import { isFedStateError } from '../domain/errors';
import { FINALIZERS } from '../domain/marks';
import { KINDS } from '../kube/object';
import type { Snapshot } from './cluster-cache';
import type { MemberContext } from './context';
import { isOurs, type Instance } from './instance';
import { deleteClaims } from './remove-members';

/** After this long the object goes, whatever a lost node or a foreign finalizer still holds. */
const LONGEST_WAIT_MS = 5 * 60_000;

/**
 * Deletion: StatefulSets, so that each mongod ends in its grace period, then claims as `persistence.whenDeleted` says;
 * Services, Secrets and ConfigMaps follow their owner. `kubectl delete --cascade=orphan` keeps everything.
 * @returns true when the finalizer is gone
 */
export async function deleteInstance(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
): Promise<boolean> {
  if (!instance.metadata.finalizers.includes(FINALIZERS.member)) return true;
  if (instance.metadata.finalizers.includes('orphan')) {
    await removeFinalizer(context, instance);
    return true;
  }
  const left = await deleteMembers(context, instance, snapshot);
  const since = Date.parse(instance.metadata.deletionTimestamp ?? '');
  const late = context.now().getTime() - since > LONGEST_WAIT_MS;
  if (left.length > 0 && !late) return false;
  if (instance.spec.persistence.whenDeleted === 'Delete') {
    // Of a member that was retired before, whenScaled has decided.
    const retired = instance.spec.retired ?? [];
    const ordinals = [...snapshot.claims.keys()].filter((ordinal) => !retired.includes(ordinal));
    await deleteClaims(context, instance, snapshot, ordinals);
  }
  if (left.length > 0) {
    context.tell(
      instance,
      'Warning',
      'LeftBehind',
      'Delete',
      `not gone in time, look after it: ${left.join(', ')}`,
    );
  }
  await removeFinalizer(context, instance);
  return true;
}

async function deleteMembers(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
): Promise<string[]> {
  const left: string[] = [];
  for (const { metadata } of snapshot.statefulSets.values()) {
    if (!isOurs(instance, metadata)) continue;
    left.push(`StatefulSet ${metadata.name}`);
    if (metadata.deletionTimestamp !== undefined) continue;
    await context.kube.delete(
      { kind: KINDS.statefulSet, namespace: instance.namespace, name: metadata.name },
      { uid: metadata.uid, propagation: 'Foreground' },
    );
  }
  for (const [ordinal, { metadata }] of snapshot.pods) {
    if (!snapshot.statefulSets.has(ordinal)) left.push(`pod ${metadata.name}`);
  }
  return left;
}

/** Puts our finalizer on, so that a deletion waits for the members. */
export async function addFinalizer(context: MemberContext, instance: Instance): Promise<void> {
  const { finalizers } = instance.metadata;
  if (finalizers.includes(FINALIZERS.member)) return;
  await writeFinalizers(context, instance, [...finalizers, FINALIZERS.member]);
}

async function removeFinalizer(context: MemberContext, instance: Instance): Promise<void> {
  const finalizers = instance.metadata.finalizers.filter((finalizer) => finalizer !== FINALIZERS.member);
  try {
    await writeFinalizers(context, instance, finalizers);
  } catch (error) {
    if (!isFedStateError(error, 'NotFound')) throw error;
  }
}

// A merge patch with the version: the list is shared with others, who must not lose theirs.
async function writeFinalizers(
  { kube }: MemberContext,
  { namespace, name, metadata }: Instance,
  finalizers: readonly string[],
): Promise<void> {
  await kube.mergePatch(
    { kind: KINDS.mongoDB, namespace, name },
    { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, finalizers } },
  );
}
