import type { ClusterCapacity, NodeCapacity } from '../domain/capacity';
import { ANNOTATIONS } from '../domain/marks';
import { ownValue } from '../domain/record';
import { meetsNodeTerm, type AffinityRules, type ClusterTopology, type SetTerm } from './affinity';
import { hasLabels, nameLabels } from './label-match';
import { measureRoom, type ClusterRoom, type JudgedNode } from './node-room';
import { compareText, countFreeOrdinals } from './ordinals';
import type { MiddlewareProfile } from './profile';
import type { ScheduleRequest } from './request';
import { groupsOf, nameSpread } from './spread-groups';
import { findBarringTaint, nameTaint } from './toleration';
import type { HardSpread } from './topology-spread';

/** Everything asked for, read and found sound. */
export interface SoundRequest {
  readonly request: ScheduleRequest;
  readonly profile: MiddlewareProfile;
  readonly affinity: AffinityRules;
  readonly hardSpread: HardSpread | undefined;
}

/** One cluster against the request. */
export interface ClusterJudgement {
  readonly name: string;
  readonly cluster: ClusterCapacity | undefined;
  /** Data members of this set that run there. */
  readonly running: number;
  /** Set when its members must leave: lost, drained, or not registered any more. */
  readonly excluded?: string | undefined;
  /** Set when it takes no new member. */
  readonly barred?: string | undefined;
  readonly room: ClusterRoom;
  readonly weight: number;
  /** Sum of the preferences that it meets. */
  readonly preference: number;
}

const NO_ROOM: ClusterRoom = { free: 0, withArbiter: undefined, whyFull: '' };

/** Every cluster, and every name where members run, judged; preferred ones first, then by name. */
export function judgeClusters(sound: SoundRequest, clusters: readonly ClusterCapacity[]): ClusterJudgement[] {
  const byName = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const names = new Set([...byName.keys(), ...sound.request.existing.map((member) => member.cluster)]);
  const clusterKeys = new Set(clusters.flatMap((cluster) => Object.keys(cluster.labels)));
  return [...names]
    .map((name) => judgeCluster(name, byName.get(name), sound, clusters, clusterKeys))
    .sort((a, b) => b.preference - a.preference || compareText(a.name, b.name));
}

function judgeCluster(
  name: string,
  cluster: ClusterCapacity | undefined,
  sound: SoundRequest,
  clusters: readonly ClusterCapacity[],
  clusterKeys: ReadonlySet<string>,
): ClusterJudgement {
  const { request } = sound;
  const running = request.existing.filter(
    (member) => member.cluster === name && member.ordinal !== 'arbiter',
  ).length;
  const base = { name, cluster, running, room: NO_ROOM, weight: 0, preference: 0 };
  const exclusion = request.excludedClusters.find((excluded) => excluded.cluster === name);
  if (exclusion !== undefined) return { ...base, excluded: exclusion.reason };
  if (cluster === undefined) return { ...base, excluded: 'it is not registered with Karmada any more' };
  const preference = scorePreference(cluster, sound, clusters, clusterKeys);
  const barred = findBar(cluster, sound, clusters);
  const weigh = (free: number): number =>
    request.clusterWeights === undefined ? running + free : (ownValue(request.clusterWeights, name) ?? 0);
  if (barred !== undefined || cluster.nodes === undefined) {
    return { ...base, barred: barred ?? 'its nodes could not be read', weight: weigh(0), preference };
  }
  const here = (entry: { readonly cluster: string }): boolean => entry.cluster === name;
  const measured = measureRoom({
    nodes: judgeNodes(cluster, cluster.nodes, sound, clusterKeys),
    perMember: request.perMember,
    arbiterResources: request.arbiter ? request.arbiterResources : undefined,
    existing: request.existing.filter(here),
    reservations: request.reservations.filter(here),
    onePerNode: sound.affinity.onePerNode,
    hardSpread: sound.hardSpread,
  });
  const room = limitRoom(name, measured, request);
  return {
    ...base,
    room,
    barred: room.free === 0 ? room.whyFull : undefined,
    weight: weigh(room.free),
    preference,
  };
}

/** Room for data members by what is not on the nodes; an arbiter needs neither weight nor ordinal. */
function limitRoom(name: string, measured: ClusterRoom, request: ScheduleRequest): ClusterRoom {
  if (request.mode === 'Weighting' && request.clusterWeights !== undefined) {
    const weight = ownValue(request.clusterWeights, name) ?? 0;
    if (weight === 0) {
      return {
        ...measured,
        free: 0,
        whyFull: 'it has no weight: name it in scheduler.clusterWeights with 1 or more',
      };
    }
  }
  const ordinals = countFreeOrdinals(name, request);
  if (ordinals === 0) return { ...measured, free: 0, whyFull: 'all its ordinals are in use or retired' };
  return { ...measured, free: Math.min(measured.free, ordinals) };
}

function findBar(
  cluster: ClusterCapacity,
  { request, affinity }: SoundRequest,
  clusters: readonly ClusterCapacity[],
): string | undefined {
  if (!cluster.ready) return `it is not ready: ${cluster.notReadyReason ?? 'no reason given'}`;
  if ((cluster.vip ?? '') === '') {
    return `it has no VIP that can be read: kubectl label cluster ${cluster.name} vip=ADDRESS (where its members are reached; an IPv6 address goes into the annotation ${ANNOTATIONS.vip})`;
  }
  const taint = findBarringTaint(cluster.taints, request.tolerations);
  if (taint !== undefined) {
    return `its taint ${nameTaint(taint)} is not tolerated: add it to scheduler.tolerations or take it off the Cluster`;
  }
  for (const term of affinity.near) {
    if (!isNear(term, cluster, clusters))
      return `podAffinity wants it by ${nameSets(term)}, which is not there`;
  }
  for (const term of affinity.apart) {
    if (isNear(term, cluster, clusters))
      return `podAntiAffinity wants it apart from ${nameSets(term)}, which is there`;
  }
  for (const constraint of request.spreadConstraints) {
    if (groupsOf(cluster, constraint).length === 0) {
      return `spreadConstraints spreads by ${nameSpread(constraint)}, and it has none: set it on the Cluster`;
    }
  }
  if (cluster.nodes === undefined) {
    return `its nodes could not be read: ${cluster.unreadableReason ?? 'no reason given'}`;
  }
  return findStorageBar(cluster, request.storageClass ?? '');
}

function findStorageBar({ storageClasses }: ClusterCapacity, wanted: string): string | undefined {
  const names = storageClasses.map(({ name }) => name);
  const has = names.length === 0 ? 'it has none' : `it has ${names.toSorted().join(', ')}`;
  if (wanted === '') {
    return storageClasses.some(({ isDefault }) => isDefault)
      ? undefined
      : `it has no default StorageClass (${has}): name one in storage.storageClass or mark one as default`;
  }
  return names.includes(wanted) ? undefined : `it has no StorageClass ${wanted} (${has}): make it there`;
}

function judgeNodes(
  cluster: ClusterCapacity,
  nodes: readonly NodeCapacity[],
  sound: SoundRequest,
  clusterKeys: ReadonlySet<string>,
): JudgedNode[] {
  return nodes
    .toSorted((a, b) => compareText(a.name, b.name))
    .map((node) => {
      const unselected = findSelectionBar(cluster, node, sound, clusterKeys);
      return { node, selected: unselected === undefined, barred: unselected ?? findNodeBar(node, sound) };
    });
}

function findSelectionBar(
  cluster: ClusterCapacity,
  node: NodeCapacity,
  { request, affinity }: SoundRequest,
  clusterKeys: ReadonlySet<string>,
): string | undefined {
  if (!hasLabels(node.labels, request.nodeSelector)) {
    return `without ${nameLabels(request.nodeSelector)} (spreadConstraints.nodeSelect)`;
  }
  const terms = affinity.required;
  if (terms !== undefined && !terms.some((term) => meetsNodeTerm(term, cluster, node, clusterKeys))) {
    return 'outside scheduler.affinity.nodeAffinity';
  }
  return undefined;
}

function findNodeBar(node: NodeCapacity, { request, hardSpread }: SoundRequest): string | undefined {
  if (!node.ready) return 'not ready';
  if (!node.schedulable) return 'cordoned';
  const taint = findBarringTaint(node.taints, request.tolerations);
  if (taint !== undefined) return `with taint ${nameTaint(taint)}, not tolerated`;
  if (hardSpread !== undefined && ownValue(node.labels, hardSpread.key) === undefined) {
    return `without label ${hardSpread.key} (topologySpreadConstraints)`;
  }
  return undefined;
}

/** Weight of each node preference that some node there meets, and of each wish to be near or apart from other sets. */
function scorePreference(
  cluster: ClusterCapacity,
  { affinity }: SoundRequest,
  clusters: readonly ClusterCapacity[],
  clusterKeys: ReadonlySet<string>,
): number {
  const byNode = affinity.preferred
    .filter(({ term }) =>
      (cluster.nodes ?? []).some((node) => meetsNodeTerm(term, cluster, node, clusterKeys)),
    )
    .reduce((sum, { weight }) => sum + weight, 0);
  return affinity.preferredSets
    .filter(({ term }) => isNear(term, cluster, clusters))
    .reduce((sum, { weight }) => sum + weight, byNode);
}

function isNear(term: SetTerm, cluster: ClusterCapacity, clusters: readonly ClusterCapacity[]): boolean {
  const groups = groupsOf(cluster, { spreadByField: term.topology });
  return clusters.some(
    (other) =>
      other.instancesPlaced.some((placed) => term.instances.includes(placed)) &&
      groupsOf(other, { spreadByField: term.topology }).some((group) => groups.includes(group)),
  );
}

const TOPOLOGY_WORDS: Readonly<Record<ClusterTopology, string>> = {
  cluster: 'in the same cluster',
  region: 'in the same region',
  zone: 'in the same zone',
  provider: 'with the same provider',
};

const nameSets = ({ instances, topology }: SetTerm): string =>
  `${instances.join(' or ')} (${TOPOLOGY_WORDS[topology]})`;
