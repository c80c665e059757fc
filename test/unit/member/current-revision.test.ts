import { mongoDBSpecSchema } from '../../../src/api/mongodb';
import { currentRevision } from '../../../src/member/current-revision';

const spec = mongoDBSpecSchema.parse({
  metricsExporterSpec: {
    enable: true,
    resources: { limits: { memory: '100Mi', cpu: '50m' }, requests: { cpu: '50m', memory: '100Mi' } },
  },
  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '50m', memory: '100Mi' } },
  dbUserSpec: {},
  persistence: { storage: '1Gi' },
  imagePullSecret: {},
  imagePullPolicy: 'IfNotPresent',
  type: 'ReplicaSet',
  rootPassword: '123456',
  image: 'mongo:3.6',
  customConfigRef: 'cc',
  memberConfigRef: 'x-hostconf',
  members: 3,
});

test('is what the Go version computes of the same spec', () => {
  expect(currentRevision('orders', spec)).toBe('orders-7c7c5cbdf6');
});

test('moves with the spec, and not with fields that the Go version does not know', () => {
  expect(currentRevision('orders', { ...spec, image: 'mongo:4.2' })).not.toBe('orders-7c7c5cbdf6');
  expect(currentRevision('orders', { ...spec, retired: [0], rollout: [1], control: 'Federated' })).toBe(
    'orders-7c7c5cbdf6',
  );
});
