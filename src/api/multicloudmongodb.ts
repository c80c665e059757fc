import { z } from 'zod';
import { SCHEDULER_NAME } from '../domain/marks';
import { metadataSchema } from '../kube/object';
import { memberSettingsSchema, type memberOverrideSchema } from './multicloudmongodb-member';
import { failoverSchema, operationsSchema } from './multicloudmongodb-operations';
import { placementConstraintsSchema, schedulerSchema } from './multicloudmongodb-scheduling';
import { multiCloudMongoDBStatusSchema } from './multicloudmongodb-status';
import { eitherShape, resourcesSchema } from './shared';
import { isPositiveQuantity, listMap, neverChanges, notBoth, onlyGrows, ruled } from './validation-rule';

export type MultiCloudMongoDBStatus = z.infer<typeof multiCloudMongoDBStatusSchema>;
export type MemberOverride = z.infer<typeof memberOverrideSchema>;

const secretKeySchema = z.object({
  name: z.string().min(1).describe('Name of a Secret in this namespace.'),
  key: z.string().min(1).default('password').describe('Key of the value in that Secret.'),
});

/** Name of an existing pull Secret, or user and passwd to make one of. */
const pullSecretSchema = z
  .union([z.string(), z.object({ user: z.string().optional(), passwd: z.string().optional() })])
  .meta(eitherShape);

const authSchema = z
  .object({
    rootPasswd: z
      .string()
      .min(1)
      .optional()
      .describe('Readable by whoever reads this object: prefer rootPasswdSecretRef.'),
    rootPasswdSecretRef: secretKeySchema
      .optional()
      .describe('Password of the user root; without it and rootPasswd one is made.'),
  })
  .meta(ruled(notBoth('rootPasswd', 'rootPasswdSecretRef', 'rootPasswdSecretRef')));

const userSchema = z.object({
  name: z.string().min(1).describe('Name of the user.'),
  passwordSecretRef: secretKeySchema.describe('Its password.'),
  roles: z
    .array(
      z.object({
        role: z.string().describe('Name of a MongoDB role, e.g. readWrite.'),
        db: z.string().describe('Database that the role is for.'),
      }),
    )
    .min(1)
    .describe('What the user may do.'),
});

const imageSettingSchema = z.object({
  image: z
    .string()
    .min(1)
    .default('mongo:6.0')
    .describe('Image of mongod, 4.2 or later; the site may run another in its place, see status.image.'),
  imagePullPolicy: z
    .enum(['Always', 'IfNotPresent', 'Never'])
    .default('IfNotPresent')
    .describe('When a node pulls the image.'),
  imagePullSecret: pullSecretSchema
    .optional()
    .describe(
      'Name of a Secret of type kubernetes.io/dockerconfigjson in this namespace, or {user, passwd} to make one.',
    ),
});

const storageSchema = z
  .object({
    storageClass: z
      .string()
      .max(253)
      .optional()
      .describe('StorageClass of every member cluster; absent: the default class of each.'),
    storageSize: z.string().max(64).default('2Gi').describe('Size of each data volume; may only grow.'),
    whenDeleted: z
      .enum(['Retain', 'Delete'])
      .default('Retain')
      .describe('Volumes when this object is deleted.'),
    whenScaled: z
      .enum(['Retain', 'Delete'])
      .default('Delete')
      .describe('The volume of a member that is taken away.'),
  })
  .meta(
    ruled(
      isPositiveQuantity('storageSize'),
      onlyGrows('storageSize'),
      neverChanges('storageClass', 'a volume keeps its class; make a new instance for another one'),
    ),
  );

const exportSchema = z.object({
  enable: z.boolean().default(false).describe('Run the exporter beside each mongod.'),
  resource: resourcesSchema.optional().describe('Resources of the exporter container.'),
});

const configSchema = z.object({
  arbiter: z.boolean().default(false).describe('Add one arbiter.'),
  configRef: z.string().optional().describe('ConfigMap in this namespace with the key mongod.yaml.'),
  configSet: z
    .record(z.string(), z.string())
    .optional()
    .describe('Single settings over configRef, e.g. net.maxIncomingConnections to "2000".'),
});

export const multiCloudMongoDBSpecSchema = z.object({
  replicaset: z.int().min(1).max(50).describe('Data members over all clusters.'),
  resource: resourcesSchema
    .default({ requests: { cpu: '500m', memory: '500Mi' }, limits: { cpu: '1', memory: '1Gi' } })
    .describe('Resources of each mongod container.'),
  auth: authSchema.default({}).describe('Password of the user root.'),
  users: z.array(userSchema).max(64).optional().meta(listMap('name')).describe('Application users.'),
  member: memberSettingsSchema.default({}).describe('Settings of single members.'),
  imageSetting: imageSettingSchema
    .default({ image: 'mongo:6.0', imagePullPolicy: 'IfNotPresent' })
    .describe('Image of mongod and how it is pulled.'),
  storage: storageSchema
    .default({ storageSize: '2Gi', whenDeleted: 'Retain', whenScaled: 'Delete' })
    .describe('Data volumes, one for each member.'),
  export: exportSchema.default({ enable: false }).describe('Prometheus exporter.'),
  config: configSchema.default({ arbiter: false }).describe('Settings of mongod, and the arbiter.'),
  scheduler: schedulerSchema
    .default({ schedulerName: SCHEDULER_NAME, schedulerMode: 'Uniform' })
    .describe('Who decides where members go, and by what.'),
  spreadConstraints: placementConstraintsSchema
    .default({ allowDynamicScheduler: false })
    .describe('Which clusters and nodes may hold members.'),
  operations: operationsSchema
    .default({ approval: 'Auto', paused: false, soakSeconds: 86400 })
    .describe('When changes may run, and who must agree.'),
  failover: failoverSchema
    .default({ delaySeconds: 60, failback: 'Approve' })
    .describe('What happens after a cluster is lost.'),
});
export type MultiCloudMongoDBSpec = z.infer<typeof multiCloudMongoDBSpecSchema>;

/** A MultiCloudMongoDB as read from Karmada's API server. */
export const multiCloudMongoDBSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: metadataSchema,
  spec: multiCloudMongoDBSpecSchema,
  status: multiCloudMongoDBStatusSchema.optional(),
});
export type MultiCloudMongoDB = z.infer<typeof multiCloudMongoDBSchema>;
