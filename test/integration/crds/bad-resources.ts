/** A custom resource that the API server itself must refuse, and the words that its answer must hold: field and remedy. */
export interface BadResource {
  readonly what: string;
  readonly kind: 'MultiCloudMongoDB' | 'MongoDB';
  readonly name?: string;
  /** What stands before; absent: the object is new. */
  readonly before?: Fields;
  readonly spec: Fields | undefined;
  readonly says: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

const federated = (spec: Fields): Fields => ({
  replicaset: 3,
  ...spec,
});
const override = (fields: Fields): Fields =>
  federated({ member: { overrides: [{ cluster: 'east', ordinal: 0, ...fields }] } });

const votes = (count: number, arbiter: boolean): Fields => ({
  replicaset: 10,
  config: { arbiter },
  member: {
    overrides: Array.from({ length: count }, (_, ordinal) => ({ cluster: 'east', ordinal, votes: 1 })),
  },
});
const user = (fields: Fields): Fields =>
  federated({
    users: [
      {
        name: 'shop',
        passwordSecretRef: { name: 'shop' },
        roles: [{ role: 'readWrite', db: 'shop' }],
        ...fields,
      },
    ],
  });
const tolerating = (toleration: Fields): Fields => federated({ scheduler: { tolerations: [toleration] } });
/** No spec. */
const absent: undefined = undefined;

/** Every place where resources stand, in a spec around them. */
const RESOURCES: readonly (readonly [BadResource['kind'], string, (resources: Fields) => Fields])[] = [
  ['MultiCloudMongoDB', 'spec.resource', (resource) => federated({ resource })],
  ['MultiCloudMongoDB', 'spec.export.resource', (resource) => federated({ export: { resource } })],
  ['MongoDB', 'spec.resources', (resources) => ({ resources })],
  ['MongoDB', 'spec.metricsExporterSpec.resources', (resources) => ({ metricsExporterSpec: { resources } })],
];
const badResourcesAt = ([kind, field, around]: (typeof RESOURCES)[number]): BadResource[] => [
  ...(['limits', 'requests'] as const).flatMap((part): BadResource[] => [
    {
      what: `less than nothing in ${field}.${part}`,
      kind,
      spec: around({ [part]: { memory: '-1' } }),
      says: [`${field}.${part}[memory]`, 'must be a quantity from 0', 'e.g. 500m, 2 or 1Gi'],
    },
    {
      what: `more than there is in ${field}.${part}`,
      kind,
      spec: around({ [part]: { cpu: 2000000000000000000 } }),
      says: [`${field}.${part}[cpu]`, 'at most 1Ei', 'lower it'],
    },
    {
      what: `an unknown resource in ${field}.${part}`,
      kind,
      spec: around({ [part]: { disk: 1 } }),
      says: [`${field}.${part}`, 'keys must be cpu, memory, ephemeral-storage', 'correct the name'],
    },
  ]),
  {
    what: `a request above the limit in ${field}`,
    kind,
    spec: around({ requests: { cpu: 1.0 }, limits: { cpu: '999m' } }),
    says: [field, 'requests may not be above limits', 'lower the request or raise the limit'],
  },
];
/** Both kinds tolerate taints and select nodes by the same words. */
const badPodRules = (
  kind: BadResource['kind'],
  field: string,
  around: (podSpec: Fields) => Fields,
): BadResource[] => [
  {
    what: `a toleration of every taint that does not say so in ${field}`,
    kind,
    spec: around({ tolerations: [{ effect: 'NoSchedule' }] }),
    says: [`${field}.tolerations[0]`, 'without key wants operator Exists', 'set operator'],
  },
  {
    what: `a toleration of a value that only exists in ${field}`,
    kind,
    spec: around({ tolerations: [{ key: 'disk', operator: 'Exists', value: 'ssd' }] }),
    says: [`${field}.tolerations[0]`, 'Exists takes no value', 'take value out'],
  },
  {
    what: `a toleration for a time of what evicts nobody in ${field}`,
    kind,
    spec: around({ tolerations: [{ key: 'disk', operator: 'Exists', tolerationSeconds: 60 }] }),
    says: [`${field}.tolerations[0]`, 'tolerationSeconds wants effect NoExecute', 'set effect'],
  },
  {
    what: `a toleration of a taint that cannot be in ${field}`,
    kind,
    spec: around({ tolerations: [{ key: 'my disk', operator: 'Exists' }] }),
    says: [`${field}.tolerations[0].key`, 'must be a label key', 'e.g. topology.kubernetes.io/zone'],
  },
  {
    what: `a toleration of a value that cannot be in ${field}`,
    kind,
    spec: around({ tolerations: [{ key: 'disk', value: 'very fast' }] }),
    says: [`${field}.tolerations[0].value`, 'must be a label value', '63 at most'],
  },
];

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
    says: ['spec.operations.windows[0].schedule', 'five cron fields', 'e.g. "0 2 * * 6"'],
  },
  {
    what: 'memory in no unit',
    kind: 'MultiCloudMongoDB',
    spec: federated({ resource: { limits: { memory: '512 MB' } } }),
    says: ['spec.resource.limits[memory]', 'must be a quantity', 'e.g. 500m, 2 or 1Gi'],
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
  // Names: the rest of the table has the limits of 44 characters, digits and dots.
  {
    what: 'a name in upper case',
    kind: 'MultiCloudMongoDB',
    name: 'Orders',
    spec: federated({}),
    says: ['metadata.name', 'lower case alphanumeric'],
  },
  {
    what: 'a name that ends with a dash',
    kind: 'MongoDB',
    name: 'orders-',
    spec: {},
    says: ['metadata.name', 'must consist of lower case alphanumeric'],
  },
  {
    what: 'a name of 45 characters',
    kind: 'MongoDB',
    name: 'a'.repeat(45),
    spec: {},
    says: ['metadata.name', 'at most 44', 'shorten'],
  },
  {
    what: 'a name with a dot',
    kind: 'MongoDB',
    name: 'orders.v2',
    spec: {},
    says: ['metadata.name', 'DNS label', 'use a-z, 0-9 and -'],
  },

  // Quantities in all spellings.
  ...['1gi', '500mi', ' 1Gi', '1Gi ', '1 Gi', '', '0x10', '1,5', '1e', '-1', '-1Gi', 'NaN'].map(
    (memory): BadResource => ({
      what: `memory of "${memory}"`,
      kind: 'MultiCloudMongoDB',
      spec: federated({ resource: { requests: { memory } } }),
      says: ['spec.resource.requests[memory]', 'must be a quantity from 0', 'e.g. 500m, 2 or 1Gi'],
    }),
  ),
  {
    what: 'less than no cpu, as a number',
    kind: 'MongoDB',
    spec: { resources: { limits: { cpu: -1 } } },
    says: ['spec.resources.limits[cpu]', 'must be a quantity from 0'],
  },
  {
    what: 'half a cpu as a number, which Kubernetes wants as text',
    kind: 'MongoDB',
    spec: { resources: { limits: { cpu: 0.5 } } },
    says: ['spec.resources.limits.cpu', 'must be of type integer,string'],
  },
  {
    what: 'more memory than anybody has',
    kind: 'MongoDB',
    spec: { resources: { limits: { memory: '2Ei' } } },
    says: ['spec.resources.limits[memory]', 'at most 1Ei', 'lower it'],
  },
  {
    what: 'more memory than can be counted',
    kind: 'MultiCloudMongoDB',
    spec: federated({ resource: { requests: { memory: '1e9999' } } }),
    says: ['spec.resource.requests[memory]', 'at most 1Ei', 'lower it'],
  },
  {
    what: 'a list in place of a quantity',
    kind: 'MongoDB',
    spec: { resources: { limits: { memory: ['1Gi'] } } },
    says: ['spec.resources.limits.memory', 'must be of type integer,string'],
  },
  {
    what: 'a resource that nobody knows',
    kind: 'MultiCloudMongoDB',
    spec: federated({ resource: { limits: { memroy: '1Gi' } } }),
    says: ['spec.resource.limits', 'keys must be cpu, memory, ephemeral-storage', 'correct the name'],
  },
  {
    what: 'a device, which no mongod uses',
    kind: 'MongoDB',
    spec: { resources: { limits: { 'example.com/gpu': 1 } } },
    says: ['spec.resources.limits', 'keys must be cpu, memory, ephemeral-storage', 'take it out'],
  },
  {
    what: 'a request above its limit, in other units',
    kind: 'MultiCloudMongoDB',
    spec: federated({ resource: { requests: { memory: '1025Mi' }, limits: { memory: '1Gi' } } }),
    says: ['spec.resource', 'requests may not be above limits', 'lower the request or raise the limit'],
  },
  {
    what: 'a request of the exporter above its limit, one a number',
    kind: 'MongoDB',
    spec: {
      metricsExporterSpec: { enable: true, resources: { requests: { cpu: 2 }, limits: { cpu: '1500m' } } },
    },
    says: ['spec.metricsExporterSpec.resources', 'requests may not be above limits'],
  },
  ...['1gi', '-1Gi', ' 1Gi', '10GB', '0', ''].map((storageSize): BadResource => ({
    what: `a volume of "${storageSize}"`,
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageSize } }),
    says: ['spec.storage.storageSize', 'must be a quantity above zero', 'e.g. 10Gi'],
  })),
  {
    what: 'a volume as a number',
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageSize: 10 } }),
    says: ['spec.storage.storageSize', 'must be of type string'],
  },
  {
    what: 'a volume beyond every store',
    kind: 'MongoDB',
    spec: { persistence: { storage: '1024Ei' } },
    says: ['spec.persistence.storage', 'at most 1Ei'],
  },

  ...RESOURCES.flatMap(badResourcesAt),

  // Shapes and words.
  {
    what: 'a field that there is not (kubectl validates strictly; else it is pruned)',
    kind: 'MultiCloudMongoDB',
    spec: federated({ replicas: 3 }),
    says: ['unknown field "spec.replicas"'],
  },
  {
    what: 'no spec at all',
    kind: 'MongoDB',
    spec: absent,
    says: ['spec', 'Required value'],
  },
  {
    what: 'a list in place of an object',
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: [] }),
    says: ['spec.storage', 'must be of type object'],
  },
  {
    what: 'text in place of a switch',
    kind: 'MultiCloudMongoDB',
    spec: federated({ config: { arbiter: 'true' } }),
    says: ['spec.config.arbiter', 'must be of type boolean'],
  },
  {
    what: 'a list in place of text',
    kind: 'MultiCloudMongoDB',
    spec: federated({ imageSetting: { image: ['mongo'] } }),
    says: ['spec.imageSetting.image', 'must be of type string'],
  },
  {
    what: 'text in place of an affinity',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { affinity: 'ssd' } }),
    says: ['spec.scheduler.affinity', 'must be of type object'],
  },
  {
    what: 'a size with a fraction',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 2.5 },
    says: ['spec.replicaset', 'must be of type integer'],
  },
  {
    what: 'a size beyond every whole number',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 9223372036854775000 },
    says: ['spec.replicaset', 'less than or equal to 50'],
  },
  {
    what: 'a scheduler mode in lower case',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { schedulerMode: 'uniform' } }),
    says: ['spec.scheduler.schedulerMode', 'supported values: "Uniform", "Weighting"'],
  },
  {
    what: 'a scheduler without a name',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { schedulerName: '' } }),
    says: ['spec.scheduler.schedulerName', 'at least 1 chars long'],
  },
  {
    what: 'an unknown approval',
    kind: 'MultiCloudMongoDB',
    spec: federated({ operations: { approval: 'never' } }),
    says: ['spec.operations.approval', 'supported values: "Auto", "OnPrimaryChange", "Always"'],
  },
  {
    what: 'an unknown way to fail over',
    kind: 'MultiCloudMongoDB',
    spec: federated({ failover: { mode: 'auto' } }),
    says: ['spec.failover.mode', 'supported values: "Auto", "Approve", "Off"'],
  },
  {
    what: 'a control that nobody has',
    kind: 'MongoDB',
    spec: { control: 'Remote' },
    says: ['spec.control', 'supported values: "Federated", "Local"'],
  },

  // Members and votes.
  {
    what: 'an arbiter beside an odd number (S6)',
    kind: 'MultiCloudMongoDB',
    spec: federated({ config: { arbiter: true } }),
    says: ['spec', 'config.arbiter', 'make replicaset even'],
  },
  {
    what: 'an arbiter beside 50 members (S5)',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 50, config: { arbiter: true } },
    says: ['spec', 'config.arbiter', 'lower replicaset to 48'],
  },
  {
    what: 'an arbiter beside 50 members in one cluster (S5)',
    kind: 'MongoDB',
    spec: { members: 50, arbiter: true },
    says: ['spec', 'members and the arbiter', 'lower members'],
  },
  {
    what: 'overrides that ask for eight votes (S5)',
    kind: 'MultiCloudMongoDB',
    spec: votes(8, false),
    says: ['spec.member.overrides', 'more than the 7 votes', 'take votes 1 out'],
  },
  {
    what: 'overrides that ask for seven votes beside an arbiter (S5)',
    kind: 'MultiCloudMongoDB',
    spec: votes(7, true),
    says: ['spec', 'member.overrides and the arbiter', 'take votes 1 out'],
  },
  {
    what: 'two overrides for all members of one cluster',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      member: {
        overrides: [
          { cluster: 'east', votes: 0 },
          { cluster: 'east', priority: 0 },
        ],
      },
    }),
    says: ['spec.member.overrides', 'may stand once', 'join the two'],
  },
  {
    what: 'an override of no cluster',
    kind: 'MultiCloudMongoDB',
    spec: federated({ member: { overrides: [{ cluster: '' }] } }),
    says: ['spec.member.overrides[0].cluster', 'at least 1 chars long'],
  },
  {
    what: 'an override of the fifty-first member',
    kind: 'MultiCloudMongoDB',
    spec: override({ ordinal: 50 }),
    says: ['spec.member.overrides[0].ordinal', 'less than or equal to 49'],
  },
  {
    what: 'a negative priority',
    kind: 'MultiCloudMongoDB',
    spec: override({ priority: -1 }),
    says: ['spec.member.overrides[0].priority', 'greater than or equal to 0'],
  },
  {
    what: 'a delay of more than a year, which mongod does not take',
    kind: 'MultiCloudMongoDB',
    spec: override({ secondaryDelaySecs: 31622401, hidden: true, priority: 0 }),
    says: ['spec.member.overrides[0].secondaryDelaySecs', 'less than or equal to 31622400'],
  },
  {
    what: 'more members than fifty in one cluster',
    kind: 'MongoDB',
    spec: { members: 51 },
    says: ['spec.members', 'less than or equal to 50'],
  },

  // Users and passwords.
  ...['root', 'clusterAdmin', 'clusterMonitor', '__system'].map((name): BadResource => ({
    what: `a user called ${name}`,
    kind: 'MultiCloudMongoDB',
    spec: user({ name }),
    says: ['spec.users[0].name', "FedState's own users", 'choose another name'],
  })),
  ...['a,b', 'a=b', 'a\nb'].map((name): BadResource => ({
    what: `a user called ${JSON.stringify(name)}`,
    kind: 'MultiCloudMongoDB',
    spec: user({ name }),
    says: ['spec.users[0].name', 'may not hold a comma', 'choose another name'],
  })),
  {
    what: 'a user without a name',
    kind: 'MultiCloudMongoDB',
    spec: user({ name: '' }),
    says: ['spec.users[0].name', 'at least 1 chars long'],
  },
  {
    what: 'a user without a Secret',
    kind: 'MultiCloudMongoDB',
    spec: federated({ users: [{ name: 'shop', roles: [{ role: 'read', db: 'shop' }] }] }),
    says: ['spec.users[0].passwordSecretRef', 'Required value'],
  },
  {
    what: 'a role without a name',
    kind: 'MultiCloudMongoDB',
    spec: user({ roles: [{ role: '', db: 'shop' }] }),
    says: ['spec.users[0].roles[0].role', 'at least 1 chars long'],
  },
  {
    what: 'a role of no database',
    kind: 'MultiCloudMongoDB',
    spec: user({ roles: [{ role: 'read' }] }),
    says: ['spec.users[0].roles[0].db', 'Required value'],
  },
  ...['shop.orders', 'my shop', '$external', 'a/b', 'a\\b', 'x'.repeat(64)].map((db): BadResource => ({
    what: `a role of a database called ${db}`,
    kind: 'MultiCloudMongoDB',
    spec: user({ roles: [{ role: 'read', db }] }),
    says: [
      'spec.users[0].roles[0].db',
      db.length > 63 ? 'may not be more than 63' : 'must be the name of a database: at most 63 characters',
    ],
  })),
  {
    what: 'a database user called root',
    kind: 'MongoDB',
    spec: { dbUserSpec: { enable: true, name: 'shop', user: 'root', password: 'x' } },
    says: ['spec.dbUserSpec.user', 'choose another name'],
  },
  {
    what: 'a database user called a,b',
    kind: 'MongoDB',
    spec: { dbUserSpec: { user: 'a,b' } },
    says: ['spec.dbUserSpec.user', 'may not hold a comma', 'choose another name'],
  },
  {
    what: 'a database user of a database that cannot be',
    kind: 'MongoDB',
    spec: { dbUserSpec: { name: 'my shop' } },
    says: ['spec.dbUserSpec.name', 'must be the name of a database'],
  },
  {
    what: 'a database user with a line break for a password',
    kind: 'MongoDB',
    spec: { dbUserSpec: { password: '\n' } },
    says: ['spec.dbUserSpec.password', 'may not hold line breaks', 'take them out'],
  },
  {
    what: 'a root password with a tab',
    kind: 'MongoDB',
    spec: { rootPassword: 'a\tb' },
    says: ['spec.rootPassword', 'may not hold line breaks, tabs', 'take them out'],
  },
  {
    what: 'a database user without a password',
    kind: 'MongoDB',
    spec: { dbUserSpec: { enable: true, name: 'shop', user: 'shop' } },
    says: ['spec.dbUserSpec', 'enable wants name, user and password', 'give all three'],
  },
  {
    what: 'an empty root password',
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswd: '' } }),
    says: ['spec.auth.rootPasswd', 'at least 1 chars long'],
  },
  {
    what: 'a root password with a line break',
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswd: 'secret\n' } }),
    says: ['spec.auth.rootPasswd', 'may not hold line breaks', 'take them out'],
  },
  {
    what: 'a root password of more than 1024 characters',
    kind: 'MongoDB',
    spec: { rootPassword: 'x'.repeat(1025) },
    says: ['spec.rootPassword', 'may not be more than 1024'],
  },
  ...['Orders_Root', '../kube-system', 'a b', ''].map((name): BadResource => ({
    what: `a root Secret called "${name}"`,
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswdSecretRef: { name } } }),
    says: ['spec.auth.rootPasswdSecretRef.name', 'must be the name of an object', 'use a-z, 0-9'],
  })),
  {
    what: 'a key that no Secret has',
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswdSecretRef: { name: 'root', key: 'pass word' } } }),
    says: ['spec.auth.rootPasswdSecretRef.key', 'must be a key of a Secret', 'e.g. password'],
  },
  {
    what: 'a credentials Secret without a name',
    kind: 'MongoDB',
    spec: { credentialsSecretRef: '' },
    says: ['spec.credentialsSecretRef', 'must be the name of an object'],
  },
  {
    what: 'a ConfigMap that nobody can make',
    kind: 'MultiCloudMongoDB',
    spec: federated({ config: { configRef: 'My_Config' } }),
    says: ['spec.config.configRef', 'must be the name of an object, or empty', 'e.g. orders-config'],
  },
  {
    what: 'a ConfigMap that nobody can make, in a member',
    kind: 'MongoDB',
    spec: { customConfigRef: 'my/config' },
    says: ['spec.customConfigRef', 'must be the name of an object, or empty'],
  },
  {
    what: 'a record of addresses that nobody can make',
    kind: 'MultiCloudMongoDB',
    spec: federated({ member: { memberConfigRef: 'My Hosts' } }),
    says: ['spec.member.memberConfigRef', 'must be the name of an object, or empty'],
  },
  {
    what: 'a record of addresses that nobody can make, in a member',
    kind: 'MongoDB',
    spec: { memberConfigRef: 'My Hosts' },
    says: ['spec.memberConfigRef', 'must be the name of an object, or empty'],
  },
  {
    what: "a user's Secret that nobody can make",
    kind: 'MultiCloudMongoDB',
    spec: user({ passwordSecretRef: { name: 'My Secret' } }),
    says: ['spec.users[0].passwordSecretRef.name', 'must be the name of an object', 'use a-z, 0-9'],
  },
  {
    what: "a key of a user's Secret that no Secret has",
    kind: 'MultiCloudMongoDB',
    spec: user({ passwordSecretRef: { name: 'shop', key: 'a/b' } }),
    says: ['spec.users[0].passwordSecretRef.key', 'must be a key of a Secret', 'e.g. password'],
  },
  {
    what: 'a storage class that nobody can make, in a member',
    kind: 'MongoDB',
    spec: { persistence: { storageClassName: 'Fast SSD' } },
    says: ['spec.persistence.storageClassName', 'must be the name of an object, or empty'],
  },
  {
    what: 'a storage class that nobody can make',
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageClass: 'Fast_SSD' } }),
    says: ['spec.storage.storageClass', 'must be the name of an object, or empty'],
  },

  // Images.
  ...[
    ...['Mongo:6.0', ' mongo:6.0', 'mongo:', 'mongo:6.0:1', 'mongo@sha256:abc', 'https://docker.io/mongo'],
    ...['registry:port/mongo', 'a//b', 'mongo:6.0@', '-mongo', 'mongo:-6', ''],
  ].map((image): BadResource => ({
    what: `an image called "${image}"`,
    kind: image.startsWith('m') ? 'MongoDB' : 'MultiCloudMongoDB',
    spec: image.startsWith('m') ? { image } : federated({ imageSetting: { image } }),
    says: ['mage', 'must be [registry[:port]/]repository[:tag][@digest]', 'e.g. mongo:6.0'],
  })),

  // Where members may go.
  ...['x/Sometimes', '0', '-1', '1.5', '1/', '1/donotschedule', '', '1/DoNotSchedule/x'].map(
    (value): BadResource => ({
      what: `a spread over nodes of "${value}"`,
      kind: 'MultiCloudMongoDB',
      spec: federated({ spreadConstraints: { topologySpreadConstraints: { zone: value } } }),
      says: [
        'spec.spreadConstraints.topologySpreadConstraints[zone]',
        'must be a whole number from 1',
        'e.g. "1/DoNotSchedule"',
      ],
    }),
  ),
  {
    what: 'two spreads over nodes that insist',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      spreadConstraints: {
        topologySpreadConstraints: { zone: '1/DoNotSchedule', rack: '2/DoNotSchedule' },
      },
    }),
    says: [
      'spec.spreadConstraints.topologySpreadConstraints',
      'at most one',
      'make the others ScheduleAnyway',
    ],
  },
  {
    what: 'a spread over something that is no label',
    kind: 'MultiCloudMongoDB',
    spec: federated({ spreadConstraints: { topologySpreadConstraints: { 'my zone': '1' } } }),
    says: ['spec.spreadConstraints.topologySpreadConstraints', 'keys must be labels of nodes'],
  },
  ...['my disk', 'a/b/c', '-disk', 'Disk.example.com/', '__proto__', 'x'.repeat(64)].map(
    (key): BadResource => ({
      what: `a node label called ${key}`,
      kind: 'MultiCloudMongoDB',
      spec: federated({ spreadConstraints: { nodeSelect: Object.fromEntries([[key, 'ssd']]) } }),
      says: [
        'spec.spreadConstraints.nodeSelect',
        'keys must be label keys',
        'e.g. topology.kubernetes.io/zone',
      ],
    }),
  ),
  {
    what: 'a node label that cannot be, in a member',
    kind: 'MongoDB',
    spec: { podSpec: { nodeSelector: { 'my disk': 'ssd' } } },
    says: ['spec.podSpec.nodeSelector', 'keys must be label keys', 'e.g. topology.kubernetes.io/zone'],
  },
  {
    what: 'a value that no node label has, in a federation',
    kind: 'MultiCloudMongoDB',
    spec: federated({ spreadConstraints: { nodeSelect: { disk: '-' } } }),
    says: ['spec.spreadConstraints.nodeSelect[disk]', 'must be a label value'],
  },
  {
    what: 'a value that no node label has',
    kind: 'MongoDB',
    spec: { podSpec: { nodeSelector: { disk: 'very fast' } } },
    says: ['spec.podSpec.nodeSelector[disk]', 'must be a label value', '63 at most'],
  },
  {
    what: 'weights of nothing but 0',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { schedulerMode: 'Weighting', clusterWeights: { east: 0, west: 0 } } }),
    says: ['spec.scheduler.clusterWeights', 'a weight above 0', 'raise one, or take clusterWeights out'],
  },
  {
    what: 'weights of no cluster',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { schedulerMode: 'Weighting', clusterWeights: {} } }),
    says: ['spec.scheduler.clusterWeights', 'a weight above 0'],
  },
  {
    what: 'a weight with a fraction',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { clusterWeights: { east: 0.5 } } }),
    says: ['spec.scheduler.clusterWeights.east', 'must be of type integer'],
  },
  {
    what: 'a spread over nothing',
    kind: 'MultiCloudMongoDB',
    spec: federated({ spreadConstraints: { spreadConstraints: [{ minGroups: 2 }] } }),
    says: ['spec.spreadConstraints.spreadConstraints[0]', 'either spreadByField or spreadByLabel'],
  },
  {
    what: 'a spread over an unknown field',
    kind: 'MultiCloudMongoDB',
    spec: federated({ spreadConstraints: { spreadConstraints: [{ spreadByField: 'rack' }] } }),
    says: [
      'spec.spreadConstraints.spreadConstraints[0].spreadByField',
      '"cluster", "region", "zone", "provider"',
    ],
  },
  {
    what: 'a spread over a label that cannot be',
    kind: 'MultiCloudMongoDB',
    spec: federated({ spreadConstraints: { spreadConstraints: [{ spreadByLabel: 'my rack' }] } }),
    says: ['spec.spreadConstraints.spreadConstraints[0].spreadByLabel', 'must be a label key'],
  },
  ...badPodRules('MultiCloudMongoDB', 'spec.scheduler', (scheduler) => federated({ scheduler })),
  ...badPodRules('MongoDB', 'spec.podSpec', (podSpec) => ({ podSpec })),
  {
    what: 'a toleration with an unknown operator',
    kind: 'MultiCloudMongoDB',
    spec: tolerating({ key: 'disk', operator: 'In' }),
    says: ['spec.scheduler.tolerations[0].operator', 'supported values: "Exists", "Equal"'],
  },
  {
    what: 'tolerations that are no list',
    kind: 'MultiCloudMongoDB',
    spec: federated({ scheduler: { tolerations: 'all' } }),
    says: ['spec.scheduler.tolerations', 'must be of type array'],
  },
  {
    what: 'pods that do not restart',
    kind: 'MongoDB',
    spec: { podSpec: { restartPolicy: 'Never' } },
    says: ['spec.podSpec.restartPolicy', 'may only be Always', 'take it out'],
  },

  // Windows and times.
  ...[
    '0 2 * *',
    '60 2 * * *',
    '0 24 * * *',
    '0 2 32 * *',
    '0 2 * 13 *',
    '0 2 * * 8',
    '@daily',
    '* * * * * *',
    '',
  ].map((schedule): BadResource => ({
    what: `a window at "${schedule}"`,
    kind: 'MultiCloudMongoDB',
    spec: federated({ operations: { windows: [{ schedule, durationMinutes: 60 }] } }),
    says: [
      'spec.operations.windows[0].schedule',
      'must be five cron fields',
      'minute hour day month weekday',
    ],
  })),
  {
    what: 'a window that never opens',
    kind: 'MultiCloudMongoDB',
    spec: federated({ operations: { windows: [{ schedule: '0 2 * * 6', durationMinutes: 0 }] } }),
    says: ['spec.operations.windows[0].durationMinutes', 'greater than or equal to 1'],
  },
  {
    what: 'a negative soak time',
    kind: 'MultiCloudMongoDB',
    spec: federated({ operations: { soakSeconds: -1 } }),
    says: ['spec.operations.soakSeconds', 'greater than or equal to 0'],
  },
  {
    what: 'a delay that JavaScript cannot count',
    kind: 'MultiCloudMongoDB',
    spec: federated({ failover: { delaySeconds: 9007199254740994 } }),
    says: ['spec.failover.delaySeconds', 'less than or equal to'],
  },

  // What never changes.
  {
    what: 'a storage class taken away',
    kind: 'MultiCloudMongoDB',
    before: federated({ storage: { storageClass: 'fast' } }),
    spec: federated({}),
    says: ['spec.storage.storageClass', 'cannot be changed after creation', 'make a new instance'],
  },
  {
    what: 'another storage class in a member',
    kind: 'MongoDB',
    before: { persistence: { storageClassName: 'fast' } },
    spec: { persistence: { storageClassName: 'slow' } },
    says: ['spec.persistence.storageClassName', 'cannot be changed after creation', 'make a new MongoDB'],
  },
  {
    what: 'a volume that falls back to the default size',
    kind: 'MultiCloudMongoDB',
    before: federated({ storage: { storageSize: '3Gi' } }),
    spec: federated({}),
    says: ['spec.storage.storageSize', 'may only grow', 'the present size or more'],
  },
  {
    what: 'an instance uid that no label can hold',
    kind: 'MongoDB',
    spec: { instanceUID: 'not a uid' },
    says: ['spec.instanceUID', 'must be a label value'],
  },
];
