import type { ClusterCapacity } from '../../../src/domain/capacity';
import type { ScheduleRequest } from '../../../src/scheduler/schedule';

// Says what is possible by trying everything; shares no code with the scheduler.

export interface OracleSeat {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly running: number;
  readonly cluster: ClusterCapacity | undefined;
  readonly open: boolean;
}

/** Whether so many new members, and an arbiter, can be put on the nodes one after the other. */
export function fits(
  cluster: ClusterCapacity,
  request: ScheduleRequest,
  members: number,
  arbiter: boolean,
): boolean {
  const free = (cluster.nodes ?? [])
    .filter((node) => node.ready && node.schedulable && node.taints.length === 0)
    .map(({ allocatable, requested }) => [
      allocatable.cpuMillis - requested.cpuMillis,
      allocatable.memoryBytes - requested.memoryBytes,
      allocatable.pods - requested.pods,
    ]);
  const take = (node: number[], need: ScheduleRequest['perMember']): boolean => {
    const wants = [need.cpuMillis, need.memoryBytes, 1];
    const left = wants.map((want, index) => (node[index] ?? 0) - want);
    // Kubernetes does not look at what is not asked for, even on an overcommitted node.
    if (left.some((amount, index) => amount < 0 && (wants[index] ?? 0) > 0)) return false;
    node.splice(0, 3, ...left);
    return true;
  };
  const packs = (nodes: number[][]): boolean => {
    for (let member = 0; member < members; member += 1) {
      if (!nodes.some((node) => take(node, request.perMember))) return false;
    }
    return true;
  };
  const copy = (): number[][] => free.map((node) => [...node]);
  if (!arbiter) return packs(copy());
  return free.some((_, index) => {
    const nodes = copy();
    const host = nodes[index];
    return host !== undefined && take(host, request.arbiterResources) && packs(nodes);
  });
}

export function seatsOf(request: ScheduleRequest, clusters: readonly ClusterCapacity[]): OracleSeat[] {
  const runningIn = (name: string): number =>
    request.existing.filter(({ cluster, ordinal }) => cluster === name && ordinal !== 'arbiter').length;
  const excluded = (name: string): boolean =>
    request.excludedClusters.some(({ cluster }) => cluster === name);
  const names = new Set([
    ...clusters.map(({ name }) => name),
    ...request.existing.map(({ cluster }) => cluster),
  ]);
  const known = new Map(clusters.map((cluster) => [cluster.name, cluster]));
  const stays = (name: string): boolean => known.has(name) && !excluded(name);
  const total = [...names].reduce((sum, name) => sum + (stays(name) ? runningIn(name) : 0), 0);
  return [...names].sort().map((name) => {
    const cluster = known.get(name);
    const running = stays(name) ? runningIn(name) : 0;
    const open =
      stays(name) &&
      cluster?.ready === true &&
      cluster.vip !== undefined &&
      cluster.taints.length === 0 &&
      cluster.nodes !== undefined &&
      cluster.storageClasses.some(({ isDefault }) => isDefault);
    let free = 0;
    while (open && free < request.members && fits(cluster, request, free + 1, false)) free += 1;
    return {
      name,
      cluster,
      running,
      open,
      min: total > request.members ? 0 : running,
      max: total >= request.members ? running : running + free,
    };
  });
}

export interface Assignment {
  readonly counts: readonly number[];
  readonly arbiter: number | undefined;
}

/** Every assignment within the seats; an arbiter that runs stays. */
export function* listAssignments(
  request: ScheduleRequest,
  seats: readonly OracleSeat[],
): Generator<Assignment> {
  const home = seats.findIndex(
    ({ name, cluster }) =>
      cluster !== undefined &&
      !request.excludedClusters.some((excluded) => excluded.cluster === name) &&
      request.existing.some((member) => member.cluster === name && member.ordinal === 'arbiter'),
  );
  const beside = seats.map(({ cluster, open, running, max }) =>
    Array.from(
      { length: max + 1 },
      (_, count) =>
        open && cluster !== undefined && fits(cluster, request, Math.max(0, count - running), true),
    ),
  );
  for (const counts of listCounts(request.members, seats)) {
    if (!request.arbiter) yield { counts, arbiter: undefined };
    else if (home !== -1) yield { counts, arbiter: home };
    else {
      for (const index of seats.keys()) {
        if (beside[index]?.[counts[index] ?? 0] === true) yield { counts, arbiter: index };
      }
    }
  }
}

function* listCounts(members: number, seats: readonly OracleSeat[]): Generator<number[]> {
  const [first, ...rest] = seats;
  if (first === undefined) {
    if (members === 0) yield [];
    return;
  }
  for (let count = first.min; count <= Math.min(first.max, members); count += 1) {
    for (const others of listCounts(members - count, rest)) yield [count, ...others];
  }
}

const remembered = new Map<string, number>();

/** Most votes, odd and at most 7, with which any one cluster may be lost; 0 when no votes do (S5, S7, S8). */
export function mostSafeVotes({ counts, arbiter }: Assignment): number {
  // The names of the clusters do not matter, only who has how many.
  const shape = counts.map((count, index) => `${count}${index === arbiter ? '+A' : ''}`);
  const key = shape.sort().join();
  const known = remembered.get(key);
  if (known !== undefined) return known;
  let best = 0;
  const give = (index: number, votes: readonly number[]): void => {
    const count = counts[index];
    if (count === undefined) {
      const total = votes.reduce((sum, one) => sum + one, 0);
      const majority = Math.floor(total / 2) + 1;
      if (total % 2 === 1 && total <= 7 && votes.every((one) => total - one >= majority)) {
        best = Math.max(best, total);
      }
      return;
    }
    const pinned = index === arbiter ? 1 : 0;
    for (let data = 0; data <= Math.min(count, 7); data += 1) give(index + 1, [...votes, data + pinned]);
  };
  give(0, []);
  remembered.set(key, best);
  return best;
}
