import type { StepFacts } from '../domain/plan';
import type { SettingChange } from '../domain/settings';
import type { InstanceMember } from './instance-member';

/** What each member that answers runs with otherwise than it should, by host. */
export type SettingChanges = ReadonlyMap<string, readonly SettingChange[]>;

/**
 * One step for each member that is to be told, the primary last; before anything is dispatched, so that what mongod
 * refuses reaches no file by which it would not start again. Who is restarted anyway reads the file.
 */
export function planSettings(
  members: readonly InstanceMember[],
  changes: SettingChanges,
  primaryHost: string | undefined,
): StepFacts[] {
  const rank = (host: string): number => (host === primaryHost ? 1 : 0);
  return members
    .filter(({ wanted, dispatched, restart }) => wanted && dispatched && !restart)
    .sort((a, b) => rank(a.host) - rank(b.host))
    .flatMap(({ cluster, ordinal, host }): StepFacts[] => {
      const settings = changes.get(host) ?? [];
      return settings.length === 0 ? [] : [{ kind: 'setParameter', cluster, ordinal, host, settings }];
    });
}
