import { instanceViewSchema } from '../../../src/triggers/instance-view';
import {
  bindingViewSchema,
  clusterViewSchema,
  compareClusters,
  isConcerned,
} from '../../../src/triggers/surroundings';

interface Shape {
  labels?: object;
  ready?: string;
  message?: string;
  allocated?: string;
  taints?: object[];
}
const cluster = ({
  labels = { vip: '10.0.0.1' },
  ready = 'True',
  message = '',
  allocated = '1',
  taints = [],
}: Shape) =>
  clusterViewSchema.parse({
    metadata: { name: 'east', uid: 'c', resourceVersion: '1', labels },
    spec: { taints },
    status: {
      conditions: [{ type: 'Ready', status: ready, message }],
      resourceSummary: { allocatable: { cpu: '4' }, allocated: { cpu: allocated } },
    },
  });
const instance = (status: object) =>
  instanceViewSchema.parse({
    metadata: { name: 'orders', namespace: 'shop', uid: 'u', resourceVersion: '1' },
    spec: { replicaset: 3 },
    status,
  });

describe('clusters', () => {
  const before = cluster({});
  test.each([
    ['nothing', cluster({}), undefined],
    ['only the words of a condition', cluster({ message: 'cluster is healthy' }), undefined],
    ['Ready', cluster({ ready: 'False' }), 'cluster'],
    ['the VIP label', cluster({ labels: { vip: '10.0.0.2' } }), 'cluster'],
    ['a taint', cluster({ taints: [{ key: 'a', effect: 'NoSchedule' }] }), 'cluster'],
    ['capacity', cluster({ allocated: '3' }), 'room'],
    ['everything, by leaving', undefined, 'cluster'],
  ])('%s changed', (_title, after, change) => {
    expect(compareClusters(before, after)).toBe(change);
  });

  test('a new cluster is a change of standing', () => {
    expect(compareClusters(undefined, before)).toBe('cluster');
  });

  test('room concerns only those that wait for a place; standing also those placed there or waiting on clusters', () => {
    const placed = instance({ placement: { current: [{ cluster: 'east' }] } });
    const elsewhere = instance({ placement: { current: [{ cluster: 'west' }] } });
    const homeless = instance({ operation: { waitReason: 'Unschedulable' } });
    const vipless = instance({ operation: { waitReason: 'VipMissing' } });
    const paused = instance({ operation: { waitReason: 'Paused' } });
    const concerned = (change: 'cluster' | 'room') =>
      [placed, elsewhere, homeless, vipless, paused].map((one) => isConcerned(one, 'east', change));
    expect(concerned('room')).toEqual([false, false, true, false, false]);
    expect(concerned('cluster')).toEqual([true, false, true, true, false]);
  });
});

describe('bindings', () => {
  const binding = (resource: object, aggregatedStatus: unknown) =>
    bindingViewSchema.parse({
      metadata: { name: 'orders-mongodb', namespace: 'shop', uid: 'b', resourceVersion: '1' },
      spec: { resource },
      status: { aggregatedStatus },
    });
  const ours = { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'Orders' };

  test('the binding of a MongoDB belongs to the instance of that name, in its own spelling', () => {
    expect(binding(ours, []).instance).toBe('shop/Orders');
  });

  test('a MongoDB of another group and other kinds belong to nobody', () => {
    expect(binding({ ...ours, apiVersion: 'example.com/v1' }, []).instance).toBeUndefined();
    expect(binding({ ...ours, apiVersion: 'v1', kind: 'Service' }, []).instance).toBeUndefined();
  });

  test('only what members report makes a difference', () => {
    const reports = (state: string) => binding(ours, [{ clusterName: 'east', status: { state } }]).reports;
    expect(reports('Running')).toBe(reports('Running'));
    expect(reports('Running')).not.toBe(reports('Creating'));
  });
});
