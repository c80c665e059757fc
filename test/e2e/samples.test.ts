import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { parse } from 'yaml';
import { z } from 'zod';
import { mongoDBSchema, type MongoDB } from '../../src/api/mongodb';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import { KINDS, objectSchema, type Kind, type Manifest } from '../../src/kube/object';
import type { Kube } from '../../src/kube/client';
import { listDispatched } from '../support/dispatched-objects';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../support/environment';
import { until } from '../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'federation-mongo-operator';
const NAME = 'multicloudmongodb-sample';

const manifestSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
const secretSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });

function readSample(file: string, namespace: string): Manifest {
  const text = readFileSync(join(__dirname, '../../deploy/samples', file), 'utf8');
  const manifest = manifestSchema.parse(parse(text));
  return { ...manifest, metadata: { ...manifest.metadata, namespace } };
}

const essentialsSchema = objectSchema.extend({
  data: z.record(z.string(), z.string()).optional(),
  spec: z.looseObject({ ports: z.unknown().optional(), selector: z.unknown().optional() }).optional(),
});

async function applySample(kube: Kube, kind: Kind, file: string, namespace: string): Promise<void> {
  await kube.apply(kind, readSample(file, namespace), { fieldManager: 'kubectl', force: true });
}

async function ensureNamespace(kube: Kube, name: string): Promise<void> {
  await kube.apply(
    KINDS.namespace,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { fieldManager: 'e2e' },
  );
}

/** What the full sample names: a ConfigMap and a pull Secret beside the custom resource. */
async function ensureReferences(kube: Kube): Promise<void> {
  await kube.apply(
    KINDS.configMap,
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'my-custome-configmap', namespace: NAMESPACE },
      data: {
        'mongod.yaml':
          'net:\n  maxIncomingConnections: 10240\noperationProfiling:\n  slowOpThresholdMs: 1000\n',
      },
    },
    { fieldManager: 'e2e', force: true },
  );
  const config = JSON.stringify({
    auths: { 'registry.example': { auth: Buffer.from('u:p').toString('base64') } },
  });
  await kube.apply(
    KINDS.secret,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/dockerconfigjson',
      metadata: { name: 'my-image-secret', namespace: NAMESPACE },
      data: { '.dockerconfigjson': Buffer.from(config).toString('base64') },
    },
    { fieldManager: 'e2e', force: true },
  );
}

const instanceRef = { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: NAME };

async function awaitHealth(karmada: Kube): Promise<MultiCloudMongoDB> {
  return until('Health', 240, async () => {
    const cr = await karmada.get(instanceRef, multiCloudMongoDBSchema);
    return cr?.status?.state === 'Health' && cr.status.operation === undefined
      ? { answer: cr }
      : { reason: JSON.stringify({ state: cr?.status?.state, operation: cr?.status?.operation }) };
  });
}

async function removeInstance(environment: Environment): Promise<void> {
  await environment.karmada.delete(instanceRef);
  await until('the instance is gone', 180, async () => {
    const cr = await environment.karmada.get(instanceRef, multiCloudMongoDBSchema);
    return cr === undefined ? { answer: true } : { reason: JSON.stringify(cr.status?.operation) };
  });
}

async function writeAndRead(karmada: Kube): Promise<void> {
  const secret = await karmada.get(
    { kind: KINDS.secret, namespace: NAMESPACE, name: `${NAME}-connection` },
    secretSchema,
  );
  const uri = Buffer.from(secret?.data['connectionString'] ?? '', 'base64').toString('utf8');
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20_000 });
  try {
    const items = client.db('shop').collection<{ _id: string; total: number }>('orders');
    const result = await items.insertOne(
      { _id: `o-${Date.now()}`, total: 12 },
      { writeConcern: { w: 'majority' } },
    );
    expect(result.acknowledged).toBe(true);
    expect(await items.findOne({ _id: result.insertedId })).toMatchObject({ total: 12 });
  } finally {
    await client.close();
  }
}

suite('the samples, unchanged', () => {
  let environment: Environment;

  beforeAll(async () => {
    environment = readEnvironment();
    await ensureNamespace(environment.karmada, NAMESPACE);
    await ensureReferences(environment.karmada);
  });

  afterAll(async () => {
    await removeInstance(environment);
    closeEnvironment(environment);
  }, 240_000);

  it('walkthrough: five members 2/2/1 over three equal clusters, healthy, writable', async () => {
    const { karmada } = environment;
    await applySample(karmada, KINDS.multiCloudMongoDB, 'multicloudmongodb-walkthrough.yaml', NAMESPACE);
    const cr = await awaitHealth(karmada);
    const counts = (cr.status?.result ?? []).map((entry) => entry.replicasetSpec).sort();
    expect(counts).toEqual([1, 2, 2]);
    await writeAndRead(karmada);
  }, 300_000);

  it('has every spec and status field of the original finished object', async () => {
    const cr = await awaitHealth(environment.karmada);
    const { status } = cr;
    expect(cr.metadata.finalizers).toContain('multiCloudMongoDB.finalizers.middleware.fedstate.io');
    expect(cr.spec.scheduler).toMatchObject({
      schedulerMode: 'Uniform',
      schedulerName: 'multicloud-middleware-scheduler',
    });
    const annotation = cr.metadata.annotations['schedulerResult'] ?? '';
    expect(annotation).toMatch(/^\{"ClusterWithReplicaset":\[\{"cluster":"[a-z]+","replicaset":2\}/);
    expect(status?.externalAddr?.split(',')).toHaveLength(5);
    for (const entry of status?.result ?? []) {
      expect(entry.applied).toBe(true);
      expect(entry.state).toBe('Running');
      expect(entry.replicasetStatus).toBe(entry.replicasetSpec);
      expect(entry.currentRevision).toMatch(new RegExp(`^${NAME}-[456789bcdf]+$`));
      expect(Object.keys(entry.connectAddrWithRole ?? {})).toHaveLength(entry.replicasetSpec ?? -1);
    }
    const roles = (status?.result ?? []).flatMap((entry) => Object.values(entry.connectAddrWithRole ?? {}));
    expect(roles.filter((role) => role === 'PRIMARY')).toHaveLength(1);
    expect(roles.filter((role) => role === 'SECONDARY')).toHaveLength(4);
    const conditions = new Map((status?.conditions ?? []).map((condition) => [condition.type, condition]));
    expect(conditions.get('ServerReady')).toMatchObject({
      status: 'True',
      reason: 'ServerReady',
      message: 'Service Dispatch Successful And Ready For External Service',
    });
    expect(conditions.get('ServerCheck')).toMatchObject({ status: 'True', reason: 'CheckSuccess' });
    expect(conditions.get('ServerScheduledResult')).toMatchObject({
      status: 'True',
      reason: 'GetSchedulerSuccess',
    });
    expect(status?.observedGeneration).toBe(cr.metadata.generation);
    expect(status?.margin).toBe(2);
    expect(status?.connectionString).not.toContain('@');
  }, 300_000);

  it('the derived MongoDB in each member says the same', async () => {
    const found: MongoDB[] = [];
    for (const [cluster, kube] of environment.members) {
      // A manager learns of the users with its next look, some seconds after they were made.
      const mongo = await until(`the users seen in ${cluster}`, 30, async () => {
        const now = await kube.get({ kind: KINDS.mongoDB, namespace: NAMESPACE, name: NAME }, mongoDBSchema);
        const types = (now?.status?.conditions ?? []).map(({ type }) => type);
        return now !== undefined && types.includes('userClusterAdmin')
          ? { answer: now }
          : { reason: JSON.stringify(types) };
      });
      found.push(mongo);
      expect(mongo.metadata.finalizers).toContain('mongodb.finalizers.middleware.fedstate.io');
      expect(mongo.metadata.labels).toMatchObject({
        'app.kubernetes.io/instance': NAME,
        'karmada.io/managed': 'true',
      });
      expect(mongo.metadata.labels['app.multicloudmongodb.io/vip']).toMatch(/^[\d.]+$/);
      expect(mongo.spec).toMatchObject({
        imagePullPolicy: 'Always',
        memberConfigRef: `${NAME}-hostconf`,
        metricsExporterSpec: { enable: false },
        type: 'ReplicaSet',
      });
      expect(mongo.status).toMatchObject({ state: 'Running', currentInfo: { members: mongo.spec.members } });
      expect(mongo.status?.replset).toHaveLength(5);
      const conditions = (mongo.status?.conditions ?? []).filter(
        (condition) => condition.message === 'replset-0',
      );
      expect(conditions.map((condition) => condition.type)).toEqual(
        expect.arrayContaining(['rsInit', 'userRoot', 'userClusterAdmin']),
      );
    }
    // On Karmada the template sums up what the members say, for those who list it there.
    const ref = { kind: KINDS.mongoDB, namespace: NAMESPACE, name: NAME };
    const template = await environment.karmada.get(ref, mongoDBSchema);
    expect(template?.status).toMatchObject({ state: 'Running', readyMembers: 5 });
    expect(template?.spec.members).toBeUndefined();
    expect(found.filter((mongo) => mongo.spec.rsInit === true)).toHaveLength(1);
    expect(found.reduce((sum, mongo) => sum + (mongo.spec.members ?? 0), 0)).toBe(5);
  }, 120_000);

  it("the kubelets' view is clean: pods ready, no restart, no warning that repeats", async () => {
    const podSchema = objectSchema.extend({
      status: z.looseObject({
        conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
        containerStatuses: z.array(z.looseObject({ restartCount: z.number() })).default([]),
      }),
    });
    const eventSchema = objectSchema.extend({
      type: z.string().optional(),
      reason: z.string().optional(),
      note: z.string().optional(),
      series: z.looseObject({ count: z.number() }).nullish(),
      deprecatedCount: z.number().optional(),
    });
    for (const [cluster, kube] of environment.members) {
      const pods = (await kube.list(KINDS.pod, { namespace: NAMESPACE }, podSchema)).items;
      for (const pod of pods) {
        expect(pod.status.conditions).toContainEqual(
          expect.objectContaining({ type: 'Ready', status: 'True' }),
        );
        expect(pod.status.containerStatuses.map((container) => container.restartCount)).toEqual(
          pod.status.containerStatuses.map(() => 0),
        );
      }
      const events = (await kube.list(KINDS.event, { namespace: NAMESPACE }, eventSchema)).items;
      const repeated = events.filter(
        (event) => event.type === 'Warning' && (event.series?.count ?? event.deprecatedCount ?? 1) > 3,
      );
      expect(repeated.map((event) => `${cluster}: ${event.reason}: ${event.note}`)).toEqual([]);
    }
  }, 60_000);

  it('every object of the contract stands on Karmada and in exactly its members', async () => {
    const cr = await awaitHealth(environment.karmada);
    const shares = (cr.status?.placement?.current ?? []).filter((share) => share.replicaset > 0);
    for (const expected of listDispatched(NAME, shares, { config: false, pull: false })) {
      const ref = { kind: expected.kind, namespace: NAMESPACE, name: expected.name };
      const template = await environment.karmada.get(ref, essentialsSchema);
      const what = `${expected.kind.kind} ${expected.name}`;
      expect({ what, there: template !== undefined }).toEqual({ what, there: true });
      expect(template?.metadata.labels['app.kubernetes.io/instance']).toBe(NAME);
      for (const [cluster, kube] of environment.members) {
        const copy = await kube.get(ref, essentialsSchema);
        const here = expected.clusters.includes(cluster);
        expect({ what, cluster, there: copy !== undefined }).toEqual({ what, cluster, there: here });
        if (copy === undefined || template === undefined) continue;
        expect(copy.data).toEqual(template.data);
        expect(copy.spec?.ports).toEqual(template.spec?.ports);
        expect(copy.spec?.selector).toEqual(template.spec?.selector);
      }
    }
  }, 60_000);

  it('leaves nothing behind when deleted', async () => {
    await removeInstance(environment);
    const own = { namespace: NAMESPACE, labelSelector: `app.kubernetes.io/instance=${NAME}` };
    const kinds = [
      KINDS.mongoDB,
      KINDS.service,
      KINDS.configMap,
      KINDS.secret,
      KINDS.propagationPolicy,
      KINDS.overridePolicy,
    ];
    for (const kind of kinds) {
      const left = (await environment.karmada.list(kind, own, objectSchema)).items;
      expect(left.map((object) => `${kind.kind} ${object.metadata.name}`)).toEqual([]);
    }
    for (const kube of environment.members.values()) {
      for (const kind of [
        KINDS.mongoDB,
        KINDS.statefulSet,
        KINDS.pod,
        KINDS.service,
        KINDS.configMap,
        KINDS.secret,
      ]) {
        const left = (await kube.list(kind, own, objectSchema)).items;
        expect(left.map((object) => `${kind.kind} ${object.metadata.name}`)).toEqual([]);
      }
    }
  }, 240_000);

  it('full: configuration, pull Secret, exporter and node selection reach the pods', async () => {
    const { karmada } = environment;
    await applySample(karmada, KINDS.multiCloudMongoDB, 'multicloudmongodb-full.yaml', NAMESPACE);
    const cr = await awaitHealth(karmada);
    expect((cr.status?.result ?? []).map((entry) => entry.replicasetSpec).sort()).toEqual([1, 2, 2]);
    await writeAndRead(karmada);
    const podSchema = objectSchema.extend({
      spec: z.looseObject({
        nodeSelector: z.record(z.string(), z.string()).optional(),
        imagePullSecrets: z.array(z.looseObject({ name: z.string() })).optional(),
        containers: z.array(
          z.looseObject({ name: z.string(), image: z.string(), resources: z.looseObject({}) }),
        ),
      }),
    });
    for (const kube of environment.members.values()) {
      const pods = (await kube.list(KINDS.pod, { namespace: NAMESPACE }, podSchema)).items;
      expect(pods.length).toBeGreaterThan(0);
      for (const pod of pods) {
        expect(pod.spec.nodeSelector).toMatchObject({ deploy: 'mongo' });
        expect(pod.spec.imagePullSecrets).toEqual([{ name: `${NAME}-pull` }]);
        expect(pod.spec.containers.map((container) => container.name).sort()).toEqual([
          'metrics-exporter',
          'mongo',
        ]);
        expect(pod.spec.containers.find((container) => container.name === 'mongo')?.resources).toEqual({
          limits: { cpu: '2', memory: '512Mi' },
          requests: { cpu: '1', memory: '512Mi' },
        });
      }
    }
  }, 300_000);

  it('single cluster: a MongoDB alone becomes a running, authenticated replica set', async () => {
    // The full sample leaves no node with room for one more.
    await removeInstance(environment);
    const [cluster, kube] = [...environment.members][0] ?? [];
    if (kube === undefined) throw new Error('no member cluster');
    await ensureNamespace(kube, 'alone');
    await applySample(kube, KINDS.mongoDB, 'mongodb-single-cluster.yaml', 'alone');
    const ref = { kind: KINDS.mongoDB, namespace: 'alone', name: 'mongodb-sample' };
    const mongo = await until(`Running in ${cluster ?? ''}`, 180, async () => {
      const now = await kube.get(ref, mongoDBSchema);
      return now?.status?.state === 'Running'
        ? { answer: now }
        : { reason: JSON.stringify(now?.status ?? {}) };
    });
    expect(mongo.status?.replset).toMatchObject([{ _id: 0, stateStr: 'PRIMARY' }]);
    expect(
      mongo.status?.conditions
        ?.filter((condition) => condition.message === 'replset-0')
        .map((condition) => condition.type),
    ).toEqual(expect.arrayContaining(['rsInit', 'userRoot', 'userClusterAdmin']));
    await kube.delete(ref);
    await until('the MongoDB is gone', 120, async () =>
      (await kube.get(ref, mongoDBSchema)) === undefined ? { answer: true } : { reason: 'still there' },
    );
  }, 360_000);
});
