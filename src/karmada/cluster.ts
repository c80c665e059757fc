import { z } from 'zod';
import { metadataSchema, KINDS, seenConditionsSchema } from '../kube/object';
import type { Kube } from '../kube/client';
import { readAddress } from '../domain/address';
import { ANNOTATIONS, LABELS } from '../domain/marks';

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
      conditions: seenConditionsSchema,
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
): { status: string; message?: string | undefined; lastTransitionTime?: string | undefined } | undefined {
  return cluster.status?.conditions.find((condition) => condition.type === 'Ready');
}

/**
 * The cluster's address for NodePorts: annotation `middleware.fedstate.io/vip`, else label `vip` (upstream's lower-case
 * spelling), which can hold no IPv6 address. Undefined: none, or none that can be read.
 */
export function vipOf(cluster: Pick<Cluster, 'metadata'>): string | undefined {
  const text = vipText(cluster);
  return text === undefined ? undefined : readAddress(text);
}

/** Why a cluster has no address, and how to give it one. */
export function describeMissingVip(cluster: Pick<Cluster, 'metadata'>): string {
  const { name } = cluster.metadata;
  const text = vipText(cluster);
  const remedy =
    `kubectl label cluster ${name} vip=ADDRESS (the address members are reached at), or for an IPv6 address ` +
    `kubectl annotate cluster ${name} ${ANNOTATIONS.vip}=ADDRESS`;
  return text === undefined
    ? `Cluster ${name} has neither label "vip" nor annotation ${ANNOTATIONS.vip}. Set one: ${remedy}.`
    : `Cluster ${name} has the VIP "${text}", which is no IPv4 or IPv6 address nor a DNS name. Correct it: ${remedy}.`;
}

function vipText({ metadata }: Pick<Cluster, 'metadata'>): string | undefined {
  const annotated = metadata.annotations[ANNOTATIONS.vip] ?? '';
  const text = annotated === '' ? metadata.labels[LABELS.clusterVip] : annotated;
  return text === '' ? undefined : text;
}
