import { z } from 'zod';
import { optionalNameSchema, textUpTo } from './shared';
import { ruled } from './validation-rule';

/** What one member, or every member of a cluster, has different from the rest (S5, S6). */
export const memberOverrideSchema = z
  .object({
    cluster: textUpTo(63).min(1).describe('Name of the Karmada Cluster.'),
    ordinal: z
      .int()
      .min(0)
      .max(49)
      .optional()
      .describe('Which member of that cluster; absent: all data members there.'),
    priority: z
      .number()
      .min(0)
      .max(1000)
      .optional()
      .describe('Priority in elections; 0: never primary. Default 1.'),
    votes: z.int().min(0).max(1).optional().describe('1: votes, 0: does not.'),
    hidden: z.boolean().optional().describe('Clients do not see the member; it never becomes primary.'),
    secondaryDelaySecs: z
      .int()
      .min(0)
      // Mongod's own limit: 366 days.
      .max(31622400)
      .optional()
      .describe('Seconds that the member stays behind on purpose.'),
    tags: z
      .record(z.string(), textUpTo(256))
      .meta({ maxProperties: 32 })
      .optional()
      .describe('More replica set tags of the member.'),
  })
  .meta(
    ruled(
      {
        rule: '!has(self.votes) || self.votes == 1 || !has(self.priority) || self.priority == 0.0',
        message: 'a member with votes 0 must have priority 0: set priority to 0 or take it out (S5)',
      },
      {
        rule: '!has(self.hidden) || !self.hidden || !has(self.priority) || self.priority == 0.0',
        message: 'a hidden member must have priority 0: set priority to 0 or take it out (S6)',
      },
      {
        rule: '!has(self.secondaryDelaySecs) || self.secondaryDelaySecs == 0 || (has(self.hidden) && self.hidden)',
        message:
          'secondaryDelaySecs wants a hidden member, or clients read old data: set hidden to true (S6)',
      },
      {
        rule: '!has(self.secondaryDelaySecs) || self.secondaryDelaySecs == 0 || !has(self.priority) || self.priority == 0.0',
        message: 'a delayed member must have priority 0: set priority to 0 or take it out (S6)',
      },
    ),
  );

/** Settings of single members. */
export const memberSettingsSchema = z.object({
  memberConfigRef: optionalNameSchema
    .optional()
    .describe('Accepted and without effect: member addresses are computed, see ConfigMap <name>-hostconf.'),
  overrides: z
    .array(memberOverrideSchema)
    .max(64)
    .optional()
    .meta(
      ruled(
        {
          rule:
            'self.all(a, self.exists_one(b, a.cluster == b.cluster && has(a.ordinal) == has(b.ordinal) && ' +
            '(!has(a.ordinal) || a.ordinal == b.ordinal)))',
          message: 'each pair of cluster and ordinal may stand once in overrides: join the two entries',
        },
        {
          rule: 'self.filter(o, has(o.ordinal) && has(o.votes) && o.votes == 1).size() <= 7',
          message: 'overrides ask for more than the 7 votes of a set (S5): take votes 1 out of some of them',
        },
      ),
    )
    .describe('What single members have different from the rest.'),
});
