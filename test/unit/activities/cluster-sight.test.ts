import { gatherEvidence, noteSightings, startProbes } from '../../../src/activities/cluster-sight';
import type { Layout } from '../../../src/activities/layout';
import { readSightings } from '../../../src/activities/loss-marks';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { FedStateError } from '../../../src/domain/errors';
import { ANNOTATIONS } from '../../../src/domain/marks';
import type { Kube } from '../../../src/kube/client';
import { KINDS } from '../../../src/kube/object';
import type { Transport } from '../../../src/kube/transport';
import { createModel, member, observe } from '../planner/server-model';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube } from '../../support/stub-kube';

const CLUSTERS = ['east', 'north', 'west'] as const;
const hostOf = (cluster: string): string => `${cluster}:1`;

interface Site {
  /** What its API server answers; absent: it answers well. */
  readonly error?: FedStateError | undefined;
  readonly ready?: boolean;
}

function worldOf(sites: Readonly<Record<string, Site>>, down: readonly string[]) {
  const karmada = createStubKube();
  const asked: string[] = [];
  let now = Date.parse('2026-11-26T10:00:00Z');
  for (const cluster of CLUSTERS) {
    const status = sites[cluster]?.ready === false ? 'False' : 'True';
    const conditions = [{ type: 'Ready', status, lastTransitionTime: '2026-11-26T09:59:00Z' }];
    karmada.put(KINDS.cluster, cluster, { spec: {}, status: { conditions } });
  }
  const context = makeStubContext(karmada.kube, {
    members: {
      kubeOf: (cluster) => {
        const request: Transport['request'] = ({ path }) => {
          asked.push(`${cluster}${path}`);
          const error = sites[cluster]?.error;
          return error === undefined ? Promise.resolve('ok') : Promise.reject(error);
        };
        const transport: Transport = {
          request,
          open: () => Promise.reject(new Error('not imitated')),
          server: cluster,
          close: () => undefined,
        };
        return Promise.resolve(kubeWith(transport));
      },
    },
    systemNamespace: 'shop',
    now: () => new Date(now),
  });
  const members = CLUSTERS.map((cluster, id) => member(id, hostOf(cluster), { tags: { cluster } }));
  const model = createModel(members, down.map(hostOf), () => 0);
  const observation = observe(model, CLUSTERS.map(hostOf));
  return {
    context,
    asked,
    observation,
    writes: karmada.writes,
    pass: (seconds: number) => {
      now += seconds * 1000;
    },
    gather: (cr: MultiCloudMongoDB) => gatherEvidence(context, cr, LAYOUT, observation),
  };
}

/** With a transport, which the stand-in refuses to have. */
function kubeWith(transport: Transport): Kube {
  const { kube } = createStubKube();
  Object.defineProperty(kube, 'transport', { value: transport });
  return kube;
}

const LAYOUT: Layout = {
  shares: [],
  members: CLUSTERS.map((cluster) => ({ cluster, ordinal: 0, votes: 1, host: hostOf(cluster) })),
  leaving: [],
  dispatched: [],
  seed: { cluster: 'east', ordinal: 0 },
  survivesAnyCluster: true,
  fenced: [],
  strayed: [],
  clusterLabels: new Set(),
};
const CUT: Site = { error: new FedStateError('Unreachable', 'no answer within 5000 ms'), ready: false };

test('API servers are asked only when members are missed: at rest nobody is bothered, and nothing is written', async () => {
  const world = worldOf({}, []);
  const cr = makeInstance({ replicaset: 3 });
  const evidence = await world.gather(cr);
  await noteSightings(world.context, cr, evidence);
  expect([evidence.looks, world.asked, world.writes]).toEqual([{}, [], []]);
});

test.each([
  ['no answer', CUT, true],
  ['a refusal, which is an answer', { error: new FedStateError('Unauthorized', '403') }, false],
  ['an answer', {}, false],
] as const)(
  'a cluster whose mongods are dead looks dead by its API server: %s',
  async (_what, site, looksDead) => {
    const world = worldOf({ east: site }, ['east']);
    const { looks } = await world.gather(makeInstance({ replicaset: 3 }));
    expect(Object.keys(looks)).toEqual(looksDead ? ['east'] : []);
    expect(world.asked).toEqual(['east/readyz', 'north/readyz', 'west/readyz']);
  },
);

test('a cluster that was doubted before is asked while the members are, and only once', async () => {
  const world = worldOf({ east: CUT }, ['east']);
  const probes = startProbes(world.context, ['east']);
  await Promise.resolve();
  expect(world.asked).toEqual(['east/readyz']);
  const { looks } = await gatherEvidence(
    world.context,
    makeInstance({ replicaset: 3 }),
    LAYOUT,
    world.observation,
    probes,
  );
  expect([Object.keys(looks), world.asked]).toEqual([
    ['east'],
    ['east/readyz', 'north/readyz', 'west/readyz'],
  ]);
});

test('a streak is written when it begins, every quarter of a minute while it grows, and when it ends', async () => {
  const world = worldOf({ east: CUT }, ['east']);
  let cr = makeInstance({ replicaset: 3 });
  const written: number[] = [];
  const evidence = await world.gather(cr);
  for (let second = 0; second <= 120; second += 5) {
    const before = world.writes.length;
    const sightings = await noteSightings(world.context, cr, evidence);
    if (world.writes.length > before) {
      written.push(second);
      cr = makeInstance(
        { replicaset: 3 },
        { annotations: { [ANNOTATIONS.sightings]: JSON.stringify(sightings) } },
      );
    }
    world.pass(5);
  }
  expect(written).toEqual([0, 15, 30, 45, 60, 75]);
  expect(readSightings(cr)['east']?.since).toBe('2026-11-26T10:00:00.000Z');
  const ended = await noteSightings(world.context, cr, { looks: {}, silent: [], unseen: [] });
  expect([ended, world.writes.length]).toEqual([{}, 7]);
});
