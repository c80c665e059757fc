import { z } from 'zod';
import { mongoDBStatusSchema, type MongoDBStatus } from '../api/mongodb';
import type { Kube } from '../kube/client';
import { KINDS, metadataSchema, seenConditionsSchema } from '../kube/object';

const aggregatedItemSchema = z.looseObject({
  clusterName: z.string(),
  applied: z.boolean().optional(),
  appliedMessage: z.string().optional(),
  health: z.string().optional(),
  status: z.unknown().optional(),
});

/** A ResourceBinding, as far as we read it. */
export const bindingSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    clusters: z.array(z.looseObject({ name: z.string() })).default([]),
    resource: z.looseObject({ kind: z.string(), name: z.string() }),
  }),
  status: z
    .looseObject({
      schedulerObservedGeneration: z.number().optional(),
      aggregatedStatus: z.array(aggregatedItemSchema).default([]),
      conditions: seenConditionsSchema,
    })
    .optional(),
});
export type Binding = z.infer<typeof bindingSchema>;

/** `<name>-<kind>`, lower case (recorded fact 5). */
export const bindingName = (name: string, kind: string): string => `${name}-${kind}`.toLowerCase();

export function readBinding(
  kube: Kube,
  namespace: string,
  name: string,
  kind: string,
): Promise<Binding | undefined> {
  return kube.get({ kind: KINDS.resourceBinding, namespace, name: bindingName(name, kind) }, bindingSchema);
}

/** What one cluster's member manager reported, as Karmada carried it up. */
export interface ClusterReport {
  readonly cluster: string;
  readonly applied: boolean;
  readonly appliedMessage?: string | undefined;
  /** Absent when the member has not reported yet, or not in our words. */
  readonly status?: MongoDBStatus | undefined;
}

/** The members' own reports out of the binding of MongoDB `N`, by cluster. */
export function reportsOf(binding: Binding | undefined): Map<string, ClusterReport> {
  const items = binding?.status?.aggregatedStatus ?? [];
  return new Map(
    items.map((item) => {
      const parsed = mongoDBStatusSchema.safeParse(item.status ?? undefined);
      return [
        item.clusterName,
        {
          cluster: item.clusterName,
          applied: item.applied === true,
          appliedMessage: item.appliedMessage,
          status: parsed.success ? parsed.data : undefined,
        },
      ];
    }),
  );
}

export const PERMANENT_ID = 'resourcebinding.karmada.io/permanent-id';

export const workSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    preserveResourcesOnDeletion: z.boolean().optional(),
    suspendDispatching: z.boolean().optional(),
    workload: z.looseObject({ manifests: z.array(z.looseObject({})).default([]) }),
  }),
  status: z
    .looseObject({
      conditions: seenConditionsSchema,
    })
    .optional(),
});
export type Work = z.infer<typeof workSchema>;

export const workNamespace = (cluster: string): string => `karmada-es-${cluster}`;

/** All Works of one binding in one cluster: found by the binding's permanent id (recorded fact 6). */
export async function listWorks(kube: Kube, cluster: string, permanentId: string): Promise<Work[]> {
  const page = await kube.list(
    KINDS.work,
    { namespace: workNamespace(cluster), labelSelector: `${PERMANENT_ID}=${permanentId}` },
    workSchema,
  );
  return page.items;
}
