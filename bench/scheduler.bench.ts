// npm run bench -- scheduler
import type { ClusterCapacity } from '../src/domain/capacity';
import { mongodbProfile } from '../src/scheduler/mongodb-profile';
import { scheduleMembers, type ScheduleRequest } from '../src/scheduler/schedule';

const CLUSTERS = 50;
const NODES = 100;
const ROUNDS = 50;

const clusters: ClusterCapacity[] = Array.from({ length: CLUSTERS }, (_, index) => ({
  name: `cluster-${String(index).padStart(2, '0')}`,
  ready: true,
  vip: `10.0.0.${index}`,
  region: `region-${index % 10}`,
  provider: `provider-${index % 3}`,
  zones: [`zone-${index % 20}`],
  labels: { tier: index % 2 === 0 ? 'gold' : 'silver' },
  taints: [],
  storageClasses: [{ name: 'local', isDefault: true }],
  instancesPlaced: [],
  nodes: Array.from({ length: NODES }, (__, node) => ({
    name: `node-${node}`,
    labels: { deploy: 'mongo', 'kubernetes.io/hostname': `node-${node}` },
    taints: node % 10 === 0 ? [{ key: 'team', value: 'web', effect: 'NoSchedule' }] : [],
    schedulable: true,
    ready: true,
    allocatable: { cpuMillis: 16_000, memoryBytes: 64 * 2 ** 30, pods: 110 },
    requested: { cpuMillis: (index * 97 + node * 31) % 16_000, memoryBytes: 8 * 2 ** 30, pods: 20 },
  })),
}));

const plain: ScheduleRequest = {
  instance: { namespace: 'bench', name: 'bench' },
  members: 50,
  arbiter: false,
  perMember: { cpuMillis: 4000, memoryBytes: 8 * 2 ** 30 },
  arbiterResources: { cpuMillis: 100, memoryBytes: 2 ** 28 },
  mode: 'Uniform',
  nodeSelector: { deploy: 'mongo' },
  tolerations: [],
  spreadConstraints: [],
  topologySpreadConstraints: {},
  existing: [],
  reservations: [],
  excludedClusters: [],
};

const cases: Readonly<Record<string, ScheduleRequest>> = {
  Uniform: plain,
  Weighting: { ...plain, mode: 'Weighting' },
  'with arbiter': { ...plain, arbiter: true },
  'with 200 reservations': {
    ...plain,
    reservations: Array.from({ length: 200 }, (_, index) => ({
      cluster: `cluster-${String(index % CLUSTERS).padStart(2, '0')}`,
      cpuMillis: 2000,
      memoryBytes: 2 ** 30,
    })),
  },
  'maxGroups: 3 of 10 regions': {
    ...plain,
    spreadConstraints: [{ spreadByField: 'region', minGroups: 2, maxGroups: 3 }],
  },
};

/** The floor: every node read once, room summed, nothing decided. */
function readOnce(): number {
  let room = 0;
  for (const cluster of clusters) {
    for (const { allocatable, requested } of cluster.nodes ?? []) {
      const byCpu = Math.floor((allocatable.cpuMillis - requested.cpuMillis) / 4000);
      const byMemory = Math.floor((allocatable.memoryBytes - requested.memoryBytes) / (8 * 2 ** 30));
      room += Math.max(0, Math.min(byCpu, byMemory, allocatable.pods - requested.pods));
    }
  }
  return room;
}

function measure(run: () => unknown): { readonly median: number; readonly best: number } {
  for (let round = 0; round < 10; round += 1) run();
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.hrtime.bigint();
    run();
    return Number(process.hrtime.bigint() - start) / 1e6;
  });
  times.sort((a, b) => a - b);
  return { median: times[Math.floor(ROUNDS / 2)] ?? NaN, best: times[0] ?? NaN };
}

const floor = measure(readOnce);
console.log(`50 members, ${CLUSTERS} clusters of ${NODES} nodes; ${ROUNDS} rounds, node ${process.version}`);
console.log(`floor, each node read once: median ${floor.median.toFixed(3)} ms`);
for (const [name, request] of Object.entries(cases)) {
  const verdict = scheduleMembers(request, clusters, mongodbProfile);
  const { median, best } = measure(() => scheduleMembers(request, clusters, mongodbProfile));
  const ratio = (median / floor.median).toFixed(0);
  console.log(
    `${name}: median ${median.toFixed(1)} ms, best ${best.toFixed(1)} ms, ${ratio} × floor (${verdict.outcome})`,
  );
}
