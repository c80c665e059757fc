import {
  describeGrant,
  readDeployedRights,
  readRights,
  type Plane,
  type Rights,
} from '../../support/access-grants';
import { coversRequest, judgeAccess } from '../../support/access-judge';
import { judgeRest, readsPerMinute } from '../../audit/rest';
import {
  countRequests,
  describeRequest,
  readRequests,
  type AccessRequest,
} from '../../support/access-requests';

const WORKER = 'system:serviceaccount:fedstate-system:fedstate-worker';

/** Manifests that give the worker these rules, in all namespaces or in one. */
function give(rules: string, namespace?: string): Rights {
  const role = namespace === undefined ? 'ClusterRole' : 'Role';
  const where = namespace === undefined ? '' : `, namespace: ${namespace}`;
  return readRights(
    'karmada',
    [
      'kind: ServiceAccount\nmetadata: { name: fedstate-worker, namespace: fedstate-system }',
      `kind: ${role}\nmetadata: { name: w${where} }\nrules: [${rules}]`,
      `kind: ${role}Binding\nmetadata: { name: w${where} }\nroleRef: { kind: ${role}, name: w }\nsubjects: [{ kind: ServiceAccount, name: fedstate-worker, namespace: fedstate-system }]`,
    ].join('\n---\n'),
  );
}

interface Asked {
  readonly verb: string;
  readonly resource: string;
  readonly group?: string;
  readonly name?: string;
  readonly namespace?: string;
}

function ask({ verb, resource, group = '', name = '', namespace = 'shop' }: Asked): AccessRequest {
  const [plain = '', subresource = ''] = resource.split('/');
  return { ...request, verb, target: { group, resource: plain, subresource, name, namespace } };
}

const request: AccessRequest = {
  cluster: 'karmada',
  plane: 'karmada',
  at: 0,
  user: WORKER,
  groups: ['system:serviceaccounts', 'system:serviceaccounts:fedstate-system', 'system:authenticated'],
  agent: 'fedstate-worker',
  verb: 'get',
  target: { path: '/' },
  code: 200,
  reason: '',
};

const isCovered = (rights: Rights, asked: AccessRequest): boolean =>
  rights.grants.some((grant) => coversRequest(grant, asked));

const PODS = '{ apiGroups: [""], resources: [pods], verbs: [get, list] }';

describe('a grant lets through what RBAC would', () => {
  test.each<[string, string, Asked, boolean]>([
    ['the verb and resource', PODS, { verb: 'list', resource: 'pods' }, true],
    ['not another verb', PODS, { verb: 'watch', resource: 'pods' }, false],
    ['not another resource', PODS, { verb: 'get', resource: 'secrets' }, false],
    ['not another group', PODS, { verb: 'get', resource: 'pods', group: 'metrics.k8s.io' }, false],
    ['not a subresource of it', PODS, { verb: 'get', resource: 'pods/log' }, false],
    [
      'a subresource by its own name',
      '{ apiGroups: [""], resources: [pods/exec], verbs: [create] }',
      { verb: 'create', resource: 'pods/exec' },
      true,
    ],
    [
      'and then not the resource',
      '{ apiGroups: [""], resources: [pods/exec], verbs: [create] }',
      { verb: 'create', resource: 'pods' },
      false,
    ],
    [
      'the subresource of every resource',
      '{ apiGroups: ["*"], resources: ["*/scale"], verbs: [get] }',
      { verb: 'get', resource: 'statefulsets/scale', group: 'apps' },
      true,
    ],
    [
      'but not the resource itself',
      '{ apiGroups: ["*"], resources: ["*/scale"], verbs: [get] }',
      { verb: 'get', resource: 'statefulsets', group: 'apps' },
      false,
    ],
    [
      'every resource, subresources included',
      '{ apiGroups: [""], resources: ["*"], verbs: ["*"] }',
      { verb: 'create', resource: 'pods/exec' },
      true,
    ],
    [
      'but of its group alone',
      '{ apiGroups: [""], resources: ["*"], verbs: ["*"] }',
      { verb: 'get', resource: 'statefulsets', group: 'apps' },
      false,
    ],
    [
      'objects of a name',
      '{ apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get] }',
      { verb: 'get', resource: 'secrets', name: 'b' },
      true,
    ],
    [
      'not of another',
      '{ apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get] }',
      { verb: 'get', resource: 'secrets', name: 'c' },
      false,
    ],
    [
      'nor a list, which has none',
      '{ apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [list] }',
      { verb: 'list', resource: 'secrets' },
      false,
    ],
  ])('%s', (_what, rules, asked, covered) => {
    expect(isCovered(give(rules), ask(asked))).toBe(covered);
  });

  test('a Role only in its namespace, and nothing outside of namespaces', () => {
    const rights = give(PODS, 'shop');
    expect(isCovered(rights, ask({ verb: 'get', resource: 'pods' }))).toBe(true);
    expect(isCovered(rights, ask({ verb: 'get', resource: 'pods', namespace: 'other' }))).toBe(false);
    expect(isCovered(rights, ask({ verb: 'list', resource: 'pods', namespace: '' }))).toBe(false);
  });

  test('only its subject, by user or by group, and only on its API server', () => {
    const asked = ask({ verb: 'get', resource: 'pods' });
    const rights = give(PODS);
    expect(isCovered(rights, { ...asked, user: 'admin' })).toBe(false);
    expect(isCovered(rights, { ...asked, plane: 'member' })).toBe(false);
    const byGroup = readRights(
      'karmada',
      `kind: ClusterRole\nmetadata: { name: w }\nrules: [${PODS}]\n---\nkind: ClusterRoleBinding\nmetadata: { name: w }\nroleRef: { kind: ClusterRole, name: w }\nsubjects: [{ kind: Group, name: system:serviceaccounts }]`,
    );
    expect(isCovered(byGroup, asked)).toBe(true);
    expect(isCovered(byGroup, { ...asked, groups: [] })).toBe(false);
  });

  test('paths that are no resource: one, or all that begin so', () => {
    const rights = give('{ nonResourceURLs: [/metrics, /logs/*], verbs: [get] }');
    const path = (value: string) => isCovered(rights, { ...request, target: { path: value } });
    expect([path('/metrics'), path('/metrics/x'), path('/logs/a/b'), path('/logs')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
    expect(isCovered(rights, ask({ verb: 'get', resource: 'metrics' }))).toBe(false);
  });
});

describe('a run is judged', () => {
  const rightsOf = (karmada: Rights): Record<Plane, Rights> => ({
    karmada,
    member: { grants: [], accounts: [] },
  });
  const judge = (rules: string, ...requests: AccessRequest[]) => {
    const { refused, strangers, beyond, unused } = judgeAccess(
      rightsOf(give(rules)),
      requests,
      'fedstate-system',
    );
    return {
      refused: refused.map(describeRequest),
      strangers: strangers.map(describeRequest),
      beyond: beyond.map(describeRequest),
      unused: unused.map(describeGrant),
    };
  };
  const CLEAN = { refused: [], strangers: [], beyond: [], unused: [] };
  const get = ask({ verb: 'get', resource: 'pods', name: 'a' });
  const list = ask({ verb: 'list', resource: 'pods' });

  test('nothing is wrong when each grant was used, also where nothing was found', () => {
    expect(judge(PODS, { ...get, code: 404 }, list)).toEqual(CLEAN);
  });

  test('what nobody used is named, and a refused request uses nothing', () => {
    expect(judge(PODS, get, { ...list, code: 403 })).toEqual({
      ...CLEAN,
      refused: ['karmada fedstate-worker: list pods in shop'],
      unused: ['karmada fedstate-worker: list pods'],
    });
  });

  test('of a rule with names each name must be used', () => {
    const rules = '{ apiGroups: [""], resources: [secrets], resourceNames: [a, b], verbs: [get] }';
    expect(judge(rules, ask({ verb: 'get', resource: 'secrets', name: 'a' })).unused).toEqual([
      'karmada fedstate-worker: get secrets b',
    ]);
  });

  test('server-side apply that creates needs create, and uses it; one that finds something does not', () => {
    const rules = '{ apiGroups: [""], resources: [pods], verbs: [patch, create] }';
    const apply = ask({ verb: 'patch', resource: 'pods', name: 'a' });
    expect(judge(rules, { ...apply, code: 201 })).toEqual(CLEAN);
    expect(judge(rules, apply).unused).toEqual(['karmada fedstate-worker: create pods']);
    expect(
      judge('{ apiGroups: [""], resources: [pods], verbs: [patch] }', { ...apply, code: 201 }).beyond,
    ).toEqual(['karmada fedstate-worker: patch pods a in shop']);
  });

  test('what is allowed by no grant is named, but for what everybody may read', () => {
    const discovery = { ...request, target: { path: '/apis/monitoring.coreos.com/v1' } };
    const metrics = { ...request, target: { path: '/metrics' } };
    expect(
      judge(PODS, get, list, discovery, metrics, ask({ verb: 'get', resource: 'nodes' })).beyond,
    ).toEqual(['karmada fedstate-worker: get /metrics', 'karmada fedstate-worker: get nodes in shop']);
  });

  test('strangers: a role as administrator, an account of no manifest, another program with our account', () => {
    const admin = { ...get, user: 'admin', groups: ['system:masters'] };
    const other = { ...get, user: 'system:serviceaccount:fedstate-system:default', agent: 'curl' };
    const borrowed = { ...get, agent: 'kubectl/v1.36' };
    expect(judge(PODS, get, list, admin, other, borrowed).strangers).toEqual([
      'karmada admin: get pods a in shop',
      'karmada default: get pods a in shop',
      'karmada fedstate-worker: get pods a in shop',
    ]);
  });

  test('a dry run may look into members by our account, and no more', () => {
    const look: AccessRequest = { ...get, plane: 'member', cluster: 'east', agent: 'fedstate-plan' };
    expect(judge(PODS, get, list, look)).toEqual(CLEAN);
    expect(judge(PODS, get, list, { ...look, verb: 'delete' }).strangers).toEqual([
      'east fedstate-worker: delete pods a in shop',
    ]);
    expect(judge(PODS, get, list, { ...look, plane: 'karmada', cluster: 'karmada' }).strangers).toHaveLength(
      1,
    );
  });

  test('an administrator who is no role of ours is not judged', () => {
    const admin = { ...get, user: 'admin', groups: ['system:masters'], agent: 'kubectl/v1.36', code: 403 };
    expect(judge(PODS, get, list, admin)).toEqual(CLEAN);
  });
});

describe('at rest', () => {
  const lease = ask({
    verb: 'patch',
    resource: 'leases',
    group: 'coordination.k8s.io',
    name: 'fedstate-member-manager',
    namespace: 'fedstate-system',
  });
  const status = ask({
    verb: 'patch',
    resource: 'mongodbs/status',
    group: 'middleware.fedstate.io',
    name: 'orders',
  });
  const read = ask({ verb: 'get', resource: 'secrets', name: 'orders-auth' });

  test('a write of ours is told with who made it and how often; a renewed Lease is none, a new one is', () => {
    const made = { ...lease, verb: 'create' };
    const rest = judgeRest([lease, lease, status, status, read, made], 30);
    expect(countRequests(rest.writes)).toEqual([
      '2 × karmada fedstate-worker: patch mongodbs/status.middleware.fedstate.io orders in shop',
      '1 × karmada fedstate-worker: create leases.coordination.k8s.io fedstate-member-manager in fedstate-system',
    ]);
    expect(rest.renewals).toHaveLength(2);
  });

  test('writes of others are their own business, and reads are counted by the minute', () => {
    const other = { ...status, user: 'admin', groups: ['system:masters'] };
    const rest = judgeRest([other, read, read, { ...read, cluster: 'east', plane: 'member' }], 30);
    expect(rest.writes).toEqual([]);
    expect([...readsPerMinute(rest)]).toEqual([
      ['karmada fedstate-worker', 4],
      ['east fedstate-worker', 2],
    ]);
  });
});

describe('an audit log', () => {
  const event = (parts: object): string =>
    `${JSON.stringify({
      auditID: '1',
      stage: 'ResponseComplete',
      requestURI: '/api/v1/namespaces/shop/pods/a?x=1',
      verb: 'get',
      user: { username: WORKER, groups: ['system:authenticated'] },
      userAgent: 'fedstate-worker',
      objectRef: { resource: 'pods', namespace: 'shop', name: 'a', apiVersion: 'v1' },
      responseStatus: { metadata: {}, code: 200 },
      requestReceivedTimestamp: '2026-01-01T00:00:00.123456Z',
      ...parts,
    })}\n`;

  test('is read line by line, without the one that is still being written', () => {
    const text = event({}) + event({ auditID: '2' }).slice(0, 40);
    expect(readRequests('east', text)).toEqual([
      expect.objectContaining({
        cluster: 'east',
        plane: 'member',
        at: Date.parse('2026-01-01T00:00:00.123Z'),
        user: WORKER,
        code: 200,
        target: { group: '', resource: 'pods', subresource: '', namespace: 'shop', name: 'a' },
      }),
    ]);
  });

  test('tells a watch once, and paths without their query', () => {
    const text =
      event({ verb: 'watch', stage: 'ResponseStarted' }) +
      event({ verb: 'watch' }) +
      event({ auditID: '2', objectRef: undefined, requestURI: '/apis/apps/v1?timeout=1s' });
    expect(readRequests('karmada', text).map(describeRequest)).toEqual([
      'karmada fedstate-worker: watch pods a in shop',
      'karmada fedstate-worker: get /apis/apps/v1',
    ]);
  });

  test('is read from a time on', () => {
    const text = event({}) + event({ auditID: '2', requestReceivedTimestamp: '2026-01-01T00:00:05.000000Z' });
    const since = Date.parse('2026-01-01T00:00:01Z');
    expect(readRequests('east', text, since).map(({ at }) => at - since)).toEqual([4_000]);
  });

  test('behind a proxy that impersonates it names whom it took on', () => {
    const text = event({
      user: { username: 'karmada' },
      impersonatedUser: { username: WORKER, groups: ['g'] },
    });
    expect(readRequests('east', text)[0]).toMatchObject({ user: WORKER, groups: ['g'] });
  });
});

test('deploy/rbac gives each role its own account, and none of them everything', () => {
  const { karmada, member } = readDeployedRights();
  const short = (rights: Rights) => rights.accounts.map((account) => account.replace(/^.*:/, '')).sort();
  expect(short(karmada)).toEqual(['fedstate-controller', 'fedstate-worker']);
  expect(short(member)).toEqual(['fedstate-member', 'fedstate-worker']);
  const all = [...karmada.grants, ...member.grants];
  expect(all.length).toBeGreaterThan(80);
  expect(all.map(describeGrant).filter((line) => line.includes('*'))).toEqual([]);
});
