import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KINDS } from '../../../src/kube/object';
import { secretSchema } from '../../../src/member/objects';
import { API_SERVER_PROGRAMS, skipReason } from '../../support/programs';
import {
  eventually,
  manifestSchema,
  NAMESPACE,
  reportOf,
  startMemberCluster,
  type MemberCluster,
} from './member-cluster';

const reason = skipReason([...API_SERVER_PROGRAMS]);
jest.setTimeout(60_000);
const suite = reason === undefined ? describe : describe.skip;
const sample = manifestSchema.parse(
  parse(readFileSync(join(__dirname, '../../../deploy/samples/mongodb-single-cluster.yaml'), 'utf8')),
);

suite(`single cluster${reason === undefined ? '' : ` (${reason})`}`, () => {
  let cluster: MemberCluster;

  beforeAll(async () => {
    cluster = await startMemberCluster();
    cluster.startManager({
      questions: { report: (host) => Promise.resolve(reportOf(host)), signIn: () => Promise.resolve() },
    });
  }, 90_000);
  afterAll(async () => {
    await cluster.stop();
  }, 30_000);

  const statusOf = async (name: string) => (await cluster.mongoDB(name))?.status;
  const secretOf = async (name: string): Promise<Record<string, string>> => {
    const secret = await cluster.kube.get({ kind: KINDS.secret, namespace: NAMESPACE, name }, secretSchema);
    return Object.fromEntries(
      Object.entries(secret?.data ?? {}).map(([key, text]) => [
        key,
        Buffer.from(text, 'base64').toString('utf8'),
      ]),
    );
  };

  test('the sample of the article brings up its one member with nothing else applied', async () => {
    await cluster.kube.apply(
      KINDS.mongoDB,
      { ...sample, metadata: { name: sample.metadata.name, namespace: NAMESPACE } },
      { fieldManager: 'test' },
    );
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toEqual(['mongodb-sample-mongodb-0-0']);
    });
    await cluster.runPod('mongodb-sample-mongodb-0-0');
    await eventually(async () => {
      expect(await statusOf('mongodb-sample')).toMatchObject({
        state: 'Running',
        image: 'mongo:4.2',
        internalAddress: `mongodb-sample-mongodb-0.${NAMESPACE}.svc.cluster.local:27017`,
      });
    });
    expect(await cluster.names(KINDS.service)).toEqual([
      'mongodb-sample-mongodb-0',
      'mongodb-sample-mongodb-0-exporter',
    ]);
    expect(await cluster.names(KINDS.secret)).toEqual([
      'mongodb-sample-auth',
      'mongodb-sample-exporter',
      'mongodb-sample-pull-generated',
    ]);
    expect(await cluster.names(KINDS.configMap)).toContain('mongo-operator-mongo-default-config');
    expect(cluster.told).toContain('ImageReplaced: mongo:3.6 runs as mongo:4.2 (images.replace)');
    expect((await secretOf('mongodb-sample-auth'))['rootPassword']).toBe('123456');
  });

  test('that another image runs is not told again by a pass that finds nothing new', async () => {
    const count = () => cluster.told.filter((line) => line.startsWith('ImageReplaced')).length;
    const before = count();
    await cluster.kube.mergePatch(
      { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'mongodb-sample' },
      { metadata: { annotations: { 'middleware.fedstate.io/override-revision': 'looked-again' } } },
    );
    await eventually(async () => {
      expect((await statusOf('mongodb-sample'))?.overrideRevision).toBe('looked-again');
    });
    expect(count()).toBe(before);
  });

  test('credentials are never overwritten; another password in the spec is reported', async () => {
    const before = await secretOf('mongodb-sample-auth');
    await cluster.kube.mergePatch(
      { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'mongodb-sample' },
      { spec: { rootPassword: 'other' } },
    );
    await eventually(async () => {
      expect((await statusOf('mongodb-sample'))?.conditions).toContainEqual(
        expect.objectContaining({ type: 'PasswordKept', status: 'True' }),
      );
    });
    expect(await secretOf('mongodb-sample-auth')).toEqual(before);
  });

  test('an option that we own is refused by name, and no pod is touched', async () => {
    const before = await cluster.find(KINDS.statefulSet, 'mongodb-sample-mongodb-0');
    await cluster.kube.mergePatch(
      { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'mongodb-sample' },
      { spec: { rootPassword: '123456', config: [{ name: 'net.port', value: '27018' }] } },
    );
    await eventually(async () => {
      expect(await statusOf('mongodb-sample')).toMatchObject({
        state: 'Error',
        waitingFor: expect.stringContaining('spec.config sets net.port 27018, which FedState owns') as string,
      });
    });
    expect((await cluster.find(KINDS.statefulSet, 'mongodb-sample-mongodb-0'))?.metadata.generation).toBe(
      before?.metadata.generation,
    );
    await cluster.kube.mergePatch(
      { kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'mongodb-sample' },
      {
        spec: {
          config: [
            { name: 'LOG_LEVEL', value: 'info' },
            { name: 'COLOUR', value: 'blue' },
          ],
        },
      },
    );
    await eventually(async () => {
      const status = await statusOf('mongodb-sample');
      expect(status?.state).toBe('Running');
      expect(status?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'ConfigIgnored',
          status: 'True',
          message: expect.stringContaining('COLOUR') as string,
        }),
      );
    });
  });

  test('a ConfigMap of another name is waited for', async () => {
    await cluster.applyMongoDB('waiting', { members: 1, image: 'mongo:4.2', customConfigRef: 'mine' });
    await eventually(async () => {
      expect((await statusOf('waiting'))?.waitingFor).toBe(
        'ConfigMap mine (spec.customConfigRef) is not there: create it.',
      );
    });
    expect(await cluster.find(KINDS.secret, 'waiting-auth')).toBeUndefined();
    await cluster.kube.create(KINDS.configMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'mine', namespace: NAMESPACE },
      data: { 'mongod.yaml': 'net: {maxIncomingConnections: 99}' },
    });
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toContain('waiting-mongodb-0-0');
    });
    const map = (await cluster.names(KINDS.configMap)).find((name) => name.startsWith('waiting-mongod-'));
    expect(await cluster.find(KINDS.configMap, map ?? '')).toMatchObject({
      data: { 'mongod.yaml': expect.stringContaining('maxIncomingConnections: 99') as string },
    });
  });

  test('an image below 4.2 without a mapping is refused before any pod', async () => {
    await cluster.applyMongoDB('old', { members: 1, image: 'mongo:4.0' });
    await eventually(async () => {
      expect(await statusOf('old')).toMatchObject({
        state: 'Error',
        waitingFor: expect.stringContaining('images.replace "mongo:4.0=mongo:4.2"') as string,
      });
    });
    expect(await cluster.find(KINDS.statefulSet, 'old-mongodb-0')).toBeUndefined();
  });

  test.each([
    ['no-list', { affinity: { nodeAffinity: [] } }, /spec\.podSpec\.affinity\.nodeAffinity: expected map/],
    [
      'no-field',
      { affinity: { nodeAfinity: {} } },
      /spec\.podSpec\.affinity\.nodeAfinity: field not declared/,
    ],
    [
      'no-user',
      { securityContext: { runAsUser: -1 } },
      /spec\.podSpec\.securityContext\.runAsUser: Invalid value: -1/,
    ],
    [
      'no-word',
      { topologySpreadConstraints: [{ topologyKey: 'zone', maxSkew: 1, whenUnsatisfiable: 'Never' }] },
      /spec\.podSpec\.topologySpreadConstraints\[0\]\.whenUnsatisfiable: Unsupported value: "Never"/,
    ],
  ])(
    'pods that no API server takes (%s) are refused by field, and nothing is made',
    async (name, podSpec, field) => {
      await cluster.applyMongoDB(name, { members: 1, image: 'mongo:4.2', podSpec });
      await eventually(async () => {
        const status = await statusOf(name);
        expect(status).toMatchObject({ state: 'Error' });
        expect(status?.waitingFor).toMatch(field);
        expect(status?.waitingFor).toMatch(/Correct the field that it names\.$/);
        expect(status?.conditions).toContainEqual(
          expect.objectContaining({ type: 'Ready', status: 'False', reason: 'SpecRefused' }),
        );
      });
      for (const kind of [
        KINDS.secret,
        KINDS.configMap,
        KINDS.service,
        KINDS.statefulSet,
        KINDS.podDisruptionBudget,
      ])
        expect((await cluster.names(kind)).filter((one) => one.startsWith(`${name}-`))).toEqual([]);
    },
  );

  test('a change of the pods that no API server takes is refused by field, and what stands is kept', async () => {
    const before = await cluster.find(KINDS.statefulSet, 'waiting-mongodb-0');
    const podSpec = { securityContext: { runAsUser: -1 } };
    await cluster.applyMongoDB('waiting', {
      members: 1,
      image: 'mongo:4.2',
      customConfigRef: 'mine',
      podSpec,
    });
    await eventually(async () => {
      const status = await statusOf('waiting');
      expect(status).toMatchObject({ state: 'Error' });
      expect(status?.waitingFor).toMatch(
        /spec\.podSpec\.securityContext\.runAsUser: Invalid value: -1.*Correct the field/,
      );
    });
    expect(await cluster.find(KINDS.statefulSet, 'waiting-mongodb-0')).toEqual(before);
    await cluster.applyMongoDB('waiting', {
      members: 1,
      image: 'mongo:4.2',
      customConfigRef: 'mine',
      podSpec: {},
    });
    await eventually(async () => {
      expect(await statusOf('waiting')).not.toMatchObject({ state: 'Error' });
    });
  });

  test('what somebody else put where ours should stand is reported and left alone', async () => {
    const foreign = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'taken-mongodb-0', namespace: NAMESPACE },
      spec: { ports: [{ port: 80 }] },
    };
    await cluster.kube.create(KINDS.service, foreign);
    const before = await cluster.find(KINDS.service, 'taken-mongodb-0');
    await cluster.applyMongoDB('taken', { members: 1, image: 'mongo:4.2' });
    await eventually(async () => {
      expect(await statusOf('taken')).toMatchObject({
        state: 'Error',
        waitingFor: expect.stringContaining('Service taken-mongodb-0') as string,
      });
    });
    expect((await statusOf('taken'))?.conditions).toContainEqual(
      expect.objectContaining({ type: 'Conflict', status: 'True' }),
    );
    expect((await cluster.find(KINDS.service, 'taken-mongodb-0'))?.metadata.resourceVersion).toBe(
      before?.metadata.resourceVersion,
    );
  });

  test('labels and annotations of others on our objects survive our writes', async () => {
    const ref = { kind: KINDS.statefulSet, namespace: NAMESPACE, name: 'waiting-mongodb-0' };
    await cluster.kube.mergePatch(ref, {
      metadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
      spec: { replicas: 0 },
    });
    await eventually(async () => {
      expect(await cluster.find(KINDS.statefulSet, 'waiting-mongodb-0')).toMatchObject({
        spec: { replicas: 1 },
        metadata: { labels: { team: 'a' }, annotations: { note: 'b' } },
      });
    });
  });

  test('a claim grows with the spec; where the class does not allow it, that is said', async () => {
    await cluster.applyMongoDB('waiting', {
      members: 1,
      image: 'mongo:4.2',
      customConfigRef: 'mine',
      persistence: { storage: '3Gi' },
    });
    await eventually(async () => {
      expect((await statusOf('waiting'))?.conditions).toContainEqual(
        expect.objectContaining({
          type: 'ClaimResize',
          status: 'True',
          message: expect.stringContaining('allowVolumeExpansion') as string,
        }),
      );
    });
  });

  test('deletion with whenDeleted: Delete leaves nothing of it', async () => {
    await cluster.applyMongoDB('gone', {
      members: 2,
      image: 'mongo:4.2',
      persistence: { whenDeleted: 'Delete' },
    });
    await eventually(async () => {
      expect(await cluster.names(KINDS.pod)).toEqual(
        expect.arrayContaining(['gone-mongodb-0-0', 'gone-mongodb-1-0']),
      );
    });
    await cluster.kube.delete({ kind: KINDS.mongoDB, namespace: NAMESPACE, name: 'gone' });
    await eventually(async () => {
      expect(await cluster.mongoDB('gone')).toBeUndefined();
      for (const kind of [
        KINDS.pod,
        KINDS.statefulSet,
        KINDS.persistentVolumeClaim,
        KINDS.service,
        KINDS.secret,
        KINDS.podDisruptionBudget,
      ])
        expect((await cluster.names(kind)).filter((name) => name.includes('gone-'))).toEqual([]);
    }, 30_000);
  });
});
