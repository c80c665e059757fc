import fc from 'fast-check';
import { memberName } from '../../../src/domain/names';
import { buildDisruptionBudget } from '../../../src/member/build/disruption-budget';
import { buildExporterSecret, buildServiceMonitor } from '../../../src/member/build/exporter';
import { buildMongodConfig } from '../../../src/member/build/config';
import {
  buildAffinity,
  buildPodTemplate,
  buildSecurityContext,
  type MemberParts,
} from '../../../src/member/build/pod-template';
import { buildAuthSecret, buildPullSecret } from '../../../src/member/build/secret';
import { buildExporterService, buildMemberService } from '../../../src/member/build/service';
import { buildStatefulSet } from '../../../src/member/build/stateful-set';
import { sampleInstance } from './sample-instance';

const parts: MemberParts = {
  image: 'mongo:4.2',
  imagePullPolicy: 'IfNotPresent',
  pullSecret: undefined,
  credentialsSecret: 'orders-auth',
  mongodConfig: 'orders-mongod-00000000',
  fedstateImage: 'fedstate:dev',
  exporter: undefined,
};
const owner = {
  apiVersion: 'middleware.fedstate.io/v1alpha1',
  kind: 'MongoDB',
  name: 'orders',
  uid: '11111111-2222-3333-4444-555555555555',
  controller: true,
  blockOwnerDeletion: true,
};
const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};
const decode = (data: unknown): Record<string, string> =>
  Object.fromEntries(
    Object.entries(data as Record<string, string>).map(([key, text]) => [
      key,
      Buffer.from(text, 'base64').toString('utf8'),
    ]),
  );

test('a Service that is reached by IPv6 asks for both families', () => {
  expect(buildMemberService(sampleInstance(), 0, true)).toMatchObject({
    spec: { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' },
  });
  expect(JSON.stringify(buildMemberService(sampleInstance(), 0))).not.toContain('ipFamily');
});

test('the StatefulSet of a data member, whole', () => {
  const { manifest, templateHash } = buildStatefulSet(sampleInstance(), 0, parts);
  const labels = {
    'app.kubernetes.io/managed-by': 'fedstate',
    'app.kubernetes.io/instance': 'orders',
    app: 'orders-mongodb-0',
    role: 'replset',
    replSetName: 'replset-0',
    data: 'true',
    'middleware.fedstate.io/ordinal': '0',
    'middleware.fedstate.io/instance-uid': owner.uid,
  };
  expect(manifest).toEqual({
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: {
      name: 'orders-mongodb-0',
      namespace: 'shop',
      labels,
      annotations: { 'middleware.fedstate.io/template-hash': templateHash },
      ownerReferences: [owner],
    },
    spec: {
      replicas: 1,
      serviceName: 'orders-mongodb-0',
      podManagementPolicy: 'Parallel',
      updateStrategy: { type: 'OnDelete' },
      revisionHistoryLimit: 3,
      persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
      selector: { matchLabels: { 'app.kubernetes.io/instance': 'orders', app: 'orders-mongodb-0' } },
      template: {
        metadata: { labels, annotations: { 'middleware.fedstate.io/template-hash': templateHash } },
        spec: {
          terminationGracePeriodSeconds: 60,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 999,
            runAsGroup: 999,
            fsGroup: 999,
            fsGroupChangePolicy: 'OnRootMismatch',
            seccompProfile: { type: 'RuntimeDefault' },
          },
          affinity: {
            podAntiAffinity: {
              preferredDuringSchedulingIgnoredDuringExecution: [
                {
                  weight: 100,
                  podAffinityTerm: {
                    topologyKey: 'kubernetes.io/hostname',
                    labelSelector: {
                      matchLabels: { 'app.kubernetes.io/instance': 'orders', role: 'replset' },
                    },
                  },
                },
              ],
            },
          },
          initContainers: [
            {
              name: 'prepare',
              image: 'fedstate:dev',
              imagePullPolicy: 'IfNotPresent',
              command: [
                'node',
                '/app/prepare.js',
                '/etc/fedstate/auth/keyfile',
                '/run/fedstate/keyfile',
                '/data/db',
              ],
              terminationMessagePolicy: 'FallbackToLogsOnError',
              resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
              securityContext: confined,
              volumeMounts: [
                { name: 'auth', mountPath: '/etc/fedstate/auth', readOnly: true },
                { name: 'keyfile', mountPath: '/run/fedstate' },
                { name: 'data-902b5fd9', mountPath: '/data/db' },
              ],
            },
          ],
          containers: [
            {
              name: 'mongo',
              image: 'mongo:4.2',
              imagePullPolicy: 'IfNotPresent',
              command: ['mongod', '--config', '/etc/mongod/mongod.yaml'],
              terminationMessagePolicy: 'FallbackToLogsOnError',
              ports: [{ name: 'mongo', containerPort: 27017, protocol: 'TCP' }],
              resources: { requests: { cpu: '50m', memory: '100Mi' }, limits: { cpu: '1', memory: '1Gi' } },
              securityContext: confined,
              startupProbe: {
                tcpSocket: { port: 'mongo' },
                timeoutSeconds: 5,
                initialDelaySeconds: 2,
                periodSeconds: 2,
                failureThreshold: 900,
              },
              readinessProbe: {
                tcpSocket: { port: 'mongo' },
                timeoutSeconds: 5,
                periodSeconds: 5,
                failureThreshold: 3,
              },
              livenessProbe: {
                tcpSocket: { port: 'mongo' },
                timeoutSeconds: 5,
                periodSeconds: 20,
                failureThreshold: 9,
              },
              volumeMounts: [
                { name: 'data-902b5fd9', mountPath: '/data/db' },
                { name: 'config', mountPath: '/etc/mongod', readOnly: true },
                { name: 'keyfile', mountPath: '/run/fedstate', readOnly: true },
                { name: 'tmp', mountPath: '/tmp' },
              ],
            },
          ],
          volumes: [
            { name: 'config', configMap: { name: 'orders-mongod-00000000' } },
            {
              name: 'auth',
              secret: { secretName: 'orders-auth', items: [{ key: 'keyfile', path: 'keyfile' }] },
            },
            { name: 'keyfile', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
            { name: 'tmp', emptyDir: {} },
          ],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: 'data-902b5fd9', labels },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
        },
      ],
    },
  });
});

const podSpecOf = (spec: object, overParts: Partial<MemberParts> = {}, ordinal: number | 'arbiter' = 0) =>
  buildPodTemplate(sampleInstance({ ...spec }), ordinal, { ...parts, ...overParts }).template.spec;

test('an arbiter is labelled as one and has a small claim', () => {
  const { manifest } = buildStatefulSet(
    sampleInstance({ persistence: { storage: '50Gi' } }),
    'arbiter',
    parts,
  );
  expect(manifest.metadata.labels).toMatchObject({ app: 'orders-mongodb-arbiter', arbiter: 'true' });
  expect(manifest.metadata.labels).not.toHaveProperty('data');
  expect(manifest).toMatchObject({
    spec: { volumeClaimTemplates: [{ spec: { resources: { requests: { storage: '256Mi' } } } }] },
  });
});

test('the storage class is named only when one is asked for', () => {
  const classOf = (storageClassName: string) =>
    buildStatefulSet(sampleInstance({ persistence: { storageClassName } }), 0, parts).manifest;
  expect(classOf('')).not.toHaveProperty('spec.volumeClaimTemplates[0].spec.storageClassName');
  expect(classOf('fast')).toHaveProperty('spec.volumeClaimTemplates[0].spec.storageClassName', 'fast');
});

test('the claim carries the federated instance uid, so that nothing old is inherited', () => {
  const claimOf = (instanceUID: string) =>
    buildStatefulSet(sampleInstance({ instanceUID }), 0, parts).manifest['spec'];
  expect(claimOf('a')).not.toEqual(claimOf('b'));
});

test('YAML nulls in podSpec are the same as nothing', () => {
  const nulls = {
    nodeSelector: null,
    securityContext: null,
    topologySpreadConstraints: null,
    affinity: null,
    tolerations: null,
  };
  expect(podSpecOf({ podSpec: nulls })).toEqual(podSpecOf({}));
});

test('podSpec reaches the pod; what the user says of security wins', () => {
  const tolerations = [{ key: 'db', operator: 'Exists' }];
  expect(
    podSpecOf({
      podSpec: { nodeSelector: { deploy: 'mongo' }, tolerations, securityContext: { fsGroup: 7 } },
    }),
  ).toMatchObject({
    nodeSelector: { deploy: 'mongo' },
    tolerations,
    securityContext: { fsGroup: 7, runAsUser: 999, runAsNonRoot: true },
  });
  expect(buildSecurityContext({ runAsUser: 0 })).not.toHaveProperty('runAsNonRoot');
  expect(buildSecurityContext({ runAsUser: 0, runAsNonRoot: true })).toHaveProperty('runAsNonRoot', true);
});

test('affinity of the user stands beside ours', () => {
  const nodeAffinity = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } };
  const theirs = { weight: 1, podAffinityTerm: { topologyKey: 'zone' } };
  const required = [{ topologyKey: 'rack' }];
  const affinity = buildAffinity(
    { name: 'orders' },
    {
      nodeAffinity,
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [theirs],
        requiredDuringSchedulingIgnoredDuringExecution: required,
      },
    },
  );
  expect(affinity).toMatchObject({
    nodeAffinity,
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [theirs, { weight: 100 }],
      requiredDuringSchedulingIgnoredDuringExecution: required,
    },
  });
});

test('a spread constraint without a selector counts this instance, one with a selector is kept', () => {
  const bare = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' };
  const own = { ...bare, labelSelector: { matchLabels: { a: 'b' } } };
  expect(
    podSpecOf({ podSpec: { topologySpreadConstraints: [bare, own] } })['topologySpreadConstraints'],
  ).toEqual([
    { ...bare, labelSelector: { matchLabels: { 'app.kubernetes.io/instance': 'orders', role: 'replset' } } },
    own,
  ]);
});

test('the template hash moves with what a database runs with, not with our own image', () => {
  const hashOf = (over: Partial<MemberParts>, spec = {}) =>
    buildPodTemplate(sampleInstance(spec), 0, { ...parts, ...over }).hash;
  const base = hashOf({});
  expect(hashOf({ fedstateImage: 'fedstate:next' })).toBe(base);
  expect(hashOf({}, { members: 3 })).toBe(base);
  expect(hashOf({ image: 'mongo:4.4' })).not.toBe(base);
  expect(hashOf({ mongodConfig: 'orders-mongod-11111111' })).not.toBe(base);
  expect(hashOf({}, { resources: { limits: { cpu: '2' } } })).not.toBe(base);
});

test('the exporter signs in as clusterMonitor with any password, at an arbiter without a user', () => {
  const exporter = { image: 'percona/mongodb_exporter:0.40', secret: 'orders-exporter' };
  const uriKey = (ordinal: number | 'arbiter') => podSpecOf({}, { exporter }, ordinal)['containers'];
  expect(uriKey(0)).toMatchObject([
    { name: 'mongo' },
    {
      name: 'metrics-exporter',
      image: 'percona/mongodb_exporter:0.40',
      ports: [{ name: 'metrics', containerPort: 9216 }],
      env: [{ name: 'MONGODB_URI', valueFrom: { secretKeyRef: { name: 'orders-exporter', key: 'uri' } } }],
    },
  ]);
  expect(uriKey('arbiter')).toMatchObject([
    {},
    { env: [{ valueFrom: { secretKeyRef: { key: 'arbiter-uri' } } }] },
  ]);
  expect(decode(buildExporterSecret(sampleInstance(), 'a/b+c=@:%')['data'])).toEqual({
    uri: 'mongodb://clusterMonitor:a%2Fb%2Bc%3D%40%3A%25@127.0.0.1:27017/?authSource=admin&directConnection=true',
    'arbiter-uri': 'mongodb://127.0.0.1:27017/?directConnection=true',
  });
});

test('Services: NodePort for a member, ClusterIP for its exporter, both for the same pod', () => {
  const instance = sampleInstance();
  const selector = { 'app.kubernetes.io/instance': 'orders', app: 'orders-mongodb-0' };
  expect(buildMemberService(instance, 0)).toMatchObject({
    metadata: { name: 'orders-mongodb-0', ownerReferences: [owner] },
    spec: {
      type: 'NodePort',
      publishNotReadyAddresses: true,
      selector,
      ports: [{ name: 'mongo', port: 27017, targetPort: 27017 }],
    },
  });
  expect(buildExporterService(instance, 0)).toMatchObject({
    metadata: { name: 'orders-mongodb-0-exporter', labels: { role: 'exporter' } },
    spec: { type: 'ClusterIP', selector, ports: [{ name: 'metrics', port: 9216 }] },
  });
  expect(buildServiceMonitor(instance)).toMatchObject({
    metadata: { name: 'orders-exporter' },
    spec: {
      selector: { matchLabels: { 'app.kubernetes.io/instance': 'orders', role: 'exporter' } },
      endpoints: [{ port: 'metrics' }],
    },
  });
});

test('one member at a time may be drained (S2); exporters are no part of it', () => {
  expect(buildDisruptionBudget(sampleInstance())).toMatchObject({
    metadata: { name: 'orders-mongodb' },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: { 'app.kubernetes.io/instance': 'orders', role: 'replset' } },
    },
  });
});

test('credentials: the given root password, all else random and fit for mongod', () => {
  const random = (bytes: number): string => Buffer.alloc(bytes, bytes).toString('base64');
  const given = decode(buildAuthSecret(sampleInstance({ rootPassword: '123456' }), random)['data']);
  expect(given['rootPassword']).toBe('123456');
  expect(given['keyfile']).toMatch(/^[A-Za-z0-9+/]{504}$/);
  const generated = decode(buildAuthSecret(sampleInstance({ rootPassword: '' }), random)['data']);
  expect(generated['rootPassword']).toBe(random(18));
  expect(new Set(Object.keys(generated))).toEqual(
    new Set(['rootPassword', 'clusterAdminPassword', 'clusterMonitorPassword', 'keyfile']),
  );
});

test('a pull Secret for the registry of the image that runs', () => {
  const secret = buildPullSecret(sampleInstance(), { username: 'admin', password: 'p"w' }, 'mongo:4.2');
  expect(secret).toMatchObject({
    type: 'kubernetes.io/dockerconfigjson',
    metadata: { name: 'orders-pull-generated' },
  });
  expect(JSON.parse(decode(secret['data'])['.dockerconfigjson'] ?? '')).toEqual({
    auths: {
      'https://index.docker.io/v1/': {
        username: 'admin',
        password: 'p"w',
        auth: Buffer.from('admin:p"w').toString('base64'),
      },
    },
  });
});

const nameArb = fc.stringMatching(/^[a-z]([a-z0-9-]{0,42}[a-z0-9])?$/);
const ordinalArb = fc.oneof(fc.integer({ min: 0, max: 49 }), fc.constant('arbiter' as const));

test('property: for any instance name every object name, label and revision fits Kubernetes', () => {
  fc.assert(
    fc.property(nameArb, ordinalArb, (name, ordinal) => {
      const instance = sampleInstance({ metricsExporterSpec: { enable: true } }, { name });
      const { manifest } = buildStatefulSet(instance, ordinal, parts);
      const manifests = [
        manifest,
        buildMemberService(instance, ordinal),
        buildExporterService(instance, ordinal),
        buildMongodConfig(instance, 'x'),
        buildDisruptionBudget(instance),
        buildExporterSecret(instance, 'x'),
        buildPullSecret(instance, { username: 'a', password: 'b' }, 'mongo:4.2'),
        buildAuthSecret(instance, () => 'x'),
      ];
      for (const { metadata } of manifests) {
        expect(metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/);
        expect(metadata.name.length).toBeLessThanOrEqual(63);
        for (const value of Object.values(metadata.labels ?? {}))
          expect(value).toMatch(/^([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/);
      }
      // controller-revision-hash: <StatefulSet>-<10 characters>
      expect(memberName(name, ordinal).length + 11).toBeLessThanOrEqual(63);
    }),
  );
});

test('pods are made anew for another keyfile, and for another password of the exporter where they have one', () => {
  const exporter = { image: 'exporter:dev', secret: 'orders-exporter' };
  const hashOf = (
    ordinal: 0 | 'arbiter',
    more: Partial<MemberParts>,
    keyfile?: string,
    monitor?: string,
  ): string =>
    buildPodTemplate(sampleInstance(), ordinal, {
      ...parts,
      ...more,
      credentialsRevision: { keyfile, monitor },
    }).hash;
  // Who was never rotated keeps the hash that he has always had.
  expect(hashOf(0, {})).toBe(buildPodTemplate(sampleInstance(), 0, parts).hash);
  expect(new Set([hashOf(0, {}), hashOf(0, {}, '0+1'), hashOf(0, {}, '1')]).size).toBe(3);
  expect(hashOf(0, { exporter }, undefined, '1')).not.toBe(hashOf(0, { exporter }));
  expect(hashOf(0, {}, undefined, '1')).toBe(hashOf(0, {}));
  expect(hashOf('arbiter', { exporter }, undefined, '1')).toBe(hashOf('arbiter', { exporter }));
});
