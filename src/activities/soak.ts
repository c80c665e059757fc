import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import { done, type StageResult } from '../domain/operation';
import type { ChangePlan } from '../domain/plan';
import { annotateInstance, type ActivityContext } from './context';
import { answers, describeWish } from './instance-marks';

/** A release that all members run, and since when. */
export interface Soak {
  readonly release: string;
  readonly since: string;
}

export function readSoak({ metadata }: MultiCloudMongoDB): Soak | undefined {
  const [release, since] = (metadata.annotations[ANNOTATIONS.soaking] ?? '').split('/');
  return release === undefined || since === undefined || Number.isNaN(Date.parse(since))
    ? undefined
    : { release, since };
}

/** All that is asked for was sent and runs; the feature compatibility version alone is still to follow. */
export const hasOnlyToSoak = (cr: MultiCloudMongoDB): boolean =>
  readSoak(cr) !== undefined &&
  answers(cr.metadata.annotations[ANNOTATIONS.appliedSpec], describeWish(cr, undefined));

/** When the plan's first step may be done without a person's word; undefined: it need not wait. */
export function soakEnd(cr: MultiCloudMongoDB, { steps }: ChangePlan): string | undefined {
  const soak = readSoak(cr);
  const [first] = steps;
  if (soak === undefined || first?.kind !== 'setFCV') return undefined;
  return new Date(Date.parse(soak.since) + cr.spec.operations.soakSeconds * 1000).toISOString();
}

/** The plan has proved that every member runs the release. */
export async function beginSoak(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  release: string,
): Promise<StageResult<string>> {
  const since = context.now().toISOString();
  await annotateInstance(context, cr, { [ANNOTATIONS.soaking]: `${release}/${since}` });
  return done(`${release} soaks since ${since}`);
}
