import { z } from 'zod';
import { listMap } from './validation-rule';

// Marks that Kubernetes understands ride along as zod metadata and come out in the CRD (see structural-schema.ts).
const intOrString = { 'x-kubernetes-int-or-string': true } as const;
const anyShape = { 'x-kubernetes-preserve-unknown-fields': true } as const;

/** A Kubernetes quantity, as written: `500m`, `1Gi`, 2. */
const quantitySchema = z.union([z.string(), z.number()]).meta({
  ...intOrString,
  pattern:
    '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
});

const resourceListSchema = z.record(z.string(), quantitySchema);

export const resourcesSchema = z.object({
  limits: resourceListSchema.optional().describe('Most that the container may use, by resource name.'),
  requests: resourceListSchema
    .optional()
    .describe('What a node must have free for the container, by resource name; clusters are chosen by it.'),
});
export type Resources = z.infer<typeof resourcesSchema>;

export const tolerationSchema = z.object({
  key: z.string().optional().describe('Key of the taint; empty with operator Exists: every taint.'),
  operator: z.enum(['Exists', 'Equal']).optional().describe('How value is compared; default Equal.'),
  value: z.string().optional().describe('Value of the taint, with operator Equal.'),
  effect: z
    .enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])
    .optional()
    .describe('Effect of the taint; absent: every effect.'),
  tolerationSeconds: z
    .int()
    .optional()
    .describe('With NoExecute: seconds until eviction; absent: no eviction.'),
});
export type Toleration = z.infer<typeof tolerationSchema>;

/** A core/v1 structure that the API server of the member checks when the pod is made. */
export const coreObjectSchema = z.looseObject({}).meta(anyShape);

export const conditionSchema = z.object({
  type: z.string().describe('What is told about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  lastTransitionTime: z.string().describe('When status last changed, RFC 3339.'),
  reason: z.string().optional().describe('One word for programs.'),
  message: z.string().optional().describe('A sentence for people.'),
  observedGeneration: z.int().optional().describe('metadata.generation that this was judged for.'),
});

export const conditionsSchema = z.array(conditionSchema).meta(listMap('type'));

/** A value that may have any of several types: CEL cannot look inside, the controllers check it. */
export const eitherShape = anyShape;
export const intOrStringShape = intOrString;
