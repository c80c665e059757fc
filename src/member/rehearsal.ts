import { isFedStateError } from '../domain/errors';
import { MEMBER_FIELD_MANAGER } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { KINDS } from '../kube/object';
import { partsOf } from './build-members';
import { buildStatefulSet } from './build/stateful-set';
import type { Snapshot } from './cluster-cache';
import type { MemberContext } from './context';
import type { NotReady, ReadyInputs } from './inputs';
import type { Instance } from './instance';
import { namedSchema } from './objects';
import { describeRefusal } from './refusal';

/**
 * Asks the API server for a member that is not there yet, without making it: a spec that it refuses must not leave
 * Secrets, Services and budgets without members. Undefined: it would be taken, or all are there.
 */
export async function rehearseMember(
  context: Pick<MemberContext, 'kube' | 'config'>,
  instance: Instance,
  snapshot: Snapshot,
  request: { readonly wanted: readonly Ordinal[]; readonly inputs: ReadyInputs },
): Promise<NotReady | undefined> {
  const missing = request.wanted.find((ordinal) => !snapshot.statefulSets.has(ordinal));
  if (missing === undefined) return undefined;
  const { manifest } = buildStatefulSet(
    instance,
    missing,
    partsOf(context, instance, request.inputs, snapshot.configMaps),
  );
  const ref = { kind: KINDS.statefulSet, namespace: instance.namespace, name: manifest.metadata.name };
  // What stands there unwatched is somebody else's: that is told as a conflict.
  if ((await context.kube.get(ref, namedSchema)) !== undefined) return undefined;
  try {
    await context.kube.apply(KINDS.statefulSet, manifest, {
      fieldManager: MEMBER_FIELD_MANAGER,
      force: true,
      dryRun: true,
    });
    return undefined;
  } catch (error) {
    if (!isFedStateError(error, 'InvalidSpec')) throw error;
    return { outcome: 'refused', reason: 'SpecRefused', message: describeRefusal(error.message) };
  }
}
