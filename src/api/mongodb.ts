import { z } from 'zod';
import { metadataSchema } from '../kube/object';
import {
  conditionsSchema,
  coreObjectSchema,
  eitherShape,
  intOrStringShape,
  resourcesSchema,
  tolerationSchema,
} from './shared';

const ordinalSchema = z.union([z.int().min(0).max(49), z.literal('arbiter')]).meta(intOrStringShape);

/** Name of a Secret of type kubernetes.io/dockerconfigjson, or the two values to make one of. */
export const memberPullSecretSchema = z
  .union([z.string(), z.object({ username: z.string().optional(), password: z.string().optional() })])
  .meta(eitherShape);

export const podSpecSchema = z.object({
  nodeSelector: z.record(z.string(), z.string()).nullish(),
  securityContext: coreObjectSchema.nullish(),
  affinity: coreObjectSchema.nullish(),
  tolerations: z.array(tolerationSchema).nullish(),
  topologySpreadConstraints: z.array(coreObjectSchema).nullish(),
  restartPolicy: z.string().nullish(),
});

export const mongoDBSpecSchema = z.object({
  members: z
    .int()
    .min(0)
    .max(50)
    .optional()
    .describe('Data members in this cluster. Absent: hold, change nothing.'),
  arbiter: z.boolean().optional().describe('This cluster hosts the arbiter.'),
  rsInit: z.boolean().optional().describe('This cluster holds the member that was initiated.'),
  image: z.string().default('mongo:6.0'),
  imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).default('IfNotPresent'),
  imagePullSecret: memberPullSecretSchema.optional(),
  type: z.enum(['ReplicaSet']).default('ReplicaSet'),
  config: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  customConfigRef: z.string().optional().describe('ConfigMap with the key mongod.yaml.'),
  memberConfigRef: z
    .string()
    .optional()
    .describe('ConfigMap with the addresses of the whole replica set; a record, never read.'),
  rootPassword: z.string().optional().describe('Local mode; prefer credentialsSecretRef.'),
  credentialsSecretRef: z
    .string()
    .optional()
    .describe('Secret with rootPassword, clusterAdminPassword, clusterMonitorPassword, keyfile.'),
  resources: resourcesSchema.default({
    requests: { cpu: '50m', memory: '100Mi' },
    limits: { cpu: '1', memory: '1Gi' },
  }),
  persistence: z
    .object({
      storage: z.string().default('1Gi'),
      storageClassName: z.string().optional(),
      whenDeleted: z.enum(['Retain', 'Delete']).default('Retain'),
      whenScaled: z.enum(['Retain', 'Delete']).default('Delete'),
    })
    .default({ storage: '1Gi', whenDeleted: 'Retain', whenScaled: 'Delete' }),
  metricsExporterSpec: z
    .object({ enable: z.boolean().default(false), resources: resourcesSchema.optional() })
    .default({ enable: false }),
  dbUserSpec: z
    .object({
      enable: z.boolean().optional(),
      name: z.string().optional(),
      user: z.string().optional(),
      password: z.string().optional(),
    })
    .optional(),
  podSpec: podSpecSchema.optional(),
  pause: z.boolean().optional(),
  control: z.enum(['Federated', 'Local']).default('Local').describe('Who runs the replica set.'),
  retired: z.array(ordinalSchema).optional().describe('Members to take away; nothing else is ever lowered.'),
  rollout: z.array(ordinalSchema).optional().describe('Members that may take a new pod template.'),
  instanceUID: z.string().optional().describe('Uid that claim names carry; default this object.'),
});
export type MongoDBSpec = z.infer<typeof mongoDBSpecSchema>;

export const replsetEntrySchema = z.object({
  _id: z.int(),
  name: z.string(),
  health: z.int(),
  state: z.int(),
  stateStr: z.string(),
  syncSourceHost: z.string().default(''),
});

export const memberPodSchema = z.object({
  ordinal: ordinalSchema,
  pod: z.string(),
  podUid: z.string().optional(),
  node: z.string().optional(),
  image: z.string().optional(),
  phase: z.string().optional(),
  ready: z.boolean(),
  restarts: z.int().default(0),
  reason: z.string().optional(),
  nodePort: z.int().optional(),
  claim: z.string().optional(),
  templateHash: z.string().optional(),
  pendingTemplate: z.boolean().optional(),
});
export type MemberPod = z.infer<typeof memberPodSchema>;

export const mongoDBStateSchema = z.enum(['Running', 'Reconciling', 'Error', 'Pause', 'Unknown']);

export const mongoDBStatusSchema = z.object({
  state: mongoDBStateSchema.optional(),
  observedGeneration: z.int().optional(),
  overrideRevision: z.string().optional(),
  currentRevision: z.string().optional(),
  currentInfo: z.object({ members: z.int(), resources: resourcesSchema.optional() }).optional(),
  readyMembers: z.int().optional(),
  image: z.string().optional(),
  primary: z.string().optional(),
  externalAddress: z.string().optional(),
  internalAddress: z.string().optional(),
  connectionString: z.string().optional(),
  replset: z.array(replsetEntrySchema).optional(),
  members: z.array(memberPodSchema).optional(),
  waitingFor: z.string().optional(),
  conditions: conditionsSchema.optional(),
});
export type MongoDBStatus = z.infer<typeof mongoDBStatusSchema>;

/** A MongoDB as read from an API server. */
export const mongoDBSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadataSchema,
  spec: mongoDBSpecSchema,
  status: mongoDBStatusSchema.optional(),
});
export type MongoDB = z.infer<typeof mongoDBSchema>;
