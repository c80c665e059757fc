import type { ClusterCapacity, NodeCapacity } from '../../../src/domain/capacity';
import type { Placement } from '../../../src/domain/placement';
import { mongodbProfile } from '../../../src/scheduler/mongodb-profile';
import { scheduleMembers, type ScheduleRequest } from '../../../src/scheduler/schedule';

const GIB = 2 ** 30;

/** A node with room for `slots` members of {@link requestOf}: one cpu and one GiB each. */
export function nodeOf(name: string, slots: number, more: Partial<NodeCapacity> = {}): NodeCapacity {
  return {
    name,
    labels: { 'kubernetes.io/hostname': name },
    taints: [],
    schedulable: true,
    ready: true,
    allocatable: { cpuMillis: 1000 * slots + 500, memoryBytes: GIB * slots + 1000, pods: 110 },
    requested: { cpuMillis: 500, memoryBytes: 1000, pods: 5 },
    ...more,
  };
}

/** A cluster of one node with room for `slots` members. */
export function clusterOf(name: string, slots: number, more: Partial<ClusterCapacity> = {}): ClusterCapacity {
  return {
    name,
    ready: true,
    vip: `10.0.0.${name.length}`,
    zones: [],
    labels: {},
    taints: [],
    nodes: [nodeOf(`${name}-1`, slots)],
    storageClasses: [{ name: 'local', isDefault: true }],
    instancesPlaced: [],
    ...more,
  };
}

export function requestOf(members: number, more: Partial<ScheduleRequest> = {}): ScheduleRequest {
  return {
    instance: { namespace: 'shop', name: 'orders' },
    members,
    arbiter: false,
    perMember: { cpuMillis: 1000, memoryBytes: GIB },
    arbiterResources: { cpuMillis: 100, memoryBytes: 1000 },
    mode: 'Uniform',
    nodeSelector: {},
    tolerations: [],
    spreadConstraints: [],
    topologySpreadConstraints: {},
    existing: [],
    reservations: [],
    excludedClusters: [],
    ...more,
  };
}

export function place(request: ScheduleRequest, clusters: readonly ClusterCapacity[]): Placement {
  const verdict = scheduleMembers(request, clusters, mongodbProfile);
  if (verdict.outcome !== 'scheduled') throw new Error(`unschedulable: ${verdict.message}`);
  return verdict.placement;
}

export function refuse(request: ScheduleRequest, clusters: readonly ClusterCapacity[]) {
  const verdict = scheduleMembers(request, clusters, mongodbProfile);
  if (verdict.outcome !== 'unschedulable') throw new Error('scheduled');
  return verdict;
}

/** Shares as `east 2, west 1+A`. */
export const nameShares = ({ shares }: Placement): string =>
  shares
    .map(({ cluster, replicaset, arbiter }) => `${cluster} ${replicaset}${arbiter === true ? '+A' : ''}`)
    .join(', ');

/** Members with a vote as `east/0`. */
export const nameVoters = ({ members }: Placement): string[] =>
  members.filter(({ votes }) => votes === 1).map(({ cluster, ordinal }) => `${cluster}/${ordinal}`);

export const reasonFor = (
  verdict: { readonly reasons: readonly { readonly cluster: string; readonly reason: string }[] },
  cluster: string,
): string => verdict.reasons.find((reason) => reason.cluster === cluster)?.reason ?? 'NO REASON';

/** The placement's members as they stand when all of them run. */
export const existingOf = ({ members }: Placement): ScheduleRequest['existing'] =>
  members.map(({ cluster, ordinal }) => ({ cluster, ordinal }));

/** The clusters with these members running on their first nodes that have room. */
export function runMembers(
  clusters: readonly ClusterCapacity[],
  request: ScheduleRequest,
  placement: Placement,
): ClusterCapacity[] {
  return clusters.map((cluster) => {
    const nodes = (cluster.nodes ?? []).map((node) => ({ ...node, requested: { ...node.requested } }));
    for (const member of placement.members.filter((one) => one.cluster === cluster.name)) {
      const need = member.ordinal === 'arbiter' ? request.arbiterResources : request.perMember;
      const node = nodes.find(
        ({ ready, schedulable, taints, allocatable, requested }) =>
          ready &&
          schedulable &&
          taints.length === 0 &&
          allocatable.cpuMillis - requested.cpuMillis >= need.cpuMillis &&
          allocatable.memoryBytes - requested.memoryBytes >= need.memoryBytes &&
          allocatable.pods > requested.pods,
      );
      if (node === undefined) continue;
      node.requested.cpuMillis += need.cpuMillis;
      node.requested.memoryBytes += need.memoryBytes;
      node.requested.pods += 1;
    }
    return cluster.nodes === undefined ? cluster : { ...cluster, nodes };
  });
}
