import {
  awaitedNode,
  buildVolume,
  claimSchema,
  classSchema,
  isDiscarded,
  volumeSchema,
  wantedGrowth,
} from '../../../../local/provisioner/volume';

const metadata = (rest: object = {}) => ({
  name: 'd-0',
  namespace: 'shop',
  uid: 'u1',
  resourceVersion: '1',
  ...rest,
});
const ours = classSchema.parse({
  metadata: { ...metadata(), name: 'local' },
  provisioner: 'volumes.local.fedstate.io',
});
const theirs = classSchema.parse({
  metadata: { ...metadata(), name: 'ebs' },
  provisioner: 'ebs.csi.aws.com',
});
const classes = new Map([ours, theirs].map((item) => [item.metadata.name, item]));

function claim(spec: object = {}, rest: object = {}, meta: object = {}) {
  return claimSchema.parse({
    metadata: metadata({ annotations: { 'volume.kubernetes.io/selected-node': 'east-b' }, ...meta }),
    spec: {
      storageClassName: 'local',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '2Gi' } },
      ...spec,
    },
    ...rest,
  });
}

describe('awaitedNode', () => {
  it('is the node that the scheduler chose', () => {
    expect(awaitedNode(claim(), classes)).toBe('east-b');
  });

  it.each([
    ['another provisioner', claim({ storageClassName: 'ebs' })],
    ['no class', claim({ storageClassName: undefined })],
    ['a volume that it has', claim({ volumeName: 'pv-1' })],
    ['no node yet', claim({}, {}, { annotations: {} })],
    ['a claim on its way out', claim({}, {}, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
    ['a block volume', claim({ volumeMode: 'Block' })],
  ])('is none for %s', (_, other) => {
    expect(awaitedNode(other, classes)).toBeUndefined();
  });
});

describe('buildVolume', () => {
  it('is a local volume bound to that claim and that node', () => {
    expect(buildVolume(claim(), ours, 'east-b', '/srv/east-b')).toMatchObject({
      metadata: { name: 'pvc-u1' },
      spec: {
        capacity: { storage: '2Gi' },
        local: { path: '/srv/east-b/pvc-u1' },
        persistentVolumeReclaimPolicy: 'Delete',
        claimRef: { namespace: 'shop', name: 'd-0', uid: 'u1' },
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: 'kubernetes.io/hostname', values: ['east-b'] }] },
            ],
          },
        },
      },
    });
  });
});

describe('isDiscarded', () => {
  const volume = (policy: string, phase: string, provisionedBy = 'volumes.local.fedstate.io') =>
    volumeSchema.parse({
      metadata: { ...metadata(), annotations: { 'pv.kubernetes.io/provisioned-by': provisionedBy } },
      spec: {
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: policy,
        local: { path: '/srv/x' },
      },
      status: { phase },
    });

  it('deletes what was released and is ours to delete, nothing else', () => {
    expect(isDiscarded(volume('Delete', 'Released'))).toBe(true);
    expect(isDiscarded(volume('Retain', 'Released'))).toBe(false);
    expect(isDiscarded(volume('Delete', 'Bound'))).toBe(false);
    expect(isDiscarded(volume('Delete', 'Released', 'somebody'))).toBe(false);
  });
});

describe('wantedGrowth', () => {
  it('is what a bound claim asks for beyond what it has', () => {
    expect(wantedGrowth(claim({}, { status: { phase: 'Bound', capacity: { storage: '1Gi' } } }))).toBe('2Gi');
    expect(
      wantedGrowth(claim({}, { status: { phase: 'Bound', capacity: { storage: '2Gi' } } })),
    ).toBeUndefined();
    expect(wantedGrowth(claim({}, { status: { phase: 'Pending' } }))).toBeUndefined();
  });
});
