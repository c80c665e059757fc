import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { REPLICA_SET_NAME } from '../domain/names';
import { lagSeconds, type ReplicaSetConfig } from '../domain/replica-set';
import { assess, listBlind } from '../planner/assess';
import { startState } from '../planner/plan-membership';
import type { SetState } from '../planner/set-state';
import type { ActivityContext } from './context';
import { knownHosts, readLayout } from './layout';
import { observeInstance } from './replica-set';

/** A set with a primary that a majority follows, as its members tell it at one moment. */
export interface ObservedSet {
  readonly config: ReplicaSetConfig;
  readonly state: SetState;
  /** What a member lacks to be called serving and caught up; undefined: nothing, or it is not in the configuration. */
  lackOf(host: string): string | undefined;
  /** Members that answer and do not see it serve yet. */
  blindTo(host: string): readonly string[];
}

const MAX_LAG_SECONDS = 10;

/** Undefined: no member has an address yet, or no primary that a majority follows answers. */
export async function observeSet(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<ObservedSet | undefined> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return undefined;
  const input = {
    setName: REPLICA_SET_NAME,
    generation: cr.metadata.generation ?? 0,
    desired: [],
    observation: await observeInstance(context, cr, knownHosts(cr, layout.value)),
    seedHost: '',
    existed: true,
    usersReady: true,
  };
  const seen = assess(input);
  if (seen.kind !== 'running') return undefined;
  const { config, primaryHost, reports, down } = seen.situation;
  const views = [...reports.values()].find((report) =>
    report.views.some((view) => view.self && view.host === primaryHost),
  )?.views;
  const head = views?.find((view) => view.self)?.optime;
  const isConfigured = (host: string): boolean => config.members.some((member) => member.host === host);
  return {
    config,
    state: startState(input, seen.situation),
    blindTo: (host) => (isConfigured(host) ? listBlind(host, [...reports.values()]) : []),
    lackOf: (host) => {
      if (!isConfigured(host)) return undefined;
      const view = views?.find((entry) => entry.host === host);
      if (view === undefined) return `${host} is not seen by the primary`;
      if (view.stateName === 'PRIMARY' || view.stateName === 'ARBITER') return undefined;
      if (view.stateName !== 'SECONDARY') return `${host} is ${view.stateName}`;
      if (down.has(host)) return `${host} is not seen by most members`;
      if (head === undefined || view.optime === undefined) return `${host} has not told how far it is`;
      const lag = lagSeconds(head, view.optime);
      return lag > MAX_LAG_SECONDS ? `${host} is ${lag} s behind` : undefined;
    },
  };
}
