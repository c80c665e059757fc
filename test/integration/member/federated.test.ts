import { z } from 'zod';
import { KINDS } from '../../../src/kube/object';
import { API_SERVER_PROGRAMS, skipReason } from '../../support/programs';
import { eventually, NAMESPACE, reportOf, startMemberCluster, type MemberCluster } from './member-cluster';

const reason = skipReason([...API_SERVER_PROGRAMS]);
jest.setTimeout(60_000);
const suite = reason === undefined ? describe : describe.skip;

suite(`federated member${reason === undefined ? '' : ` (${reason})`}`, () => {
  let cluster: MemberCluster;
  const UID = '99999999-aaaa-bbbb-cccc-000000000001';
  const spec = {
    control: 'Federated',
    members: 1,
    image: 'mongo:4.2',
    instanceUID: UID,
    credentialsSecretRef: 'orders-auth',
  };

  beforeAll(async () => {
    cluster = await startMemberCluster();
    cluster.startManager({
      questions: {
        report: (host) => Promise.resolve(reportOf(host)),
        signIn: () => Promise.resolve(),
      },
    });
  }, 90_000);
  afterAll(async () => {
    await cluster.stop();
  }, 30_000);

  const statusOf = async (name: string) => (await cluster.mongoDB(name))?.status;
  const readySchema = z.looseObject({
    spec: z.looseObject({
      template: z.looseObject({
        spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })) }),
      }),
    }),
  });
  const imageOf = async (name: string): Promise<string | undefined> => {
    const set = await cluster.kube.get({ kind: KINDS.statefulSet, namespace: NAMESPACE, name }, readySchema);
    return set?.spec.template.spec.containers[0]?.image;
  };

  test('without credentials it waits, says what for, and makes nothing', async () => {
    await cluster.applyMongoDB('orders', spec);
    await eventually(async () => {
      expect(await statusOf('orders')).toMatchObject({
        state: 'Reconciling',
        waitingFor: 'Secret orders-auth (spec.credentialsSecretRef) is not there: create it.',
      });
    });
    expect(await cluster.names(KINDS.statefulSet)).toEqual([]);
    expect(await cluster.names(KINDS.secret)).toEqual([]);
    expect(await cluster.names(KINDS.configMap)).toEqual([]);
  });

  test('with them it builds StatefulSet, claim and pod, and no Service', async () => {
    await cluster.kube.create(KINDS.secret, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: {
        name: 'orders-auth',
        namespace: NAMESPACE,
        labels: { 'app.kubernetes.io/managed-by': 'fedstate', 'app.kubernetes.io/instance': 'orders' },
      },
      stringData: {
        rootPassword: 'r',
        clusterAdminPassword: 'a',
        clusterMonitorPassword: 'm',
        keyfile: 'abcdefgh',
      },
    });
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toEqual(['orders-mongodb-0-0']);
    });
    expect(await cluster.names(KINDS.persistentVolumeClaim)).toHaveLength(1);
    expect(await cluster.names(KINDS.service)).toEqual([]);
    expect(await cluster.names(KINDS.podDisruptionBudget)).toEqual(['orders-mongodb']);
    await eventually(async () => {
      expect((await statusOf('orders'))?.members).toMatchObject([
        { ordinal: 0, pod: 'orders-mongodb-0-0', ready: false },
      ]);
    });
  });

  test('a pod that runs makes it Running, with the set that its mongod tells', async () => {
    await cluster.runPod('orders-mongodb-0-0');
    await eventually(async () => {
      expect(await statusOf('orders')).toMatchObject({
        state: 'Running',
        currentInfo: { members: 1 },
        readyMembers: 1,
        primary: '10.0.0.7:27017',
        replset: [{ _id: 0, name: '10.0.0.7:27017', stateStr: 'PRIMARY' }],
      });
    });
    const conditions = (await statusOf('orders'))?.conditions ?? [];
    expect(conditions.map(({ type, status, message }) => `${type}=${status} ${message ?? ''}`)).toEqual(
      expect.arrayContaining([
        'rsInit=True replset-0',
        'userRoot=True replset-0',
        'userClusterAdmin=True replset-0',
        'userClusterMonitor=True replset-0',
      ]),
    );
  });

  test('idle, it writes nothing', async () => {
    const before = await cluster.mongoDB('orders');
    const set = await cluster.find(KINDS.statefulSet, 'orders-mongodb-0');
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    expect((await cluster.mongoDB('orders'))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    );
    expect((await cluster.find(KINDS.statefulSet, 'orders-mongodb-0'))?.metadata.resourceVersion).toBe(
      set?.metadata.resourceVersion,
    );
  });

  test('a new template waits for its ordinal in spec.rollout (S2)', async () => {
    await cluster.applyMongoDB('orders', { ...spec, image: 'mongo:4.4' });
    await eventually(async () => {
      expect(await statusOf('orders')).toMatchObject({
        state: 'Reconciling',
        waitingFor: expect.stringContaining('waits for its rollout at member 0') as string,
        members: [{ ordinal: 0, pendingTemplate: true }],
      });
    });
    expect(await imageOf('orders-mongodb-0')).toBe('mongo:4.2');
    await cluster.applyMongoDB('orders', { ...spec, image: 'mongo:4.4', rollout: [0] });
    await eventually(async () => {
      expect(await imageOf('orders-mongodb-0')).toBe('mongo:4.4');
    });
    expect((await statusOf('orders'))?.members).toMatchObject([
      { pendingTemplate: true, image: 'mongo:4.2' },
    ]);
    await cluster.kube.delete({ kind: KINDS.pod, namespace: NAMESPACE, name: 'orders-mongodb-0-0' });
    await eventually(async () => {
      expect((await statusOf('orders'))?.members).toMatchObject([{ image: 'mongo:4.4' }]);
    });
    await cluster.runPod('orders-mongodb-0-0');
    await eventually(async () => {
      expect((await statusOf('orders'))?.state).toBe('Running');
    });
  });

  test('an absent count holds everything, a lower one keeps what is not retired (S11)', async () => {
    const bare = { ...spec, image: 'mongo:4.4', rollout: [0] };
    await cluster.applyMongoDB('orders', { ...bare, members: 2 });
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toEqual(['orders-mongodb-0-0', 'orders-mongodb-1-0']);
    });
    await cluster.runPod('orders-mongodb-1-0');
    await cluster.applyMongoDB('orders', { ...bare, members: undefined });
    await eventually(async () => {
      expect((await statusOf('orders'))?.conditions).toContainEqual(
        expect.objectContaining({ type: 'Ready', reason: 'Held' }),
      );
    });
    expect(await cluster.names(KINDS.statefulSet)).toEqual(['orders-mongodb-0', 'orders-mongodb-1']);
    await cluster.applyMongoDB('orders', { ...bare, members: 1 });
    await eventually(async () => {
      expect((await statusOf('orders'))?.waitingFor).toContain('Member 1 is kept');
    });
    expect(await cluster.names(KINDS.pod)).toEqual(['orders-mongodb-0-0', 'orders-mongodb-1-0']);
    await cluster.applyMongoDB('orders', { ...bare, members: 1, retired: [1] });
    await eventually(async () => {
      expect(await cluster.names(KINDS.statefulSet)).toEqual(['orders-mongodb-0']);
      expect(await cluster.names(KINDS.persistentVolumeClaim)).toHaveLength(1);
      expect((await statusOf('orders'))?.state).toBe('Running');
    });
  });

  test('a retired ordinal is not used again', async () => {
    await cluster.applyMongoDB('orders', { ...spec, image: 'mongo:4.4', members: 2, retired: [1] });
    await eventually(async () => {
      expect(await cluster.names(KINDS.statefulSet)).toEqual(['orders-mongodb-0', 'orders-mongodb-2']);
    });
    await cluster.applyMongoDB('orders', { ...spec, image: 'mongo:4.4', members: 1, retired: [1, 2] });
    await eventually(async () => {
      expect(await cluster.names(KINDS.statefulSet)).toEqual(['orders-mongodb-0']);
    });
  });

  test('a hand that changes our object is undone', async () => {
    await cluster.kube.mergePatch(
      { kind: KINDS.statefulSet, namespace: NAMESPACE, name: 'orders-mongodb-0' },
      { spec: { replicas: 0 } },
    );
    await eventually(async () => {
      expect(await cluster.find(KINDS.statefulSet, 'orders-mongodb-0')).toMatchObject({
        spec: { replicas: 1 },
      });
    });
  });

  test('the override revision is echoed, and pause touches nothing', async () => {
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toEqual(['orders-mongodb-0-0']);
    });
    await cluster.applyMongoDB(
      'orders',
      { ...spec, image: 'mongo:5.0', rollout: [0], pause: true },
      { annotations: { 'middleware.fedstate.io/override-revision': 'abc123' } },
    );
    await eventually(async () => {
      expect(await statusOf('orders')).toMatchObject({ state: 'Pause', overrideRevision: 'abc123' });
    });
    expect(await imageOf('orders-mongodb-0')).toBe('mongo:4.4');
  });

  test('deletion takes the members and keeps the claims by default', async () => {
    await cluster.kube.delete({ kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'orders' });
    await eventually(async () => {
      expect(await cluster.mongoDB('orders')).toBeUndefined();
    });
    expect(await cluster.names(KINDS.pod)).toEqual([]);
    expect(await cluster.names(KINDS.persistentVolumeClaim)).toHaveLength(1);
    await eventually(async () => {
      expect(await cluster.names(KINDS.configMap)).not.toContainEqual(expect.stringContaining('orders'));
    });
  });
});
