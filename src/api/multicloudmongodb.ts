import { z } from 'zod';
import { SCHEDULER_NAME } from '../domain/marks';
import { metadataSchema } from '../kube/object';
import { memberSettingsSchema, type memberOverrideSchema } from './multicloudmongodb-member';
import { failoverSchema, operationsSchema } from './multicloudmongodb-operations';
import { placementConstraintsSchema, schedulerSchema } from './multicloudmongodb-scheduling';
import { multiCloudMongoDBStatusSchema } from './multicloudmongodb-status';
import {
  dataKeySchema,
  imageSchema,
  objectNameSchema,
  optionalNameSchema,
  passwordSchema,
  resourcesSchema,
  textUpTo,
} from './shared';
import { pullSecretSchema } from './pull-secret';
import { databaseSchema, userNameSchema } from './user';
import { isPositiveQuantity, listMap, neverChanges, notBoth, onlyGrows, ruled } from './validation-rule';

export type MultiCloudMongoDBStatus = z.infer<typeof multiCloudMongoDBStatusSchema>;
export type MemberOverride = z.infer<typeof memberOverrideSchema>;

const secretKeySchema = z.object({
  name: objectNameSchema.describe('Name of a Secret in this namespace.'),
  key: dataKeySchema.default('password').describe('Key of the value in that Secret.'),
});

const authSchema = z
  .object({
    rootPasswd: passwordSchema
      .min(1)
      .optional()
      .describe('Readable by whoever reads this object: prefer rootPasswdSecretRef.'),
    rootPasswdSecretRef: secretKeySchema
      .optional()
      .describe('Password of the user root; without it and rootPasswd one is made.'),
  })
  .meta(ruled(notBoth('rootPasswd', 'rootPasswdSecretRef', 'rootPasswdSecretRef')));

const userSchema = z.object({
  name: userNameSchema.min(1).describe('Name of the user.'),
  passwordSecretRef: secretKeySchema.describe('Its password.'),
  roles: z
    .array(
      z.object({
        role: textUpTo(256).min(1).describe('Name of a MongoDB role, e.g. readWrite.'),
        db: databaseSchema.min(1).describe('Database that the role is for.'),
      }),
    )
    .min(1)
    .max(64)
    .describe('What the user may do.'),
});

const imageSettingSchema = z.object({
  image: imageSchema
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
    storageClass: optionalNameSchema
      .optional()
      .describe('StorageClass of every member cluster; absent: the default class of each.'),
    storageSize: textUpTo(40).default('2Gi').describe('Size of each data volume; may only grow.'),
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
  configRef: optionalNameSchema.optional().describe('ConfigMap in this namespace with the key mongod.yaml.'),
  configSet: z
    .record(z.string(), textUpTo(4096))
    .meta({ maxProperties: 256 })
    .optional()
    .describe('Single settings over configRef, e.g. net.maxIncomingConnections to "2000".'),
});

const specSchema = z.object({
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

// S5, S6: what no placement can make right. An arbiter votes and is a member itself.
export const multiCloudMongoDBSpecSchema = specSchema.meta(
  ruled(
    {
      rule: '!self.config.arbiter || self.replicaset % 2 == 0',
      message:
        'config.arbiter is only to make an even number odd (S6): set it to false, or make replicaset even',
    },
    {
      rule: '!self.config.arbiter || self.replicaset < 50',
      message: 'config.arbiter and 50 members make 51, a set has 50 at most (S5): lower replicaset to 48',
    },
    {
      rule:
        '!self.config.arbiter || !has(self.member.overrides) || self.member.overrides.filter(o, ' +
        'has(o.ordinal) && has(o.votes) && o.votes == 1).size() <= 6',
      message:
        'member.overrides and the arbiter ask for more than 7 votes (S5): take votes 1 out of some overrides',
    },
  ),
);
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
