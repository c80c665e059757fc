import { exporterServiceName, claimName, memberName, type Ordinal } from '../domain/names';
import { KINDS } from '../kube/object';
import type { Snapshot } from './cluster-cache';
import type { MemberContext } from './context';
import { isOurs, type Instance } from './instance';

/**
 * Takes away members that have left the set (S11: never the pod first): StatefulSet, then Services, then the claim as
 * `persistence.whenScaled` says. Level-driven: each pass does what the last one left.
 * @returns what is still there
 */
export async function removeMembers(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  leaving: readonly Ordinal[],
): Promise<string[]> {
  const { kube } = context;
  const { namespace } = instance;
  const left: string[] = [];
  for (const ordinal of leaving) {
    const name = memberName(instance.name, ordinal);
    const statefulSet = snapshot.statefulSets.get(ordinal);
    const pod = snapshot.pods.get(ordinal);
    if (statefulSet !== undefined) {
      left.push(`StatefulSet ${name}`);
      if (!isOurs(instance, statefulSet.metadata) || statefulSet.metadata.deletionTimestamp !== undefined)
        continue;
      await kube.delete(
        { kind: KINDS.statefulSet, namespace, name },
        { uid: statefulSet.metadata.uid, propagation: 'Foreground' },
      );
      context.tell(instance, 'Normal', 'MemberRemoved', 'Delete', `StatefulSet ${name}`);
      continue;
    }
    if (pod !== undefined) {
      left.push(`pod ${pod.metadata.name}`);
      continue;
    }
    // In a federation the member's Service is Karmada's, which would only bring it back.
    const made = instance.spec.control === 'Local' ? [name] : [];
    for (const service of [...made, exporterServiceName(instance.name, ordinal)]) {
      const metadata = context.cache.metadata(KINDS.service, namespace, service);
      if (metadata !== undefined && isOurs(instance, metadata))
        await kube.delete({ kind: KINDS.service, namespace, name: service }, { uid: metadata.uid });
    }
    if (instance.spec.persistence.whenScaled === 'Delete')
      left.push(...(await deleteClaims(context, instance, snapshot, [ordinal])));
  }
  return left;
}

/** Deletes this instance's own claims of these members. @returns the claims that are still there */
export async function deleteClaims(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  ordinals: Iterable<Ordinal>,
): Promise<string[]> {
  const left: string[] = [];
  for (const ordinal of ordinals) {
    const name = claimName(instance.name, instance.instanceUid, ordinal);
    const claim = snapshot.claims.get(ordinal)?.find(({ metadata }) => metadata.name === name);
    if (claim === undefined) continue;
    left.push(`claim ${name}`);
    if (claim.metadata.deletionTimestamp !== undefined) continue;
    await context.kube.delete(
      { kind: KINDS.persistentVolumeClaim, namespace: instance.namespace, name },
      { uid: claim.metadata.uid },
    );
    context.tell(instance, 'Normal', 'ClaimDeleted', 'Delete', `claim ${name}`);
  }
  return left;
}

/** Members that the spec does not want and of which something is left in the cluster. */
export function remnants(
  instance: Instance,
  snapshot: Snapshot,
  wanted: readonly Ordinal[],
  mayGo: (ordinal: Ordinal) => boolean,
): Ordinal[] {
  const present = new Set<Ordinal>([
    ...snapshot.statefulSets.keys(),
    ...snapshot.pods.keys(),
    ...[...snapshot.claims]
      .filter(([ordinal, claims]) =>
        claims.some(
          ({ metadata }) => metadata.name === claimName(instance.name, instance.instanceUid, ordinal),
        ),
      )
      .map(([ordinal]) => ordinal),
  ]);
  return [...present].filter((ordinal) => !wanted.includes(ordinal) && mayGo(ordinal));
}
