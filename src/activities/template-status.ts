import type { MongoDBStatus } from '../api/mongodb';
import type { HealthVerdict } from '../domain/health';
import type { ClusterReport } from '../karmada/binding';

/**
 * Status of the `MongoDB` template on Karmada, for people who list it there: the members' own, summed up. Karmada
 * carries no status of a template to members. Undefined while no cluster has reported.
 */
export function composeTemplateStatus(
  reports: ReadonlyMap<string, ClusterReport>,
  health: HealthVerdict | undefined,
): MongoDBStatus | undefined {
  const told = [...reports.values()].flatMap(({ cluster, status }) =>
    status === undefined ? [] : [{ cluster, status }],
  );
  if (told.length === 0) return undefined;
  const sum = (count: (status: MongoDBStatus) => number | undefined): number =>
    told.reduce((total, { status }) => total + (count(status) ?? 0), 0);
  const waits = told.flatMap(({ cluster, status }) =>
    status.waitingFor === undefined ? [] : [`${cluster}: ${status.waitingFor}`],
  );
  return {
    state: worstState(
      reports.size,
      told.map(({ status }) => status.state),
    ),
    currentInfo: { members: sum((status) => status.currentInfo?.members) },
    readyMembers: sum((status) => status.readyMembers),
    ...(health?.primaryHost === undefined ? {} : { primary: health.primaryHost }),
    ...(waits.length === 0 ? {} : { waitingFor: waits.join('; ') }),
  };
}

const FROM_WORST = ['Error', 'Unknown', 'Reconciling', 'Pause', 'Running'] as const;

function worstState(clusters: number, states: readonly MongoDBStatus['state'][]): MongoDBStatus['state'] {
  if (states.length < clusters) return 'Unknown';
  return FROM_WORST.find((word) => states.some((state) => (state ?? 'Unknown') === word)) ?? 'Unknown';
}
