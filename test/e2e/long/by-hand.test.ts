import { z } from 'zod';
import { FedStateError } from '../../../src/domain/errors';
import { ANNOTATIONS } from '../../../src/domain/marks';
import { KINDS, metadataSchema, type Kind, type ObjectRef } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import {
  awaitGone,
  awaitHealth,
  createInstance,
  ensureNamespace,
  instanceRef,
  listEvents,
  listHolders,
  listInMembers,
  readInstance,
  removeInstance,
  withDatabase,
} from '../../support/instances';
import { until } from '../../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'by-hand';
const DOOMED = 'by-hand-doomed';
const PROTECTION = 'resourcetemplate.karmada.io/deletion-protected';
const anySchema = z.looseObject({ metadata: metadataSchema });
const contentSchema = anySchema.extend({
  spec: z.record(z.string(), z.unknown()).optional(),
  data: z.record(z.string(), z.string()).optional(),
});
const portSchema = anySchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number().optional() })).default([]) }),
});
const { stringify } = JSON;

/** Objects that are deleted in one go, in two instances: what steers the members, and what they are made of. */
const LOST: Readonly<Record<string, readonly (readonly [Kind, string])[]>> = {
  steered: [
    [KINDS.overridePolicy, 'steered'],
    [KINDS.propagationPolicy, 'steered-hostconf-pp'],
    [KINDS.configMap, 'steered-hostconf'],
    [KINDS.secret, 'steered-auth'],
  ],
  made: [
    [KINDS.mongoDB, 'made'],
    [KINDS.propagationPolicy, 'made'],
    [KINDS.service, 'made-mongodb-0'],
  ],
};

suite('by hand on Karmada', () => {
  let environment: Environment;
  const names = Object.keys(LOST);
  const refOf = (kind: Kind, name: string): ObjectRef => ({ kind, namespace: NAMESPACE, name });
  const unprotect = (ref: ObjectRef) =>
    environment.karmada.mergePatch(ref, { metadata: { labels: { [PROTECTION]: null } } });

  beforeAll(async () => {
    environment = readEnvironment();
    const { karmada } = environment;
    await ensureNamespace(karmada, NAMESPACE);
    await ensureNamespace(karmada, DOOMED);
    await createInstance(karmada, NAMESPACE, 'steered');
    await createInstance(karmada, NAMESPACE, 'made', { replicaset: 1 });
    await createInstance(karmada, DOOMED, 'lone', { replicaset: 1, storage: { storageSize: '256Mi' } });
    await Promise.all([
      ...names.map((name) => awaitHealth(karmada, NAMESPACE, name)),
      awaitHealth(karmada, DOOMED, 'lone'),
    ]);
  }, 600_000);

  afterAll(async () => {
    await Promise.all(names.map((name) => removeInstance(environment.karmada, NAMESPACE, name)));
    for (const kube of environment.members.values())
      await kube.delete({ kind: KINDS.namespace, name: DOOMED });
    closeEnvironment(environment);
  }, 240_000);

  it('what an instance stands on cannot be deleted by mistake', async () => {
    const { karmada } = environment;
    const before = await listHolders(environment, NAMESPACE, 'steered');
    const refs = [
      { kind: KINDS.namespace, name: NAMESPACE },
      refOf(KINDS.mongoDB, 'steered'),
      refOf(KINDS.overridePolicy, 'steered'),
      refOf(KINDS.propagationPolicy, 'steered'),
      refOf(KINDS.service, 'steered-mongodb-0'),
      refOf(KINDS.secret, 'steered-auth'),
    ];
    for (const ref of refs) {
      const refusal = await karmada.delete(ref).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(FedStateError);
      expect(String(refusal)).toContain('This resource is protected');
    }
    expect(await listHolders(environment, NAMESPACE, 'steered')).toEqual(before);
  }, 60_000);

  it('deleted in spite of it: nothing that holds data stops or shrinks, and all is put back', async () => {
    const { karmada } = environment;
    await Promise.all(names.map((name) => destroyAndWatch(name)));
    for (const name of names) {
      await withDatabase(karmada, NAMESPACE, name, (database) =>
        database.collection('orders').insertOne({}, { writeConcern: { w: 'majority' } }),
      );
    }
  }, 400_000);

  async function destroyAndWatch(name: string): Promise<void> {
    const { karmada } = environment;
    const refs = (LOST[name] ?? []).map(([kind, object]) => refOf(kind, object));
    const before = await Promise.all(refs.map((ref) => karmada.get(ref, contentSchema)));
    const holders = await listHolders(environment, NAMESPACE, name);
    for (const ref of refs) {
      await unprotect(ref);
      await karmada.delete(ref);
    }
    await until(`${name} put back`, 90, async () => {
      expect(await listHolders(environment, NAMESPACE, name)).toEqual(holders);
      const gone: string[] = [];
      for (const [index, ref] of refs.entries()) {
        const now = await karmada.get(ref, contentSchema);
        const same =
          now !== undefined &&
          now.metadata.uid !== before[index]?.metadata.uid &&
          now.metadata.labels[PROTECTION] === 'Always';
        if (!same) gone.push(`${ref.kind.kind} ${ref.name}`);
      }
      return gone.length === 0 ? { answer: true } : { reason: gone.join(', ') };
    });
    const after = await Promise.all(refs.map((ref) => karmada.get(ref, contentSchema)));
    for (const [index, object] of after.entries()) {
      expect(object?.data).toEqual(before[index]?.data);
      expect(portsOf(object)).toEqual(portsOf(before[index]));
      if (refs[index]?.kind !== KINDS.service) expect(object?.spec).toEqual(before[index]?.spec);
    }
    await awaitHealth(karmada, NAMESPACE, name);
    const restored = (await listEvents(karmada, NAMESPACE, name)).filter((event) =>
      event.startsWith('Restored: '),
    );
    // Its protection goes first, and that may be all that was seen of it.
    for (const ref of refs)
      expect(restored.join(' ')).toMatch(new RegExp(`${ref.kind.kind} ${ref.name} \\((gone|changed)\\)`));
    expect(await listHolders(environment, NAMESPACE, name)).toEqual(holders);
  }

  it('edited: put back once, and then left in peace', async () => {
    const { karmada } = environment;
    const [name = ''] = names;
    const holders = await listHolders(environment, NAMESPACE, name);
    const template = refOf(KINDS.mongoDB, name);
    const policy = refOf(KINDS.propagationPolicy, name);
    const before = (await karmada.get(template, contentSchema))?.spec;
    // A count in the template would be every cluster's, where the override is lost too.
    await karmada.mergePatch(template, {
      spec: { resources: { limits: { memory: '600Mi' } }, members: 1 },
    });
    await karmada.mergePatch(policy, { spec: { preserveResourcesOnDeletion: false } });
    await until('put back', 90, async () => {
      const now = (await karmada.get(template, contentSchema))?.spec;
      const preserve = (await karmada.get(policy, contentSchema))?.spec?.['preserveResourcesOnDeletion'];
      return stringify(now) === stringify(before) && preserve === true
        ? { answer: true }
        : { reason: stringify([now?.['resources'], now?.['members'], preserve]) };
    });
    await awaitHealth(karmada, NAMESPACE, name);
    const versions = async () =>
      Promise.all(
        // Generations: a status follows its members for a while.
        [template, policy, refOf(KINDS.overridePolicy, name)].map(
          async (ref) => (await karmada.get(ref, anySchema))?.metadata.generation,
        ),
      );
    const settled = await versions();
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    expect(await versions()).toEqual(settled);
    expect(await listHolders(environment, NAMESPACE, name)).toEqual(holders);
  }, 400_000);

  it('a NodePort that is edited parts every member from the set: it is put back, and they meet again', async () => {
    const { karmada } = environment;
    const [name = ''] = names;
    const service = refOf(KINDS.service, `${name}-mongodb-0`);
    const read = async () => (await karmada.get(service, contentSchema))?.spec?.['ports'];
    const hosts = async () =>
      (await readInstance(karmada, NAMESPACE, name))?.status?.members?.map(({ host }) => host);
    const [ports, known] = [await read(), await hosts()];
    await karmada.jsonPatch(service, [
      { op: 'replace', path: '/spec/ports/0/nodePort', value: await findFreePort() },
    ]);
    expect(await read()).not.toEqual(ports);
    await until('the port put back', 120, async () => {
      const now = await read();
      return stringify(now) === stringify(ports) ? { answer: true } : { reason: stringify(now) };
    });
    await awaitHealth(karmada, NAMESPACE, name);
    expect(await hosts()).toEqual(known);
  }, 400_000);

  /** In no cluster that answers to the suite. */
  async function findFreePort(): Promise<number> {
    const kubes = [environment.karmada, ...environment.members.values()];
    const pages = await Promise.all(kubes.map((kube) => kube.list(KINDS.service, {}, portSchema)));
    const taken = new Set(
      pages.flatMap(({ items }) => items.flatMap(({ spec }) => spec.ports.map(({ nodePort }) => nodePort))),
    );
    let port = 30_000;
    while (taken.has(port)) port += 1;
    return port;
  }

  it('a policy that was deleted while paused: the removal reaches the members past it', async () => {
    const { karmada } = environment;
    const policy = refOf(KINDS.propagationPolicy, 'let-go');
    await createInstance(karmada, NAMESPACE, 'let-go', { replicaset: 1 });
    await awaitHealth(karmada, NAMESPACE, 'let-go');
    await karmada.mergePatch(instanceRef(NAMESPACE, 'let-go'), {
      metadata: { annotations: { [ANNOTATIONS.paused]: 'true' } },
    });
    await unprotect(policy);
    await karmada.delete(policy);
    await removeInstance(karmada, NAMESPACE, 'let-go');
    const left = await listInMembers(
      environment,
      [KINDS.mongoDB, KINDS.statefulSet, KINDS.pod, KINDS.service, KINDS.secret, KINDS.configMap],
      NAMESPACE,
      'let-go',
    );
    expect(Object.values(left).flatMap((objects) => Object.keys(objects))).toEqual([]);
  }, 300_000);

  it('the namespace, deleted in spite of it: an orderly removal, and the volumes stay in the members', async () => {
    const { karmada } = environment;
    const ref = { kind: KINDS.namespace, name: DOOMED };
    await withDatabase(karmada, DOOMED, 'lone', (database) => database.collection('orders').insertOne({}));
    const kept = await listInMembers(environment, [KINDS.persistentVolumeClaim], DOOMED, 'lone');
    expect(Object.values(kept).flatMap((claims) => Object.keys(claims))).not.toEqual([]);
    await unprotect(ref);
    await karmada.delete(ref);
    await awaitGone(karmada, DOOMED, 'lone', 120);
    await until('the namespace is gone from Karmada', 60, async () => {
      const namespace = await karmada.get(ref, anySchema);
      return namespace === undefined ? { answer: true } : { reason: stringify(namespace) };
    });
    // Karmada takes a namespace out of the members as soon as it is gone.
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await listInMembers(environment, [KINDS.persistentVolumeClaim], DOOMED, 'lone')).toEqual(kept);
  }, 240_000);
});

function portsOf(object: z.infer<typeof contentSchema> | undefined): unknown {
  return object?.spec?.['ports'];
}
