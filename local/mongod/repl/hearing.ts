import { maxOpTime } from '../optime';
import type { ConfigSettings } from './config';
import type { HeartbeatResponse, HeartbeatResult } from './heartbeat';
import { type MemberData, markDown, memberState, noteSign } from './member-state';
import { planTakeover } from './takeover';
import type { Action, Topology } from './topology';

/** A failed heartbeat is tried again this often, as long as the heartbeat timeout has not passed. */
const maxRetries = 2;

const known = (topology: Topology, host: string): MemberData | undefined =>
  topology.others().find(({ member }) => member.host === host)?.data;

const timeoutOf = (topology: Topology): number =>
  (topology.config?.settings.heartbeatTimeoutSecs ?? 10) * 1000;

/** A member that says nothing for the election timeout is given up, so heartbeats come at least twice in it. */
export const heartbeatInterval = (settings: ConfigSettings): number =>
  Math.min(settings.heartbeatIntervalMillis, settings.electionTimeoutMillis / 2);

/** Begins a heartbeat, or goes on with one that failed; gives the time left for an answer, ms. */
export const beginHeartbeat = (topology: Topology, host: string, now: number): number => {
  const timeout = timeoutOf(topology);
  const data = known(topology, host);
  if (data === undefined) return timeout;
  if (data.triedSince === 0 || now - data.triedSince >= timeout) {
    data.triedSince = now;
    data.failures = 0;
  }
  return timeout - (now - data.triedSince);
};

/** A heartbeat failed and is to be tried again at once. */
export const triesAgain = (topology: Topology, host: string): boolean =>
  (known(topology, host)?.triedSince ?? 0) > 0;

const loseSight = (topology: Topology, index: number): void => {
  if (topology.primaryIndex !== index) return;
  topology.primaryIndex = -1;
  topology.takeover = undefined;
};

const takeFailure = (topology: Topology, index: number, message: string, now: number): void => {
  const data = topology.members[index];
  if (data === undefined) return;
  data.failures += 1;
  if (data.failures <= maxRetries && now - data.triedSince < timeoutOf(topology)) return;
  data.triedSince = 0;
  markDown(data, message);
  loseSight(topology, index);
};

const notePrimary = (topology: Topology, index: number, response: HeartbeatResponse, now: number): void => {
  if (topology.role === 'leader') return;
  if (response.state !== memberState.primary) {
    loseSight(topology, index);
    return;
  }
  if (response.term < topology.term) return;
  topology.primaryIndex = index;
  topology.resetElectionTimer(now);
  topology.takeover ??= planTakeover(topology, topology.own().applied, index, now, topology.random());
};

const takeAnswer = (
  topology: Topology,
  data: MemberData,
  index: number,
  result: { readonly response: HeartbeatResponse; readonly rttMs: number },
  now: number,
): Action[] => {
  const { response, rttMs } = result;
  if (data.health !== 1) data.upSince = now;
  data.health = 1;
  data.triedSince = 0;
  data.failures = 0;
  data.authenticated = true;
  data.message = '';
  noteSign(data, now);
  data.pingMs = data.pingMs === 0 ? Math.round(rttMs) : Math.round(data.pingMs * 0.8 + rttMs * 0.2);
  data.state = response.state;
  data.applied = maxOpTime(data.applied, response.applied);
  data.durable = maxOpTime(data.durable, response.durable);
  data.appliedWall = response.appliedWall;
  data.durableWall = response.durableWall;
  data.syncSource = response.syncSource;
  data.configVersion = response.configVersion;
  data.configTerm = response.configTerm;
  data.electionTime = response.electionTime;
  const actions = topology.updateTerm(response.term);
  if (response.config !== undefined) actions.push({ kind: 'install', config: response.config });
  notePrimary(topology, index, response, now);
  return actions;
};

/** Takes in what came of a heartbeat to another member. */
export const takeHeartbeat = (
  topology: Topology,
  host: string,
  result: HeartbeatResult,
  now: number,
): Action[] => {
  const index = topology.config?.members.findIndex((member) => member.host === host) ?? -1;
  const data = topology.members[index];
  if (data === undefined || index === topology.selfIndex) return [];
  data.lastHeartbeat = now;
  switch (result.kind) {
    case 'answer':
      return takeAnswer(topology, data, index, result, now);
    case 'unauthenticated':
      markDown(data, '');
      data.triedSince = 0;
      data.state = memberState.unknown;
      data.authenticated = false;
      return [];
    case 'failure':
      takeFailure(topology, index, result.message, now);
      return [];
  }
};
