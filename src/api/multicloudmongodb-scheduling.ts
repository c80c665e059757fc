import { z } from 'zod';
import { SCHEDULER_NAME } from '../domain/marks';
import { coreObjectSchema, tolerationSchema } from './shared';
import { ruled } from './validation-rule';

const spreadConstraintSchema = z
  .object({
    spreadByField: z
      .enum(['cluster', 'region', 'zone', 'provider'])
      .optional()
      .describe('Field of the Karmada Cluster that forms the groups.'),
    spreadByLabel: z
      .string()
      .max(317)
      .optional()
      .describe('Label of the Karmada Cluster that forms the groups, in place of spreadByField.'),
    minGroups: z.int().min(0).optional().describe('Members must be in at least so many groups.'),
    maxGroups: z.int().min(0).optional().describe('Members may be in at most so many groups.'),
  })
  .meta(
    ruled(
      {
        rule: 'has(self.spreadByField) != has(self.spreadByLabel)',
        message: 'name either spreadByField or spreadByLabel, one of them',
      },
      {
        rule: '!has(self.minGroups) || !has(self.maxGroups) || self.minGroups <= self.maxGroups',
        message: 'minGroups may not be above maxGroups: lower minGroups or raise maxGroups',
      },
    ),
  );

/** Who decides where members go, and by what. */
export const schedulerSchema = z.object({
  schedulerName: z
    .string()
    .default(SCHEDULER_NAME)
    .describe('Who writes the annotation schedulerResult; another name than the default: somebody else.'),
  schedulerMode: z
    .enum(['Uniform', 'Weighting'])
    .default('Uniform')
    .describe('Uniform: as even as room allows. Weighting: in proportion to free room or clusterWeights.'),
  clusterWeights: z
    .record(z.string(), z.int().min(0))
    .optional()
    .describe('With Weighting: weight of each cluster by its name.'),
  affinity: coreObjectSchema.optional().describe('core/v1 Affinity of nodes and pods.'),
  tolerations: z
    .array(tolerationSchema)
    .optional()
    .describe('Taints of clusters and nodes that are tolerated.'),
});

/** Which clusters and nodes may hold members. */
export const placementConstraintsSchema = z.object({
  nodeSelect: z.record(z.string(), z.string()).optional().describe('Labels that a node must have.'),
  topologySpreadConstraints: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'Spread over nodes inside a cluster: topology key to maxSkew, e.g. "1" (best effort) or "1/DoNotSchedule".',
    ),
  spreadConstraints: z.array(spreadConstraintSchema).optional().describe('Spread over groups of clusters.'),
  allowDynamicScheduler: z
    .boolean()
    .default(false)
    .describe('Lost members may be placed on other clusters without asking.'),
});
