import { loadInstance } from '../../../src/activities/context';
import { findCutOffVolume } from '../../../src/activities/cut-off-volume';
import { createFailoverActivities } from '../../../src/activities/failover';
import { askedHosts, readLayout, suspendedClusters } from '../../../src/activities/layout';
import { readLossMarks } from '../../../src/activities/loss-marks';
import { seeRecovery } from '../../../src/activities/recovery-sight';
import { liftShutOff, noteForced, shutOff } from '../../../src/activities/shut-off';
import { mongoDBSchema } from '../../../src/api/mongodb';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import type { InstanceRef } from '../../../src/domain/instance';
import { LABELS } from '../../../src/domain/marks';
import { claimName, podName } from '../../../src/domain/names';
import { KINDS } from '../../../src/kube/object';
import { makeActivityWorld, type ActivityWorld } from '../../support/activity-world';
import { startFederation, type Federation } from '../../support/federation';
import { skipReason } from '../../support/programs';
import { until } from '../../support/until';

const reason = skipReason();
const suite = reason === undefined ? describe : describe.skip;
if (reason !== undefined) console.warn(`shut off skipped: ${reason}`);

const NAMESPACE = 'shop';
const AS_MADE = [1, [], 'Delete'];
jest.setTimeout(180_000);

suite('clusters that a recovery of the majority cuts off', () => {
  let federation: Federation;
  let world: ActivityWorld;
  let instance: InstanceRef;

  beforeAll(async () => {
    federation = await startFederation(['east', 'north', 'west']);
    world = makeActivityWorld(federation, NAMESPACE);
    await world.prepare();
    // Nobody listens there: connections are refused at once.
    for (const [index, name] of ['east', 'north', 'west'].entries())
      await federation.karmada.mergePatch(
        { kind: KINDS.cluster, name },
        { metadata: { labels: { vip: `127.9.0.${index + 1}` } } },
      );
    instance = await world.create('orders', [
      ['east', 1],
      ['north', 1],
      ['west', 1],
    ]);
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    await world.settle(instance);
    // We do not reach them; Karmada does, as it would a cluster that comes back.
    world.unreachable.add('north').add('west');
  });

  afterAll(() => federation.stop());

  const load = (): Promise<MultiCloudMongoDB> => loadInstance(world.context, instance);
  const act = <T>(activity: (cr: MultiCloudMongoDB) => Promise<T>): Promise<T> =>
    world.run(async () => activity(await load()), instance);
  const order = () =>
    act((cr) =>
      shutOff(world.context, cr, {
        clusters: ['north', 'west'],
        since: '2026-11-26T10:00:00Z',
        views: 'both',
        by: 'ann',
      }),
    );
  const outline = async (cluster: string): Promise<unknown[]> => {
    const ref = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'orders' };
    const spec = (await federation.members.get(cluster)?.get(ref, mongoDBSchema))?.spec;
    return [spec?.members, spec?.retired ?? [], spec?.persistence.whenScaled];
  };
  const becomes = (cluster: string, wanted: readonly unknown[]): Promise<boolean> =>
    until(`${cluster} is told`, 30, async () => {
      const told = JSON.stringify(await outline(cluster));
      return told === JSON.stringify(wanted) ? { answer: true } : { reason: told };
    });

  it('are told to go by Karmada, keep their volumes, and are asked nothing; the survivor is left alone', async () => {
    await Promise.all(['east', 'north', 'west'].map((cluster) => becomes(cluster, AS_MADE)));
    expect(await order()).toMatchObject({ done: true });
    await Promise.all(['north', 'west'].map((cluster) => becomes(cluster, [0, [0], 'Retain'])));
    expect(await outline('east')).toEqual(AS_MADE);
    const cr = await load();
    const layout = await readLayout(world.context, cr);
    if (!layout.done) throw new Error(layout.wait.message);
    expect(suspendedClusters(layout.value)).toEqual([]);
    const east = layout.value.members.find(({ cluster }) => cluster === 'east')?.host;
    expect(askedHosts(cr, layout.value)).toEqual([east]);
    // Whatever is sent afterwards, and however often it is ordered.
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    expect(await order()).toMatchObject({ done: true });
    expect(await outline('north')).toEqual([0, [0], 'Retain']);
  });

  it('are given back as they were when nothing was forced', async () => {
    expect(await act((cr) => liftShutOff(world.context, cr))).toEqual(['north', 'west']);
    await Promise.all(['north', 'west'].map((cluster) => becomes(cluster, AS_MADE)));
    expect(readLossMarks(await load())).toEqual({});
    expect(await act((cr) => liftShutOff(world.context, cr))).toEqual([]);
  });

  it('are given back by a failback as well, which has nothing to clean up then', async () => {
    expect(await order()).toMatchObject({ done: true });
    await becomes('north', [0, [0], 'Retain']);
    const { liftFence } = createFailoverActivities(world.context);
    expect(await world.run((input) => liftFence({ ...input, cluster: 'north' }), instance)).toBe(false);
    await Promise.all(['north', 'west'].map((cluster) => becomes(cluster, AS_MADE)));
    expect(readLossMarks(await load())).toEqual({});
  });

  it('stay cut off once it was forced, and get no member on the volumes of then', async () => {
    expect(await order()).toMatchObject({ done: true });
    await act((cr) => noteForced(world.context, cr));
    expect(await act((cr) => liftShutOff(world.context, cr))).toEqual([]);
    world.unreachable.delete('north');
    const cr = await load();
    const { shut } = readLossMarks(cr)['north'] ?? {};
    expect(shut).toMatchObject({ ordinals: [0], forced: expect.any(String) as string });
    const find = () => findCutOffVolume(world.context, cr, 'north', shut);
    expect(await find()).toBeUndefined();
    const name = claimName('orders', instance.uid, 0);
    const north = federation.members.get('north');
    await north?.create(KINDS.persistentVolumeClaim, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: NAMESPACE },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    });
    expect(await find()).toContain(`delete pvc ${name}`);
  });

  it('are seen alive by a pod that their own cluster calls ready, also when no member answers', async () => {
    const look = async () => {
      const seen = await act((cr) => seeRecovery(world.context, cr));
      if (!seen.done) throw new Error(seen.wait.message);
      const { signs, platform, clusterOf } = seen.value;
      const north = [...clusterOf].find(([, cluster]) => cluster === 'north')?.[0] ?? '';
      const answering = platform.filter(({ api }) => api === true).map(({ cluster }) => cluster);
      return { sign: signs.get(north), answering: answering.sort() };
    };
    expect(await look()).toEqual({ sign: undefined, answering: ['east', 'north'] });
    const ref = { kind: KINDS.pod, namespace: NAMESPACE, name: podName('orders', 0) };
    const north = federation.members.get('north');
    await north?.create(KINDS.pod, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: ref.name, namespace: NAMESPACE, labels: { [LABELS.instance]: 'orders' } },
      spec: { containers: [{ name: 'mongod', image: 'mongo:4.2' }] },
    });
    expect(await look()).toMatchObject({ sign: undefined });
    await north?.mergePatch(ref, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }, 'status');
    expect(await look()).toMatchObject({ sign: 'cluster north calls its pod ready' });
  });
});
