import type { ClusterCapacity } from '../domain/capacity';
import { ownValue } from '../domain/record';
import type { SpreadConstraint } from './request';

// Karmada: "SpreadConstraint". Ours counts clusters with at least one data member.

/** Combinations of groups that are tried before the roomiest are taken unseen. */
const MAX_COMBINATIONS = 200;

/** What a cluster is to the constraints: the groups it stands in, by constraint, and how many members it could hold. */
export interface GroupedSeat {
  readonly groups: readonly (readonly string[])[];
  readonly min: number;
  readonly max: number;
}

/** The first constraint that means nothing, with its field and the remedy; undefined when all are well. */
export function refuseSpread(constraints: readonly SpreadConstraint[], members: number): string | undefined {
  for (const [index, constraint] of constraints.entries()) {
    const field = `spreadConstraints.spreadConstraints[${index}]`;
    const { minGroups = 0, maxGroups = 0 } = constraint;
    if (constraint.spreadByField === undefined && (constraint.spreadByLabel ?? '') === '') {
      return `${field} names neither spreadByField (cluster, region, zone, provider) nor spreadByLabel: add one.`;
    }
    if (maxGroups > 0 && minGroups > maxGroups) {
      return `${field} has minGroups ${minGroups} above maxGroups ${maxGroups}: lower the one or raise the other.`;
    }
    // A cluster may stand in several zones, never in several of the other groups.
    if (constraint.spreadByField !== 'zone' && minGroups > members) {
      return `${field} asks for ${minGroups} groups of ${nameSpread(constraint)}, replicaset is ${members}: raise replicaset or lower minGroups.`;
    }
  }
  return undefined;
}

export const nameSpread = ({ spreadByField, spreadByLabel = '' }: SpreadConstraint): string =>
  spreadByField ?? `label ${spreadByLabel}`;

/** Groups of a cluster under a constraint; a cluster in several zones stands in each. Empty: it has no part in it. */
export function groupsOf(cluster: ClusterCapacity, constraint: SpreadConstraint): readonly string[] {
  const named = (value: string | undefined): readonly string[] =>
    value === undefined || value === '' ? [] : [value];
  switch (constraint.spreadByField) {
    case 'cluster':
      return [cluster.name];
    case 'region':
      return named(cluster.region);
    case 'provider':
      return named(cluster.provider);
    case 'zone':
      return cluster.zones;
    case undefined:
      return named(ownValue(cluster.labels, constraint.spreadByLabel ?? ''));
  }
}

/** Sets of seats that stay within every `maxGroups`; groups that hold members (`min` > 0) are in each of them. */
export function listSubsets(
  seats: readonly GroupedSeat[],
  constraints: readonly SpreadConstraint[],
): ReadonlySet<number>[] {
  let subsets: ReadonlySet<number>[] = [new Set(seats.keys())];
  constraints.forEach(({ maxGroups = 0 }, constraint) => {
    if (maxGroups === 0) return;
    const choices = chooseGroups(seats, constraint, maxGroups, Math.floor(MAX_COMBINATIONS / subsets.length));
    subsets = subsets.flatMap((subset) =>
      choices.map(
        (chosen) =>
          new Set(
            [...subset].filter((index) =>
              (seats[index]?.groups[constraint] ?? []).every((group) => chosen.has(group)),
            ),
          ),
      ),
    );
  });
  return subsets;
}

function chooseGroups(
  seats: readonly GroupedSeat[],
  constraint: number,
  maxGroups: number,
  limit: number,
): ReadonlySet<string>[] {
  const room = new Map<string, number>();
  const pinned = new Set<string>();
  for (const seat of seats) {
    for (const group of seat.groups[constraint] ?? []) {
      if (seat.min > 0) pinned.add(group);
      if (seat.max > 0) room.set(group, (room.get(group) ?? 0) + seat.max);
    }
  }
  const others = [...room.keys()].filter((group) => !pinned.has(group));
  const wanted = Math.min(maxGroups - pinned.size, others.length);
  if (wanted <= 0) return [pinned];
  if (countCombinations(others.length, wanted) <= limit) {
    return combine(others, wanted).map((chosen) => new Set([...pinned, ...chosen]));
  }
  const roomiest = others.toSorted((a, b) => (room.get(b) ?? 0) - (room.get(a) ?? 0)).slice(0, wanted);
  return [new Set([...pinned, ...roomiest])];
}

function countCombinations(of: number, choose: number): number {
  let count = 1;
  for (let step = 1; step <= choose; step += 1) count = (count * (of - choose + step)) / step;
  return count;
}

function combine<T>(items: readonly T[], count: number): T[][] {
  if (count === 0) return [[]];
  return items.flatMap((item, index) =>
    combine(items.slice(index + 1), count - 1).map((rest) => [item, ...rest]),
  );
}

/** Groups with at least one member, under one constraint. */
export function coveredGroups(
  counts: readonly number[],
  seats: readonly GroupedSeat[],
  constraint: number,
): ReadonlySet<string> {
  return new Set(
    seats.flatMap((seat, index) => ((counts[index] ?? 0) > 0 ? (seat.groups[constraint] ?? []) : [])),
  );
}

/** The counts with as few members as needed moved so that every `minGroups` holds; undefined when no move helps. */
export function coverGroups(
  counts: readonly number[],
  seats: readonly GroupedSeat[],
  constraints: readonly SpreadConstraint[],
): number[] | undefined {
  let present = [...counts];
  for (const [constraint, { minGroups = 0 }] of constraints.entries()) {
    let covered = coveredGroups(present, seats, constraint);
    while (covered.size < minGroups) {
      const better = moveToNewGroup(present, seats, constraints, constraint);
      if (better === undefined) return undefined;
      present = better;
      covered = coveredGroups(present, seats, constraint);
    }
  }
  return present;
}

function moveToNewGroup(
  counts: readonly number[],
  seats: readonly GroupedSeat[],
  constraints: readonly SpreadConstraint[],
  wanted: number,
): number[] | undefined {
  const before = constraints.map((_, index) => coveredGroups(counts, seats, index).size);
  const byCount = counts.map((count, index) => ({ count, index }));
  const donors = byCount
    .filter(({ count, index }) => count > (seats[index]?.min ?? 0))
    .sort((a, b) => b.count - a.count || b.index - a.index);
  const takers = byCount.filter(({ count, index }) => count === 0 && (seats[index]?.max ?? 0) > 0);
  for (const donor of donors) {
    for (const taker of takers) {
      const moved = counts.map((count, index) =>
        index === donor.index ? count - 1 : index === taker.index ? count + 1 : count,
      );
      const after = constraints.map((_, index) => coveredGroups(moved, seats, index).size);
      if (after.every((size, index) => size >= (before[index] ?? 0) + (index === wanted ? 1 : 0)))
        return moved;
    }
  }
  return undefined;
}
