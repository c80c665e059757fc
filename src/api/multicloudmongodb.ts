import { z } from 'zod';
import { metadataSchema } from '../kube/object';
import { SCHEDULER_NAME } from '../domain/marks';
import { mongoDBStateSchema } from './mongodb';
import { conditionsSchema, coreObjectSchema, eitherShape, resourcesSchema, tolerationSchema } from './shared';

const secretKeySchema = z.object({ name: z.string(), key: z.string().default('password') });

/** Name of an existing pull Secret, or user and passwd to make one of. */
export const pullSecretSchema = z
  .union([z.string(), z.object({ user: z.string().optional(), passwd: z.string().optional() })])
  .meta(eitherShape);

export const spreadConstraintSchema = z.object({
  spreadByField: z.enum(['cluster', 'region', 'zone', 'provider']).optional(),
  spreadByLabel: z.string().optional(),
  minGroups: z.int().min(0).optional(),
  maxGroups: z.int().min(0).optional(),
});

export const memberOverrideSchema = z.object({
  cluster: z.string(),
  ordinal: z.int().min(0).max(49).optional(),
  priority: z.number().min(0).max(1000).optional(),
  votes: z.int().min(0).max(1).optional(),
  hidden: z.boolean().optional(),
  secondaryDelaySecs: z.int().min(0).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
export type MemberOverride = z.infer<typeof memberOverrideSchema>;

export const multiCloudMongoDBSpecSchema = z.object({
  replicaset: z.int().min(1).max(50).describe('Data members over all clusters.'),
  resource: resourcesSchema.default({
    requests: { cpu: '500m', memory: '500Mi' },
    limits: { cpu: '1', memory: '1Gi' },
  }),
  auth: z
    .object({
      rootPasswd: z
        .string()
        .min(1)
        .optional()
        .describe('Readable by whoever reads this object: prefer rootPasswdSecretRef.'),
      rootPasswdSecretRef: secretKeySchema.optional(),
    })
    .default({}),
  users: z
    .array(
      z.object({
        name: z.string().min(1),
        passwordSecretRef: secretKeySchema,
        roles: z.array(z.object({ role: z.string(), db: z.string() })).min(1),
      }),
    )
    .optional(),
  member: z
    .object({
      memberConfigRef: z.string().optional(),
      overrides: z.array(memberOverrideSchema).optional(),
    })
    .default({}),
  imageSetting: z
    .object({
      image: z.string().min(1).default('mongo:6.0'),
      imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
      imagePullSecret: pullSecretSchema.optional(),
    })
    .default({ image: 'mongo:6.0', imagePullPolicy: 'IfNotPresent' }),
  storage: z
    .object({
      storageClass: z.string().optional(),
      storageSize: z.string().default('2Gi'),
      whenDeleted: z.enum(['Retain', 'Delete']).default('Retain'),
      whenScaled: z.enum(['Retain', 'Delete']).default('Delete'),
    })
    .default({ storageSize: '2Gi', whenDeleted: 'Retain', whenScaled: 'Delete' }),
  export: z
    .object({ enable: z.boolean().default(false), resource: resourcesSchema.optional() })
    .default({ enable: false }),
  config: z
    .object({
      arbiter: z.boolean().default(false),
      configRef: z.string().optional().describe('ConfigMap in this namespace with the key mongod.yaml.'),
      configSet: z
        .record(z.string(), z.string())
        .optional()
        .describe('Single settings, e.g. net.maxIncomingConnections.'),
    })
    .default({ arbiter: false }),
  scheduler: z
    .object({
      schedulerName: z.string().default(SCHEDULER_NAME),
      schedulerMode: z.enum(['Uniform', 'Weighting']).default('Uniform'),
      clusterWeights: z.record(z.string(), z.int().min(0)).optional(),
      affinity: coreObjectSchema.optional(),
      tolerations: z.array(tolerationSchema).optional(),
    })
    .default({ schedulerName: SCHEDULER_NAME, schedulerMode: 'Uniform' }),
  spreadConstraints: z
    .object({
      nodeSelect: z.record(z.string(), z.string()).optional(),
      topologySpreadConstraints: z.record(z.string(), z.string()).optional(),
      spreadConstraints: z.array(spreadConstraintSchema).optional(),
      allowDynamicScheduler: z.boolean().default(false),
    })
    .default({ allowDynamicScheduler: false }),
  operations: z
    .object({
      approval: z.enum(['Auto', 'OnPrimaryChange', 'Always']).default('Auto'),
      paused: z.boolean().default(false),
      soakSeconds: z.int().min(0).default(86400),
      windows: z.array(z.object({ schedule: z.string(), durationMinutes: z.int().min(1) })).optional(),
    })
    .default({ approval: 'Auto', paused: false, soakSeconds: 86400 }),
  failover: z
    .object({
      mode: z.enum(['Auto', 'Approve', 'Off']).optional(),
      delaySeconds: z.int().min(0).default(60),
      failback: z.enum(['Auto', 'Approve', 'Off']).default('Approve'),
    })
    .default({ delaySeconds: 60, failback: 'Approve' }),
});
export type MultiCloudMongoDBSpec = z.infer<typeof multiCloudMongoDBSpecSchema>;

export const clusterResultSchema = z.object({
  cluster: z.string(),
  applied: z.boolean().optional(),
  replicasetSpec: z.int().optional(),
  replicasetStatus: z.int().optional(),
  connectAddrWithRole: z.record(z.string(), z.string()).optional(),
  currentRevision: z.string().optional(),
  state: mongoDBStateSchema.optional(),
});

export const memberStatusSchema = z.object({
  cluster: z.string(),
  ordinal: z.string(),
  host: z.string().optional(),
  role: z.string(),
  votes: z.int().optional(),
  lagSeconds: z.number().optional(),
  version: z.string().optional(),
  sync: z.string().optional(),
  ready: z.boolean().optional(),
  reason: z.string().optional(),
});

const operationSchema = z.object({
  kind: z.string(),
  step: z.string().optional(),
  waitingFor: z.string().optional(),
  waitReason: z.string().optional(),
  since: z.string().optional(),
  workflowId: z.string().optional(),
});

const clusterReasonSchema = z.object({
  cluster: z.string(),
  chosen: z.boolean(),
  room: z.int().optional(),
  reason: z.string(),
});

export const healthWordSchema = z.enum(['Health', 'SubHealth', 'UnHealth', 'UnKnown']);

export const multiCloudMongoDBStatusSchema = z.object({
  state: healthWordSchema.optional(),
  observedGeneration: z.int().optional(),
  externalAddr: z.string().optional(),
  internalAddr: z.string().optional(),
  connectionString: z.string().optional(),
  image: z.string().optional(),
  primary: z.string().optional(),
  readyMembers: z.string().optional(),
  margin: z.int().optional().describe('Members that may be lost before writes stop.'),
  result: z.array(clusterResultSchema).optional(),
  members: z.array(memberStatusSchema).optional(),
  placement: z
    .object({
      preferred: z
        .array(z.object({ cluster: z.string(), replicaset: z.int(), arbiter: z.boolean().optional() }))
        .optional(),
      current: z
        .array(z.object({ cluster: z.string(), replicaset: z.int(), arbiter: z.boolean().optional() }))
        .optional(),
      survivesAnyCluster: z.boolean().optional(),
      fatalClusters: z.array(z.string()).optional(),
      reasons: z.array(clusterReasonSchema).optional(),
      warnings: z.array(z.string()).optional(),
    })
    .optional(),
  operation: operationSchema.optional(),
  operations: z
    .array(
      z.object({
        kind: z.string(),
        outcome: z.string(),
        startedAt: z.string(),
        endedAt: z.string().optional(),
        workflowId: z.string(),
        message: z.string().optional(),
      }),
    )
    .max(10)
    .optional(),
  conditions: conditionsSchema.optional(),
});
export type MultiCloudMongoDBStatus = z.infer<typeof multiCloudMongoDBStatusSchema>;

/** A MultiCloudMongoDB as read from Karmada's API server. */
export const multiCloudMongoDBSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadataSchema,
  spec: multiCloudMongoDBSpecSchema,
  status: multiCloudMongoDBStatusSchema.optional(),
});
export type MultiCloudMongoDB = z.infer<typeof multiCloudMongoDBSchema>;
