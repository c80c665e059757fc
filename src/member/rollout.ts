import { ANNOTATIONS } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { hasStarted } from './member-pods';
import type { Pod, StatefulSet } from './objects';

/** What may happen to one member's template. */
export type TemplateStep =
  /** Write it: there is nothing yet, nothing ever ran, or it is this member's turn. */
  | { readonly kind: 'write'; readonly pending: boolean; readonly deleteUnstarted: boolean }
  /** The StatefulSet keeps what it has. */
  | { readonly kind: 'hold' };

/**
 * A new template reaches a member that ran only when its ordinal is allowed: were it written before, a pod that a node
 * loses would come back changed, and at a time that nobody chose.
 */
export function decideTemplate(
  ordinal: Ordinal,
  wantedHash: string,
  allowed: readonly Ordinal[],
  statefulSet: StatefulSet | undefined,
  pod: Pod | undefined,
  prepareImage?: string,
): TemplateStep {
  if (statefulSet === undefined) return { kind: 'write', pending: false, deleteUnstarted: false };
  const podHash = pod?.metadata.annotations[ANNOTATIONS.templateHash];
  const outdated = pod !== undefined && podHash !== wantedHash;
  // Our own image is no part of the hash, yet a pod may be stuck for want of it.
  const present = pod?.spec.initContainers.find(({ name }) => name === 'prepare')?.image;
  const stuck = outdated || (present !== undefined && prepareImage !== undefined && present !== prepareImage);
  if (templateHashOf(statefulSet) === wantedHash || allowed.includes(ordinal)) {
    return { kind: 'write', pending: outdated, deleteUnstarted: stuck && !ranEver(statefulSet, pod) };
  }
  if (ranEver(statefulSet, pod)) return { kind: 'hold' };
  return { kind: 'write', pending: false, deleteUnstarted: stuck };
}

export const templateHashOf = (statefulSet: StatefulSet): string | undefined =>
  statefulSet.metadata.annotations[ANNOTATIONS.templateHash];

/** Whether mongod ever ran in this member, so that its data and its vote count. */
export function ranEver(statefulSet: StatefulSet, pod: Pod | undefined): boolean {
  return statefulSet.metadata.annotations[ANNOTATIONS.memberStarted] === 'true' || hasStarted(pod);
}
