import { createHash } from 'node:crypto';
import { z } from 'zod';
import { GROUP } from '../domain/marks';
import type { WaitCode } from '../domain/instance';
import { clusterSchema, readyCondition, vipOf, type Cluster } from '../karmada/cluster';
import { KINDS, metadataSchema } from '../kube/object';
import type { ObjectKey } from '../kube/watch';
import type { InstanceView } from './instance-view';

/** A Karmada Cluster, as far as instances depend on it. */
export interface ClusterView {
  readonly metadata: Cluster['metadata'];
  /** Changes when members there, or the choice of this cluster, may be concerned. */
  readonly standing: string;
  /** Changes when there may be more or less room. */
  readonly room: string;
}

const summarySchema = z.looseObject({
  nodeSummary: z.looseObject({}).optional(),
  resourceSummary: z.looseObject({}).optional(),
});

export const clusterViewSchema: z.ZodType<ClusterView> = clusterSchema.transform((cluster): ClusterView => {
  const { metadata, spec } = cluster;
  const summary = summarySchema.safeParse(cluster.status);
  return {
    metadata: slim(metadata),
    standing: digest([
      readyCondition(cluster)?.status,
      vipOf(cluster),
      metadata.labels,
      metadata.deletionTimestamp !== undefined,
      [spec.taints, spec.region, spec.zone, spec.zones, spec.provider],
    ]),
    room: digest(summary.success ? [summary.data.nodeSummary, summary.data.resourceSummary] : []),
  };
});

/** The ResourceBinding of a MongoDB template, as far as its instance depends on it; others have no instance. */
export interface BindingView {
  readonly metadata: Cluster['metadata'];
  readonly instance: ObjectKey | undefined;
  readonly reports: string;
}

export const bindingViewSchema: z.ZodType<BindingView> = z
  .looseObject({
    metadata: metadataSchema,
    spec: z.looseObject({
      resource: z.looseObject({ apiVersion: z.string().default(''), kind: z.string(), name: z.string() }),
    }),
    status: z.looseObject({ aggregatedStatus: z.unknown().optional() }).optional(),
  })
  .transform(({ metadata, spec: { resource }, status }): BindingView => {
    const isOurs = resource.kind === KINDS.mongoDB.kind && resource.apiVersion.startsWith(`${GROUP}/`);
    return {
      metadata: slim(metadata),
      instance: isOurs ? `${metadata.namespace ?? ''}/${resource.name}` : undefined,
      reports: isOurs ? digest(status?.aggregatedStatus) : '',
    };
  });

/** Waits that a change of any cluster's standing may end. */
const WAITS_ON_CLUSTERS: ReadonlySet<string> = new Set<WaitCode>([
  'Unschedulable',
  'VipMissing',
  'ClusterUnreachable',
  'MembersUnreachable',
  'Dispatching',
  'Removing',
]);

/** How a cluster differs from what was known of it; undefined on either side: it came or went. */
export function compareClusters(
  before: ClusterView | undefined,
  after: ClusterView | undefined,
): 'cluster' | 'room' | undefined {
  if (before?.standing !== after?.standing) return 'cluster';
  return before?.room === after?.room ? undefined : 'room';
}

/** Whether a change of this cluster is this instance's business. */
export function isConcerned(instance: InstanceView, cluster: string, change: 'cluster' | 'room'): boolean {
  if (instance.waitsForPlace) return true;
  switch (change) {
    case 'room':
      return false;
    case 'cluster':
      return (
        instance.clusters.has(cluster) ||
        (instance.waitReason !== undefined && WAITS_ON_CLUSTERS.has(instance.waitReason))
      );
  }
}

const digest = (value: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(value ?? null))
    .digest('hex');

// Hundreds of bindings are kept only to compare them: their managedFields would be most of the memory.
const slim = (metadata: Cluster['metadata']): Cluster['metadata'] => ({
  name: metadata.name,
  namespace: metadata.namespace,
  uid: metadata.uid,
  resourceVersion: metadata.resourceVersion,
  labels: {},
  annotations: {},
  finalizers: [],
  ownerReferences: [],
});
