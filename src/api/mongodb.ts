import { z } from 'zod';
import { metadataSchema } from '../kube/object';
import { LABEL_VALUE } from '../domain/syntax';
import { pullSecretSchema } from './pull-secret';
import {
  conditionsSchema,
  coreObjectSchema,
  imageSchema,
  intOrStringShape,
  labelsSchema,
  objectNameSchema,
  observedResourcesSchema,
  optionalNameSchema,
  passwordSchema,
  resourcesSchema,
  textUpTo,
  tolerationSchema,
} from './shared';
import { databaseSchema, userNameSchema } from './user';
import {
  followsPattern,
  isPositiveQuantity,
  neverChanges,
  neverChangesOnceSet,
  notBoth,
  onlyGrows,
  ruled,
} from './validation-rule';

const ordinalSchema = z.union([z.int().min(0).max(49), z.literal('arbiter')]).meta(intOrStringShape);
// 50 data members and the arbiter.
const ordinalsSchema = z.array(ordinalSchema).max(51);

const podSpecSchema = z.object({
  nodeSelector: labelsSchema.nullish().describe('Labels that a node must have.'),
  securityContext: coreObjectSchema.nullish().describe('core/v1 PodSecurityContext, put over ours.'),
  affinity: coreObjectSchema.nullish().describe('core/v1 Affinity.'),
  tolerations: z.array(tolerationSchema).max(64).nullish().describe('Taints that the pods tolerate.'),
  topologySpreadConstraints: z
    .array(coreObjectSchema)
    .nullish()
    .describe('List of core/v1 TopologySpreadConstraint.'),
  restartPolicy: textUpTo(
    16,
    followsPattern('^(Always)?$', 'restartPolicy may only be Always, as in every StatefulSet: take it out'),
  )
    .nullish()
    .describe('A StatefulSet knows only Always.'),
});

const persistenceSchema = z
  .object({
    storage: textUpTo(40).default('1Gi').describe('Size of each data volume; may only grow.'),
    storageClassName: optionalNameSchema
      .optional()
      .describe('StorageClass; empty or absent: the default class of the cluster.'),
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
      isPositiveQuantity('storage'),
      onlyGrows('storage'),
      neverChanges('storageClassName', 'a volume keeps its class; make a new MongoDB for another one'),
    ),
  );

const dbUserSchema = z
  .object({
    enable: z.boolean().optional().describe('Make the user.'),
    name: databaseSchema.optional().describe('Database that the user may read and write.'),
    user: userNameSchema.optional().describe('Name of the user.'),
    password: passwordSchema.optional().describe('Its password.'),
  })
  .meta(
    ruled({
      rule:
        '!has(self.enable) || !self.enable || (has(self.name) && self.name != "" && has(self.user) && ' +
        'self.user != "" && has(self.password) && self.password != "")',
      message: 'enable wants name, user and password: give all three, or set enable to false',
    }),
  );

export const mongoDBSpecSchema = z
  .object({
    members: z
      .int()
      .min(0)
      .max(50)
      .optional()
      .describe('Data members in this cluster. Absent: hold, change nothing.'),
    arbiter: z.boolean().optional().describe('This cluster hosts the arbiter.'),
    rsInit: z.boolean().optional().describe('This cluster holds the member that was initiated.'),
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
        'Name of a Secret of type kubernetes.io/dockerconfigjson, or {username, password} to make one.',
      ),
    type: z.enum(['ReplicaSet']).default('ReplicaSet').describe('Kind of deployment; only replica sets.'),
    config: z
      .array(
        z.object({
          name: textUpTo(256).describe('A mongod option in dotted form, or LOG_LEVEL.'),
          value: textUpTo(4096).describe('Its value as text.'),
        }),
      )
      .max(256)
      .optional()
      .describe('Single settings, put over the file of customConfigRef.'),
    customConfigRef: optionalNameSchema
      .optional()
      .describe('ConfigMap in this namespace with the key mongod.yaml.'),
    memberConfigRef: optionalNameSchema
      .optional()
      .describe('ConfigMap with the addresses of the whole replica set; a record, never read.'),
    rootPassword: passwordSchema
      .optional()
      .describe('Readable by whoever reads this object: prefer credentialsSecretRef.'),
    credentialsSecretRef: objectNameSchema
      .optional()
      .describe('Secret with rootPassword, clusterAdminPassword, clusterMonitorPassword, keyfile.'),
    resources: resourcesSchema
      .default({ requests: { cpu: '50m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } })
      .describe('Resources of the mongod container.'),
    persistence: persistenceSchema
      .default({ storage: '1Gi', whenDeleted: 'Retain', whenScaled: 'Delete' })
      .describe('Data volumes, one for each member.'),
    metricsExporterSpec: z
      .object({
        enable: z.boolean().default(false).describe('Run the exporter beside each mongod.'),
        resources: resourcesSchema.optional().describe('Resources of the exporter container.'),
      })
      .default({ enable: false })
      .describe('Prometheus exporter.'),
    dbUserSpec: dbUserSchema.optional().describe('One application user, in Local control.'),
    podSpec: podSpecSchema.optional().describe('Where and how the pods run.'),
    pause: z.boolean().optional().describe('Change nothing; pods keep running.'),
    control: z
      .enum(['Federated', 'Local'])
      .default('Local')
      .describe(
        'Who runs the replica set. Local: the manager in this cluster. Federated: the control plane; the manager only builds and reports.',
      ),
    retired: ordinalsSchema
      .optional()
      .describe('Members to take away: ordinals, or the word arbiter. Nothing else is ever lowered.'),
    rollout: ordinalsSchema
      .optional()
      .describe('Members that may take a new pod template: ordinals, or the word arbiter.'),
    instanceUID: textUpTo(
      63,
      followsPattern(LABEL_VALUE, 'must be a label value: letters, digits, -, _ and ., 63 at most'),
    )
      .min(1)
      .optional()
      .describe('Uid that names of volume claims carry (hashed); default the uid of this object.'),
  })
  .meta(
    ruled(
      notBoth('rootPassword', 'credentialsSecretRef', 'credentialsSecretRef'),
      neverChangesOnceSet('instanceUID', 'claim names carry it; restore the old value'),
      {
        rule: '!has(self.arbiter) || !self.arbiter || !has(self.members) || self.members < 50',
        message: 'members and the arbiter make more than 50, the most of a set (S5): lower members',
      },
    ),
  );
export type MongoDBSpec = z.infer<typeof mongoDBSpecSchema>;

export const replsetEntrySchema = z.object({
  _id: z.int().describe('_id in the replica set configuration.'),
  name: z.string().describe('host:port.'),
  health: z.int().describe('1 when reachable, else 0.'),
  state: z.int().describe('Member state as a number (replSetGetStatus).'),
  stateStr: z.string().describe('Member state as a word, e.g. PRIMARY.'),
  syncSourceHost: z.string().default('').describe('host:port that it copies from; empty when from none.'),
});

const memberPodSchema = z.object({
  ordinal: ordinalSchema.describe('Ordinal of the member in this cluster, or the word arbiter.'),
  pod: z.string().describe('Name of its pod.'),
  podUid: z.string().optional().describe('Uid of the pod.'),
  node: z.string().optional().describe('Node that the pod is bound to.'),
  image: z.string().optional().describe('Image that mongod runs.'),
  phase: z.string().optional().describe('Phase of the pod.'),
  ready: z.boolean().describe('Whether the pod is ready.'),
  restarts: z.int().default(0).describe('Restarts of mongod in this pod.'),
  reason: z.string().optional().describe('Why it is not ready.'),
  nodePort: z.int().optional().describe('Port of its Service on every node.'),
  claim: z.string().optional().describe('Name of its volume claim.'),
  templateHash: z.string().optional().describe('Hash of the pod template that the pod runs.'),
  pendingTemplate: z
    .boolean()
    .optional()
    .describe('A newer pod template waits for this member to be listed in spec.rollout.'),
});
export type MemberPod = z.infer<typeof memberPodSchema>;

export const mongoDBStateSchema = z.enum(['Running', 'Reconciling', 'Error', 'Pause', 'Unknown']);

export const mongoDBStatusSchema = z.object({
  state: mongoDBStateSchema.optional().describe('What the manager is doing.'),
  observedGeneration: z.int().optional().describe('metadata.generation that this status is about.'),
  overrideRevision: z
    .string()
    .optional()
    .describe('Revision of the control plane override that made the applied spec.'),
  templateRevision: z.string().optional().describe('Revision of the control plane template, likewise.'),
  customConfigRevision: z
    .string()
    .optional()
    .describe('Digest of the mongod.yaml of customConfigRef that members are built with.'),
  credentialsRevision: z
    .string()
    .optional()
    .describe('keyfileRevision/monitorRevision of the Secret of credentials that members are built with.'),
  currentRevision: z.string().optional().describe('Name and hash of the applied spec.'),
  currentInfo: z
    .object({
      members: z.int().describe('Data members that are ready.'),
      resources: observedResourcesSchema.optional().describe('Resources that members are built with.'),
    })
    .optional()
    .describe('What there is now.'),
  readyMembers: z.int().optional().describe('Pods of this cluster that are ready.'),
  image: z.string().optional().describe('Image after replacements of the site.'),
  primary: z.string().optional().describe('host:port of the primary.'),
  externalAddress: z.string().optional().describe('host:port of the members, for clients outside.'),
  internalAddress: z.string().optional().describe('host:port of the members, for clients in this cluster.'),
  connectionString: z.string().optional().describe('MongoDB URI without a password.'),
  replset: z.array(replsetEntrySchema).optional().describe('Every member of the whole replica set.'),
  members: z.array(memberPodSchema).optional().describe('The members of this cluster and their pods.'),
  waitingFor: z.string().optional().describe('What must happen before the manager can go on.'),
  conditions: conditionsSchema.optional().describe('What holds and what does not.'),
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
