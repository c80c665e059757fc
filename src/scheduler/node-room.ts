import type { NodeCapacity, Resources } from '../domain/capacity';
import { formatQuantity } from '../domain/quantity';
import { ownValue } from '../domain/record';
import type { ExistingMember, MemberResources, Reservation } from './request';
import type { HardSpread } from './topology-spread';

/** A node, and why it takes no member of this set whatever is free on it; undefined when it may take one. */
export interface JudgedNode {
  readonly node: NodeCapacity;
  /** Whether selector and affinity mean it at all: only then its domain counts for a spread between nodes. */
  readonly selected: boolean;
  readonly barred?: string | undefined;
}

export interface RoomQuestion {
  readonly nodes: readonly JudgedNode[];
  readonly perMember: MemberResources;
  /** Undefined when no arbiter is to be placed. */
  readonly arbiterResources: MemberResources | undefined;
  /** Members of this set that run in the cluster. */
  readonly existing: readonly ExistingMember[];
  /** Promised to other sets in the cluster. */
  readonly reservations: readonly Reservation[];
  readonly onePerNode: boolean;
  readonly hardSpread: HardSpread | undefined;
}

/** Members that fit in addition to those that run; `withArbiter` beside a new arbiter, undefined when that does not fit. */
export interface ClusterRoom {
  readonly free: number;
  readonly withArbiter: number | undefined;
  /** Why nothing more fits; empty while something does. */
  readonly whyFull: string;
}

interface NodeSlots {
  readonly free: Resources;
  readonly usable: boolean;
  readonly slots: number;
  readonly running: number;
  readonly domain: string | undefined;
}

/**
 * Room by bin-packing: members are all of one size, so that the whole parts of free ÷ need, node by node, are exact.
 * A member without a known node counts against hard rules between nodes as if it stood where it hurts most.
 */
export function measureRoom(question: RoomQuestion): ClusterRoom {
  const { perMember, existing } = question;
  const free = reserve(question);
  const slots = question.nodes.map(({ node, barred, selected }, index): NodeSlots => {
    const left = free[index] ?? freeOf(node);
    return {
      free: left,
      usable: barred === undefined,
      slots: barred === undefined ? slotsOf(left, perMember) : 0,
      running: existing.filter((member) => member.node === node.name).length,
      domain:
        question.hardSpread === undefined || !selected
          ? undefined
          : ownValue(node.labels, question.hardSpread.key),
    };
  });
  const known = slots.reduce((sum, node) => sum + node.running, 0);
  const count = countRoom(slots, question, existing.length - known);
  return {
    free: count,
    withArbiter: measureBesideArbiter(question, slots, existing.length - known, count),
    whyFull: count > 0 ? '' : explainFull(question, slots),
  };
}

function measureBesideArbiter(
  question: RoomQuestion,
  slots: readonly NodeSlots[],
  unknown: number,
  count: number,
): number | undefined {
  const need = question.arbiterResources;
  if (need === undefined) return undefined;
  const simple = !question.onePerNode && question.hardSpread === undefined;
  let best: number | undefined;
  slots.forEach((node, index) => {
    if (!node.usable || slotsOf(node.free, need) === 0) return;
    if (question.onePerNode && node.running > 0) return;
    const left = { ...subtract(node.free, need), pods: node.free.pods - 1 };
    const shifted = { ...node, slots: slotsOf(left, question.perMember), running: node.running + 1 };
    const members = simple
      ? count - node.slots + shifted.slots
      : countRoom(slots.with(index, shifted), question, unknown);
    if (best === undefined || members > best) best = members;
  });
  return best;
}

function countRoom(
  slots: readonly NodeSlots[],
  { onePerNode, hardSpread }: RoomQuestion,
  unknown: number,
): number {
  const adds = slots.map((node) =>
    onePerNode ? (node.running > 0 ? 0 : Math.min(1, node.slots)) : node.slots,
  );
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
  if (!onePerNode && hardSpread === undefined) return sum(adds);
  if (hardSpread === undefined) return Math.max(0, sum(adds) - unknown);
  const domains = new Map<string, { adds: number; running: number }>();
  slots.forEach((node, index) => {
    if (node.domain === undefined) return;
    const domain = domains.get(node.domain) ?? { adds: 0, running: 0 };
    domains.set(node.domain, {
      adds: domain.adds + (adds[index] ?? 0),
      running: domain.running + node.running,
    });
  });
  const all = [...domains.values()];
  // The fullest that the emptiest domain can get bounds all the others.
  const lowest = Math.min(...all.map((domain) => domain.running + domain.adds));
  const fitting = all.map((domain) =>
    Math.max(0, Math.min(domain.adds, lowest + hardSpread.maxSkew - domain.running)),
  );
  return Math.max(0, sum(fitting) - unknown);
}

/** Free room of each node after all promises; one without a node is taken from the node that loses the most by it. */
function reserve({ nodes, reservations, perMember }: RoomQuestion): Resources[] {
  const free = nodes.map(({ node }) => freeOf(node));
  const take = (index: number, promise: Reservation): void => {
    const left = free[index];
    if (left !== undefined) free[index] = { ...subtract(left, promise), pods: left.pods - 1 };
  };
  const homeless: Reservation[] = [];
  for (const promise of reservations) {
    const index = nodes.findIndex(({ node }) => node.name === promise.node);
    if (index === -1) homeless.push(promise);
    else take(index, promise);
  }
  homeless.sort((a, b) => b.cpuMillis - a.cpuMillis || b.memoryBytes - a.memoryBytes);
  for (const promise of homeless) {
    let worst: { readonly index: number; readonly loss: number } | undefined;
    nodes.forEach(({ barred }, index) => {
      const left = free[index];
      if (left === undefined || barred !== undefined || slotsOf(left, promise) === 0) return;
      const after = { ...subtract(left, promise), pods: left.pods - 1 };
      const loss = slotsOf(left, perMember) - slotsOf(after, perMember);
      if (worst === undefined || loss > worst.loss) worst = { index, loss };
    });
    if (worst !== undefined) take(worst.index, promise);
  }
  return free;
}

/** Whole members that fit in what is free. */
export function slotsOf(free: Resources, need: MemberResources): number {
  const byCpu = need.cpuMillis > 0 ? Math.floor(free.cpuMillis / need.cpuMillis) : Infinity;
  const byMemory = need.memoryBytes > 0 ? Math.floor(free.memoryBytes / need.memoryBytes) : Infinity;
  return Math.max(0, Math.min(byCpu, byMemory, Math.floor(free.pods)));
}

const freeOf = ({ allocatable, requested }: NodeCapacity): Resources => ({
  ...subtract(allocatable, requested),
  pods: allocatable.pods - requested.pods,
});

const subtract = (from: Resources, what: MemberResources): Resources => ({
  cpuMillis: from.cpuMillis - what.cpuMillis,
  memoryBytes: from.memoryBytes - what.memoryBytes,
  pods: from.pods,
});

function explainFull({ nodes, perMember }: RoomQuestion, slots: readonly NodeSlots[]): string {
  const need = nameResources(perMember);
  if (nodes.length === 0) return `it has no nodes; a member needs ${need}`;
  const causes = new Map<string, number>();
  for (const { barred } of nodes) {
    if (barred !== undefined) causes.set(barred, (causes.get(barred) ?? 0) + 1);
  }
  const told = [...causes].map(([cause, count]) => `${count} ${cause}`);
  const usable = slots
    .map((slot, index) => ({ ...slot, name: nodes[index]?.node.name ?? '' }))
    .filter(({ usable }) => usable);
  const emptiest = usable.reduce<(typeof usable)[number] | undefined>(
    (best, node) => (best === undefined || moreFree(node.free, best.free) ? node : best),
    undefined,
  );
  if (emptiest !== undefined) {
    const { free, name } = emptiest;
    const inMebibytes = Math.max(0, Math.floor(free.memoryBytes / 2 ** 20) * 2 ** 20);
    const left = `${nameResources({ cpuMillis: Math.max(0, free.cpuMillis), memoryBytes: inMebibytes })}, ${Math.max(0, free.pods)} pods`;
    told.push(`${usable.length} without room left for one more (most free: ${name} with ${left})`);
  }
  return `a member needs ${need}, and of ${nodes.length} node${nodes.length === 1 ? '' : 's'}: ${told.join(', ')}`;
}

const moreFree = (a: Resources, b: Resources): boolean =>
  a.cpuMillis === b.cpuMillis ? a.memoryBytes > b.memoryBytes : a.cpuMillis > b.cpuMillis;

const nameResources = ({ cpuMillis, memoryBytes }: MemberResources): string =>
  `cpu ${formatQuantity(cpuMillis / 1000)}, memory ${formatQuantity(memoryBytes, 'BinarySI')}`;
