import type { ClusterCapacity } from '../domain/capacity';
import type { ClusterReason, ClusterShare, Placement } from '../domain/placement';
import { formatQuantity } from '../domain/quantity';
import { readAffinity } from './affinity';
import { judgeClusters, type ClusterJudgement, type SoundRequest } from './cluster-judgement';
import { composePlacement } from './compose-placement';
import { distribute, type DistributionFailure, type Seat } from './distribution';
import { compareText } from './ordinals';
import type { MiddlewareProfile } from './profile';
import { refuseRequest } from './refusal';
import type { ScheduleRequest, ScheduleVerdict } from './request';
import { listWarnings, nameCure } from './schedule-warnings';
import { groupsOf, refuseSpread } from './spread-groups';
import { readTopologySpread } from './topology-spread';
import { countMembers } from './wording';

export type { ScheduleRequest, ScheduleVerdict } from './request';

/**
 * Where the members of a set go, by room, wishes and the middleware's rules, with a reason for every cluster (design:
 * "Scheduling"; S5 to S8). Pure: the same input, in any order, gives the same answer. Members that run stay where they are
 * unless their cluster is excluded or there are too many; it only ever adds or only removes. That the arbiter keeps off the
 * nodes of data members is left to the pods' anti-affinity.
 */
export function scheduleMembers(
  request: ScheduleRequest,
  clusters: readonly ClusterCapacity[],
  profile: MiddlewareProfile,
): ScheduleVerdict {
  const sound = readRequest(request, profile);
  if (typeof sound === 'string') return refuseAll(sound, clusters);
  const judged = judgeClusters(sound, clusters);
  const seats = seatClusters(judged, sound);
  const room = seats.reduce((sum, seat) => sum + seat.max, 0);
  if (room < request.members) return explainUnschedulable(nameShortage(request, judged, room), judged);
  const arbiterAt = judged.findIndex(
    ({ name, excluded }) =>
      excluded === undefined &&
      request.existing.some((member) => member.cluster === name && member.ordinal === 'arbiter'),
  );
  const spread = distribute(seats, {
    members: request.members,
    arbiter: !request.arbiter ? 'none' : arbiterAt === -1 ? 'place' : { at: arbiterAt },
    mode: request.mode,
    quorum: profile.quorum,
    spread: isSettled(seats, request) ? [] : request.spreadConstraints,
  });
  if (spread.outcome !== 'distributed') {
    return explainUnschedulable(nameFailure(spread.outcome, request), judged);
  }
  const shares = judged.map(({ name }, index): ClusterShare => ({
    cluster: name,
    replicaset: spread.counts[index] ?? 0,
    ...(index === spread.arbiterAt ? { arbiter: true } : {}),
  }));
  const placement: Placement = composePlacement({
    shares,
    request,
    profile,
    reasons: explainShares(judged, shares, request),
    cure: nameCure(judged, shares, sound),
    warnings: listWarnings(judged, shares, sound),
  });
  return { outcome: 'scheduled', placement };
}

/** Why a request cannot be met whatever clusters there are: the field, without `spec.`, and the remedy. */
export function findRequestFault(request: ScheduleRequest, profile: MiddlewareProfile): string | undefined {
  const sound = readRequest(request, profile);
  return typeof sound === 'string' ? sound : undefined;
}

/** The request with its free-form parts read, or why it cannot be met by any cluster. */
function readRequest(request: ScheduleRequest, profile: MiddlewareProfile): SoundRequest | string {
  const refusal = refuseRequest(request, profile) ?? refuseSpread(request.spreadConstraints, request.members);
  if (refusal !== undefined) return refusal;
  const affinity = readAffinity(request.affinity, request.instance);
  if (affinity.rules === undefined) return affinity.refusal;
  const topology = readTopologySpread(request.topologySpreadConstraints);
  if ('refusal' in topology) return topology.refusal;
  return { request, profile, affinity: affinity.rules, hardSpread: topology.hard };
}

/** Growing, what runs is the least; shrinking, it is the most: members never change clusters in passing. */
function seatClusters(judged: readonly ClusterJudgement[], { request }: SoundRequest): Seat[] {
  const staying = judged.reduce((sum, one) => sum + (one.excluded === undefined ? one.running : 0), 0);
  return judged.map(({ cluster, excluded, running, room, weight }): Seat => {
    const groups = request.spreadConstraints.map((constraint) =>
      cluster === undefined ? [] : groupsOf(cluster, constraint),
    );
    if (excluded !== undefined) {
      return { min: 0, max: 0, weight: 0, running: 0, besideArbiter: undefined, groups };
    }
    return {
      min: staying > request.members ? 0 : running,
      max: staying >= request.members ? running : running + room.free,
      weight,
      running,
      besideArbiter: room.withArbiter,
      groups,
    };
  });
}

/** As many as asked for run already: nothing moves for the sake of a constraint. */
const isSettled = (seats: readonly Seat[], request: ScheduleRequest): boolean =>
  seats.reduce((sum, seat) => sum + seat.running, 0) === request.members;

function refuseAll(message: string, clusters: readonly ClusterCapacity[]): ScheduleVerdict {
  const reasons = clusters
    .map(({ name }) => ({ cluster: name, chosen: false, room: 0, reason: `not looked at: ${message}` }))
    .sort((a, b) => compareText(a.cluster, b.cluster));
  return { outcome: 'unschedulable', reasons, message };
}

function explainUnschedulable(message: string, judged: readonly ClusterJudgement[]): ScheduleVerdict {
  const reasons = judged
    .map((one): ClusterReason => {
      const fits = `${one.room.free} more would fit`;
      return {
        cluster: one.name,
        chosen: false,
        room: roomOf(one),
        reason:
          nameExclusion(one) ?? one.barred ?? (one.running > 0 ? `${one.running} run there, ${fits}` : fits),
      };
    })
    .sort((a, b) => compareText(a.cluster, b.cluster));
  const told = reasons.map(({ cluster, reason }) => `${cluster}: ${reason}`);
  return {
    outcome: 'unschedulable',
    reasons,
    message: `${message}. ${told.length === 0 ? 'No cluster is registered' : told.join('; ')}.`,
  };
}

function nameShortage(request: ScheduleRequest, judged: readonly ClusterJudgement[], room: number): string {
  const { cpuMillis, memoryBytes } = request.perMember;
  const each = `cpu ${formatQuantity(cpuMillis / 1000)}, memory ${formatQuantity(memoryBytes, 'BinarySI')} each`;
  const usable = judged.filter((one) => roomOf(one) > 0).map((one) => `${one.name} ${roomOf(one)}`);
  return `replicaset ${request.members} does not fit: there is room for ${room} (${usable.join(', ') || 'no cluster'}), ${request.members - room} short (${each})`;
}

function nameFailure(failure: DistributionFailure, request: ScheduleRequest): string {
  switch (failure) {
    case 'maxGroups':
      return `replicaset ${request.members} does not fit in as few groups as spreadConstraints allows: raise maxGroups or make room there`;
    case 'minGroups':
      return `replicaset ${request.members} cannot reach as many groups as spreadConstraints asks for: lower minGroups or make room in more of them`;
    case 'arbiter':
      return `the arbiter fits nowhere beside ${request.members} members: make room for it, or set config.arbiter to false`;
  }
}

function explainShares(
  judged: readonly ClusterJudgement[],
  shares: readonly ClusterShare[],
  request: ScheduleRequest,
): ClusterReason[] {
  return judged
    .map((one, index): ClusterReason => {
      const { replicaset = 0, arbiter = false } = shares[index] ?? {};
      const chosen = replicaset > 0 || arbiter;
      const parts = [
        ...(replicaset > 0 ? [`${replicaset} of ${request.members} members`] : []),
        ...(arbiter ? ['the arbiter'] : []),
      ];
      const fit = `${roomOf(one)} fit${one.running > 0 ? `, ${one.running} of them run there now` : ''}`;
      const others = one.barred === undefined ? '' : `; no more: ${one.barred}`;
      const idle =
        nameExclusion(one) ??
        (one.running === 0 ? one.barred : undefined) ??
        (one.running > 0
          ? `its ${countMembers(one.running, { one: 'leaves', more: 'leave' })}, as fewer are asked for`
          : `not needed: ${fit}`);
      return {
        cluster: one.name,
        chosen,
        room: roomOf(one),
        reason: chosen ? `takes ${parts.join(' and ')}: ${fit}${others}` : idle,
      };
    })
    .sort((a, b) => compareText(a.cluster, b.cluster));
}

function nameExclusion({ excluded, running }: ClusterJudgement): string | undefined {
  return excluded === undefined || running === 0
    ? excluded
    : `${excluded}; its ${countMembers(running, { one: 'gets', more: 'get' })} a place elsewhere`;
}

const roomOf = ({ excluded, running, room }: ClusterJudgement): number =>
  excluded === undefined ? running + room.free : 0;
