import { MockActivityEnvironment } from '@temporalio/testing';
import pino from 'pino';
import { z } from 'zod';
import type { ActivityContext } from '../../../src/activities/context';
import { createCredentialActivities } from '../../../src/activities/credentials';
import { createDispatchActivities } from '../../../src/activities/dispatch';
import { createRemovalActivities } from '../../../src/activities/removal';
import { mongoDBSchema } from '../../../src/api/mongodb';
import { multiCloudMongoDBSchema } from '../../../src/api/multicloudmongodb';
import { FedStateError } from '../../../src/domain/errors';
import type { ImageReplacement } from '../../../src/domain/image';
import type { InstanceRef } from '../../../src/domain/instance';
import { FINALIZERS } from '../../../src/domain/marks';
import { KINDS, objectSchema } from '../../../src/kube/object';
import type { Kube } from '../../../src/kube/client';
import { signInAs } from '../../support/account';
import { skipReason } from '../../support/programs';
import { startFederation, type Federation } from '../../support/federation';
import { until } from '../../support/until';

const reason = skipReason();
const suite = reason === undefined ? describe : describe.skip;
if (reason !== undefined) console.warn(`dispatch skipped: ${reason}`);

const NAMESPACE = 'shop';
const serviceSchema = objectSchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number() })) }),
});

jest.setTimeout(120_000);

suite('dispatch through Karmada', () => {
  let federation: Federation;
  let context: ActivityContext;
  let replacements: readonly ImageReplacement[] = [];
  // The activities come as the worker's account, with the rights of deploy/rbac.
  const own = new Map<string, Kube>();

  beforeAll(async () => {
    federation = await startFederation(['east', 'west']);
    for (const [name, { kubeconfigPath }] of federation.servers) {
      const plane = name === 'karmada' ? 'karmada' : 'member';
      own.set(name, await signInAs('fedstate-worker', plane, kubeconfigPath));
    }
    const karmada = own.get('karmada');
    if (karmada === undefined) throw new Error('no Karmada');
    context = {
      karmada,
      members: {
        kubeOf: (cluster) => {
          const kube = own.get(cluster);
          return kube === undefined
            ? Promise.reject(new FedStateError('NotFound', `no cluster ${cluster}`))
            : Promise.resolve(kube);
        },
      },
      get temporal(): never {
        throw new Error('dispatch asks nothing of Temporal');
      },
      events: { record: () => Promise.resolve() },
      logger: pino({ level: 'silent' }),
      get imageReplacements() {
        return replacements;
      },
      systemNamespace: 'fedstate-system',
      now: () => new Date(),
    };
    await federation.karmada.create(KINDS.namespace, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: NAMESPACE },
    });
  });

  afterAll(async () => {
    for (const kube of own.values()) kube.transport.close();
    await federation.stop();
  });

  async function createInstance(
    name: string,
    shares: readonly [string, number][],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<InstanceRef> {
    const result = {
      ClusterWithReplicaset: shares.map(([cluster, replicaset]) => ({ cluster, replicaset })),
    };
    const made = await federation.karmada.create(KINDS.multiCloudMongoDB, {
      apiVersion: 'middleware.fedstate.io/v1alpha1',
      kind: 'MultiCloudMongoDB',
      metadata: {
        name,
        namespace: NAMESPACE,
        annotations: { schedulerResult: JSON.stringify(result) },
        finalizers: [FINALIZERS.multiCloud],
      },
      spec: {
        replicaset: shares.reduce((sum, [, count]) => sum + count, 0),
        imageSetting: { image: 'mongo:4.2' },
        auth: { rootPasswd: 'p@ss:w/rd?' },
        ...more,
      },
    });
    return { namespace: NAMESPACE, name, uid: made.metadata.uid };
  }

  const run = <T>(
    activity: (input: { instance: InstanceRef }) => Promise<T>,
    instance: InstanceRef,
  ): Promise<T> => new MockActivityEnvironment().run(activity, { instance });

  async function dispatch(instance: InstanceRef) {
    await run((input) => createCredentialActivities(context).prepareCredentials(input), instance);
    return run((input) => createDispatchActivities(context).dispatchInstance(input), instance);
  }

  it('brings to each cluster its own count, one NodePort for both, and no password in a MongoDB', async () => {
    const instance = await createInstance('orders', [
      ['east', 2],
      ['west', 1],
    ]);
    expect(await dispatch(instance)).toMatchObject({ done: true });
    for (const [cluster, count, vip] of [
      ['east', 2, '10.0.0.1'],
      ['west', 1, '10.0.0.2'],
    ] as const) {
      const kube = federation.members.get(cluster);
      const mongo = await until(`MongoDB in ${cluster}`, 20, async () => {
        const found = await kube?.get(
          { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'orders' },
          mongoDBSchema,
        );
        return found === undefined ? { reason: 'not there' } : { answer: found };
      });
      expect(mongo.spec).toMatchObject({ members: count, control: 'Federated', instanceUID: instance.uid });
      expect(mongo.spec.rsInit).toBe(cluster === 'east' ? true : undefined);
      expect(mongo.metadata.labels['app.multicloudmongodb.io/vip']).toBe(vip);
      expect(JSON.stringify(mongo)).not.toContain('p@ss');
    }
    const ports: number[] = [];
    for (const kube of [federation.karmada, ...federation.members.values()]) {
      const service = await until('Service', 20, async () => {
        const found = await kube.get(
          { kind: KINDS.service, namespace: NAMESPACE, name: 'orders-mongodb-0' },
          serviceSchema,
        );
        return found === undefined ? { reason: 'not there' } : { answer: found };
      });
      ports.push(service.spec.ports[0]?.nodePort ?? 0);
    }
    expect(new Set(ports).size).toBe(1);
    // Ordinal 1 exists in the east only.
    const west = federation.members.get('west');
    expect(
      await west?.get({ kind: KINDS.service, namespace: NAMESPACE, name: 'orders-mongodb-1' }, objectSchema),
    ).toBeUndefined();
  });

  it('changes nothing when repeated', async () => {
    const instance = await createInstance('repeated', [['east', 1]]);
    await dispatch(instance);
    const versions = async (): Promise<string> => {
      const own = {
        namespace: NAMESPACE,
        labelSelector: `middleware.fedstate.io/instance-uid=${instance.uid}`,
      };
      const kinds = [KINDS.mongoDB, KINDS.service, KINDS.configMap, KINDS.secret, KINDS.overridePolicy];
      const pages = await Promise.all(kinds.map((kind) => federation.karmada.list(kind, own, objectSchema)));
      return JSON.stringify(
        pages.flatMap((page) => page.items).map(({ metadata }) => [metadata.name, metadata.resourceVersion]),
      );
    };
    // The first Services have no port when the record of hosts is written; from then on all is settled.
    await dispatch(instance);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const before = await versions();
    await dispatch(instance);
    expect(await versions()).toBe(before);
  });

  it('touches nothing when a foreign object stands in a member', async () => {
    const west = federation.members.get('west');
    await west?.apply(
      KINDS.namespace,
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
      { fieldManager: 'someone' },
    );
    await west?.create(KINDS.mongoDB, {
      apiVersion: 'middleware.fedstate.io/v1alpha1',
      kind: 'MongoDB',
      metadata: { name: 'taken', namespace: NAMESPACE },
      spec: { members: 3 },
    });
    const instance = await createInstance('taken', [
      ['east', 1],
      ['west', 1],
    ]);
    const result = await dispatch(instance);
    expect(result).toMatchObject({ done: false, wait: { code: 'Conflict' } });
    expect(JSON.stringify(result)).toContain('MongoDB shop/taken in cluster west');
    const found = await west?.get(
      { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'taken' },
      mongoDBSchema,
    );
    expect(found?.spec.members).toBe(3);
    expect(
      await federation.karmada.get(
        { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'taken' },
        objectSchema,
      ),
    ).toBeUndefined();
  });

  it('makes nothing of a spec whose templates the API server would refuse', async () => {
    const instance = await createInstance('refused', [['east', 1]]);
    await run((input) => createCredentialActivities(context).prepareCredentials(input), instance);
    replacements = [{ from: 'mongo:4.2', to: 'Mongo:4.2' }];
    const result = await run((input) => createDispatchActivities(context).dispatchInstance(input), instance);
    replacements = [];
    expect(result).toEqual({
      done: false,
      wait: {
        code: 'SpecRefused',
        message: expect.stringMatching(
          /^MongoDB refused, made of the spec, would be refused: .*spec\.image: .*repository in lower case.*Correct the field/,
        ) as string,
      },
    });
    const own = {
      namespace: NAMESPACE,
      labelSelector: `middleware.fedstate.io/instance-uid=${instance.uid}`,
    };
    for (const kind of [
      KINDS.overridePolicy,
      KINDS.propagationPolicy,
      KINDS.service,
      KINDS.configMap,
      KINDS.mongoDB,
    ])
      expect((await federation.karmada.list(kind, own, objectSchema)).items).toEqual([]);
  });

  it('is taken everywhere with the longest name there is, with arbiter, configuration and pull Secret', async () => {
    const name = `n${'0'.repeat(43)}`;
    await federation.karmada.create(KINDS.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'mine', namespace: NAMESPACE },
      data: { 'mongod.yaml': 'net: {maxIncomingConnections: 99}' },
    });
    const instance = await createInstance(
      name,
      [
        ['east', 1],
        ['west', 1],
      ],
      {
        config: { arbiter: true, configRef: 'mine' },
        imageSetting: { image: 'mongo:4.2', imagePullSecret: { user: 'me', passwd: 'p:x' } },
      },
    );
    expect(await dispatch(instance)).toMatchObject({ done: true });
    const own = {
      namespace: NAMESPACE,
      labelSelector: `middleware.fedstate.io/instance-uid=${instance.uid}`,
    };
    for (const kube of federation.members.values()) {
      await until('everything in the member', 20, async () => {
        const kinds = [KINDS.mongoDB, KINDS.configMap, KINDS.secret];
        const pages = await Promise.all(kinds.map((kind) => kube.list(kind, own, objectSchema)));
        const counts = pages.map((page) => page.items.length).join();
        return counts === '1,2,2' ? { answer: true } : { reason: counts };
      });
    }
  });

  it('brings an IPv6 address as an annotation, and records it in brackets', async () => {
    const annotate = (vip: string | null) =>
      federation.karmada.mergePatch(
        { kind: KINDS.cluster, name: 'west' },
        { metadata: { annotations: { 'middleware.fedstate.io/vip': vip } } },
      );
    await annotate('FD00::2');
    try {
      const instance = await createInstance('six', [
        ['east', 1],
        ['west', 1],
      ]);
      expect(await dispatch(instance)).toMatchObject({ done: true });
      const west = federation.members.get('west');
      const mongo = await until('MongoDB in west', 20, async () => {
        const found = await west?.get(
          { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'six' },
          mongoDBSchema,
        );
        return found === undefined ? { reason: 'not there' } : { answer: found };
      });
      expect(mongo.metadata.annotations['middleware.fedstate.io/vip']).toBe('fd00::2');
      expect(mongo.metadata.labels).not.toHaveProperty('app.multicloudmongodb.io/vip');
      const hosts = await federation.karmada.get(
        { kind: KINDS.configMap, namespace: NAMESPACE, name: 'six-hostconf' },
        objectSchema.extend({ data: z.record(z.string(), z.string()) }),
      );
      expect(hosts?.data['datas']).toMatch(/^host:'10\.0\.0\.1:\d+'\nhost:'\[fd00::2\]:\d+'$/);
    } finally {
      await annotate(null);
    }
  });

  it('removes everything in order, and then lets the custom resource go', async () => {
    const instance = await createInstance('leaving', [
      ['east', 1],
      ['west', 1],
    ]);
    await dispatch(instance);
    const east = federation.members.get('east');
    await until('dispatched', 20, async () =>
      (await east?.get({ kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'leaving' }, objectSchema)) ===
      undefined
        ? { reason: 'not there' }
        : { answer: true },
    );
    const ref = { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: 'leaving' };
    await federation.karmada.delete(ref);
    const removal = createRemovalActivities(context);
    for (const stage of [
      'liftPreservation',
      'deleteTemplates',
      'awaitRemoval',
      'deletePolicies',
      'releaseInstance',
    ] as const) {
      expect(await run((input) => removal[stage](input), instance)).toMatchObject({ done: true });
    }
    expect(await federation.karmada.get(ref, multiCloudMongoDBSchema)).toBeUndefined();
    for (const kube of federation.members.values()) {
      const own = {
        namespace: NAMESPACE,
        labelSelector: `middleware.fedstate.io/instance-uid=${instance.uid}`,
      };
      for (const kind of [KINDS.mongoDB, KINDS.service, KINDS.configMap, KINDS.secret]) {
        expect((await kube.list(kind, own, objectSchema)).items).toEqual([]);
      }
    }
  });
});
