import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { isCreated } from './instance-marks';
import { readJsonAnnotation } from './json-annotation';

const recordSchema = z.record(z.string(), z.int().min(1).max(65535));

/** Whether a replica set may have written its members' addresses down: until then every port may be replaced. */
const mayKnowPorts = (cr: MultiCloudMongoDB): boolean =>
  isCreated(cr) || cr.metadata.annotations[ANNOTATIONS.seedMember] !== undefined;

/** NodePorts that stood in all their clusters, by ordinal; undefined where nothing readable is written down. */
export function recordedPorts(cr: MultiCloudMongoDB): ReadonlyMap<Ordinal, number> | undefined {
  const ports = readJsonAnnotation<Record<string, number> | undefined>(
    cr,
    ANNOTATIONS.nodePorts,
    recordSchema,
    undefined,
  );
  if (ports === undefined) return undefined;
  return new Map(Object.entries(ports).map(([key, port]) => [key === 'arbiter' ? key : Number(key), port]));
}

/**
 * NodePorts by which the replica set knows its members. A Service is for that ordinal in every cluster: whoever edits its
 * port parts all of them from the set at once. Empty until there is a replica set.
 */
export const knownPorts = (cr: MultiCloudMongoDB): ReadonlyMap<Ordinal, number> =>
  mayKnowPorts(cr) ? (recordedPorts(cr) ?? new Map()) : new Map();

/** Whether no replica set can know this ordinal by its port: a member is added only after its port was recorded. */
export function mayReplacePort(cr: MultiCloudMongoDB, ordinal: Ordinal): boolean {
  const recorded = recordedPorts(cr);
  return !mayKnowPorts(cr) || (recorded !== undefined && !recorded.has(ordinal));
}

/** As the annotation that {@link recordedPorts} reads. */
export const describePorts = (ports: ReadonlyMap<Ordinal, number>): string =>
  JSON.stringify(Object.fromEntries([...ports].map(([ordinal, port]) => [String(ordinal), port])));
