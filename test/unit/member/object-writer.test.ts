import type { z } from 'zod';
import type { Kube } from '../../../src/kube/client';
import { KINDS, objectSchema, type KubeObject, type Manifest, type Metadata } from '../../../src/kube/object';
import { buildDisruptionBudget } from '../../../src/member/build/disruption-budget';
import { buildStatefulSet } from '../../../src/member/build/stateful-set';
import { buildMemberService } from '../../../src/member/build/service';
import { createObjectWriter } from '../../../src/member/object-writer';
import { sampleInstance } from './sample-instance';

const instance = sampleInstance();
const budget = buildDisruptionBudget(instance);
const service = buildMemberService(instance, 0);
const statefulSet = buildStatefulSet(instance, 0, {
  image: 'mongo:4.2',
  imagePullPolicy: 'IfNotPresent',
  pullSecret: undefined,
  credentialsSecret: 'x',
  mongodConfig: 'x',
  fedstateImage: 'x',
  exporter: undefined,
}).manifest;

/** An API server of one object, which counts what it is asked. */
function oneObjectKube(generations: boolean) {
  const calls = { get: 0, apply: 0 };
  let object: KubeObject | undefined;
  let owner: Partial<Metadata> | undefined = instance.metadata;
  let version = 0;
  const put = (manifest: Manifest, over: object = {}): KubeObject => {
    version += 1;
    object = objectSchema.parse({
      ...manifest,
      metadata: {
        ...manifest.metadata,
        uid: 'u1',
        resourceVersion: String(version),
        ...(generations ? { generation: version } : {}),
        ...over,
      },
    });
    return object;
  };
  const kube = {
    get: <T>(_ref: unknown, schema: z.ZodType<T>) => {
      calls.get += 1;
      return Promise.resolve(object === undefined ? undefined : schema.parse(object));
    },
    list: <T>(_kind: unknown, _options: unknown, schema: z.ZodType<T>) =>
      Promise.resolve({
        items: owner === undefined ? [] : [schema.parse({ metadata: owner })],
        resourceVersion: '1',
      }),
    apply: (_kind: unknown, manifest: Manifest) => {
      calls.apply += 1;
      return Promise.resolve(put(manifest));
    },
  } satisfies Partial<Kube>;
  return {
    kube: kube as unknown as Kube,
    calls,
    put,
    remove: () => {
      object = undefined;
    },
    setOwner: (metadata: Partial<Metadata> | undefined) => {
      owner = metadata;
    },
    metadata: (): Metadata | undefined => object?.metadata,
  };
}

test('a watched object is written once; then an idle pass asks nothing', async () => {
  const server = oneObjectKube(true);
  const writer = createObjectWriter(server.kube, () => server.metadata());
  expect(await writer.ensure(instance, KINDS.statefulSet, statefulSet)).toBe('written');
  for (let pass = 0; pass < 3; pass += 1)
    expect(await writer.ensure(instance, KINDS.statefulSet, statefulSet)).toBe('kept');
  expect(server.calls).toEqual({ get: 1, apply: 1 });
});

test('a status update of a watched object is no reason to write, a changed spec is', async () => {
  const server = oneObjectKube(true);
  let seen: Metadata | undefined;
  const writer = createObjectWriter(server.kube, () => seen);
  await writer.ensure(instance, KINDS.statefulSet, statefulSet);
  seen = { ...(server.metadata() as Metadata), resourceVersion: '99' };
  expect(await writer.ensure(instance, KINDS.statefulSet, statefulSet)).toBe('kept');
  seen = { ...seen, generation: 99 };
  expect(await writer.ensure(instance, KINDS.statefulSet, statefulSet)).toBe('written');
});

test('without generations any other version is written over', async () => {
  const server = oneObjectKube(false);
  const writer = createObjectWriter(server.kube, () => server.metadata());
  await writer.ensure(instance, KINDS.service, service);
  expect(await writer.ensure(instance, KINDS.service, service)).toBe('kept');
  server.put(service);
  expect(await writer.ensure(instance, KINDS.service, service)).toBe('written');
});

test('a kind that is not watched is looked at again after ten minutes, and then not before ten more', async () => {
  const server = oneObjectKube(true);
  let now = 0;
  const writer = createObjectWriter(
    server.kube,
    () => 'unwatched',
    () => now,
  );
  await writer.ensure(instance, KINDS.podDisruptionBudget, budget);
  now = 599_000;
  await writer.ensure(instance, KINDS.podDisruptionBudget, budget);
  expect(server.calls).toEqual({ get: 1, apply: 1 });
  now = 601_000;
  expect(await writer.ensure(instance, KINDS.podDisruptionBudget, budget)).toBe('kept');
  expect(server.calls.get).toBe(2);
  now = 602_000;
  await writer.ensure(instance, KINDS.podDisruptionBudget, budget);
  expect(server.calls).toEqual({ get: 2, apply: 1 });
});

test('a watched object that is gone is made again at once', async () => {
  const server = oneObjectKube(true);
  const writer = createObjectWriter(server.kube, () => server.metadata());
  await writer.ensure(instance, KINDS.service, service);
  server.remove();
  expect(await writer.ensure(instance, KINDS.service, service)).toBe('written');
});

test('an object of somebody else is never written, nor one that is going', async () => {
  const server = oneObjectKube(true);
  const writer = createObjectWriter(server.kube, () => undefined);
  server.put(budget, { ownerReferences: [] });
  expect(await writer.ensure(instance, KINDS.podDisruptionBudget, budget)).toBe('foreign');
  server.put(budget, { labels: {} });
  expect(await writer.ensure(instance, KINDS.podDisruptionBudget, budget)).toBe('foreign');
  server.put(budget, { deletionTimestamp: '2026-01-01T00:00:00Z' });
  expect(await writer.ensure(instance, KINDS.podDisruptionBudget, budget)).toBe('leaving');
  expect(server.calls.apply).toBe(0);
});

test('nothing is made for an instance that is gone, is going, or was made again meanwhile', async () => {
  for (const owner of [
    undefined,
    { ...instance.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    { ...instance.metadata, uid: 'another' },
  ]) {
    const server = oneObjectKube(true);
    server.setOwner(owner);
    const writer = createObjectWriter(server.kube, () => undefined);
    expect(await writer.ensure(instance, KINDS.statefulSet, statefulSet)).toBe('leaving');
    expect(server.calls.apply).toBe(0);
  }
});
