import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, carriedLabels } from '../domain/marks';
import { fnv1a32 } from '../domain/names';
import { describeLosses } from './loss-marks';

/** Whether a create operation has ended well for this very object. */
export function isCreated(cr: MultiCloudMongoDB): boolean {
  return cr.metadata.annotations[ANNOTATIONS.created] === cr.metadata.uid;
}

/** Generation of the spec that members were built from; 0: none yet. */
export function appliedGeneration(cr: MultiCloudMongoDB): number {
  return Number.parseInt(cr.metadata.annotations[ANNOTATIONS.appliedSpec] ?? '0', 10) || 0;
}

const STEERING = [ANNOTATIONS.schedulerResult, ANNOTATIONS.restart, ANNOTATIONS.drained] as const;
/** Later ones: where they are absent, records that were made before they were known still answer. */
const LATER_STEERING = [ANNOTATIONS.rotate, ANNOTATIONS.rebuild] as const;

/**
 * All that is asked for in one line: `<generation>/<spec>/<metadata>/<references>[/<addresses>]`.
 * @param references digest of what the spec refers to; undefined: it cannot be read now, and is taken to be as it was
 * @param addresses digest of the clusters' VIPs; undefined likewise
 */
export function describeWish(
  cr: MultiCloudMongoDB,
  references: string | undefined,
  addresses?: string,
): string {
  const { annotations } = cr.metadata;
  const labels = carriedLabels(cr.metadata.labels);
  const losses = describeLosses(cr);
  const steering = [
    ...STEERING.map((key) => annotations[key] ?? ''),
    // Only where there are any: what was recorded before there could be is still true.
    ...LATER_STEERING.flatMap((key) =>
      annotations[key] === undefined ? [] : [`${key}=${annotations[key]}`],
    ),
    ...(losses.length === 0 ? [] : [losses.join(',')]),
    ...(labels.length === 0 ? [] : [labels]),
  ];
  return [
    cr.metadata.generation ?? 0,
    fnv1a32(JSON.stringify(cr.spec)),
    fnv1a32(JSON.stringify(steering)),
    references ?? '',
    ...(addresses === undefined ? [] : [addresses]),
  ].join('/');
}

/** As {@link describeWish}, of what is carried to members: requests that only steps carry out are not in it. */
export function describeCarried(cr: MultiCloudMongoDB, references: string): string {
  const requests: readonly string[] = LATER_STEERING;
  const annotations = Object.fromEntries(
    Object.entries(cr.metadata.annotations).filter(([key]) => !requests.includes(key)),
  );
  return describeWish({ ...cr, metadata: { ...cr.metadata, annotations } }, references);
}

/**
 * Whether a record of {@link describeWish} answers what is asked for now. By generation first: a new version of
 * FedState may read the same object with more defaults. By content then: a change may have been taken back.
 */
export function answers(record: string | undefined, wish: string): boolean {
  const [generation, spec, steering, references, addresses] = (record ?? '').split('/');
  const now = wish.split('/');
  return (
    (generation === now[0] || spec === now[1]) &&
    steering === now[2] &&
    (now[3] === '' || references === now[3]) &&
    (now[4] === undefined || addresses === undefined || addresses === now[4])
  );
}

/** Whether the spec asks for something else than the members were built from. */
export function isBehind(cr: MultiCloudMongoDB): boolean {
  const [generation, spec] = describeWish(cr, undefined).split('/');
  const [appliedAt, applied] = (cr.metadata.annotations[ANNOTATIONS.appliedSpec] ?? '').split('/');
  return generation !== appliedAt && spec !== applied;
}

/** Whether an operation has carried out all that the object itself asks for. */
export function isSettled(cr: MultiCloudMongoDB, addresses?: string): boolean {
  return answers(cr.metadata.annotations[ANNOTATIONS.settled], describeWish(cr, undefined, addresses));
}

/** Paused if any source says so. */
export function isPaused(cr: MultiCloudMongoDB): boolean {
  return cr.spec.operations.paused || cr.metadata.annotations[ANNOTATIONS.paused] === 'true';
}
