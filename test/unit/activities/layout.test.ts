import type { ActivityContext } from '../../../src/activities/context';
import { createEntityActivities } from '../../../src/activities/entity';
import { createCredentialActivities } from '../../../src/activities/credentials';
import { findLayoutFault, readLayout, type Layout } from '../../../src/activities/layout';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { ANNOTATIONS, LABELS } from '../../../src/domain/marks';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube, type StubKube } from '../../support/stub-kube';

type Fields = Readonly<Record<string, unknown>>;

function instanceOn(
  shares: Readonly<Record<string, number>>,
  overrides: readonly Fields[] = [],
  more: Fields = {},
) {
  const entries = Object.entries(shares);
  return makeInstance(
    {
      replicaset: entries.reduce((sum, [, count]) => sum + count, 0),
      member: { overrides },
      ...more,
    },
    {
      annotations: {
        schedulerResult: JSON.stringify({
          ClusterWithReplicaset: entries.map(([cluster, replicaset]) => ({ cluster, replicaset })),
        }),
      },
    },
  );
}

interface World {
  readonly stub: StubKube;
  readonly context: ActivityContext;
}

/** Clusters with their metadata, and the Services of the first three ordinals. */
function worldOf(clusters: Readonly<Record<string, Fields>>): World {
  const stub = createStubKube();
  for (const [name, metadata] of Object.entries(clusters))
    stub.put(KINDS.cluster, name, { metadata, spec: {} });
  for (const ordinal of [0, 1, 2])
    stub.put(KINDS.service, `orders-mongodb-${ordinal}`, {
      spec: { ports: [{ nodePort: 31000 + ordinal }] },
    });
  const context = makeStubContext(stub.kube);
  return { stub, context };
}

async function layoutOf({ context }: World, cr: MultiCloudMongoDB): Promise<Layout> {
  const read = await readLayout(context, cr);
  if (!read.done) throw new Error(read.wait.message);
  return read.value;
}

const label = (vip: string): Fields => ({ labels: { vip } });
const annotation = (vip: string, more: Fields = {}): Fields => ({
  annotations: { 'middleware.fedstate.io/vip': vip },
  ...more,
});

describe('addresses', () => {
  it('come of the label, or of the annotation, which may be IPv6 and goes first', async () => {
    const world = worldOf({
      '10-29-14-21': label('10.29.14.21'),
      six: annotation('FD00::0:6'),
      bracketed: annotation('[fd00::7]'),
      both: annotation('fd00::8', label('10.0.0.8')),
      named: label('vip.example.com'),
      empty: annotation('', label('10.0.0.9')),
    });
    const shares = Object.fromEntries(
      ['10-29-14-21', 'six', 'bracketed', 'both', 'named', 'empty'].map((one) => [one, 1]),
    );
    const layout = await layoutOf(world, instanceOn(shares));
    expect(Object.fromEntries(layout.members.map(({ cluster, host }) => [cluster, host]))).toEqual({
      '10-29-14-21': '10.29.14.21:31000',
      six: '[fd00::6]:31000',
      bracketed: '[fd00::7]:31000',
      both: '[fd00::8]:31000',
      named: 'vip.example.com:31000',
      empty: '10.0.0.9:31000',
    });
  });

  it.each([
    [
      {},
      /^Cluster east has neither label "vip" nor annotation middleware\.fedstate\.io\/vip\. Set one: kubectl label cluster east vip=ADDRESS .*kubectl annotate cluster east/,
    ],
    [label(''), /neither label "vip" nor annotation/],
    [
      label('10.0.0.1.2'),
      /^Cluster east has the VIP "10\.0\.0\.1\.2", which is no IPv4 or IPv6 address nor a DNS name\. Correct it: kubectl label/,
    ],
    [annotation('10.0.0.1:6443', label('10.0.0.1')), /has the VIP "10\.0\.0\.1:6443", which is no/],
    [annotation('https://east'), /has the VIP "https:\/\/east"/],
  ])('that are missing or unreadable are waited for by cluster and remedy: %j', async (metadata, says) => {
    const { context } = worldOf({ east: metadata, west: label('10.0.0.2') });
    expect(await readLayout(context, instanceOn({ east: 2, west: 1 }))).toEqual({
      done: false,
      wait: { code: 'VipMissing', message: expect.stringMatching(says) as string },
    });
  });

  it('that change are carried out like a change of the spec; a lost label is not taken for one', async () => {
    const shares = { east: 1, west: 1, north: 1 };
    const vips = { east: label('10.0.0.1'), west: label('10.0.0.2'), north: label('10.0.0.3') };
    const see = async (clusters: Readonly<Record<string, Fields>>, settled?: string) => {
      const { stub, context } = worldOf(clusters);
      const { spec, metadata } = instanceOn(shares);
      const marks = { [ANNOTATIONS.created]: metadata.uid, [ANNOTATIONS.settled]: settled ?? '' };
      const members = Object.keys(shares).map((cluster, index) => ({
        cluster,
        ordinal: '0',
        host: `10.0.0.${index + 1}:31000`,
        role: 'SECONDARY',
        votes: 1,
        ready: true,
      }));
      const annotations = { ...metadata.annotations, ...marks };
      stub.put(KINDS.multiCloudMongoDB, 'orders', {
        ...makeInstance(spec, { annotations }, { members }),
      });
      const instance = { namespace: 'shop', name: 'orders', uid: metadata.uid };
      const seen = await createEntityActivities(context).readInstance({ instance });
      if (!seen.found) throw new Error('not found');
      return seen;
    };
    const { wish } = await see(vips);
    expect((await see(vips, wish)).change).toBeUndefined();
    expect((await see({ ...vips, east: label('10.0.0.9') }, wish)).change).toBeDefined();
    expect((await see({ ...vips, east: {} }, wish)).change).toBeUndefined();
  });

  it('of two clusters may not be the same one, in whatever spelling', async () => {
    const world = worldOf({ east: annotation('fd00::1'), west: annotation('FD00:0::1') });
    const cr = instanceOn({ east: 2, west: 1 });
    expect(findLayoutFault(cr, await layoutOf(world, cr))).toEqual({
      code: 'VipMissing',
      message: expect.stringMatching(
        /^Clusters east and west have the same VIP fd00::1.*give each its own\.$/,
      ) as string,
    });
  });
});

describe('members that overrides leave unable to serve', () => {
  const vips = { east: label('10.0.0.1'), west: label('10.0.0.2') };
  const everywhere = (fields: Fields): Fields[] =>
    ['east', 'west'].map((cluster) => ({ cluster, ...fields }));

  it.each([
    [
      'votes',
      everywhere({ votes: 0 }),
      /^spec\.member\.overrides: with this placement, .*\(S[57]\) Change or take out/,
    ],
    [
      'a priority',
      everywhere({ priority: 0 }),
      /No member may be elected: give one a vote and a priority above 0\. \(S5\)/,
    ],
    ['clients', everywhere({ hidden: true }), /No member may be elected/],
  ])('without %s are refused before anything is made', async (_, overrides, says) => {
    const world = worldOf(vips);
    const cr = instanceOn({ east: 2, west: 1 }, overrides);
    world.stub.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
    const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
    expect(await createCredentialActivities(world.context).prepareCredentials({ instance })).toEqual({
      done: false,
      wait: { code: 'SpecRefused', message: expect.stringMatching(says) as string },
    });
    expect(world.stub.writes).toEqual([]);
  });

  it('sound ones get their credentials', async () => {
    const world = worldOf(vips);
    const cr = instanceOn({ east: 2, west: 1 }, [{ cluster: 'east', priority: 0 }]);
    world.stub.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
    const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
    expect(await createCredentialActivities(world.context).prepareCredentials({ instance })).toMatchObject({
      done: true,
    });
    expect(world.stub.writes).toEqual(['create Secret orders-auth']);
  });
});

describe('the member to initiate', () => {
  const vips = { east: label('10.0.0.1'), west: label('10.0.0.2') };
  const seedOf = async (overrides: readonly Fields[], annotations?: Readonly<Record<string, string>>) => {
    const cr = instanceOn({ east: 2, west: 1 }, overrides);
    const marked = {
      ...cr,
      metadata: { ...cr.metadata, annotations: { ...cr.metadata.annotations, ...annotations } },
    };
    return (await layoutOf(worldOf(vips), marked)).seed;
  };

  it('is the first of the biggest share', async () =>
    expect(await seedOf([])).toEqual({ cluster: 'east', ordinal: 0 }));

  it('is one that may become primary: a server initiates no other', async () => {
    expect(await seedOf([{ cluster: 'east', ordinal: 0, priority: 0 }])).toEqual({
      cluster: 'east',
      ordinal: 1,
    });
    expect(await seedOf([{ cluster: 'east', hidden: true }])).toEqual({ cluster: 'west', ordinal: 0 });
  });

  it('stays the one that was recorded', async () =>
    expect(
      await seedOf([{ cluster: 'east', hidden: true }], {
        'middleware.fedstate.io/seed-member': '10-29-14-21/3',
      }),
    ).toEqual({ cluster: '10-29-14-21', ordinal: 3 }));
});

test('labels of Cluster objects are told by the layout', async () => {
  const { clusterLabels } = await layoutOf(worldOf({ east: label('10.0.0.1') }), instanceOn({ east: 1 }));
  expect([...clusterLabels]).toEqual([LABELS.clusterVip]);
});
