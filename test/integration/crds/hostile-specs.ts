import fc from 'fast-check';
import type { Json } from '../../../src/api/json';
import { odd, SIZES, text, WORDS } from './hostile-values';

type Shape = Record<string, fc.Arbitrary<Json>>;
/** An object with all of the first fields and any of the second. */
const part = (always: Shape, maybe: Shape = {}): fc.Arbitrary<Json> =>
  fc
    .record({ ...always, ...maybe }, { requiredKeys: Object.keys(always) })
    .map((fields): Json => ({ ...fields }));
const some = (maybe: Shape): fc.Arbitrary<Json> => part({}, maybe);
const list = (item: fc.Arbitrary<Json>, maxLength = 3): fc.Arbitrary<Json> => fc.array(item, { maxLength });
const map = (key: fc.Arbitrary<string>, value: fc.Arbitrary<Json>, minKeys = 0): fc.Arbitrary<Json> =>
  fc.dictionary(key, value, { minKeys, maxKeys: 3 });
const oneOf = (...values: Json[]): fc.Arbitrary<Json> => fc.constantFrom(...values);
const mostly = (usual: fc.Arbitrary<Json>, rare: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc.oneof({ weight: 9, arbitrary: usual }, { weight: 1, arbitrary: rare });

const flag = fc.boolean();
const quantity = oneOf('500m', '1Gi', '1', 1, 2, '1e3', '0.5', '100M', '2Gi');
const resources = fc.oneof(
  some({
    limits: some({ cpu: oneOf(2, '4'), memory: oneOf('2Gi', '4G') }),
    requests: some({ cpu: oneOf('500m', 1), memory: oneOf('1Gi') }),
  }),
  some({ limits: map(fc.constantFrom('cpu', 'memory', 'ephemeral-storage'), quantity) }),
);
const image = oneOf(
  ...['mongo', 'mongo:6.0', 'mongo:3.6', 'registry:5000/team/mongo:7.0', `mongo@sha256:${'0a'.repeat(32)}`],
);
const policy = oneOf('Always', 'IfNotPresent', 'Never');
const labelKeys = fc.constantFrom(
  'disk',
  'topology.kubernetes.io/zone',
  'tier',
  'constructor',
  'x'.repeat(63),
);
const labelValue = oneOf('', 'ssd', 'V'.repeat(63), 'east-1');
const cluster = oneOf('east', 'west', 'north', '10-29-14-21', 'constructor');
const name = oneOf('orders-root', 'a', 'a.b-c', 'x'.repeat(253));
const secretKey = part({ name }, { key: oneOf('password', 'toString') });
const toleration = fc.oneof(
  part(
    { operator: oneOf('Exists') },
    { key: oneOf('disk', 'a.b/c'), effect: oneOf('NoSchedule', 'NoExecute') },
  ),
  part({ key: oneOf('disk') }, { value: labelValue, effect: oneOf('NoExecute') }),
  part({ key: oneOf('disk'), effect: oneOf('NoExecute'), tolerationSeconds: oneOf(0, 60, -1) }),
);
const requirement = fc.oneof(
  fc.oneof(
    part({
      key: oneOf('disk', 'tier', 'my disk'),
      operator: oneOf('In', 'NotIn'),
      values: oneOf(['ssd'], ['a', '']),
    }),
    part({ key: oneOf('disk', 'constructor'), operator: oneOf('Exists', 'DoesNotExist') }),
  ),
  some({
    key: oneOf('disk', 'my disk', 'app.kubernetes.io/instance'),
    operator: oneOf('In', 'Exists', 'Gt', 'Near'),
    values: list(oneOf('ssd', '8', 'a b'), 2),
  }),
);
const selector = some({ matchLabels: map(labelKeys, labelValue), matchExpressions: list(requirement, 2) });
const podTerm = mostly(
  part({
    topologyKey: oneOf('cluster', 'region', 'zone'),
    labelSelector: oneOf({ matchLabels: { 'app.kubernetes.io/instance': 'other' } }),
  }),
  some({
    topologyKey: oneOf('kubernetes.io/hostname', 'my zone', ''),
    labelSelector: selector,
    namespaces: list(oneOf('shop', 'No Such')),
  }),
);
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const nodesOnly = part({ topologyKey: oneOf('kubernetes.io/hostname', 'rack') }, { labelSelector: selector });
const podRules = some({
  [REQUIRED]: list(podTerm, 1),
  [PREFERRED]: list(part({ weight: oneOf(1, 100), podAffinityTerm: fc.oneof(podTerm, nodesOnly) }), 2),
});
const nodeTerm = part({ matchExpressions: list(requirement, 2) });
const affinity = some({
  nodeAffinity: some({
    [REQUIRED]: part({ nodeSelectorTerms: fc.array(nodeTerm, { minLength: 1, maxLength: 2 }) }),
    [PREFERRED]: list(part({ weight: oneOf(1, 100), preference: nodeTerm }), 2),
  }),
  podAffinity: mostly(oneOf({}), podRules),
  podAntiAffinity: podRules,
});
const settings = fc.constantFrom(
  ...['net.maxIncomingConnections', 'LOG_LEVEL', 'COLOUR', 'net.ipv6', 'storage.syncPeriodSecs'],
  ...['net.port', 'storage.wiredTiger', 'a..b'],
);
const password = mostly(oneOf('x', 'p@:/%?#"\\', '123456', 'e\u0301'), oneOf('😀', 'אa'));

/** Mostly valid specs of a MultiCloudMongoDB, before anything is spoilt. */
const multiCloud = part(
  { replicaset: fc.integer({ min: 1, max: 9 }) },
  {
    resource: resources,
    auth: fc.oneof(some({ rootPasswd: password }), some({ rootPasswdSecretRef: secretKey })),
    users: list(
      part({
        name: oneOf('shop'),
        passwordSecretRef: secretKey,
        roles: oneOf([{ role: 'readWrite', db: 'shop' }]),
      }),
      1,
    ),
    member: some({
      memberConfigRef: name,
      overrides: list(
        fc.oneof(
          part({ cluster }, { votes: oneOf(0, 1), tags: map(labelKeys, labelValue) }),
          part({ cluster, ordinal: oneOf(0, 1, 49) }, { priority: oneOf(0, 0.5, 2) }),
          part({ cluster }, { hidden: flag, secondaryDelaySecs: oneOf(0) }),
        ),
        2,
      ),
    }),
    imageSetting: some({
      image,
      imagePullPolicy: policy,
      imagePullSecret: fc.oneof(name, part({ user: oneOf('me'), passwd: password })),
    }),
    storage: some({
      storageClass: oneOf('', 'local'),
      storageSize: oneOf('1Gi', '10G', '1e9'),
      whenDeleted: oneOf('Retain', 'Delete'),
    }),
    export: some({ enable: flag, resource: resources }),
    config: some({
      configRef: oneOf('', 'orders-config'),
      configSet: fc.dictionary(settings, oneOf('5', 'true', 'debug', '*a'), { maxKeys: 1 }),
    }),
    scheduler: some({
      schedulerMode: oneOf('Uniform', 'Weighting'),
      clusterWeights: map(fc.constantFrom('east', 'west', 'constructor'), oneOf(1, 5), 1),
      affinity,
      tolerations: list(toleration, 2),
    }),
    spreadConstraints: some({
      nodeSelect: mostly(oneOf({}), map(labelKeys, labelValue)),
      topologySpreadConstraints: map(labelKeys, oneOf('1', '999999999', '1/ScheduleAnyway')),
      spreadConstraints: list(
        part(
          { spreadByField: oneOf('cluster', 'region', 'zone') },
          { minGroups: oneOf(0, 1), maxGroups: oneOf(0, 2, 3) },
        ),
        2,
      ),
      allowDynamicScheduler: flag,
    }),
    operations: some({
      approval: oneOf('Auto', 'Always'),
      paused: flag,
      soakSeconds: oneOf(0, 60),
      windows: oneOf([{ schedule: '0 2 * * 6', durationMinutes: 60 }]),
    }),
    failover: some({ mode: oneOf('Auto', 'Off'), delaySeconds: oneOf(0, 60), failback: oneOf('Off') }),
  },
);

const podSpec = some({
  nodeSelector: map(labelKeys, labelValue),
  securityContext: mostly(some({ runAsUser: oneOf(0, 999), fsGroup: oneOf(999) }), odd),
  affinity: mostly(affinity, odd),
  tolerations: list(toleration, 2),
  topologySpreadConstraints: mostly(
    list(
      part({ topologyKey: oneOf('zone'), maxSkew: oneOf(1), whenUnsatisfiable: oneOf('DoNotSchedule') }),
      1,
    ),
    list(some({ topologyKey: oneOf('my zone'), maxSkew: oneOf(1, 0), whenUnsatisfiable: oneOf('Never') }), 2),
  ),
  restartPolicy: oneOf('Always'),
});
const ordinal = oneOf(0, 1, 49, 'arbiter');

/** Mostly valid specs of a MongoDB. */
const local = some({
  members: oneOf(0, 1, 3, 7),
  arbiter: flag,
  rsInit: flag,
  image,
  imagePullPolicy: policy,
  imagePullSecret: fc.oneof(name, part({ username: oneOf('me'), password })),
  config: list(part({ name: settings, value: oneOf('5', 'debug') })),
  customConfigRef: oneOf('', 'orders-config'),
  rootPassword: password,
  resources,
  persistence: some({
    storage: oneOf('1Gi', '10G'),
    storageClassName: oneOf('', 'local'),
    whenScaled: oneOf('Retain', 'Delete'),
  }),
  metricsExporterSpec: some({ enable: flag, resources }),
  dbUserSpec: part({ enable: flag, name: oneOf('shop'), user: oneOf('shop'), password }),
  podSpec,
  pause: flag,
  control: oneOf('Federated', 'Local'),
  retired: list(ordinal),
  rollout: list(ordinal),
  instanceUID: oneOf('8c2b', 'u'.repeat(63)),
});

/** One place in a spec, as numbers that are read modulo what is there, and what comes in its stead. */
interface Spoil {
  readonly path: readonly number[];
  readonly value: Json;
  /** `alike`: another value of the type that stands there. `key`: one more field beside. */
  readonly how: 'alike' | 'any' | 'key';
  readonly text: Json;
  readonly number: Json;
}
const spoil: fc.Arbitrary<Spoil> = fc.record({
  path: fc.array(fc.nat(99), { minLength: 1, maxLength: 6 }),
  value: odd,
  how: fc.constantFrom('alike', 'alike', 'alike', 'any', 'key'),
  text,
  number: oneOf(...SIZES),
});

function spoilTree(tree: Json, { path: [step = 0, ...rest], ...how }: Spoil): Json {
  const change = (inner: Json): Json =>
    rest.length === 0 ? replace(inner, how) : spoilTree(inner, { path: rest, ...how });
  if (Array.isArray(tree)) {
    const at = step % Math.max(1, tree.length);
    return tree.length === 0
      ? [how.value]
      : tree.map((item: Json, index) => (index === at ? change(item) : item));
  }
  if (typeof tree !== 'object' || tree === null) return replace(tree, how);
  const entries = Object.entries(tree);
  const key = entries[step % Math.max(1, entries.length)]?.[0];
  if (key === undefined || (rest.length === 0 && how.how === 'key')) {
    const name = typeof how.text === 'string' ? how.text.slice(0, 300) : 'x';
    return Object.fromEntries([...entries, [name, how.value]]);
  }
  return Object.fromEntries(entries.map(([one, item]) => [one, one === key ? change(item) : item]));
}

function replace(value: Json, { how, ...other }: Omit<Spoil, 'path'>): Json {
  if (how === 'alike' && typeof value === 'string') return other.text;
  if (how === 'alike' && typeof value === 'number') return other.number;
  if (how === 'alike' && typeof value === 'boolean') return !value;
  return other.value;
}

const spoilt = (spec: fc.Arbitrary<Json>): fc.Arbitrary<Json> =>
  fc
    .tuple(
      spec,
      fc.oneof(
        { weight: 2, arbitrary: fc.constant<Spoil[]>([]) },
        { weight: 3, arbitrary: fc.array(spoil, { minLength: 1, maxLength: 3 }) },
      ),
    )
    .map(([whole, spoils]) => spoils.reduce<Json>(spoilTree, whole));

const metadata = fc.record({
  labels: fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    { weight: 1, arbitrary: fc.dictionary(labelKeys, fc.constantFrom('', 'x', 'V'.repeat(63))) },
  ),
  annotations: fc.oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc
        .oneof(
          fc.constantFrom(...WORDS),
          fc.json(),
          fc.constantFrom(
            '{"ClusterWithReplicaset":[{"cluster":"east","replicaset":3}]}',
            '{"ClusterWithReplicaset":[{"cluster":"constructor","replicaset":1e99}]}',
          ),
        )
        .map((value) => ({ schedulerResult: value })),
    },
  ),
});

export interface HostileResource {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Json;
}

export const hostileMultiCloudMongoDB: fc.Arbitrary<HostileResource> = fc.record({
  metadata,
  spec: spoilt(multiCloud),
});
export const hostileMongoDB: fc.Arbitrary<HostileResource> = fc.record({ metadata, spec: spoilt(local) });
