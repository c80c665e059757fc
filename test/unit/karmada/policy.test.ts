import {
  buildOverridePolicy,
  buildPropagationPolicy,
  type ClusterOverride,
} from '../../../src/karmada/policy';
import { KINDS, type OwnerReference } from '../../../src/kube/object';

const owner: OwnerReference = {
  apiVersion: 'middleware.fedstate.io/v1alpha1',
  kind: 'MultiCloudMongoDB',
  name: 'orders',
  uid: 'u',
};
const rule = (cluster: string, changes: Partial<ClusterOverride> = {}): ClusterOverride => ({
  cluster,
  vip: '10.201.0.11',
  members: 2,
  arbiter: false,
  rsInit: false,
  retired: [],
  rollout: [],
  ...changes,
});
const override = (rules: ClusterOverride[]) =>
  buildOverridePolicy({
    namespace: 'shop',
    name: 'orders',
    labels: {},
    owner,
    rules,
    revisionAnnotation: 'middleware.fedstate.io/override-revision',
    revisionOf: (one) => `rev-${one.cluster}`,
  });

describe('buildPropagationPolicy', () => {
  const policy = (suspended: boolean, preserve: boolean, fenced: string[] = []) =>
    buildPropagationPolicy({
      namespace: 'shop',
      name: 'orders',
      labels: { 'app.kubernetes.io/instance': 'orders' },
      owner,
      selects: [{ kind: KINDS.mongoDB, name: 'orders' }],
      clusters: ['east', 'west'],
      suspended,
      fenced,
      preserve,
    });

  it('changes nothing in a cluster that is fenced, as far as it is one of its own', () => {
    expect(policy(false, true, ['west', 'south'])['spec']).toMatchObject({
      suspension: { dispatchingOnClusters: { clusterNames: ['west'] } },
    });
    expect(policy(false, true, ['south'])['spec']).not.toHaveProperty('suspension');
    expect(policy(true, true, ['west'])['spec']).toMatchObject({ suspension: { dispatching: true } });
  });

  it('duplicates to named clusters, tolerates every taint and has no failover of its own', () => {
    expect(policy(false, true)['spec']).toEqual({
      resourceSelectors: [
        { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'orders', namespace: 'shop' },
      ],
      placement: {
        clusterAffinity: { clusterNames: ['east', 'west'] },
        clusterTolerations: [{ operator: 'Exists' }],
        replicaScheduling: { replicaSchedulingType: 'Duplicated' },
      },
      preserveResourcesOnDeletion: true,
      conflictResolution: 'Overwrite',
    });
  });

  it('suspends dispatching at birth', () => {
    expect(policy(true, true)['spec']).toMatchObject({ suspension: { dispatching: true } });
  });

  it('is protected against deletion by others', () => {
    expect(policy(false, true).metadata.labels).toMatchObject({
      'app.kubernetes.io/instance': 'orders',
      'resourcetemplate.karmada.io/deletion-protected': 'Always',
    });
  });
});

describe('buildOverridePolicy', () => {
  it('adds the count, so that a template without its override has none (S28: a bare object holds)', () => {
    expect(override([rule('east', { rsInit: true })])['spec']).toEqual({
      resourceSelectors: [
        { apiVersion: 'middleware.fedstate.io/v1alpha1', kind: 'MongoDB', name: 'orders', namespace: 'shop' },
      ],
      overrideRules: [
        {
          targetCluster: { clusterNames: ['east'] },
          overriders: {
            plaintext: [
              { path: '/spec/members', operator: 'add', value: 2 },
              { path: '/spec/rsInit', operator: 'add', value: true },
            ],
            labelsOverrider: [{ operator: 'add', value: { 'app.multicloudmongodb.io/vip': '10.201.0.11' } }],
            annotationsOverrider: [
              { operator: 'add', value: { 'middleware.fedstate.io/override-revision': 'rev-east' } },
            ],
          },
        },
      ],
    });
  });

  it('gives an IPv6 address as an annotation, as no label can hold it', () => {
    const overriders = JSON.stringify(override([rule('east', { vip: 'fd00::1' })])['spec']);
    expect(overriders).not.toContain('labelsOverrider');
    expect(overriders).toContain(
      '{"middleware.fedstate.io/override-revision":"rev-east","middleware.fedstate.io/vip":"fd00::1"}',
    );
  });

  it('names retired members, the rollout and the arbiter only where there are any', () => {
    const spec = JSON.stringify(
      override([rule('west', { retired: [1], rollout: [0, 'arbiter'], arbiter: true })])['spec'],
    );
    expect(spec).toContain('{"path":"/spec/retired","operator":"add","value":[1]}');
    expect(spec).toContain('{"path":"/spec/rollout","operator":"add","value":[0,"arbiter"]}');
    expect(spec).toContain('{"path":"/spec/arbiter","operator":"add","value":true}');
    expect(JSON.stringify(override([rule('east')]))).not.toMatch(/retired|rollout|arbiter/);
  });
});
