import { z } from 'zod';
import { findInstance } from '../../../src/activities/context';
import { readLayout } from '../../../src/activities/layout';
import { overrideRules } from '../../../src/activities/override-rules';
import { readDeviations } from '../../../src/activities/upkeep';
import { mongoDBSchema } from '../../../src/api/mongodb';
import type { InstanceRef } from '../../../src/domain/instance';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { makeActivityWorld, type ActivityWorld } from '../../support/activity-world';
import { startFederation, type Federation } from '../../support/federation';
import { skipReason } from '../../support/programs';
import { until } from '../../support/until';

const reason = skipReason();
const suite = reason === undefined ? describe : describe.skip;
if (reason !== undefined) console.warn(`fence skipped: ${reason}`);

const NAMESPACE = 'shop';
const MARK = { at: '2026-11-26T10:01:00Z', since: '2026-11-26T10:00:00Z', views: 'both' };
const policySchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    placement: z.looseObject({ clusterAffinity: z.looseObject({ clusterNames: z.array(z.string()) }) }),
    suspension: z
      .looseObject({ dispatchingOnClusters: z.looseObject({ clusterNames: z.array(z.string()) }).optional() })
      .optional(),
  }),
});

jest.setTimeout(180_000);

suite('a cluster that is taken to be lost', () => {
  let federation: Federation;
  let world: ActivityWorld;
  let instance: InstanceRef;

  beforeAll(async () => {
    federation = await startFederation(['east', 'north', 'west']);
    world = makeActivityWorld(federation, NAMESPACE);
    await world.prepare();
    instance = await world.create('orders', [
      ['east', 1],
      ['north', 1],
      ['west', 1],
    ]);
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    await world.settle(instance);
  });

  afterAll(() => federation.stop());

  const ref = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'orders' };
  const orders = (cluster: string) => federation.members.get(cluster)?.get(ref, mongoDBSchema);
  const membersIn = async (cluster: string): Promise<number | undefined> =>
    (await orders(cluster))?.spec.members;
  const annotate = (annotations: Record<string, string | null>): Promise<unknown> =>
    federation.karmada.mergePatch(
      { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: 'orders' },
      { metadata: { annotations } },
    );
  const place = (...shares: [string, number][]): string =>
    JSON.stringify({
      ClusterWithReplicaset: shares.map(([cluster, replicaset]) => ({ cluster, replicaset })),
    });
  const fencesOf = async (): Promise<string[]> => {
    const { items } = await federation.karmada.list(
      KINDS.propagationPolicy,
      { namespace: NAMESPACE },
      policySchema,
    );
    return items
      .filter(({ spec }) => spec.placement.clusterAffinity.clusterNames.includes('east'))
      .map(({ spec }) => spec.suspension?.dispatchingOnClusters?.clusterNames.join() ?? 'open');
  };

  it('gets nothing more, holds nobody up, and keeps its rule; the others go on', async () => {
    const before = await until('east has it', 30, async () => {
      const there = await orders('east');
      return there === undefined ? { reason: 'not yet' } : { answer: there };
    });
    await annotate({
      [ANNOTATIONS.lost]: JSON.stringify({ east: MARK }),
      [ANNOTATIONS.schedulerResult]: place(['north', 2], ['west', 1]),
    });
    await federation.karmada.mergePatch(
      { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: 'orders' },
      { spec: { resource: { limits: { cpu: '2', memory: '2Gi' } } } },
    );
    world.unreachable.add('east');
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    expect(new Set(await fencesOf())).toEqual(new Set(['east']));
    await until('north has two', 30, async () =>
      (await membersIn('north')) === 2 ? { answer: true } : { reason: 'not yet' },
    );
    // New resources came to north with the count: they would be in east by now, were it not for the fence.
    expect((await orders('east'))?.spec).toEqual(before.spec);
    const cr = await findInstance(world.context, instance);
    if (cr === undefined) throw new Error('gone');
    const layout = await readLayout(world.context, cr);
    if (!layout.done) throw new Error(layout.wait.message);
    expect(layout.value.leaving).toMatchObject([{ cluster: 'east', ordinal: 0, retired: false }]);
    expect(overrideRules(layout.value).find(({ cluster }) => cluster === 'east')).toMatchObject({
      members: 1,
      retired: [],
    });
    await world.settle(instance);
    const settled = await findInstance(world.context, instance);
    expect(settled === undefined ? undefined : await readDeviations(world.context, settled)).toEqual([]);
  });

  it('is open again once it is back', async () => {
    world.unreachable.delete('east');
    await annotate({
      [ANNOTATIONS.lost]: JSON.stringify({ east: { ...MARK, returned: '2026-11-26T11:00:00Z' } }),
    });
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    expect(new Set(await fencesOf())).toEqual(new Set(['open']));
    await until('east has what the others have', 30, async () => {
      const [east, north] = [await orders('east'), await orders('north')];
      return JSON.stringify(east?.spec.resources) === JSON.stringify(north?.spec.resources)
        ? { answer: true }
        : { reason: JSON.stringify(east?.spec.resources) };
    });
  });
});
