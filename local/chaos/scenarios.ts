import { isReady, listClusters } from '../../src/karmada/cluster';
import { KINDS } from '../../src/kube/object';
import { HUB, type Fault } from '../faults/fault';
import { listLabelled } from './inventory';
import { majorityLost } from './majority-lost';
import { shuffle } from './random';
import type { Ordeal, Scenario } from './scenario';

/** More than an election: the timeout of 10 s, and the votes. p95 is held to 15 s by the page, one alone to this. */
const ELECTION_SECONDS = 30;
/** What a driver takes to notice that a connection is of no use. */
const NONE_SECONDS = 5;
/** `spec.failover.delaySeconds` where nothing is said. */
const DEFAULT_DELAY_SECONDS = 60;
/** From the end of the delay, or from Karmada's own verdict if that is later, to the first replacement. */
const START_SECONDS = 30;
const FAILOVER_SECONDS = 420;
/** Longer than Karmada and the delay need to make a loss of it. */
const HOLD_SECONDS = 75;
const SERVICE_SECONDS = 60;

/** All that FedState, Temporal and Karmada are, as far as a stack has it. */
const CONTROL_PLANE = [
  ...['worker', 'controller', 'temporal', 'karmada'],
  ...['karmada-controllers', 'karmada-apiserver', 'karmada-etcd'],
];
const HUB_SERVICES = ['worker', 'controller', 'temporal', 'karmada'];

/** Every scenario, for a stack of these sites. */
export function listScenarios(sites: readonly string[]): readonly Scenario[] {
  return [
    {
      name: 'primary-cluster-lost',
      says: 'the cluster of the primary cut off, and given back after the failover',
      expected: 'election; failover; failback',
      failovers: [1, 1],
      outageSeconds: ELECTION_SECONDS,
      delaySeconds: DEFAULT_DELAY_SECONDS,
      live: async (ordeal) => loseAndReturn(ordeal, (await ordeal.primary()).cluster),
    },
    apiDown,
    twoLost,
    ...partitions,
    primaryKilled,
    controlLost,
    ...sites.map((site): Scenario => ({
      name: `cluster-lost-${site}`,
      says: `cluster ${site} cut off, and given back after the failover`,
      expected: 'failover; failback',
      failovers: [1, 1],
      outageSeconds: ELECTION_SECONDS,
      live: (ordeal) => loseAndReturn(ordeal, site),
    })),
    ...services,
    twoFaults,
    staleReturn,
    flapping,
    hubBlind,
    volumeEmptied,
    majorityLost,
  ];
}

const primaryKilled: Scenario = {
  name: 'primary-killed',
  says: 'kill -9 of the primary’s mongod',
  expected: 'election; its kubelet starts it again; no failover',
  failovers: [0, 0],
  outageSeconds: ELECTION_SECONDS,
  live: async (ordeal) => {
    await ordeal.strike({ verb: 'kill', member: await ordeal.primary() });
    await ordeal.wait(15);
  },
};

const volumeEmptied: Scenario = {
  name: 'volume-emptied',
  says: 'a secondary’s volume emptied, and its mongod killed',
  expected: 'it copies everything anew; no failover',
  failovers: [0, 0],
  outageSeconds: ELECTION_SECONDS,
  live: async (ordeal) => {
    const primary = await ordeal.primary();
    const [cluster = ''] = othersOf(ordeal, primary.cluster);
    await ordeal.strike({ verb: 'empty', member: { ...primary, cluster, ordinal: 0 } });
    await ordeal.wait(15);
  },
};

const apiDown: Scenario = {
  name: 'api-down',
  says: 'the API server of the primary’s cluster stopped, its mongods up',
  expected: 'nothing is done (S20)',
  failovers: [0, 0],
  outageSeconds: NONE_SECONDS,
  live: async (ordeal) => {
    const { cluster } = await ordeal.primary();
    await ordeal.strike({ verb: 'stop', process: `${cluster}-apiserver` });
    await ordeal.wait(ordeal.durations.apiDownSeconds);
    await ordeal.heal();
  },
};

const twoLost: Scenario = {
  name: 'two-lost',
  says: 'two of three clusters cut off at once',
  expected: 'no majority: nothing is done; all go on when they are back (S4)',
  failovers: [0, 0],
  live: async (ordeal) => {
    const [one = '', other = ''] = shuffle(ordeal.kit.known.sites, ordeal.random);
    await ordeal.strike({ verb: 'cut', site: one }, { verb: 'cut', site: other });
    await ordeal.wait(HOLD_SECONDS);
    const { status } = await ordeal.read();
    const lost = status?.conditions?.find(({ type }) => type === 'ClusterLost');
    ordeal.note(`meanwhile ${status?.state ?? 'no state'}: ${lost?.message ?? 'nothing said of clusters'}`);
    if (status?.operation !== undefined) ordeal.object(`meanwhile in hand: ${status.operation.kind}`);
    await ordeal.heal();
  },
};

const hubBlind: Scenario = {
  name: 'hub-blind',
  says: 'two of three clusters cut off from the control plane, not from each other',
  expected: 'their mongods are seen by others: nothing is done',
  failovers: [0, 0],
  live: async (ordeal) => {
    const [one = '', other = ''] = shuffle(ordeal.kit.known.sites, ordeal.random);
    await ordeal.strike({ verb: 'part', one, other: HUB }, { verb: 'part', one: other, other: HUB });
    await ordeal.wait(HOLD_SECONDS);
    await ordeal.heal();
  },
};

const partitions: readonly Scenario[] = [
  {
    name: 'partition-pair',
    says: 'no packet between the primary’s cluster and one other',
    expected: 'the third sees both: nothing is done',
    failovers: [0, 0],
    outageSeconds: ELECTION_SECONDS,
    live: (ordeal) =>
      holdLink(ordeal, (site, others) => [{ verb: 'part', one: site, other: others[0] ?? '' }]),
  },
  {
    name: 'partition-primary',
    says: 'no packet between the primary’s cluster and all others; the control plane reaches it',
    expected: 'election; it answers: nothing is done',
    failovers: [0, 0],
    outageSeconds: ELECTION_SECONDS,
    live: (ordeal) =>
      holdLink(ordeal, (site, others) => others.map((other) => ({ verb: 'part', one: site, other }))),
  },
  {
    name: 'partition-one-way',
    says: 'one other cluster does not hear the primary’s, which hears it',
    expected: 'the third sees both: nothing is done',
    failovers: [0, 0],
    outageSeconds: ELECTION_SECONDS,
    live: (ordeal) => holdLink(ordeal, (site, others) => [{ verb: 'mute', from: site, to: others[0] ?? '' }]),
  },
];

const services: readonly Scenario[] = [
  { name: 'karmada-down', says: 'Karmada', of: ['karmada', 'karmada-controllers', 'karmada-apiserver'] },
  { name: 'temporal-down', says: 'Temporal', of: ['temporal'] },
  { name: 'worker-down', says: 'the worker', of: ['worker'] },
].map(({ name, says, of }): Scenario => ({
  name,
  says: `${says} down for ${SERVICE_SECONDS} s`,
  expected: 'nothing is touched, and all goes on',
  failovers: [0, 0],
  outageSeconds: NONE_SECONDS,
  untouched: true,
  live: (ordeal) => standStill(ordeal, of, SERVICE_SECONDS),
}));

const controlLost: Scenario = {
  name: 'control-lost',
  says: 'FedState’s worker and controller, Temporal and all of Karmada stopped',
  expected: 'members, clients and data are untouched; everything catches up (S29)',
  failovers: [0, 0],
  outageSeconds: NONE_SECONDS,
  untouched: true,
  live: (ordeal) => standStill(ordeal, CONTROL_PLANE, ordeal.durations.controlLostSeconds),
};

const twoFaults: Scenario = {
  name: 'two-faults',
  says: 'the primary’s cluster cut off while a service of the control plane is down',
  expected: 'election; failover when the service is back; failback',
  failovers: [1, 1],
  outageSeconds: ELECTION_SECONDS,
  live: async (ordeal) => {
    const { cluster } = await ordeal.primary();
    const [process = 'worker'] = shuffle(HUB_SERVICES, ordeal.random);
    const down = { verb: 'stop', process } as const;
    await ordeal.strike({ verb: 'cut', site: cluster }, down);
    await ordeal.wait(SERVICE_SECONDS);
    await ordeal.heal(down);
    await failedOver(ordeal);
    await ordeal.heal();
  },
};

const staleReturn: Scenario = {
  name: 'stale-return',
  says: 'the primary’s cluster returns after the failover with its mongods first, its API server a minute later',
  expected: 'what returns neither votes nor leads; failback',
  failovers: [1, 1],
  outageSeconds: ELECTION_SECONDS,
  live: async (ordeal) => {
    const { cluster } = await ordeal.primary();
    const cut = { verb: 'cut', site: cluster } as const;
    await ordeal.strike(cut, { verb: 'stop', process: `${cluster}-apiserver` });
    await failedOver(ordeal);
    await ordeal.heal(cut);
    await ordeal.wait(60);
    await ordeal.heal();
  },
};

const FLAPS = 4;

const flapping: Scenario = {
  name: 'flapping',
  says: `the primary’s cluster cut off until it is failed over, back at once, and ${FLAPS} times more for seconds`,
  expected: 'one failover at most; failback when it is calm',
  failovers: [0, 1],
  outageSeconds: ELECTION_SECONDS,
  live: async (ordeal) => {
    const { cluster } = await ordeal.primary();
    const cut = { verb: 'cut', site: cluster } as const;
    await ordeal.strike(cut);
    await ordeal.until('a failover to begin', FAILOVER_SECONDS, async () =>
      (await ordeal.read()).status?.operation?.kind === 'failoverInstance' ? undefined : 'not yet',
    );
    for (let flap = 0; flap < FLAPS; flap += 1) {
      await ordeal.heal(cut);
      await ordeal.wait(10 + ordeal.random() * 15);
      await ordeal.strike(cut);
      await ordeal.wait(15 + ordeal.random() * 25);
    }
    await ordeal.heal();
  },
};

async function loseAndReturn(ordeal: Ordeal, cluster: string): Promise<void> {
  await ordeal.strike({ verb: 'cut', site: cluster });
  await awaitReplacement(ordeal, cluster);
  await failedOver(ordeal);
  await ordeal.heal();
}

/** The first StatefulSet more in a cluster that is left. */
async function awaitReplacement(ordeal: Ordeal, lost: string): Promise<void> {
  const left = [...ordeal.stack.members].filter(([name]) => name !== lost);
  let seen: number | undefined;
  await ordeal.until('a replacement to be started', FAILOVER_SECONDS, async () => {
    const clusters = seen === undefined ? await listClusters(ordeal.stack.karmada) : [];
    if (clusters.some((cluster) => cluster.metadata.name === lost && !isReady(cluster)))
      seen = Math.round(ordeal.elapsed());
    const sets = await Promise.all(
      left.map(([, kube]) => listLabelled(kube, KINDS.statefulSet, ordeal.subject)),
    );
    return sets.flat().length > left.length ? undefined : 'no StatefulSet more';
  });
  const seconds = Math.round(ordeal.elapsed());
  ordeal.note(`Karmada’s verdict after ${seen ?? 0} s, first replacement after ${seconds} s`);
  const most = Math.max(ordeal.delaySeconds, seen ?? 0) + START_SECONDS;
  if (seconds > most) ordeal.object(`the first replacement was started after ${seconds} s, not ${most} s`);
}

async function failedOver(ordeal: Ordeal): Promise<void> {
  await ordeal.until('the failover to end', FAILOVER_SECONDS, async () => {
    const { status } = await ordeal.read();
    const record = status?.operations?.[0];
    if (record?.kind === 'failoverInstance' && status?.operation === undefined) return undefined;
    return `${status?.operation?.step ?? 'nothing in hand'}: ${status?.operation?.waitingFor ?? record?.kind ?? ''}`;
  });
  ordeal.note(`failover ended after ${Math.round(ordeal.elapsed())} s`);
}

async function holdLink(
  ordeal: Ordeal,
  faultsOf: (site: string, others: readonly string[]) => readonly Fault[],
): Promise<void> {
  const { cluster } = await ordeal.primary();
  await ordeal.strike(...faultsOf(cluster, othersOf(ordeal, cluster)));
  await ordeal.wait(HOLD_SECONDS);
  await ordeal.heal();
}

async function standStill(ordeal: Ordeal, processes: readonly string[], seconds: number): Promise<void> {
  const there = processes.filter((process) => ordeal.kit.known.processes.includes(process));
  await ordeal.strike(...there.map((process): Fault => ({ verb: 'stop', process })));
  await ordeal.wait(seconds);
  await ordeal.heal();
}

const othersOf = ({ kit, random }: Ordeal, site: string): readonly string[] =>
  shuffle(
    kit.known.sites.filter((one) => one !== site),
    random,
  );
