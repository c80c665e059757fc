import { ObjectId, Timestamp } from 'mongodb';
import { z } from 'zod';

const opTimeSchema = z.looseObject({ ts: z.instanceof(Timestamp), t: z.number() });
export type OpTimeAnswer = z.infer<typeof opTimeSchema>;

/** `hello` since 4.4 (late 4.2), `isMaster` before: the fields that both have. */
export const helloSchema = z.looseObject({
  setName: z.string().optional(),
  isWritablePrimary: z.boolean().optional(),
  ismaster: z.boolean().optional(),
  secondary: z.boolean().optional(),
  arbiterOnly: z.boolean().optional(),
  isreplicaset: z.boolean().optional(),
  primary: z.string().optional(),
  me: z.string().optional(),
  maxWireVersion: z.number(),
});
export type Hello = z.infer<typeof helloSchema>;

export const buildInfoSchema = z.looseObject({ version: z.string() });

/** `getParameter`; while it is being raised `version` is still the former one. */
export const featureVersionSchema = z.looseObject({
  featureCompatibilityVersion: z.looseObject({
    version: z.string(),
    targetVersion: z.string().optional(),
  }),
});

const memberStatusSchema = z.looseObject({
  _id: z.number(),
  name: z.string(),
  // -1 for a member that no heartbeat has reached yet.
  health: z.number(),
  state: z.number(),
  optime: opTimeSchema.optional(),
  configVersion: z.number().optional(),
  configTerm: z.number().optional(),
  syncSourceHost: z.string().optional(),
  uptime: z.number().optional(),
  self: z.boolean().optional(),
  electionDate: z.date().optional(),
  // Its own heartbeats: `lastHeartbeat`, of ours to it, moves when one fails as well.
  lastHeartbeatRecv: z.date().optional(),
});

/** `replSetGetStatus`. */
export const statusSchema = z.looseObject({
  set: z.string(),
  date: z.date().optional(),
  myState: z.number(),
  term: z.number().optional(),
  majorityVoteCount: z.number().optional(),
  writeMajorityCount: z.number().optional(),
  optimes: z
    .looseObject({ lastCommittedOpTime: opTimeSchema.optional(), appliedOpTime: opTimeSchema.optional() })
    .optional(),
  electionCandidateMetrics: z.looseObject({ lastElectionReason: z.string().optional() }).optional(),
  members: z.array(memberStatusSchema),
});
export type Status = z.infer<typeof statusSchema>;

const memberConfigSchema = z.looseObject({
  _id: z.number(),
  host: z.string(),
  arbiterOnly: z.boolean().optional(),
  buildIndexes: z.boolean().optional(),
  hidden: z.boolean().optional(),
  priority: z.number().optional(),
  votes: z.number().optional(),
  tags: z.record(z.string(), z.string()).optional(),
  secondaryDelaySecs: z.number().optional(),
  slaveDelay: z.number().optional(),
});
export type RawMember = z.infer<typeof memberConfigSchema>;

/** A configuration with every field the server gave, ready to be edited and sent back. */
export const rawConfigSchema = z.looseObject({
  _id: z.string(),
  version: z.number(),
  term: z.number().optional(),
  members: z.array(memberConfigSchema),
  settings: z.looseObject({ replicaSetId: z.instanceof(ObjectId).optional() }).optional(),
});
export type RawConfig = z.infer<typeof rawConfigSchema>;

/** `replSetGetConfig`. */
export const getConfigSchema = z.looseObject({
  config: rawConfigSchema,
  commitmentStatus: z.boolean().optional(),
});
