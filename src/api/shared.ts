import { z } from 'zod';

// Marks that Kubernetes understands ride along as zod metadata and come out in the CRD (see crd.ts).
const intOrString = { 'x-kubernetes-int-or-string': true } as const;
const anyShape = { 'x-kubernetes-preserve-unknown-fields': true } as const;

/** A Kubernetes quantity, as written: `500m`, `1Gi`, 2. */
export const quantitySchema = z.union([z.string(), z.number()]).meta({
  ...intOrString,
  pattern:
    '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
});

const resourceListSchema = z.record(z.string(), quantitySchema);

export const resourcesSchema = z.object({
  limits: resourceListSchema.optional(),
  requests: resourceListSchema.optional(),
});
export type Resources = z.infer<typeof resourcesSchema>;

export const tolerationSchema = z.object({
  key: z.string().optional(),
  operator: z.enum(['Exists', 'Equal']).optional(),
  value: z.string().optional(),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).optional(),
  tolerationSeconds: z.int().optional(),
});
export type Toleration = z.infer<typeof tolerationSchema>;

/** A core/v1 structure that the API server of the member checks when the pod is made. */
export const coreObjectSchema = z.looseObject({}).meta(anyShape);

export const conditionSchema = z.object({
  type: z.string(),
  status: z.enum(['True', 'False', 'Unknown']),
  lastTransitionTime: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  observedGeneration: z.int().optional(),
});

export const conditionsSchema = z.array(conditionSchema);

/** A value that may have any of several types: CEL cannot look inside, the controllers check it. */
export const eitherShape = anyShape;
export const intOrStringShape = intOrString;
