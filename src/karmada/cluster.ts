import { z } from 'zod';
import { metadataSchema, KINDS } from '../kube/object';
import type { Kube } from '../kube/client';
import { LABELS } from '../domain/marks';

/** A member cluster as Karmada knows it. */
export const clusterSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    region: z.string().optional(),
    zone: z.string().optional(),
    zones: z.array(z.string()).optional(),
    provider: z.string().optional(),
    taints: z
      .array(z.looseObject({ key: z.string(), value: z.string().optional(), effect: z.string() }))
      .optional(),
  }),
  status: z
    .looseObject({
      conditions: z
        .array(z.looseObject({ type: z.string(), status: z.string(), message: z.string().optional() }))
        .default([]),
    })
    .optional(),
});
export type Cluster = z.infer<typeof clusterSchema>;

export async function listClusters(kube: Kube): Promise<Cluster[]> {
  return (await kube.list(KINDS.cluster, {}, clusterSchema)).items;
}

export function isReady(cluster: Cluster): boolean {
  return readyCondition(cluster)?.status === 'True';
}

export function readyCondition(
  cluster: Cluster,
): { status: string; message?: string | undefined } | undefined {
  return cluster.status?.conditions.find((condition) => condition.type === 'Ready');
}

/** The cluster's address for NodePorts: label `vip`, upstream's lower-case spelling. */
export function vipOf(cluster: Cluster): string | undefined {
  const vip = cluster.metadata.labels[LABELS.clusterVip];
  return vip === undefined || vip === '' ? undefined : vip;
}
