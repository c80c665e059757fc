import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';

/** Whether a create operation has ended well for this very object. */
export function isCreated(cr: MultiCloudMongoDB): boolean {
  return cr.metadata.annotations[ANNOTATIONS.created] === cr.metadata.uid;
}

/** Generation of the spec that members were built from; undefined: none yet. */
export function appliedGeneration(cr: MultiCloudMongoDB): number | undefined {
  const written = Number.parseInt(cr.metadata.annotations[ANNOTATIONS.appliedGeneration] ?? '', 10);
  return Number.isNaN(written) ? undefined : written;
}

/** Paused if any source says so. */
export function isPaused(cr: MultiCloudMongoDB): boolean {
  return cr.spec.operations.paused || cr.metadata.annotations[ANNOTATIONS.paused] === 'true';
}
