import { z } from 'zod';
import { CRON_SCHEDULE } from '../domain/syntax';
import { textUpTo } from './shared';
import { followsPattern } from './validation-rule';

/** When changes may run, and who must agree. */
export const operationsSchema = z.object({
  approval: z
    .enum(['Auto', 'OnPrimaryChange', 'Always'])
    .default('Auto')
    .describe('Which plans wait for an approval before they run.'),
  paused: z.boolean().default(false).describe('Start nothing new; pods keep running.'),
  soakSeconds: z
    .int()
    .min(0)
    .max(31536000)
    .default(86400)
    .describe(
      'Seconds that every member must run a new release before its feature compatibility version is set, which cannot be taken back; an approval ends them.',
    ),
  windows: z
    .array(
      z.object({
        schedule: textUpTo(
          128,
          followsPattern(
            CRON_SCHEDULE,
            'schedule must be five cron fields, minute hour day month weekday, e.g. "0 2 * * 6"',
          ),
        ).describe('When the window opens: five cron fields, in UTC.'),
        durationMinutes: z.int().min(1).max(10080).describe('Minutes that it stays open.'),
      }),
    )
    .max(16)
    .optional()
    .describe('Changes start only inside one of these windows; absent: at any time.'),
});

/** What happens after a cluster is lost. */
export const failoverSchema = z.object({
  mode: z
    .enum(['Auto', 'Approve', 'Off'])
    .optional()
    .describe(
      'Replace lost members by itself, after an approval, or never; default Auto with allowDynamicScheduler, else Approve.',
    ),
  delaySeconds: z
    .int()
    .min(0)
    .max(31536000)
    .default(60)
    .describe('Seconds that a cluster must be lost before.'),
  failback: z
    .enum(['Auto', 'Approve', 'Off'])
    .default('Approve')
    .describe('Move members back when the cluster has returned: by itself, after an approval, or never.'),
});
