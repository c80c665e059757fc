import type { BadResource } from './bad-resources';

/** A custom resource at a limit of what is allowed: the API server must take it as it is. */
export type GoodResource = Omit<BadResource, 'says' | 'spec' | 'before'> & {
  readonly spec: Readonly<Record<string, unknown>>;
};

const federated = (spec: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  replicaset: 3,
  ...spec,
});
const image = (reference: string): GoodResource => ({
  what: `image ${reference}`,
  kind: 'MultiCloudMongoDB',
  spec: federated({ imageSetting: { image: reference } }),
});
const digest = 'ab'.repeat(32);

export const GOOD_RESOURCES: readonly GoodResource[] = [
  { what: 'a name of one letter', kind: 'MultiCloudMongoDB', name: 'a', spec: federated({}) },
  { what: 'a name of 44 characters', kind: 'MultiCloudMongoDB', name: 'b'.repeat(44), spec: federated({}) },
  {
    what: 'a name of 44 characters with digits',
    kind: 'MongoDB',
    name: `c-${'0'.repeat(42)}`,
    spec: { members: 1 },
  },
  { what: 'one member', kind: 'MultiCloudMongoDB', spec: { replicaset: 1 } },
  { what: '50 members', kind: 'MultiCloudMongoDB', spec: { replicaset: 50 } },
  {
    what: '48 members and an arbiter',
    kind: 'MultiCloudMongoDB',
    spec: { replicaset: 48, config: { arbiter: true } },
  },
  { what: 'no member', kind: 'MongoDB', spec: { members: 0 } },
  { what: '50 members of one cluster', kind: 'MongoDB', spec: { members: 50 } },
  {
    what: '49 members of one cluster and the arbiter',
    kind: 'MongoDB',
    spec: { members: 49, arbiter: true },
  },

  ...['1e3', '500m', '0.5', '1Gi', '1G', '+1', '.5', '1.', '1E', '1Ei', '0', '1e-3', '100n', '5u', 2, 0].map(
    (cpu): GoodResource => ({
      what: `cpu of ${JSON.stringify(cpu)}`,
      kind: 'MultiCloudMongoDB',
      spec: federated({ resource: { requests: { cpu }, limits: {} } }),
    }),
  ),
  ...['1', '1e9', '1Gi', '1G', '1.5Gi', '1Ei'].map((storageSize): GoodResource => ({
    what: `a volume of ${storageSize}`,
    kind: 'MultiCloudMongoDB',
    spec: federated({ storage: { storageSize } }),
  })),
  {
    what: 'a request as high as its limit, in other units, one a number',
    kind: 'MongoDB',
    spec: { resources: { requests: { cpu: 1, memory: '1024Mi' }, limits: { cpu: '1000m', memory: '1Gi' } } },
  },
  {
    what: 'limits alone',
    kind: 'MongoDB',
    spec: { resources: { limits: { cpu: 2, memory: '1Gi', 'ephemeral-storage': '1Gi' } } },
  },

  image('mongo'),
  image('mongo:6.0'),
  image('mongo:6.0-jammy_1'),
  image(`mongo@sha256:${digest}`),
  image(`mongo:6.0@sha256:${digest}`),
  image('localhost/mongo'),
  image('registry:5000/mongo'),
  image('registry.example.com:5000/team/a_b/mongo-server:6.0'),
  image('[fd00::1]:5000/mongo:6.0'),
  image('REGISTRY.example.com/mongo'),

  {
    what: 'overrides that ask for seven votes',
    kind: 'MultiCloudMongoDB',
    spec: {
      replicaset: 9,
      member: {
        overrides: [
          { cluster: '10-29-14-21', priority: 1000, tags: { ' any ': 'text: of, {users}' } },
          ...Array.from({ length: 7 }, (_, ordinal) => ({
            cluster: 'east',
            ordinal,
            votes: 1,
            priority: 0.5,
          })),
          { cluster: 'west', votes: 0, hidden: true, priority: 0, secondaryDelaySecs: 31622400 },
        ],
      },
    },
  },
  {
    what: 'a user with names and roles at their limits',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      users: [
        {
          name: 'ü'.repeat(256),
          passwordSecretRef: { name: 'a.b-c', key: '_.-Key' },
          roles: [
            { role: 'readWrite', db: 'x'.repeat(63) },
            { role: 'my role', db: 'größe_1-2' },
          ],
        },
      ],
    }),
  },
  {
    what: 'a password of 1024 characters outside the basic plane',
    kind: 'MultiCloudMongoDB',
    spec: federated({ auth: { rootPasswd: '𝕏'.repeat(1024) } }),
  },
  { what: 'a password of one character', kind: 'MongoDB', spec: { rootPassword: '"' } },
  { what: 'a pull Secret by name', kind: 'MongoDB', spec: { imagePullSecret: 'registry' } },
  {
    what: 'a pull Secret by its two values',
    kind: 'MultiCloudMongoDB',
    spec: federated({ imageSetting: { imagePullSecret: { user: 'me', passwd: 'p@ss' } } }),
  },
  {
    what: 'references that are empty, as none',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      config: { configRef: '', configSet: {} },
      storage: { storageClass: '' },
      member: { memberConfigRef: '', overrides: [] },
      imageSetting: { imagePullSecret: '' },
      users: [],
      spreadConstraints: { nodeSelect: {}, topologySpreadConstraints: {}, spreadConstraints: [] },
      scheduler: { tolerations: [], affinity: {} },
      operations: { windows: [] },
    }),
  },
  {
    what: 'label keys and values at their limits',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      spreadConstraints: {
        nodeSelect: {
          [`${'a.'.repeat(100)}example.com/${'K'.repeat(63)}`]: 'V'.repeat(63),
          constructor: '',
        },
        topologySpreadConstraints: { zone: '1', rack: '999999999/ScheduleAnyway', host: '1/DoNotSchedule' },
      },
    }),
  },
  {
    what: 'every taint tolerated, and one for a time',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      scheduler: {
        tolerations: [
          { operator: 'Exists' },
          { key: '', operator: 'Exists', effect: 'NoSchedule' },
          { key: 'disk', value: '', effect: 'NoExecute', tolerationSeconds: -1 },
        ],
        schedulerMode: 'Weighting',
        clusterWeights: { east: 1, west: 0, '10-29-14-21': 1000000 },
      },
    }),
  },
  {
    what: 'spread constraints at their limits',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      spreadConstraints: {
        spreadConstraints: [
          { spreadByField: 'zone', minGroups: 3, maxGroups: 3 },
          { spreadByLabel: 'example.com/rack', minGroups: 2, maxGroups: 0 },
        ],
      },
    }),
  },
  ...['* * * * *', '*/15 2 1-7 JAN-MAR MON,WED', '0,30 23 31 12 7', '5-59/10 0 * * SUN'].map(
    (schedule): GoodResource => ({
      what: `a window at ${schedule}`,
      kind: 'MultiCloudMongoDB',
      spec: federated({ operations: { windows: [{ schedule, durationMinutes: 10080 }], soakSeconds: 0 } }),
    }),
  ),
  {
    what: 'members to retire and to roll out at their limits',
    kind: 'MongoDB',
    spec: { members: 1, retired: [49, 'arbiter'], rollout: [0, 'arbiter'], instanceUID: 'u'.repeat(63) },
  },
  {
    what: 'every word of failover and operations that YAML 1.1 could take for something else',
    kind: 'MultiCloudMongoDB',
    spec: federated({
      failover: { mode: 'Off', failback: 'Off', delaySeconds: 0 },
      operations: { approval: 'Always' },
    }),
  },
];
