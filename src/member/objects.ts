import { z } from 'zod';
import { metadataSchema } from '../kube/object';

// What is read of each kind, and no more: caches stay small and an API server's news cannot break them.

export const statefulSetSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    replicas: z.int().default(1),
    template: z.looseObject({
      metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
    }),
    volumeClaimTemplates: z
      .array(
        z.object({
          metadata: z.object({ name: z.string() }),
          spec: z.object({
            resources: z.object({ requests: z.record(z.string(), z.string()).default({}) }),
          }),
        }),
      )
      .default([]),
  }),
});
export type StatefulSet = z.infer<typeof statefulSetSchema>;

const terminatedSchema = z.object({
  exitCode: z.int(),
  reason: z.string().optional(),
  message: z.string().optional(),
});

const containerStatusSchema = z.object({
  name: z.string(),
  ready: z.boolean().default(false),
  started: z.boolean().nullish(),
  restartCount: z.int().default(0),
  image: z.string().default(''),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
      running: z.looseObject({}).optional(),
      terminated: terminatedSchema.optional(),
    })
    .default({}),
  lastState: z.object({ terminated: terminatedSchema.optional() }).default({}),
});
export type ContainerStatus = z.infer<typeof containerStatusSchema>;

export const podSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    nodeName: z.string().optional(),
    containers: z.array(z.object({ name: z.string(), image: z.string().default('') })),
    initContainers: z.array(z.object({ name: z.string(), image: z.string().default('') })).default([]),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      podIP: z.string().optional(),
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().optional(),
            message: z.string().optional(),
          }),
        )
        .default([]),
      containerStatuses: z.array(containerStatusSchema).default([]),
      initContainerStatuses: z.array(containerStatusSchema).default([]),
    })
    .default({ conditions: [], containerStatuses: [], initContainerStatuses: [] }),
});
export type Pod = z.infer<typeof podSchema>;

export const claimSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    resources: z.object({ requests: z.record(z.string(), z.string()).default({}) }).optional(),
  }),
  status: z.object({ phase: z.string().optional() }).default({}),
});
export type Claim = z.infer<typeof claimSchema>;

export const serviceSchema = z.object({
  metadata: metadataSchema,
  spec: z.object({
    ports: z
      .array(z.object({ name: z.string().optional(), port: z.int(), nodePort: z.int().optional() }))
      .default([]),
  }),
});
export type Service = z.infer<typeof serviceSchema>;

export const configMapSchema = z.object({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});

export const secretSchema = z.object({
  metadata: metadataSchema,
  type: z.string().optional(),
  data: z.record(z.string(), z.string()).default({}),
});

/** Metadata alone, for kinds whose content is read when needed. */
export const namedSchema = z.object({ metadata: metadataSchema });

export const isPodReady = (pod: Pod): boolean =>
  pod.metadata.deletionTimestamp === undefined &&
  pod.status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
