/** A custom resource that the API server itself must refuse, and the words that its answer must hold. */
export interface BadResource {
  readonly what: string;
  readonly kind: 'MultiCloudMongoDB' | 'MongoDB';
  readonly name?: string;
  /** What stands before; absent: the object is new. */
  readonly before?: Readonly<Record<string, unknown>>;
  readonly spec: Readonly<Record<string, unknown>>;
  readonly says: readonly string[];
}

const federated = (spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  replicaset: 3,
  ...spec,
});
const override = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  federated({ member: { overrides: [{ cluster: 'east', ordinal: 0, ...fields }] } });

export const BAD_RESOURCES: readonly BadResource[] = [
  {
    what: 'no size',
    kind: 'MultiCloudMongoDB',
    spec: {},
    says: ['spec.replicaset', 'Required'],
  },
  {
    what: 'size 0',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 0 },
    says: ['spec.replicaset', 'greater than or equal to 1'],
  },
  {
    what: 'more members than a replica set holds (S5)',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 51 },
    says: ['spec.replicaset', 'less than or equal to 50'],
  },
  {
    what: 'size as text',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 'three' },
    says: ['spec.replicaset', 'integer'],
  },
  {
    what: 'a name of 45 characters',
    kind: 'MultiCloudMongoDB',
    name: 'a'.repeat(45),
    spec: federated({}),
    says: ['metadata.name', 'at most 44', 'shorten'],
  },
  {
    what: 'a name with a dot',
    kind: 'MultiCloudMongoDB',
    name: 'orders.v2',
    spec: federated({}),
    says: ['metadata.name', 'DNS label'],
  },
  {
    what: 'a name that starts with a digit',
    kind: 'MongoDB',
    name: '2orders',
    spec: {},
    says: ['metadata.name', 'starts with a letter'],
  },
  {
    what: 'a size that is no quantity',
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageSize: '10 Gigs' } }),
    says: ['spec.storage.storageSize', 'must be a quantity'],
  },
  {
    what: 'a volume of nothing',
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageSize: '0' } }),
    says: ['spec.storage.storageSize', 'above zero'],
  },
  {
    what: 'a volume that shrinks, in other units',
    kind: 'MultiCloudMongoDB',
    before: federated({ storage: { storageSize: '1Gi' } }),
    spec: federated({ storage: { storageSize: '1023Mi' } }),
    says: ['spec.storage.storageSize', 'may only grow'],
  },
  {
    what: 'another storage class',
    kind: 'MultiCloudMongoDB',
    before: federated({ storage: { storageClass: 'fast' } }),
    spec: federated({ storage: { storageClass: 'slow' } }),
    says: ['spec.storage.storageClass', 'cannot be changed'],
  },
  {
    what: 'a storage class where none was',
    kind: 'MultiCloudMongoDB',
    before: federated({}),
    spec: federated({ storage: { storageClass: 'slow' } }),
    says: ['spec.storage.storageClass', 'cannot be changed'],
  },
  {
    what: 'two root passwords',
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswd: 'x', rootPasswdSecretRef: { name: 'root' } } }),
    says: ['spec.auth', 'rootPasswd and rootPasswdSecretRef exclude each other'],
  },
  {
    what: 'a voter without vote that may lead (S5)',
    kind: 'MultiCloudMongoDB',
    spec: override({ votes: 0, priority: 2 }),
    says: ['spec.member.overrides[0]', 'votes 0 must have priority 0'],
  },
  {
    what: 'two votes (S5)',
    kind: 'MultiCloudMongoDB',
    spec: override({ votes: 2 }),
    says: ['spec.member.overrides[0].votes', 'less than or equal to 1'],
  },
  {
    what: 'a hidden member that may lead (S6)',
    kind: 'MultiCloudMongoDB',
    spec: override({ hidden: true, priority: 0.5 }),
    says: ['spec.member.overrides[0]', 'hidden member must have priority 0'],
  },
  {
    what: 'a delayed member that clients see (S6)',
    kind: 'MultiCloudMongoDB',
    spec: override({ secondaryDelaySecs: 3600, priority: 0 }),
    says: ['spec.member.overrides[0]', 'secondaryDelaySecs wants a hidden member'],
  },
  {
    what: 'a delayed member that may lead (S6)',
    kind: 'MultiCloudMongoDB',
    spec: override({ secondaryDelaySecs: 3600, hidden: true, priority: 1 }),
    says: ['spec.member.overrides[0]', 'delayed member must have priority 0'],
  },
  {
    what: 'two overrides for one member',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      member: {
        overrides: [
          { cluster: 'east', ordinal: 0, priority: 2 },
          { cluster: 'east', ordinal: 0, votes: 1 },
        ],
      },
    }),
    says: ['spec.member.overrides', 'may stand once'],
  },
  {
    what: 'an unknown scheduler mode',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { schedulerMode: 'Random' } }),
    says: ['spec.scheduler.schedulerMode', '"Uniform", "Weighting"'],
  },
  {
    what: 'a negative weight',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { clusterWeights: { east: -1 } } }),
    says: ['spec.scheduler.clusterWeights.east', 'greater than or equal to 0'],
  },
  {
    what: 'a spread over two things at once',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      spreadConstraints: { spreadConstraints: [{ spreadByField: 'zone', spreadByLabel: 'rack' }] },
    }),
    says: ['spec.spreadConstraints.spreadConstraints[0]', 'either spreadByField or spreadByLabel'],
  },
  {
    what: 'more groups at least than at most',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      spreadConstraints: { spreadConstraints: [{ spreadByField: 'zone', minGroups: 3, maxGroups: 2 }] },
    }),
    says: ['spec.spreadConstraints.spreadConstraints[0]', 'minGroups may not be above maxGroups'],
  },
  {
    what: 'the same user twice',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      users: ['a', 'b'].map((secret) => ({
        name: 'shop',
        passwordSecretRef: { name: secret },
        roles: [{ role: 'readWrite', db: 'shop' }],
      })),
    }),
    says: ['spec.users[1]', 'Duplicate value'],
  },
  {
    what: 'a user without roles',
    kind: 'MultiCloudMongoDB',
    spec: federated({ users: [{ name: 'shop', passwordSecretRef: { name: 'shop' }, roles: [] }] }),
    says: ['spec.users[0].roles', 'at least 1'],
  },
  {
    what: 'a window without a cron line',
    kind: 'MultiCloudMongoDB',
    spec: federated({ operations: { windows: [{ schedule: 'at night', durationMinutes: 60 }] } }),
    says: ['spec.operations.windows[0].schedule', 'five cron fields'],
  },
  {
    what: 'memory in no unit',
    kind: 'MultiCloudMongoDB',
    spec: federated({ resource: { limits: { memory: '512 MB' } } }),
    says: ['spec.resource.limits.memory', 'should match'],
  },
  {
    what: 'an unknown pull policy',
    kind: 'MongoDB',
    spec: { imagePullPolicy: 'Sometimes' },
    says: ['spec.imagePullPolicy', '"IfNotPresent"'],
  },
  {
    what: 'a sharded cluster',
    kind: 'MongoDB',
    spec: { type: 'Sharded' },
    says: ['spec.type', '"ReplicaSet"'],
  },
  {
    what: 'fewer than no members',
    kind: 'MongoDB',
    spec: { members: -1 },
    says: ['spec.members', 'greater than or equal to 0'],
  },
  {
    what: 'a member beyond the fiftieth to retire (S5)',
    kind: 'MongoDB',
    spec: { members: 1, retired: [50] },
    says: ['spec.retired[0]', 'less than or equal to 49'],
  },
  {
    what: 'a member that is no ordinal to roll out',
    kind: 'MongoDB',
    spec: { members: 1, rollout: ['primary'] },
    says: ['spec.rollout[0]', "should match '^(arbiter)$'"],
  },
  {
    what: 'a password beside a credentials Secret',
    kind: 'MongoDB',
    spec: { rootPassword: 'x', credentialsSecretRef: 'orders-auth' },
    says: ['spec', 'rootPassword and credentialsSecretRef exclude each other'],
  },
  {
    what: 'another instance uid',
    kind: 'MongoDB',
    before: { instanceUID: '8c2b' },
    spec: { instanceUID: '9d3c' },
    says: ['spec', 'instanceUID cannot be changed once it is set'],
  },
  {
    what: 'an instance uid taken away',
    kind: 'MongoDB',
    before: { instanceUID: '8c2b' },
    spec: {},
    says: ['spec', 'instanceUID cannot be changed once it is set'],
  },
  {
    what: 'a volume that shrinks',
    kind: 'MongoDB',
    before: { persistence: { storage: '2Gi' } },
    spec: { persistence: { storage: '1Gi' } },
    says: ['spec.persistence.storage', 'may only grow'],
  },
];
