import { type OpTime, compareOpTimes } from '../optime';
import { memberState } from './member-state';
import type { Topology } from './topology';

/** A source that lags this much behind another member is left, seconds. */
const maxLagSecs = 30;

/** Sources that failed lately and until when (ms since 1970) they are passed over. */
export type Denylist = ReadonlyMap<string, number>;

interface Candidate {
  readonly host: string;
  readonly pingMs: number;
}

const candidates = (topology: Topology, last: OpTime, denied: Denylist, now: number): Candidate[] => {
  const { self, config } = topology;
  if (self === undefined || config === null) return [];
  return topology.others().flatMap(({ index, member, data }) => {
    const readable = data.state === memberState.primary || data.state === memberState.secondary;
    const barred =
      data.health !== 1 ||
      !readable ||
      (denied.get(member.host) ?? 0) > now ||
      (!config.settings.chainingAllowed && index !== topology.primaryIndex) ||
      (member.hidden && !self.hidden) ||
      member.delaySecs > self.delaySecs ||
      (self.buildIndexes && !member.buildIndexes) ||
      compareOpTimes(data.applied, last) <= 0;
    return barred ? [] : [{ host: member.host, pingMs: data.pingMs }];
  });
};

/** The nearest member that has more than `last`; undefined when there is none. */
export const chooseSyncSource = (
  topology: Topology,
  last: OpTime,
  denied: Denylist,
  now: number,
): string | undefined => candidates(topology, last, denied, now).sort((a, b) => a.pingMs - b.pingMs)[0]?.host;

/** Whether the present source is to be left: gone, not readable, far behind, or with nowhere to get data itself. */
export const shouldLeaveSource = (topology: Topology, host: string, last: OpTime): boolean => {
  const found = topology.others().find(({ member }) => member.host === host);
  if (found === undefined || found.data.health === 0) return true;
  const { data } = found;
  if (data.state !== memberState.primary && data.state !== memberState.secondary) return true;
  const newest = Math.max(
    0,
    ...topology
      .others()
      .filter((other) => other.data.health === 1 && other.member.delaySecs <= (topology.self?.delaySecs ?? 0))
      .map((other) => other.data.applied.secs),
  );
  if (newest > 0 && data.applied.secs > 0 && data.applied.secs + maxLagSecs < newest) return true;
  const stuck =
    data.state !== memberState.primary && data.syncSource === '' && found.index !== topology.primaryIndex;
  return stuck && topology.primaryIndex >= 0 && compareOpTimes(data.applied, last) <= 0;
};
