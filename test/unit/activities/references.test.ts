import type { ActivityContext } from '../../../src/activities/context';
import { createCredentialActivities } from '../../../src/activities/credentials';
import { createReferenceActivities, resolveReferences } from '../../../src/activities/references';
import { parseImageReplacements } from '../../../src/domain/image';
import { KINDS } from '../../../src/kube/object';
import { makeInstance } from '../../support/custom-resource';
import { makeStubContext } from '../../support/stub-context';
import { createStubKube, type StubKube } from '../../support/stub-kube';

const NO_EVENTS = { record: () => Promise.resolve() };

function contextOf({ kube }: StubKube): ActivityContext {
  return makeStubContext(kube, {
    events: NO_EVENTS,
    imageReplacements: parseImageReplacements('mongo:3.6=mongo:4.2'),
  });
}

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');
const secret = (data: Readonly<Record<string, string | Buffer>>) => ({
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, base64(value)])),
});

type Spec = Readonly<Record<string, unknown>>;
const root = (key?: string): Spec => ({ auth: { rootPasswdSecretRef: { name: 'orders-root', key } } });
const user = (over: Spec = {}): Spec => ({
  users: [
    {
      name: 'shop',
      passwordSecretRef: { name: 'shop-user' },
      roles: [{ role: 'readWrite', db: 'shop' }],
      ...over,
    },
  ],
});
const pull = (imagePullSecret: unknown): Spec => ({ imageSetting: { imagePullSecret } });
const config = (mongodYaml: string) => (stub: StubKube) =>
  stub.put(KINDS.configMap, 'orders-config', { data: { 'mongod.yaml': mongodYaml } });
const configured: Spec = { config: { configRef: 'orders-config' } };
const affinity = (rules: Spec): Spec => ({ scheduler: { affinity: rules } });
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const nodes = (requirement: unknown): Spec =>
  affinity({ nodeAffinity: { [REQUIRED]: { nodeSelectorTerms: [{ matchExpressions: [requirement] }] } } });

/** What the API server cannot see: said with field and remedy, before anything is made. */
const REFUSED: readonly (readonly [
  what: string,
  spec: Spec,
  says: RegExp,
  prepare?: (stub: StubKube) => void,
])[] = [
  [
    'a pull Secret that is a number',
    pull(5),
    /^spec\.imageSetting\.imagePullSecret: it must be the name of a Secret, or an object with user and passwd\.$/,
  ],
  ['a pull Secret that is a list', pull(['registry']), /imagePullSecret: it must be the name/],
  [
    'a pull Secret of a user alone',
    pull({ user: 'me' }),
    /imagePullSecret: it needs both user and passwd, or neither: give both/,
  ],
  [
    'a pull Secret with the words of the other kind',
    pull({ username: 'me', password: 'x' }),
    /imagePullSecret: it has a field username: give the name/,
  ],
  [
    'a pull Secret with a number for a password',
    pull({ user: 'me', passwd: 12345 }),
    /imagePullSecret: user and passwd must be text: put them in quotes/,
  ],
  [
    'a pull Secret for a user with a colon',
    pull({ user: 'a:b', passwd: 'x' }),
    /imagePullSecret: user holds a colon.*take it out/,
  ],
  [
    'a pull Secret that nobody can make',
    pull('My Registry'),
    /imagePullSecret: "My Registry" is no name of a Secret: use a-z/,
  ],
  [
    'an image below 4.2',
    { imageSetting: { image: 'mongo:4.0' } },
    /^spec\.imageSetting\.image: .*Ask for mongo:4\.2 or newer/,
  ],
  [
    'an emoji in the root password',
    { auth: { rootPasswd: 'x😀' } },
    /^spec\.auth\.rootPasswd cannot be used, as .*RFC 4013.*choose others\.$/,
  ],
  [
    'both writing directions in the root password',
    { auth: { rootPasswd: 'אa' } },
    /^spec\.auth\.rootPasswd cannot be used/,
  ],
  [
    'a root Secret whose password ends with a line break',
    root(),
    /^spec\.auth\.rootPasswdSecretRef: the password in Secret shop\/orders-root under key password cannot be used, as it ends with a line break.*--from-literal/,
    (stub) => stub.put(KINDS.secret, 'orders-root', secret({ password: 'geheim\n' })),
  ],
  [
    'a root Secret of bytes',
    root(),
    /it is no UTF-8 text: choose a password of text/,
    (stub) => stub.put(KINDS.secret, 'orders-root', secret({ password: Buffer.from([0xc3, 0x28]) })),
  ],
  [
    'a password of a user that no client may send',
    user(),
    /^spec\.users "shop" passwordSecretRef: .*shop-user.*cannot be used/,
    (stub) => stub.put(KINDS.secret, 'shop-user', secret({ password: 'a\tb' })),
  ],
  [
    'a mongod.yaml that is none',
    configured,
    /^spec\.config: ConfigMap shop\/orders-config, key mongod\.yaml: .*Correct the YAML/,
    config('net: ['),
  ],
  [
    'a mongod.yaml that sets what is ours',
    configured,
    /^spec\.config: ConfigMap shop\/orders-config sets net\.port 1, which FedState owns: take it out/,
    config('net: {port: 1}'),
  ],
  [
    'a mongod.yaml that no Work could carry',
    configured,
    /^spec\.config\.configRef: .* has \d+ bytes as JSON under key mongod\.yaml.*Take comments out/,
    config('# "\n'.repeat(200_000)),
  ],
  [
    'a setting that is ours',
    { config: { configSet: { 'security.keyFile': '/k' } } },
    /^spec\.config: spec\.config\.configSet sets security\.keyFile "\/k", which FedState owns: put your key/,
  ],
  [
    'an affinity of another shape',
    affinity({ nodeAffinity: [] }),
    /^spec\.scheduler\.affinity\.nodeAffinity: .*docs\/scheduling\.md/,
  ],
  [
    'an affinity with an unknown part',
    affinity({ nodeAfinity: {} }),
    /^spec\.scheduler\.affinity: Unrecognized key/,
  ],
  [
    'a node requirement of an illegal key',
    nodes({ key: 'my disk', operator: 'Exists' }),
    /^spec\.scheduler\.affinity\.nodeAffinity\..*matchExpressions\[0\]\.key: must be a label key/,
  ],
  [
    'a node requirement of an illegal value',
    nodes({ key: 'disk', operator: 'In', values: ['very fast'] }),
    /matchExpressions\[0\]\.values\[0\]: must be a label value/,
  ],
  [
    'a node requirement without values',
    nodes({ key: 'disk', operator: 'In' }),
    /matchExpressions\[0\]\.values: operator In wants at least one value/,
  ],
  [
    'a node requirement of values that must have none',
    nodes({ key: 'disk', operator: 'Exists', values: ['ssd'] }),
    /operator Exists takes no values/,
  ],
  [
    'a node requirement of a number that is none',
    nodes({ key: 'size', operator: 'Gt', values: ['big'] }),
    /operator Gt wants one whole number/,
  ],
  [
    'a wish between nodes of an illegal selector',
    affinity({
      podAntiAffinity: {
        [PREFERRED]: [
          {
            weight: 1,
            podAffinityTerm: { topologyKey: 'rack', labelSelector: { matchLabels: { 'my app': 'x' } } },
          },
        ],
      },
    }),
    /^spec\.scheduler\.affinity\.podAntiAffinity\..*podAffinityTerm\.labelSelector\.matchLabels\.my app/,
  ],
  [
    'a wish between nodes of an illegal topology',
    affinity({ podAffinity: { [PREFERRED]: [{ weight: 1, podAffinityTerm: { topologyKey: 'my rack' } }] } }),
    /podAffinityTerm\.topologyKey: must be a label key/,
  ],
  [
    'a weight out of bounds',
    affinity({ podAffinity: { [PREFERRED]: [{ weight: 101, podAffinityTerm: { topologyKey: 'rack' } }] } }),
    /weight: .*100/,
  ],
  [
    'more groups than members',
    { spreadConstraints: { spreadConstraints: [{ spreadByField: 'cluster', minGroups: 9 }] } },
    /^spec\.spreadConstraints\.spreadConstraints\[0\] asks for 9 groups.*raise replicaset or lower minGroups/,
  ],
  // Only an object that was stored before the definitions had their rules can have these.
  [
    'memory in no unit',
    { resource: { limits: { memory: '512 MB' } } },
    /^spec\.resource\.limits\.memory: "512 MB" is not a quantity: write a number/,
  ],
  [
    'less than no cpu',
    { export: { resource: { requests: { cpu: '-1' } } } },
    /^spec\.export\.resource\.requests\.cpu is no size that anything has/,
  ],
  [
    'a volume of no size',
    { storage: { storageSize: 'big' } },
    /^spec\.storage\.storageSize: "big" is not a quantity/,
  ],
  [
    'a spread that cannot be read',
    { spreadConstraints: { topologySpreadConstraints: { zone: 'x/Sometimes' } } },
    /^spec\.spreadConstraints\.topologySpreadConstraints\["zone"\] is "x\/Sometimes": write a whole number/,
  ],
  [
    'an arbiter beside an odd number',
    { replicaset: 3, config: { arbiter: true } },
    /^spec\.config\.arbiter is true with an odd replicaset/,
  ],
];

describe('what the API server cannot see is refused with field and remedy', () => {
  it.each(REFUSED.map(([what, spec, says, prepare]) => ({ what, spec, says, prepare })))(
    '$what',
    async ({ spec, says, prepare }) => {
      const stub = createStubKube();
      stub.put(KINDS.secret, 'orders-root', secret({ password: 'sound' }));
      prepare?.(stub);
      const resolved = await resolveReferences(contextOf(stub), makeInstance(spec));
      if (resolved.ok) throw new Error('taken');
      expect(resolved.wait.code).toBe('SpecRefused');
      expect(resolved.wait.message).toMatch(says);
    },
  );

  it('never quotes a password', async () => {
    const stub = createStubKube();
    stub.put(KINDS.secret, 'orders-root', secret({ password: 'geheim\u0001' }));
    for (const spec of [root(), { auth: { rootPasswd: 'geheim\u0001' } }]) {
      const resolved = await resolveReferences(contextOf(stub), makeInstance(spec));
      expect(JSON.stringify(resolved)).not.toContain('geheim');
    }
  });
});

/** What may still come: waited for by name. */
const MISSING: readonly (readonly [what: string, spec: Spec, code: string, says: RegExp])[] = [
  [
    'a root Secret',
    root(),
    'SecretMissing',
    /^spec\.auth\.rootPasswdSecretRef: Secret shop\/orders-root does not exist\. Create it/,
  ],
  [
    'a key that every object has',
    { auth: { rootPasswdSecretRef: { name: 'present', key: 'toString' } } },
    'SecretMissing',
    /Secret shop\/present has no value under key toString/,
  ],
  [
    'the key of another name',
    { auth: { rootPasswdSecretRef: { name: 'present', key: 'passwd' } } },
    'SecretMissing',
    /no value under key passwd/,
  ],
  [
    "a user's Secret",
    user(),
    'SecretMissing',
    /^spec\.users "shop" passwordSecretRef: Secret shop\/shop-user does not exist/,
  ],
  [
    "a user's empty Secret",
    user({ passwordSecretRef: { name: 'present', key: 'empty' } }),
    'SecretMissing',
    /no value under key empty/,
  ],
  [
    'a pull Secret',
    pull('registry'),
    'SecretMissing',
    /^spec\.imageSetting\.imagePullSecret: Secret shop\/registry does not exist/,
  ],
  [
    'a ConfigMap',
    configured,
    'ConfigMapMissing',
    /^spec\.config\.configRef: ConfigMap shop\/orders-config does not exist/,
  ],
];

it.each(MISSING)('%s that is missing is waited for', async (_, spec, code, says) => {
  const stub = createStubKube();
  stub.put(KINDS.secret, 'present', secret({ password: 'sound', empty: '' }));
  const resolved = await resolveReferences(contextOf(stub), makeInstance(spec));
  if (resolved.ok) throw new Error('taken');
  expect(resolved.wait).toEqual({ code, message: expect.stringMatching(says) as string });
});

it('nothing is made of a spec that is refused, by the stage that checks or the stage that makes credentials', async () => {
  const stub = createStubKube();
  const cr = makeInstance(pull(5));
  stub.put(KINDS.multiCloudMongoDB, 'orders', { ...cr });
  const context = contextOf(stub);
  const instance = { namespace: 'shop', name: 'orders', uid: cr.metadata.uid };
  const wait = {
    done: false,
    wait: { code: 'SpecRefused', message: expect.stringContaining('imagePullSecret') as string },
  };
  expect(await createReferenceActivities(context).checkReferences({ instance })).toEqual(wait);
  expect(await createCredentialActivities(context).prepareCredentials({ instance })).toEqual(wait);
  expect(stub.writes).toEqual([]);
});

it('what is sound is resolved: image replaced, file, login, passwords as they are', async () => {
  const stub = createStubKube();
  const password = 'p@:/%?#"\\\' e\u0301';
  stub.put(KINDS.secret, 'orders-root', secret({ password }));
  stub.put(KINDS.secret, 'shop-user', secret({ password: 'x' }));
  config('net: {maxIncomingConnections: 5}')(stub);
  const resolved = await resolveReferences(
    contextOf(stub),
    makeInstance({
      ...root(),
      ...user(),
      ...configured,
      imageSetting: { image: 'mongo:3.6', imagePullSecret: { user: 'me', passwd: 'p:x' } },
    }),
  );
  expect(resolved).toEqual({
    ok: true,
    references: {
      image: 'mongo:4.2',
      replaced: true,
      mongodYaml: 'net: {maxIncomingConnections: 5}',
      mergedYaml: expect.stringContaining('maxIncomingConnections: 5') as unknown,
      dockerConfigJson: base64(
        JSON.stringify({
          auths: {
            'https://index.docker.io/v1/': { username: 'me', password: 'p:x', auth: base64('me:p:x') },
          },
        }),
      ),
      rootPassword: password,
      passwordVersions: ['uid-of-orders-root/1', 'uid-of-shop-user/1'],
    },
  });
});
