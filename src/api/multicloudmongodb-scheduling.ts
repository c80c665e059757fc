import { z } from 'zod';
import { SCHEDULER_NAME } from '../domain/marks';
import { TOPOLOGY_SPREAD } from '../domain/syntax';
import { coreObjectSchema, labelsSchema, textUpTo, tolerationSchema } from './shared';
import { followsPattern, isLabelKey, labelKeyRule, ruled } from './validation-rule';

const spreadConstraintSchema = z
  .object({
    spreadByField: z
      .enum(['cluster', 'region', 'zone', 'provider'])
      .optional()
      .describe('Field of the Karmada Cluster that forms the groups.'),
    spreadByLabel: textUpTo(317, labelKeyRule)
      .optional()
      .describe('Label of the Karmada Cluster that forms the groups, in place of spreadByField.'),
    minGroups: z.int().min(0).max(1000).optional().describe('Members must be in at least so many groups.'),
    maxGroups: z.int().min(0).max(1000).optional().describe('Members may be in at most so many groups.'),
  })
  .meta(
    ruled(
      {
        rule: 'has(self.spreadByField) != has(self.spreadByLabel)',
        message: 'name either spreadByField or spreadByLabel, one of them',
      },
      {
        rule:
          '!has(self.minGroups) || !has(self.maxGroups) || self.maxGroups == 0 || ' +
          'self.minGroups <= self.maxGroups',
        message: 'minGroups may not be above maxGroups: lower minGroups or raise maxGroups',
      },
    ),
  );

const topologySpreadSchema = z
  .record(
    z.string(),
    textUpTo(
      32,
      followsPattern(
        TOPOLOGY_SPREAD,
        'must be a whole number from 1, alone or with /DoNotSchedule or /ScheduleAnyway, e.g. "1/DoNotSchedule"',
      ),
    ),
  )
  .meta({
    maxProperties: 16,
    ...ruled(
      {
        rule: `self.all(k, ${isLabelKey('k')})`,
        message: 'keys must be labels of nodes: [domain/]name, e.g. topology.kubernetes.io/zone',
      },
      {
        rule: "self.filter(k, self[k].endsWith('/DoNotSchedule')).size() <= 1",
        message: 'at most one may insist (DoNotSchedule): make the others ScheduleAnyway',
      },
    ),
  });

/** Who decides where members go, and by what. */
export const schedulerSchema = z.object({
  schedulerName: textUpTo(253)
    .min(1)
    .default(SCHEDULER_NAME)
    .describe('Who writes the annotation schedulerResult; another name than the default: somebody else.'),
  schedulerMode: z
    .enum(['Uniform', 'Weighting'])
    .default('Uniform')
    .describe('Uniform: as even as room allows. Weighting: in proportion to free room or clusterWeights.'),
  clusterWeights: z
    .record(z.string(), z.int().min(0).max(1000000))
    .meta({
      maxProperties: 500,
      ...ruled({
        rule: 'self.exists(k, self[k] > 0)',
        message: 'clusterWeights must give a cluster a weight above 0: raise one, or take clusterWeights out',
      }),
    })
    .optional()
    .describe('With Weighting: weight of each cluster by its name.'),
  affinity: coreObjectSchema.optional().describe('core/v1 Affinity of nodes and pods.'),
  tolerations: z
    .array(tolerationSchema)
    .max(64)
    .optional()
    .describe('Taints of clusters and nodes that are tolerated.'),
});

/** Which clusters and nodes may hold members. */
export const placementConstraintsSchema = z.object({
  nodeSelect: labelsSchema.optional().describe('Labels that a node must have.'),
  topologySpreadConstraints: topologySpreadSchema
    .optional()
    .describe(
      'Spread over nodes inside a cluster: topology key to maxSkew, e.g. "1" (best effort) or "1/DoNotSchedule".',
    ),
  spreadConstraints: z
    .array(spreadConstraintSchema)
    .max(16)
    .optional()
    .describe('Spread over groups of clusters.'),
  allowDynamicScheduler: z
    .boolean()
    .default(false)
    .describe('Lost members may be placed on other clusters without asking.'),
});
