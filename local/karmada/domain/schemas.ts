import { z } from 'zod';
import type { Json } from '../kube/json';
import type { KubeObject } from '../kube/object';

const json = z.json();

const labelSelector = z.looseObject({
  matchLabels: z.record(z.string(), z.string()).optional(),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }))
    .optional(),
});
export type LabelSelector = z.infer<typeof labelSelector>;

const resourceSelector = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  namespace: z.string().optional(),
  name: z.string().optional(),
  labelSelector: labelSelector.optional(),
});
export type ResourceSelector = z.infer<typeof resourceSelector>;

const clusterAffinity = z.looseObject({
  clusterNames: z.array(z.string()).optional(),
  exclude: z.array(z.string()).optional(),
  labelSelector: labelSelector.optional(),
  fieldSelector: z
    .looseObject({
      matchExpressions: z
        .array(
          z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).optional() }),
        )
        .optional(),
    })
    .optional(),
});
export type ClusterAffinity = z.infer<typeof clusterAffinity>;

const spreadConstraint = z.looseObject({
  spreadByField: z.string().optional(),
  spreadByLabel: z.string().optional(),
  maxGroups: z.number().optional(),
  minGroups: z.number().optional(),
});
export type SpreadConstraint = z.infer<typeof spreadConstraint>;

const toleration = z.looseObject({
  key: z.string().optional(),
  operator: z.string().optional(),
  value: z.string().optional(),
  effect: z.string().optional(),
});
export type Toleration = z.infer<typeof toleration>;

const placement = z.looseObject({
  clusterAffinity: clusterAffinity.optional(),
  clusterTolerations: z.array(toleration).optional(),
  spreadConstraints: z.array(spreadConstraint).optional(),
});
export type Placement = z.infer<typeof placement>;

const suspension = z.looseObject({
  dispatching: z.boolean().optional(),
  dispatchingOnClusters: z.looseObject({ clusterNames: z.array(z.string()).optional() }).optional(),
  scheduling: z.boolean().optional(),
});
export type Suspension = z.infer<typeof suspension>;

export const policySpecSchema = z.looseObject({
  resourceSelectors: z.array(resourceSelector).default([]),
  placement: placement.optional(),
  priority: z.number().optional(),
  schedulerName: z.string().optional(),
  conflictResolution: z.string().optional(),
  preserveResourcesOnDeletion: z.boolean().optional(),
  suspension: suspension.optional(),
});
export type PolicySpec = z.infer<typeof policySpecSchema>;

const patchOperation = z.looseObject({ subPath: z.string(), operator: z.string(), value: json.optional() });
const labelOverride = z.looseObject({
  operator: z.string(),
  value: z.record(z.string(), z.string()).optional(),
});
const overriders = z.looseObject({
  plaintext: z
    .array(z.looseObject({ path: z.string(), operator: z.string(), value: json.optional() }))
    .optional(),
  labelsOverrider: z.array(labelOverride).optional(),
  annotationsOverrider: z.array(labelOverride).optional(),
  fieldOverrider: z
    .array(
      z.looseObject({
        fieldPath: z.string(),
        json: z.array(patchOperation).optional(),
        yaml: z.array(patchOperation).optional(),
      }),
    )
    .optional(),
});
export type Overriders = z.infer<typeof overriders>;

export const overrideSpecSchema = z.looseObject({
  resourceSelectors: z.array(resourceSelector).optional(),
  overrideRules: z
    .array(z.looseObject({ targetCluster: clusterAffinity.optional(), overriders: overriders }))
    .optional(),
  targetCluster: clusterAffinity.optional(),
  overriders: overriders.optional(),
});
export type OverrideSpec = z.infer<typeof overrideSpecSchema>;

export const bindingSpecSchema = z.looseObject({
  resource: z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    namespace: z.string().default(''),
    name: z.string(),
    uid: z.string().default(''),
    resourceVersion: z.string().optional(),
  }),
  clusters: z.array(z.looseObject({ name: z.string(), replicas: z.number().optional() })).default([]),
  placement: placement.optional(),
  schedulerName: z.string().optional(),
  conflictResolution: z.string().optional(),
  preserveResourcesOnDeletion: z.boolean().optional(),
  suspension: suspension.optional(),
});
export type BindingSpec = z.infer<typeof bindingSpecSchema>;

export const taintSchema = z.looseObject({
  key: z.string(),
  value: z.string().optional(),
  effect: z.string(),
  timeAdded: z.string().optional(),
});
export type Taint = z.infer<typeof taintSchema>;

export const clusterSpecSchema = z.looseObject({
  apiEndpoint: z.string().optional(),
  insecureSkipTLSVerification: z.boolean().optional(),
  secretRef: z.looseObject({ namespace: z.string(), name: z.string() }).optional(),
  provider: z.string().optional(),
  region: z.string().optional(),
  zone: z.string().optional(),
  zones: z.array(z.string()).optional(),
  taints: z.array(taintSchema).default([]),
});
export type ClusterSpec = z.infer<typeof clusterSpecSchema>;

/** @throws Error that names the object and the field */
export function readSpec<T>(object: KubeObject, schema: z.ZodType<T>): T {
  const spec: Json | undefined = object.raw['spec'];
  const parsed = schema.safeParse(spec ?? {});
  if (parsed.success) return parsed.data;
  throw new Error(
    `${object.kind} ${object.namespace}/${object.name}: spec: ${z.prettifyError(parsed.error)}`,
  );
}
