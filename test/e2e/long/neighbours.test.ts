import { z } from 'zod';
import { KINDS, metadataSchema, type Manifest } from '../../../src/kube/object';
import {
  closeEnvironment,
  missingEnvironment,
  readEnvironment,
  type Environment,
} from '../../support/environment';
import {
  awaitHealth,
  createInstance,
  ensureNamespace,
  listEvents,
  listHolders,
  readInstance,
  removeInstance,
} from '../../support/instances';
import { until } from '../../support/until';

const missing = missingEnvironment();
const suite = missing === undefined ? describe : describe.skip;
if (missing !== undefined) console.warn(`e2e skipped: ${missing}`);

const NAMESPACE = 'neighbours';
const OTHER = 'neighbours-other';
const ROOM = 'e2e-room';
const ALONE = { replicaset: 1 } as const;
const anySchema = z.looseObject({ metadata: metadataSchema });
const nodeSchema = anySchema.extend({
  status: z.looseObject({ allocatable: z.record(z.string(), z.string()) }),
});
const serviceSchema = anySchema.extend({
  spec: z.looseObject({ ports: z.array(z.looseObject({ nodePort: z.number() })) }),
});

suite('neighbours', () => {
  let environment: Environment;

  beforeAll(async () => {
    environment = readEnvironment();
    for (const name of [NAMESPACE, OTHER]) await ensureNamespace(environment.karmada, name);
  });

  afterAll(() => closeEnvironment(environment));

  const firstMember = () => {
    const [entry] = environment.members;
    if (entry === undefined) throw new Error('no member cluster');
    const [cluster, kube] = entry;
    return { cluster, kube };
  };

  it('do not touch each other', async () => {
    await Promise.all([shareNothingByName(), waitForRoom(), meetForeigners(), replaceTakenPort()]);
  }, 600_000);

  /** One name in two namespaces; two of one namespace with the same configuration and pull Secret. */
  async function shareNothingByName(): Promise<void> {
    const { karmada } = environment;
    const references = [
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'shared-config', namespace: NAMESPACE },
        data: { 'mongod.yaml': 'operationProfiling:\n  slowOpThresholdMs: 1000\n' },
      },
      {
        apiVersion: 'v1',
        kind: 'Secret',
        type: 'kubernetes.io/dockerconfigjson',
        metadata: { name: 'shared-pull', namespace: NAMESPACE },
        data: { '.dockerconfigjson': Buffer.from('{"auths":{}}').toString('base64') },
      },
    ] as const;
    await karmada.create(KINDS.configMap, references[0]);
    await karmada.create(KINDS.secret, references[1]);
    const shared = {
      ...ALONE,
      config: { configRef: 'shared-config' },
      imageSetting: { image: 'mongo:4.2', imagePullSecret: 'shared-pull' },
    };
    const instances = [
      [NAMESPACE, 'twin', shared],
      [NAMESPACE, 'sister', shared],
      [OTHER, 'twin', ALONE],
    ] as const;
    for (const [namespace, name, spec] of instances) await createInstance(karmada, namespace, name, spec);
    await Promise.all(instances.map(([namespace, name]) => awaitHealth(karmada, namespace, name)));
    const holders = await Promise.all([
      listHolders(environment, NAMESPACE, 'sister'),
      listHolders(environment, OTHER, 'twin'),
    ]);
    await removeInstance(karmada, NAMESPACE, 'twin');
    expect(
      await Promise.all([
        listHolders(environment, NAMESPACE, 'sister'),
        listHolders(environment, OTHER, 'twin'),
      ]),
    ).toEqual(holders);
    await awaitHealth(karmada, NAMESPACE, 'sister');
    await awaitHealth(karmada, OTHER, 'twin');
    // What is the user's is as the user left it: no label, no policy of ours.
    for (const kind of [KINDS.configMap, KINDS.secret]) {
      const name = kind === KINDS.configMap ? 'shared-config' : 'shared-pull';
      const theirs = await karmada.get({ kind, namespace: NAMESPACE, name }, anySchema);
      expect(theirs?.metadata.labels).toEqual({});
      for (const kube of environment.members.values())
        expect(await kube.get({ kind, namespace: NAMESPACE, name }, anySchema)).toBeUndefined();
      for (const copy of kind === KINDS.configMap ? ['sister-config'] : ['sister-pull'])
        expect(await karmada.get({ kind, namespace: NAMESPACE, name: copy }, anySchema)).toBeDefined();
    }
    await Promise.all([removeInstance(karmada, NAMESPACE, 'sister'), removeInstance(karmada, OTHER, 'twin')]);
  }

  /** Two at the same moment with room for one: memory, which nobody else here asks much of. */
  async function waitForRoom(): Promise<void> {
    const { karmada } = environment;
    const { cluster, kube } = firstMember();
    const [node] = (await kube.list(KINDS.node, {}, nodeSchema)).items;
    if (node === undefined) throw new Error(`no node in ${cluster}`);
    const ref = { kind: KINDS.node, name: node.metadata.name };
    await kube.mergePatch(ref, { metadata: { labels: { [ROOM]: 'one' } } });
    const memory = `${Math.floor(Number.parseInt(node.status.allocatable['memory'] ?? '', 10) * 0.55)}Ki`;
    const spec = {
      ...ALONE,
      resource: { requests: { cpu: '50m', memory }, limits: { cpu: '1', memory } },
      spreadConstraints: { nodeSelect: { [ROOM]: 'one' } },
    };
    const names = ['first', 'second'] as const;
    await Promise.all(names.map((name) => createInstance(karmada, NAMESPACE, name, spec)));
    const [placed, waiting] = await until('one runs and one waits', 240, async () => {
      const both = await Promise.all(names.map((name) => readInstance(karmada, NAMESPACE, name)));
      const healthy = both.find((cr) => cr?.status?.state === 'Health' && cr.status.operation === undefined);
      const waits = both.find((cr) => cr?.status?.operation?.waitReason === 'Unschedulable');
      return healthy === undefined || waits === undefined
        ? { reason: JSON.stringify(both.map((cr) => cr?.status?.operation ?? cr?.status?.state)) }
        : { answer: [healthy, waits] as const };
    });
    expect(waiting.metadata.annotations['schedulerResult']).toBeUndefined();
    expect(waiting.status?.operation?.waitingFor).toContain(cluster);
    await removeInstance(karmada, NAMESPACE, placed.metadata.name);
    await awaitHealth(karmada, NAMESPACE, waiting.metadata.name);
    await removeInstance(karmada, NAMESPACE, waiting.metadata.name);
    await kube.mergePatch(ref, { metadata: { labels: { [ROOM]: null } } });
  }

  /** Objects of others, and of FedState's Go version, where ours should stand: nothing of them is touched. */
  async function meetForeigners(): Promise<void> {
    const { karmada } = environment;
    const { cluster, kube } = firstMember();
    // Named and labelled as the Go version did.
    const labels = { 'app.kubernetes.io/instance': 'elder', 'app.multicloudmongodb.io/vip': '10.0.0.1' };
    const elder: readonly [typeof karmada, Manifest, (typeof KINDS)[keyof typeof KINDS]][] = [
      [
        karmada,
        {
          apiVersion: 'middleware.fedstate.io/v1alpha1',
          kind: 'MongoDB',
          metadata: { name: 'elder', namespace: NAMESPACE, labels },
          spec: { members: 3, image: 'mongo:3.6', rootPassword: 'old', memberConfigRef: 'elder-hostconf' },
        },
        KINDS.mongoDB,
      ],
      [
        karmada,
        {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: { name: 'elder-hostconf', namespace: NAMESPACE, labels },
          data: { datas: "host:'10.0.0.1:38018'", arbiters: '' },
        },
        KINDS.configMap,
      ],
      [
        karmada,
        {
          apiVersion: 'policy.karmada.io/v1alpha1',
          kind: 'OverridePolicy',
          metadata: { name: 'elder-init', namespace: NAMESPACE, labels },
          spec: { overrideRules: [] },
        },
        KINDS.overridePolicy,
      ],
    ];
    await ensureNamespace(kube, NAMESPACE);
    const stranger: Manifest = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'guest-mongodb-0', namespace: NAMESPACE },
      spec: { type: 'ClusterIP', ports: [{ port: 80 }] },
    };
    const strangerRef = { kind: KINDS.service, namespace: NAMESPACE, name: 'guest-mongodb-0' };
    await kube.create(KINDS.service, stranger);
    for (const [where, manifest, kind] of elder) await where.create(kind, manifest);
    const versions = (): Promise<(string | undefined)[]> =>
      Promise.all([
        ...elder.map(async ([where, { metadata }, kind]) => {
          const ref = { kind, namespace: NAMESPACE, name: metadata.name };
          return (await where.get(ref, anySchema))?.metadata.resourceVersion;
        }),
        kube.get(strangerRef, anySchema).then((found) => found?.metadata.resourceVersion),
      ]);
    const before = await versions();
    const place = { ClusterWithReplicaset: [{ cluster, replicaset: 1 }] };
    for (const name of ['elder', 'guest']) {
      await createInstance(karmada, NAMESPACE, name, { ...ALONE, operations: { paused: true } });
      await karmada.mergePatch(
        { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name },
        {
          metadata: { annotations: { schedulerResult: JSON.stringify(place) } },
          spec: { operations: { paused: false } },
        },
      );
    }
    for (const [name, what] of [
      ['elder', `MongoDB ${NAMESPACE}/elder in Karmada`],
      ['guest', `Service ${NAMESPACE}/guest-mongodb-0 in cluster ${cluster}`],
    ] as const) {
      const cr = await until(`${name} in conflict`, 240, async () => {
        const now = await readInstance(karmada, NAMESPACE, name);
        return now?.status?.operation?.waitReason === 'Conflict'
          ? { answer: now }
          : { reason: JSON.stringify(now?.status?.operation) };
      });
      expect(cr.status?.operation?.waitingFor).toContain(what);
      expect(cr.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Conflict', status: 'True' }),
      );
    }
    expect(await versions()).toEqual(before);
    // Out of the way, the one goes on; the other leaves what is not its own.
    await kube.delete(strangerRef);
    await Promise.all([
      awaitHealth(karmada, NAMESPACE, 'guest'),
      removeInstance(karmada, NAMESPACE, 'elder'),
    ]);
    expect((await versions()).slice(0, elder.length)).toEqual(before.slice(0, elder.length));
    for (const [where, { metadata }, kind] of elder)
      await where.delete({ kind, namespace: NAMESPACE, name: metadata.name });
    await removeInstance(karmada, NAMESPACE, 'guest');
  }

  /** Karmada's API server gives out a port that is taken in one member: the Service is made beforehand with that port. */
  async function replaceTakenPort(): Promise<void> {
    const { karmada } = environment;
    const { kube } = firstMember();
    await ensureNamespace(kube, NAMESPACE);
    const squatter = { kind: KINDS.service, namespace: NAMESPACE, name: 'squatter' };
    const taken = serviceSchema.parse(
      await kube.create(KINDS.service, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: squatter.name, namespace: NAMESPACE },
        spec: { type: 'NodePort', ports: [{ port: 80 }] },
      }),
    ).spec.ports[0]?.nodePort;
    const cr = await createInstance(karmada, NAMESPACE, 'crowded', { operations: { paused: true } });
    await karmada.create(KINDS.service, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: {
        name: 'crowded-mongodb-0',
        namespace: NAMESPACE,
        labels: { 'middleware.fedstate.io/instance-uid': cr.metadata.uid },
      },
      spec: {
        type: 'NodePort',
        ports: [{ name: 'mongo', port: 27017, targetPort: 27017, protocol: 'TCP', nodePort: taken }],
      },
    });
    await karmada.mergePatch(
      { kind: KINDS.multiCloudMongoDB, namespace: NAMESPACE, name: 'crowded' },
      { spec: { operations: { paused: false } } },
    );
    const healthy = await awaitHealth(karmada, NAMESPACE, 'crowded');
    expect(healthy.status?.members).toHaveLength(3);
    for (const { host } of healthy.status?.members ?? [])
      expect(host).not.toMatch(new RegExp(`:${taken ?? ''}$`));
    const said = await listEvents(karmada, NAMESPACE, 'crowded');
    expect(said.join('\n')).toContain(
      `NodePortReplaced: NodePort ${taken ?? ''} of Service crowded-mongodb-0 is taken in`,
    );
    await kube.delete(squatter);
    await removeInstance(karmada, NAMESPACE, 'crowded');
  }
});
