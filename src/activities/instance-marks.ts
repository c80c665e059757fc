import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { fnv1a32 } from '../domain/names';

/** Whether a create operation has ended well for this very object. */
export function isCreated(cr: MultiCloudMongoDB): boolean {
  return cr.metadata.annotations[ANNOTATIONS.created] === cr.metadata.uid;
}

/** Generation of the spec that members were built from; 0: none yet. */
export function appliedGeneration(cr: MultiCloudMongoDB): number {
  return Number.parseInt(cr.metadata.annotations[ANNOTATIONS.appliedSpec] ?? '0', 10) || 0;
}

/** What to write down of the spec that is dispatched now. */
export function describeSpec(cr: MultiCloudMongoDB): string {
  return `${cr.metadata.generation ?? 0}/${fnv1a32(JSON.stringify(cr.spec))}`;
}

/**
 * Whether the spec asks for something else than the members were built from. By generation first: a new version of
 * FedState may read the same object with more defaults. By content then: a change may have been taken back.
 */
export function isBehind(cr: MultiCloudMongoDB): boolean {
  const [generation, digest] = describeSpec(cr).split('/');
  const [appliedAt, applied] = (cr.metadata.annotations[ANNOTATIONS.appliedSpec] ?? '').split('/');
  return generation !== appliedAt && digest !== applied;
}

/** Paused if any source says so. */
export function isPaused(cr: MultiCloudMongoDB): boolean {
  return cr.spec.operations.paused || cr.metadata.annotations[ANNOTATIONS.paused] === 'true';
}
