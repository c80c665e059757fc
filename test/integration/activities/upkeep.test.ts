import { z } from 'zod';
import { findInstance } from '../../../src/activities/context';
import { createRemovalActivities } from '../../../src/activities/removal';
import { createRestraint } from '../../../src/activities/restraint';
import { readLayout } from '../../../src/activities/layout';
import { keepObjects, readDeviations } from '../../../src/activities/upkeep';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import type { InstanceRef } from '../../../src/domain/instance';
import { ANNOTATIONS, LABELS } from '../../../src/domain/marks';
import { KINDS, metadataSchema, objectSchema, type Kind, type ObjectRef } from '../../../src/kube/object';
import { makeActivityWorld, type ActivityWorld } from '../../support/activity-world';
import { startFederation, type Federation } from '../../support/federation';
import { skipReason } from '../../support/programs';
import { until } from '../../support/until';

const reason = skipReason();
const suite = reason === undefined ? describe : describe.skip;
if (reason !== undefined) console.warn(`upkeep skipped: ${reason}`);

const NAMESPACE = 'shop';
// In the band that an API server gives out by itself last.
const FREE_PORT = 30_003;
const contentSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.record(z.string(), z.unknown()).optional(),
  data: z.record(z.string(), z.string()).optional(),
});

jest.setTimeout(120_000);

suite('what of an instance stands on Karmada', () => {
  let federation: Federation;
  let world: ActivityWorld;
  const restraint = () => createRestraint(Date.now);
  const refOf = (kind: Kind, name: string): ObjectRef => ({ kind, namespace: NAMESPACE, name });
  const read = (ref: ObjectRef) => federation.karmada.get(ref, contentSchema);

  beforeAll(async () => {
    federation = await startFederation(['east', 'west']);
    world = makeActivityWorld(federation, NAMESPACE);
    await world.prepare();
  });

  afterAll(() => federation.stop());

  async function load(instance: InstanceRef): Promise<MultiCloudMongoDB> {
    const cr = await findInstance(world.context, instance);
    if (cr === undefined) throw new Error(`${instance.name} is gone`);
    return cr;
  }

  /** Dispatched, and as its creation would leave it. */
  async function make(name: string, spec: Readonly<Record<string, unknown>> = {}): Promise<InstanceRef> {
    const instance = await world.create(
      name,
      [
        ['east', 2],
        ['west', 1],
      ],
      spec,
    );
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    await world.settle(instance);
    for (const kube of federation.members.values()) {
      await until(`${name} carried`, 20, async () => {
        const found = await kube.get(refOf(KINDS.secret, `${name}-auth`), objectSchema);
        const mongo = await kube.get(refOf(KINDS.mongoDB, name), objectSchema);
        return found !== undefined && mongo !== undefined ? { answer: true } : { reason: 'not there' };
      });
    }
    return instance;
  }

  async function destroy(ref: ObjectRef): Promise<void> {
    await federation.karmada.mergePatch(ref, { metadata: { labels: { [LABELS.deletionProtected]: null } } });
    await federation.karmada.delete(ref);
    await until(`${ref.name} gone`, 20, async () =>
      (await read(ref)) === undefined ? { answer: true } : { reason: 'still there' },
    );
  }

  const keep = (cr: MultiCloudMongoDB, how = restraint()) => keepObjects(world.context, cr, how);

  it('is left alone as long as nobody touches it', async () => {
    await federation.karmada.create(KINDS.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'mine', namespace: NAMESPACE },
      data: { 'mongod.yaml': 'operationProfiling:\n  slowOpThresholdMs: 1000\n' },
    });
    const instance = await make('calm', {
      config: { configRef: 'mine' },
      imageSetting: { image: 'mongo:4.2', imagePullSecret: { user: 'u', passwd: 'p' } },
      spreadConstraints: { nodeSelect: { deploy: 'mongo' }, topologySpreadConstraints: { zone: '1' } },
    });
    expect(await readDeviations(world.context, await load(instance))).toEqual([]);
    expect(await keep(await load(instance))).toEqual([]);
    expect(world.events).toEqual([]);
  });

  it('is put back when it was deleted, with the ports and passwords that the members have', async () => {
    const instance = await make('robbed');
    const refs = [
      refOf(KINDS.overridePolicy, 'robbed'),
      refOf(KINDS.propagationPolicy, 'robbed'),
      refOf(KINDS.propagationPolicy, 'robbed-mongodb-1-pp'),
      refOf(KINDS.service, 'robbed-mongodb-0'),
      refOf(KINDS.configMap, 'robbed-hostconf'),
      refOf(KINDS.secret, 'robbed-auth'),
      refOf(KINDS.mongoDB, 'robbed'),
    ];
    const before = await Promise.all(refs.map(read));
    for (const ref of refs) await destroy(ref);
    expect(await keep(await load(instance))).toEqual([]);
    const after = await Promise.all(refs.map(read));
    for (const [index, object] of after.entries()) {
      expect(object?.metadata.labels[LABELS.deletionProtected]).toBe('Always');
      expect(object?.data).toEqual(before[index]?.data);
      if (refs[index]?.kind === KINDS.service)
        expect(object?.spec?.['ports']).toEqual(before[index]?.spec?.['ports']);
      else expect(object?.spec).toEqual(before[index]?.spec);
    }
    expect(world.events.at(-1)).toContain('Restored: ');
    for (const { kind, name } of refs) expect(world.events.at(-1)).toContain(`${kind.kind} ${name} (gone)`);
    expect(await readDeviations(world.context, await load(instance))).toEqual([]);
  });

  it('keeps the NodePort that the replica set knows its members by, whoever edits it', async () => {
    const instance = await make('moved');
    const ref = refOf(KINDS.service, 'moved-mongodb-0');
    const before = (await read(ref))?.spec?.['ports'];
    await federation.karmada.jsonPatch(ref, [
      { op: 'replace', path: '/spec/ports/0/nodePort', value: FREE_PORT },
    ]);
    expect((await read(ref))?.spec?.['ports']).not.toEqual(before);
    const layout = await readLayout(world.context, await load(instance));
    const hosts = layout.done ? layout.value.members.map(({ host }) => host ?? '') : [];
    expect(hosts.filter((host) => host.endsWith(`:${FREE_PORT}`))).toEqual([]);
    expect(await keep(await load(instance))).toEqual([]);
    expect((await read(ref))?.spec?.['ports']).toEqual(before);
    expect(world.events.at(-1)).toContain('Service moved-mongodb-0 (changed)');
  });

  it('is put back when it was edited, without what only overrides may say', async () => {
    const instance = await make('edited');
    const template = refOf(KINDS.mongoDB, 'edited');
    const policy = refOf(KINDS.propagationPolicy, 'edited');
    const before = await read(template);
    await federation.karmada.mergePatch(template, {
      spec: { resources: { limits: { memory: '3Gi' } }, members: 7, retired: [0] },
    });
    await federation.karmada.mergePatch(policy, { spec: { preserveResourcesOnDeletion: false } });
    expect(await keep(await load(instance))).toEqual([]);
    expect((await read(template))?.spec).toEqual(before?.spec);
    expect((await read(policy))?.spec?.['preserveResourcesOnDeletion']).toBe(true);
  });

  it('is not put back while paused, nor while a change is under way, nor over a foreign object', async () => {
    const paused = await make('paused', { operations: { paused: true } });
    await destroy(refOf(KINDS.overridePolicy, 'paused'));
    expect(await keep(await load(paused))).toEqual([
      'OverridePolicy paused is gone on Karmada and was not put back: the instance is paused',
    ]);
    expect(await read(refOf(KINDS.overridePolicy, 'paused'))).toBeUndefined();

    const ahead = await make('ahead');
    await federation.karmada.mergePatch(refOf(KINDS.multiCloudMongoDB, 'ahead'), {
      spec: { storage: { storageSize: '5Gi' } },
    });
    expect(await readDeviations(world.context, await load(ahead))).toEqual([]);
    await destroy(refOf(KINDS.mongoDB, 'ahead'));
    // The change dispatches it again, as the spec is now.
    expect(await keep(await load(ahead))).toEqual([]);
    expect(await read(refOf(KINDS.mongoDB, 'ahead'))).toBeUndefined();

    const usurped = await make('usurped');
    const ref = refOf(KINDS.configMap, 'usurped-hostconf');
    await destroy(ref);
    await federation.karmada.create(KINDS.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: ref.name, namespace: NAMESPACE },
      data: { theirs: 'yes' },
    });
    expect((await keep(await load(usurped)))?.join()).toContain('another object has taken its place');
    expect((await read(ref))?.data).toEqual({ theirs: 'yes' });
  });

  it('is put back while a new release soaks, when nothing but time is waited for', async () => {
    const instance = await make('soaking');
    const record = refOf(KINDS.configMap, 'soaking-hostconf');
    const annotate = (annotations: Readonly<Record<string, string>>): Promise<unknown> =>
      federation.karmada.mergePatch(refOf(KINDS.multiCloudMongoDB, 'soaking'), { metadata: { annotations } });
    await annotate({ [ANNOTATIONS.settled]: 'another wish' });
    await destroy(record);
    expect(await keep(await load(instance))).toEqual([]);
    expect(await read(record)).toBeUndefined();
    await annotate({ [ANNOTATIONS.soaking]: '4.4/2026-11-25T12:00:00Z' });
    expect(await keep(await load(instance))).toEqual([]);
    expect(await read(record)).toBeDefined();
    // What another image comes to is to be seen from its own beginning.
    await federation.karmada.mergePatch(refOf(KINDS.multiCloudMongoDB, 'soaking'), {
      spec: { imageSetting: { image: 'mongo:4.4' } },
    });
    expect(await world.dispatch(instance)).toMatchObject({ done: true });
    expect((await load(instance)).metadata.annotations[ANNOTATIONS.soaking]).toBeUndefined();
  });

  it('is not fought over', async () => {
    const instance = await make('contested');
    const policy = refOf(KINDS.propagationPolicy, 'contested');
    const how = restraint();
    const outcomes: number[] = [];
    for (let round = 0; round < 5; round += 1) {
      await federation.karmada.mergePatch(policy, { spec: { preserveResourcesOnDeletion: false } });
      outcomes.push((await keep(await load(instance), how))?.length ?? -1);
    }
    expect(outcomes).toEqual([0, 0, 0, 1, 1]);
  });

  it('goes from the members at a removal, also where Karmada was made to let go of it', async () => {
    const instance = await make('released');
    await destroy(refOf(KINDS.propagationPolicy, 'released'));
    await destroy(refOf(KINDS.service, 'released-mongodb-0'));
    await federation.karmada.delete(refOf(KINDS.multiCloudMongoDB, 'released'));
    const removal = createRemovalActivities(world.context);
    for (const stage of [
      'liftPreservation',
      'deleteTemplates',
      'awaitRemoval',
      'deletePolicies',
      'releaseInstance',
    ] as const) {
      expect(await world.run((input) => removal[stage](input), instance)).toMatchObject({ done: true });
    }
    const own = { namespace: NAMESPACE, labelSelector: `${LABELS.instanceUid}=${instance.uid}` };
    for (const kube of federation.members.values()) {
      for (const kind of [KINDS.mongoDB, KINDS.service, KINDS.configMap, KINDS.secret])
        expect((await kube.list(kind, own, objectSchema)).items).toEqual([]);
    }
  });
});
