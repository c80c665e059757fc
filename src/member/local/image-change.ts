import type { Ordinal } from '../../domain/names';
import type { Snapshot } from '../cluster-cache';
import type { ReplicaFindings } from '../findings';
import { ranEver } from '../rollout';
import { refuseUpgrade } from './upgrade';

export type ImageChange =
  | { readonly kind: 'none' }
  /** The members that run go first: new ones are made when all run the new image. */
  | { readonly kind: 'changing'; readonly outdated: readonly Ordinal[] }
  | { readonly kind: 'refused'; readonly message: string };

/**
 * Whether members run another image than the spec asks for, and whether they may change to it. Known before anything
 * is built: a new member of the new image must not meet the old ones half way (S12, S21, S22).
 */
export function judgeImageChange(
  image: string,
  wanted: readonly Ordinal[],
  snapshot: Snapshot,
  replica: ReplicaFindings | undefined,
): ImageChange {
  const outdated = wanted.filter((ordinal) => {
    const statefulSet = snapshot.statefulSets.get(ordinal);
    const pod = snapshot.pods.get(ordinal);
    const present = pod?.spec.containers.find(({ name }) => name === 'mongo')?.image;
    return (
      statefulSet !== undefined && ranEver(statefulSet, pod) && present !== undefined && present !== image
    );
  });
  if (outdated.length === 0) return { kind: 'none' };
  for (const ordinal of outdated) {
    const report = replica?.reports.get(ordinal);
    const fault = report === undefined ? undefined : refuseUpgrade(report, image);
    if (fault !== undefined) return { kind: 'refused', message: fault };
  }
  return { kind: 'changing', outdated };
}
