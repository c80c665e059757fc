import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import {
  dueLosses,
  dueReturns,
  type LossFacts,
  type LossMarks,
  type ReturnTimes,
  type Sightings,
} from '../domain/loss';
import { ANNOTATIONS } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { readJsonAnnotation } from './json-annotation';

const marksSchema = z.record(
  z.string(),
  z.object({
    at: z.string(),
    since: z.string(),
    views: z.string(),
    by: z.string().optional(),
    returned: z.string().optional(),
    shut: z
      .object({
        at: z.string(),
        ordinals: z.array(z.union([z.number(), z.literal('arbiter')])),
        forced: z.string().optional(),
      })
      .optional(),
  }),
);

const sightingsSchema = z.record(
  z.string(),
  z.object({
    looks: z.enum(['dead', 'alive']),
    since: z.string(),
    last: z.string(),
    views: z.string(),
    confirmed: z.boolean(),
    hold: z.string().optional(),
  }),
);

const timesSchema = z.record(z.string(), z.string());

export const readLossMarks = (cr: MultiCloudMongoDB): LossMarks =>
  readJsonAnnotation<LossMarks>(cr, ANNOTATIONS.lost, marksSchema, {});
export const readSightings = (cr: MultiCloudMongoDB): Sightings =>
  readJsonAnnotation<Sightings>(cr, ANNOTATIONS.sightings, sightingsSchema, {});
export const readReturnTimes = (cr: MultiCloudMongoDB): ReturnTimes =>
  readJsonAnnotation<ReturnTimes>(cr, ANNOTATIONS.givenBack, timesSchema, {});

/** The value of an annotation that holds these entries; null takes it off. */
export const writeEntries = (entries: Readonly<Record<string, unknown>>): string | null =>
  Object.keys(entries).length === 0 ? null : JSON.stringify(entries);

/** Without one entry. */
export function dropEntry<T>(entries: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(entries).filter(([name]) => name !== key));
}

/** Clusters that are taken to be lost, back or not: they hold no member. */
export const lostClusters = (cr: MultiCloudMongoDB): string[] => Object.keys(readLossMarks(cr)).sort();

/** Lost clusters that are not back: nothing is sent there, and nobody waits for them. */
export const fencedClusters = (cr: MultiCloudMongoDB): string[] =>
  Object.entries(readLossMarks(cr))
    .filter(([, mark]) => mark.returned === undefined)
    .map(([cluster]) => cluster)
    .sort();

/** Members that a recovery of the majority cuts off, by cluster: ordered to be shut off until a person gives them back. */
export const shutMembers = (cr: MultiCloudMongoDB): ReadonlyMap<string, readonly Ordinal[]> =>
  new Map(
    Object.entries(readLossMarks(cr)).flatMap(([cluster, { shut }]) =>
      shut === undefined ? [] : [[cluster, shut.ordinals] as const],
    ),
  );

/** What of the marks is part of what is asked for: who and why is not. */
export const describeLosses = (cr: MultiCloudMongoDB): string[] =>
  Object.entries(readLossMarks(cr))
    .map(
      ([cluster, mark]) =>
        `${cluster}${mark.returned === undefined ? '' : ':returned'}${mark.shut === undefined ? '' : ':shut'}`,
    )
    .sort();

/** The object as it would be without a mark. */
export const withoutMark = (cr: MultiCloudMongoDB, cluster: string): MultiCloudMongoDB => {
  const annotations = dropEntry(cr.metadata.annotations, ANNOTATIONS.lost);
  const marks = writeEntries(dropEntry(readLossMarks(cr), cluster));
  return {
    ...cr,
    metadata: {
      ...cr.metadata,
      annotations: marks === null ? annotations : { ...annotations, [ANNOTATIONS.lost]: marks },
    },
  };
};

/** By allowDynamicScheduler where the spec does not say. */
export const failoverMode = ({ spec }: MultiCloudMongoDB): 'Auto' | 'Approve' | 'Off' =>
  spec.failover.mode ?? (spec.spreadConstraints.allowDynamicScheduler ? 'Auto' : 'Approve');

export const lossFacts = (cr: MultiCloudMongoDB, sightings: Sightings, now: Date): LossFacts => ({
  sightings,
  marks: readLossMarks(cr),
  returns: readReturnTimes(cr),
  delaySeconds: cr.spec.failover.delaySeconds,
  now,
});

/** The cluster whose members are to be replaced now, by what was recorded of it. */
export const dueLoss = (cr: MultiCloudMongoDB, now: Date): string | undefined =>
  failoverMode(cr) === 'Off' ? undefined : dueLosses(lossFacts(cr, readSightings(cr), now))[0];

/** The lost cluster that may get members again, by what was recorded of it. */
export function dueReturn(cr: MultiCloudMongoDB, now: Date): string | undefined {
  const due = dueReturns(lossFacts(cr, readSightings(cr), now));
  // Where nothing was moved yet there is nothing to agree to.
  return cr.spec.failover.failback === 'Off' ? due.find((cluster) => holdsMembers(cr, cluster)) : due[0];
}

/** Whether the placement that is written still gives members to this cluster. */
export const holdsMembers = (cr: MultiCloudMongoDB, cluster: string): boolean =>
  (cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '').includes(`"cluster":"${cluster}"`);
