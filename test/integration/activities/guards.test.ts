import { z } from 'zod';
import { findInstance } from '../../../src/activities/context';
import { readLayout } from '../../../src/activities/layout';
import { createRemovalActivities } from '../../../src/activities/removal';
import type { InstanceRef } from '../../../src/domain/instance';
import { ANNOTATIONS, LABELS } from '../../../src/domain/marks';
import { KINDS, metadataSchema, objectSchema, type Kind, type ObjectRef } from '../../../src/kube/object';
import { makeActivityWorld, type ActivityWorld } from '../../support/activity-world';
import { startFederation, type Federation } from '../../support/federation';
import { skipReason } from '../../support/programs';
import { until } from '../../support/until';

const reason = skipReason();
const suite = reason === undefined ? describe : describe.skip;
if (reason !== undefined) console.warn(`guards skipped: ${reason}`);

const NAMESPACE = 'shop';
const anySchema = z.looseObject({ metadata: metadataSchema });
const serviceSchema = anySchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number() })) }),
});

jest.setTimeout(120_000);

suite('what guards members', () => {
  let federation: Federation;
  let world: ActivityWorld;
  const refOf = (kind: Kind, name: string): ObjectRef => ({ kind, namespace: NAMESPACE, name });
  const namespace = { kind: KINDS.namespace, name: NAMESPACE };

  beforeAll(async () => {
    federation = await startFederation(['east', 'north', 'west']);
    world = makeActivityWorld(federation, NAMESPACE);
    await world.prepare();
  });

  afterAll(() => federation.stop());

  async function remove(instance: InstanceRef): Promise<void> {
    await federation.karmada.delete(refOf(KINDS.multiCloudMongoDB, instance.name));
    const removal = createRemovalActivities(world.context);
    for (const stage of [
      'liftPreservation',
      'deleteTemplates',
      'awaitRemoval',
      'deletePolicies',
      'releaseInstance',
    ] as const)
      expect(await world.run((input) => removal[stage](input), instance)).toMatchObject({ done: true });
  }

  const marksOf = async (kube: Federation['karmada']): Promise<Record<string, string>> =>
    (await kube.get(namespace, anySchema))?.metadata.labels ?? {};

  it('a NodePort that is taken in one member is replaced in all, until the set knows its member by it', async () => {
    const east = federation.members.get('east');
    const instance = await world.create('crowded', [
      ['east', 1],
      ['west', 1],
    ]);
    const squatter = serviceSchema.parse(
      await east?.create(KINDS.service, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'squatter', namespace: 'default' },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }),
    );
    const taken = squatter.spec.ports[0]?.nodePort;
    const service = refOf(KINDS.service, 'crowded-mongodb-0');
    const take = async (name: string, uid: string): Promise<void> => {
      await federation.karmada.create(KINDS.service, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: NAMESPACE, labels: { [LABELS.instanceUid]: uid } },
        spec: {
          type: 'NodePort',
          ports: [{ name: 'mongo', port: 27017, targetPort: 27017, protocol: 'TCP', nodePort: taken }],
        },
      });
    };
    await take(service.name, instance.uid);
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    const ports = await Promise.all(
      [federation.karmada, east, federation.members.get('west')].map(
        async (kube) => (await kube?.get(service, serviceSchema))?.spec.ports[0]?.nodePort,
      ),
    );
    expect(new Set(ports).size).toBe(1);
    expect(ports[0]).not.toBe(taken);
    expect(ports[0]).toBeDefined();
    expect(world.events).toEqual([
      `NodePortReplaced: NodePort ${taken ?? ''} of Service crowded-mongodb-0 is taken in east: ${ports[0] ?? ''} is used in its place.`,
    ]);
    const record = await federation.karmada.get(
      refOf(KINDS.configMap, 'crowded-hostconf'),
      anySchema.extend({ data: z.record(z.string(), z.string()) }),
    );
    expect(record?.data['datas']).toContain(`:${ports[0] ?? ''}'`);

    const known = await world.create('known', [['east', 1]]);
    await federation.karmada.mergePatch(refOf(KINDS.multiCloudMongoDB, 'known'), {
      metadata: { annotations: { [ANNOTATIONS.seedMember]: 'east/0' } },
    });
    await federation.karmada.mergePatch(service, {
      metadata: { labels: { [LABELS.deletionProtected]: null } },
    });
    await take('known-mongodb-0', known.uid);
    expect(await world.dispatch(known)).toMatchObject({
      done: false,
      wait: { code: 'Dispatching', message: expect.stringContaining('free the port there') as string },
    });
    await remove(known);

    const grown = await world.create('grown', [['east', 1]]);
    expect(await world.dispatch(grown)).toMatchObject({ done: true });
    await world.settle(grown);
    const portOf = async (name: string): Promise<number | undefined> =>
      (await east?.get(refOf(KINDS.service, name), serviceSchema))?.spec.ports[0]?.nodePort;
    const first = await portOf('grown-mongodb-0');
    await take('grown-mongodb-1', grown.uid);
    await federation.karmada.mergePatch(refOf(KINDS.multiCloudMongoDB, 'grown'), {
      metadata: {
        annotations: {
          schedulerResult: JSON.stringify({ ClusterWithReplicaset: [{ cluster: 'east', replicaset: 2 }] }),
        },
      },
      spec: { replicaset: 2 },
    });
    world.events.length = 0;
    // As if the worker had died in the middle: the attempt after must not take the port for one that a member has.
    world.unreachable.add('east');
    await expect(world.dispatch(grown)).rejects.toThrow('east is cut off');
    world.unreachable.clear();
    expect(await world.dispatch(grown)).toMatchObject({ done: true });
    const second = await portOf('grown-mongodb-1');
    expect(world.events).toEqual([
      `NodePortReplaced: NodePort ${taken ?? ''} of Service grown-mongodb-1 is taken in east: ${second ?? ''} is used in its place.`,
    ]);
    expect(await portOf('grown-mongodb-0')).toBe(first);
    const marks = (await findInstance(world.context, grown))?.metadata.annotations ?? {};
    expect(JSON.parse(marks[ANNOTATIONS.nodePorts] ?? '')).toEqual({ '0': first, '1': second });
    await east?.delete({ kind: KINDS.service, namespace: 'default', name: 'squatter' });
    await remove(grown);
    await remove(instance);
  });

  it('the namespace is protected on Karmada as long as instances live there, and is the members own', async () => {
    const first = await world.create('first', [['east', 1]]);
    const second = await world.create('second', [['west', 1]]);
    for (const instance of [first, second])
      expect(await world.dispatch(instance)).toMatchObject({ done: true });
    await expect(federation.karmada.delete(namespace)).rejects.toThrow('This resource is protected');
    for (const cluster of ['east', 'west']) {
      const kube = federation.members.get(cluster);
      if (kube !== undefined) expect(await marksOf(kube)).not.toHaveProperty([LABELS.karmadaManaged]);
    }
    await remove(first);
    expect(await marksOf(federation.karmada)).toMatchObject({ [LABELS.deletionProtected]: 'Always' });
    await remove(second);
    expect(await marksOf(federation.karmada)).not.toHaveProperty([LABELS.deletionProtected]);
  });

  it('an unregistered cluster keeps everything, and the layout with its address says so', async () => {
    const instance = await world.create('split', [
      ['east', 1],
      ['north', 1],
    ]);
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    const north = federation.members.get('north');
    await until('carried', 20, async () =>
      (await north?.get(refOf(KINDS.mongoDB, 'split'), objectSchema)) === undefined
        ? { reason: 'not there' }
        : { answer: true },
    );
    const before = await north?.get(refOf(KINDS.mongoDB, 'split'), objectSchema);
    const service = await federation.karmada.get(refOf(KINDS.service, 'split-mongodb-0'), serviceSchema);
    const host = `10.0.0.2:${service?.spec.ports[0]?.nodePort ?? 0}`;
    const cr = refOf(KINDS.multiCloudMongoDB, 'split');
    await world.settle(instance);
    const member = { cluster: 'north', ordinal: '0', host, role: 'SECONDARY' };
    await federation.karmada.mergePatch(cr, { status: { members: [member] } }, 'status');
    const cluster = { kind: KINDS.cluster, name: 'north' };
    await federation.karmada.delete(cluster);
    await until('unregistered', 60, async () =>
      (await federation.karmada.get(cluster, objectSchema)) === undefined
        ? { answer: true }
        : { reason: 'still there' },
    );
    // Longer than a namespace takes to be emptied.
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    const after = await north?.get(refOf(KINDS.mongoDB, 'split'), objectSchema);
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(after?.metadata.deletionTimestamp).toBeUndefined();

    const now = await findInstance(world.context, instance);
    if (now === undefined) throw new Error('split is gone');
    const layout = await readLayout(world.context, now);
    if (!layout.done) throw new Error(layout.wait.message);
    expect(layout.value.members.map((one) => one.host)).toContain(host);
    expect(layout.value.strayed.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^cluster north is not registered with Karmada: .* label vip=10\.0\.0\.2$/),
    ]);
    // Neither west, which holds nothing, nor what is gone is named; who answers nothing is.
    world.events.length = 0;
    world.unreachable.add('east').add('west');
    await remove(instance);
    expect(world.events).toEqual([
      'RemovalIncomplete: Not reachable, removed when back: east. Not registered with Karmada, so that members run on there with their data: north.',
    ]);
    expect((await north?.get(refOf(KINDS.mongoDB, 'split'), objectSchema))?.metadata.uid).toBe(
      before?.metadata.uid,
    );
    world.unreachable.clear();
  });
});
