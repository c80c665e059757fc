import { type OpTime, compareOpTimes, maxOpTime } from '../optime';
import { isElectable } from './config-rules';
import { memberState } from './member-state';
import type { Topology } from './topology';

/** A planned election against a primary that works. `at`: ms since 1970. */
export interface Takeover {
  readonly at: number;
  readonly kind: 'priority takeover' | 'catch-up takeover';
}

/** Largest random addition to an election timeout, as a part of it. */
export const offsetFraction = 0.15;

const freshnessSecs = 2;

/** Within two seconds of the newest operation known: near enough to take over. */
export const isFresh = (topology: Topology, applied: OpTime): boolean => {
  const newest = topology.others().reduce((best, { data }) => maxOpTime(best, data.applied), applied);
  return newest.secs - applied.secs <= freshnessSecs;
};

/** Plans to replace a primary of lower priority, or one that lags behind this member. `chance`: 0 to 1. */
export const planTakeover = (
  topology: Topology,
  applied: OpTime,
  primary: number,
  now: number,
  chance: number,
): Takeover | undefined => {
  const { config, self } = topology;
  const data = topology.members[primary];
  const rival = config?.members[primary];
  if (config === null || self === undefined || data === undefined || rival === undefined) return undefined;
  if (!isElectable(self)) return undefined;
  const { settings, members } = config;
  if (
    rival.priority < self.priority &&
    topology.state === memberState.secondary &&
    isFresh(topology, applied)
  ) {
    const rank = members.filter((member) => member.priority > self.priority).length;
    const offset = Math.floor(chance * settings.electionTimeoutMillis * offsetFraction);
    return { at: now + (rank + 1) * settings.electionTimeoutMillis + offset, kind: 'priority takeover' };
  }
  const lags = data.applied.term < topology.term && compareOpTimes(applied, data.applied) > 0;
  return lags && settings.catchUpTakeoverDelayMillis >= 0
    ? { at: now + settings.catchUpTakeoverDelayMillis, kind: 'catch-up takeover' }
    : undefined;
};
