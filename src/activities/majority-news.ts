import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { HealthVerdict } from '../domain/health';
import { CONDITIONS } from '../domain/instance';
import type { ActivityContext } from './context';

/** Said once when a majority is lost, and once when one is there again; nothing else is done about it (S4). */
export async function tellMajority(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  health: HealthVerdict | undefined,
): Promise<void> {
  if (health === undefined) return;
  const before = cr.status?.conditions?.find(({ type }) => type === CONDITIONS.majorityLost)?.status;
  const { majorityLost, choice } = health;
  if (majorityLost !== undefined && before !== 'True')
    await context.events.record(cr, {
      type: 'Warning',
      reason: 'MajorityLost',
      action: 'Watch',
      note: `${choice ?? ''} It is so that ${majorityLost}.`.trim().slice(0, 1000),
    });
  if (majorityLost === undefined && before === 'True' && health.primaryHost !== undefined)
    await context.events.record(cr, {
      type: 'Normal',
      reason: 'MajorityBack',
      action: 'Watch',
      note: `A majority of the voters follows ${health.primaryHost}.`,
    });
}
