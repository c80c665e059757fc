import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS } from '../domain/marks';
import type { Ordinal } from '../domain/names';
import { isCreated } from './instance-marks';
import { readJsonAnnotation } from './json-annotation';

const recordSchema = z.record(z.string(), z.int().min(1).max(65535));

/** Whether a replica set may have written its members' addresses down: until then ports may be replaced. */
export const mayKnowPorts = (cr: MultiCloudMongoDB): boolean =>
  isCreated(cr) || cr.metadata.annotations[ANNOTATIONS.seedMember] !== undefined;

/**
 * NodePorts by which the replica set knows its members. A Service is for that ordinal in every cluster: whoever edits its
 * port parts all of them from the set at once. Empty where {@link mayKnowPorts} says no.
 */
export function knownPorts(cr: MultiCloudMongoDB): ReadonlyMap<Ordinal, number> {
  if (!mayKnowPorts(cr)) return new Map();
  const ports = readJsonAnnotation<Record<string, number>>(cr, ANNOTATIONS.nodePorts, recordSchema, {});
  return new Map(Object.entries(ports).map(([key, port]) => [key === 'arbiter' ? key : Number(key), port]));
}

/** As the annotation that {@link knownPorts} reads. */
export const describePorts = (ports: ReadonlyMap<Ordinal, number>): string =>
  JSON.stringify(Object.fromEntries([...ports].map(([ordinal, port]) => [String(ordinal), port])));
