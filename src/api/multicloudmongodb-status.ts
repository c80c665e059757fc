import { z } from 'zod';
import { mongoDBStateSchema } from './mongodb';
import { conditionsSchema } from './shared';
import { listMap } from './validation-rule';

const clusterResultSchema = z.object({
  cluster: z.string().describe('Name of the Karmada Cluster.'),
  applied: z.boolean().optional().describe('Karmada has applied the MongoDB there.'),
  replicasetSpec: z.int().optional().describe('Data members that should be there.'),
  replicasetStatus: z.int().optional().describe('Data members there that are ready.'),
  connectAddrWithRole: z
    .record(z.string(), z.string())
    .optional()
    .describe('host:port to role, e.g. 10.0.0.1:31017 to PRIMARY.'),
  currentRevision: z.string().optional().describe('Revision of the spec that the cluster applied.'),
  state: mongoDBStateSchema.optional().describe('What the manager there is doing.'),
});

const memberStatusSchema = z.object({
  cluster: z.string().describe('Name of the Karmada Cluster.'),
  ordinal: z.string().describe('Ordinal of the member in its cluster, or arbiter.'),
  host: z.string().optional().describe('host:port of the member.'),
  role: z.string().describe('PRIMARY, SECONDARY, ARBITER, or the state that keeps it from serving.'),
  votes: z.int().optional().describe('1: votes, 0: does not.'),
  lagSeconds: z.number().optional().describe('Seconds behind the primary.'),
  version: z.string().optional().describe('Version of mongod.'),
  sync: z.string().optional().describe('host:port that it copies from.'),
  ready: z.boolean().optional().describe('Whether its pod is ready.'),
  reason: z.string().optional().describe('Why it does not serve.'),
});

const operationSchema = z.object({
  kind: z.string().describe('What is being done, e.g. createInstance.'),
  step: z.string().optional().describe('The step in hand.'),
  waitingFor: z.string().optional().describe('What must happen before it goes on, with the remedy.'),
  waitReason: z.string().optional().describe('The same as one word.'),
  since: z.string().optional().describe('Since when it is so, RFC 3339.'),
  workflowId: z.string().optional().describe('Id of the Temporal workflow.'),
});

const clusterReasonSchema = z.object({
  cluster: z.string().describe('Name of the Karmada Cluster.'),
  chosen: z.boolean().describe('Whether it holds members.'),
  room: z.int().optional().describe('Members that would have fitted.'),
  reason: z.string().describe('Why it was chosen, or why not.'),
});

const shareSchema = z.object({
  cluster: z.string().describe('Name of the Karmada Cluster.'),
  replicaset: z.int().describe('Data members there.'),
  arbiter: z.boolean().optional().describe('The arbiter is there.'),
});

const placementSchema = z.object({
  preferred: z.array(shareSchema).optional().describe('Where members belong.'),
  current: z.array(shareSchema).optional().describe('Where members are to be now.'),
  survivesAnyCluster: z.boolean().optional().describe('Writes go on whichever one cluster is lost (S8).'),
  fatalClusters: z.array(z.string()).optional().describe('Clusters whose loss would stop writes.'),
  reasons: z.array(clusterReasonSchema).optional().describe('Every cluster and why it was chosen or not.'),
  warnings: z.array(z.string()).optional().describe('What the placement could not do.'),
});

const operationRecordSchema = z.object({
  kind: z.string().describe('What was done.'),
  outcome: z.string().describe('succeeded, failed or cancelled.'),
  startedAt: z.string().describe('RFC 3339.'),
  endedAt: z.string().optional().describe('RFC 3339.'),
  workflowId: z.string().describe('Id of the Temporal workflow.'),
  message: z.string().optional().describe('How it ended.'),
  cluster: z.string().optional().describe('Cluster that was lost, or has come back.'),
  writeOutageSeconds: z
    .number()
    .optional()
    .describe('The most that writes can have stopped for, all in all.'),
});

const recoverySchema = z.object({
  kind: z
    .string()
    .describe(
      'failoverInstance, failbackInstance, switchoverInstance or recoverInstance; stepDown: of another operation, in passing; election: the members elected another primary without our asking.',
    ),
  outcome: z.string().describe('succeeded, failed or cancelled.'),
  cluster: z
    .string()
    .optional()
    .describe('Cluster that was lost, or has come back; of an election, where the former primary was.'),
  cause: z.string().optional().describe('What was seen, or who asked for it.'),
  at: z.string().describe('When it ended, or when the new primary began to lead, RFC 3339.'),
  detectionSeconds: z
    .int()
    .optional()
    .describe('From the first sight of the loss to the decision; of an election, until it was seen.'),
  restoredSeconds: z
    .int()
    .optional()
    .describe('From the first sight of the loss, or from the election, to full redundancy.'),
  writeOutageSeconds: z
    .number()
    .optional()
    .describe('The most that writes can have stopped for; absent: not known.'),
  writeOutageBasis: z
    .enum(['oplog', 'command', 'sameTerm'])
    .optional()
    .describe(
      'oplog: last entry of the former primary to first entry of the new one. command: our command to the first answer of a successor. sameTerm: no election took place.',
    ),
  term: z.int().optional().describe('Term of the election.'),
  from: z.string().optional().describe('host:port of the former primary.'),
  to: z.string().optional().describe('host:port of the new primary.'),
  workflowId: z
    .string()
    .optional()
    .describe('Id of the Temporal workflow; absent: nothing of ours brought it about.'),
});

const electionSchema = z.object({
  term: z.int().describe('Its term; another one is another election.'),
  primary: z.string().describe('host:port of who was elected.'),
  at: z.string().describe('When, by the clock of that member, RFC 3339.'),
});

const healthWordSchema = z.enum(['Health', 'SubHealth', 'UnHealth', 'UnKnown']);

export const multiCloudMongoDBStatusSchema = z.object({
  state: healthWordSchema
    .optional()
    .describe(
      'Health: serves, as desired. SubHealth: serves, but differs. UnHealth: no primary that a majority follows. UnKnown: cannot be seen.',
    ),
  observedGeneration: z.int().optional().describe('metadata.generation that this status is about.'),
  externalAddr: z.string().optional().describe('host:port of the data members, comma-joined.'),
  internalAddr: z.string().optional().describe('host:port inside the clusters, comma-joined.'),
  connectionString: z.string().optional().describe('MongoDB URI without a password.'),
  image: z.string().optional().describe('Image after replacements of the site.'),
  primary: z.string().optional().describe('host:port of the primary.'),
  featureCompatibilityVersion: z
    .string()
    .optional()
    .describe('The one of the data: that of the members, or the one before while a new release soaks.'),
  readyMembers: z.string().optional().describe('Members that serve, of those that should, e.g. 4/5.'),
  margin: z.int().optional().describe('Members that may be lost before writes stop.'),
  result: z
    .array(clusterResultSchema)
    .optional()
    .meta(listMap('cluster'))
    .describe('Each cluster that holds members.'),
  members: z
    .array(memberStatusSchema)
    .optional()
    .meta(listMap('cluster', 'ordinal'))
    .describe('Each member as the replica set sees it.'),
  placement: placementSchema.optional().describe('Where members go, and why.'),
  operation: operationSchema.optional().describe('What is in hand; absent: nothing.'),
  operations: z.array(operationRecordSchema).max(10).optional().describe('The last ten, newest first.'),
  recoveries: z
    .array(recoverySchema)
    .max(10)
    .optional()
    .describe(
      'The last ten failovers, failbacks, switchovers, recoveries of a majority, step-downs and elections, newest first.',
    ),
  election: electionSchema.optional().describe('The election of the present primary.'),
  conditions: conditionsSchema.optional().describe('What holds and what does not.'),
});
