import { readAffinity } from '../../../src/scheduler/affinity';
import { affinityOfPods } from '../../../src/scheduler/pod-affinity';
import { clusterOf, nameShares, nodeOf, place, reasonFor, refuse, requestOf } from './states';

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';
const INSTANCE = 'app.kubernetes.io/instance';

type Expression = { key: string; operator: string; values?: string[] };
const nodeAffinity = (...terms: Expression[][]) => ({
  nodeAffinity: {
    [REQUIRED]: { nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })) },
  },
});
const setTerm = (topologyKey: string, ...values: string[]) => ({
  topologyKey,
  labelSelector: { matchExpressions: [{ key: INSTANCE, operator: 'In', values }] },
});

describe('nodeAffinity', () => {
  const clusters = [
    clusterOf('a', 0, {
      labels: { tier: 'gold' },
      nodes: [
        nodeOf('a1', 2, { labels: { disk: 'ssd', size: '8' } }),
        nodeOf('a2', 2, { labels: { disk: 'hdd', size: '16' } }),
      ],
    }),
    clusterOf('b', 0, { labels: { tier: 'silver' }, nodes: [nodeOf('b1', 2, { labels: { disk: 'ssd' } })] }),
    clusterOf('c', 0, { nodes: [nodeOf('c1', 2, { labels: { tier: 'gold' } })] }),
  ];
  const roomUnder = (affinity: unknown) =>
    refuse(requestOf(50, { affinity }), clusters)
      .reasons.map(({ room }) => room)
      .join();

  it.each([
    ['In on nodes', [[{ key: 'disk', operator: 'In', values: ['ssd'] }]], '2,2,0'],
    [
      'a key of Cluster objects, read there and not on nodes',
      [[{ key: 'tier', operator: 'In', values: ['gold'] }]],
      '4,0,0',
    ],
    [
      'clusters and nodes in one term',
      [
        [
          { key: 'tier', operator: 'Exists' },
          { key: 'disk', operator: 'NotIn', values: ['hdd'] },
        ],
      ],
      '2,2,0',
    ],
    ['DoesNotExist', [[{ key: 'tier', operator: 'DoesNotExist' }]], '0,0,2'],
    ['Gt', [[{ key: 'size', operator: 'Gt', values: ['8'] }]], '2,0,0'],
    ['Lt', [[{ key: 'size', operator: 'Lt', values: ['16'] }]], '2,0,0'],
    [
      'any of several terms',
      [
        [{ key: 'disk', operator: 'In', values: ['hdd'] }],
        [{ key: 'tier', operator: 'In', values: ['silver'] }],
      ],
      '2,2,0',
    ],
    ['an empty term: nothing', [[]], '0,0,0'],
  ])('obeys %s', (_, terms, room) => expect(roomUnder(nodeAffinity(...terms))).toBe(room));

  it('obeys node names', () =>
    expect(
      roomUnder({
        nodeAffinity: {
          [REQUIRED]: {
            nodeSelectorTerms: ['a1', 'c1'].map((name) => ({
              matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }],
            })),
          },
        },
      }),
    ).toBe('2,0,2'));

  it('prefers among equals, by weight', () => {
    const preferring = (...wanted: [number, string][]) => ({
      nodeAffinity: {
        [PREFERRED]: wanted.map(([weight, tier]) => ({
          weight,
          preference: { matchExpressions: [{ key: 'tier', operator: 'In', values: [tier] }] },
        })),
      },
    });
    expect(nameShares(place(requestOf(1, { affinity: preferring([1, 'silver']) }), clusters))).toBe('b 1');
    expect(
      nameShares(place(requestOf(1, { affinity: preferring([1, 'silver'], [9, 'gold']) }), clusters)),
    ).toBe('a 1');
  });

  it('names nodes outside it', () =>
    expect(
      reasonFor(
        refuse(
          requestOf(50, { affinity: nodeAffinity([{ key: 'disk', operator: 'In', values: ['tape'] }]) }),
          clusters,
        ),
        'a',
      ),
    ).toBe('a member needs cpu 1, memory 1Gi, and of 2 nodes: 2 outside scheduler.affinity.nodeAffinity'));
});

describe('affinity between sets', () => {
  const clusters = [
    clusterOf('a', 9, { region: 'eu', zones: ['z1', 'z2'], provider: 'p', instancesPlaced: ['shop/carts'] }),
    clusterOf('b', 9, { region: 'eu', zones: ['z2'], provider: 'q' }),
    clusterOf('c', 9, { region: 'us', zones: ['z3'], provider: 'p', instancesPlaced: ['other/carts'] }),
  ];
  const chosen = (affinity: unknown) => nameShares(place(requestOf(2, { affinity }), clusters));

  it.each([
    ['cluster', 'a 2'],
    ['region', 'a 1, b 1'],
    ['zone', 'a 1, b 1'],
    ['provider', 'a 1, c 1'],
  ])('podAffinity keeps it by another set: %s', (topology, shares) =>
    expect(chosen({ podAffinity: { [REQUIRED]: [setTerm(topology, 'carts')] } })).toBe(shares),
  );

  it.each([
    ['cluster', 'b 1, c 1'],
    ['region', 'c 2'],
    ['provider', 'b 2'],
  ])('podAntiAffinity keeps it apart: %s', (topology, shares) =>
    expect(chosen({ podAntiAffinity: { [REQUIRED]: [setTerm(topology, 'carts')] } })).toBe(shares),
  );

  it('knows other namespaces when they are named', () => {
    const term = { ...setTerm('cluster', 'carts'), namespaces: ['other'] };
    expect(chosen({ podAffinity: { [REQUIRED]: [term] } })).toBe('c 2');
  });

  it('says which set bars a cluster', () => {
    const placement = place(
      requestOf(2, { affinity: { podAntiAffinity: { [REQUIRED]: [setTerm('cluster', 'carts')] } } }),
      clusters,
    );
    expect(reasonFor(placement, 'a')).toBe(
      'podAntiAffinity wants it apart from shop/carts (in the same cluster), which is there',
    );
  });

  it('weighs wishes against each other', () => {
    const wish = (weight: number) => [{ weight, podAffinityTerm: setTerm('cluster', 'carts') }];
    const first = (affinity: unknown) => nameShares(place(requestOf(1, { affinity }), clusters));
    expect(first({ podAntiAffinity: { [PREFERRED]: wish(5) } })).toBe('b 1');
    expect(first({ podAntiAffinity: { [PREFERRED]: wish(5) }, podAffinity: { [PREFERRED]: wish(6) } })).toBe(
      'a 1',
    );
  });
});

describe('podAntiAffinity of the set to itself by node', () => {
  const affinity = { podAntiAffinity: { [REQUIRED]: [setTerm('kubernetes.io/hostname', 'orders')] } };
  const nodes = [nodeOf('n1', 5), nodeOf('n2', 5), nodeOf('n3', 5)];
  const roomWith = (more: object) =>
    refuse(requestOf(50, { affinity, ...more }), [clusterOf('a', 0, { nodes })]).reasons[0]?.room;

  it('makes room for one member per node', () => expect(roomWith({})).toBe(3));
  it('knows where members run', () =>
    expect(roomWith({ existing: [{ cluster: 'a', ordinal: 0, node: 'n2' }] })).toBe(3));
  it('supposes the worst where it does not know', () =>
    expect(roomWith({ existing: [{ cluster: 'a', ordinal: 0 }] })).toBe(3));
  it('keeps the arbiter off those nodes too', () => {
    const verdict = refuse(requestOf(2, { affinity, arbiter: true }), [
      clusterOf('a', 0, { nodes: [nodeOf('n1', 5), nodeOf('n2', 5)] }),
    ]);
    expect(verdict.message).toMatch(/^the arbiter fits nowhere/);
  });
});

describe('topologySpreadConstraints', () => {
  const zone = (name: string, slots: number, value?: string) =>
    nodeOf(name, slots, { labels: value === undefined ? {} : { zone: value } });
  const roomUnder = (
    topologySpreadConstraints: Record<string, string>,
    nodes = [zone('n1', 5, 'x'), zone('n2', 1, 'y'), zone('n3', 4)],
  ) => refuse(requestOf(50, { topologySpreadConstraints }), [clusterOf('a', 0, { nodes })]).reasons[0]?.room;

  it('is no part of the room while it is a wish', () => expect(roomUnder({ zone: '1' })).toBe(10));
  it('bounds the room when it insists: the emptiest domain and the skew', () => {
    expect(roomUnder({ zone: '1/DoNotSchedule' })).toBe(3);
    expect(roomUnder({ zone: '3/DoNotSchedule' })).toBe(5);
  });
  it('counts a domain whose nodes are barred, as Kubernetes does, unless the selector leaves it out', () => {
    const cordoned = { ...zone('n2', 9, 'y'), schedulable: false };
    expect(roomUnder({ zone: '1/DoNotSchedule' }, [zone('n1', 5, 'x'), cordoned])).toBe(1);
  });
  it('counts members that run, where they run', () => {
    const room = refuse(
      requestOf(50, {
        topologySpreadConstraints: { zone: '1/DoNotSchedule' },
        existing: [0, 1].map((ordinal) => ({ cluster: 'a', ordinal, node: 'n1' })),
      }),
      [clusterOf('a', 0, { nodes: [zone('n1', 5, 'x'), zone('n2', 1, 'y')] })],
    ).reasons[0]?.room;
    expect(room).toBe(2 + 1);
  });
  it.each([
    [
      { zone: 'even' },
      'spreadConstraints.topologySpreadConstraints["zone"] is "even": write a whole number from 1, alone or with /DoNotSchedule or /ScheduleAnyway.',
    ],
    [{ zone: '0' }, 'spreadConstraints.topologySpreadConstraints["zone"] is "0": write'],
    [
      { a: '1/DoNotSchedule', b: '1/DoNotSchedule' },
      'insists (DoNotSchedule) on a and b: make all but one of them ScheduleAnyway.',
    ],
  ])('refuses %j', (map, message) =>
    expect(refuse(requestOf(1, { topologySpreadConstraints: map }), []).message).toContain(message),
  );
});

describe('what is not supported is refused by its path, for every cluster', () => {
  it.each([
    [{ nodeAffinty: {} }, 'scheduler.affinity: Unrecognized key: "nodeAffinty".'],
    [
      nodeAffinity([{ key: 'a', operator: 'Near' }]),
      'scheduler.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].operator: ',
    ],
    [
      { podAffinity: { [REQUIRED]: [setTerm('kubernetes.io/hostname', 'carts')] } },
      'scheduler.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0]: topologyKey kubernetes.io/hostname speaks of nodes',
    ],
    [{ podAntiAffinity: { [REQUIRED]: [setTerm('kubernetes.io/hostname', 'carts')] } }, 'speaks of nodes'],
    [
      { podAntiAffinity: { [REQUIRED]: [setTerm('cluster', 'orders')] } },
      'names this instance itself with topologyKey cluster: spread its own members with spreadConstraints.',
    ],
    [
      {
        podAffinity: {
          [REQUIRED]: [{ topologyKey: 'cluster', labelSelector: { matchLabels: { app: 'x' } } }],
        },
      },
      '[0].labelSelector.matchLabels',
    ],
    [
      { podAffinity: { [REQUIRED]: [{ topologyKey: 'cluster', labelSelector: {} }] } },
      '[0].labelSelector selects no set: name one by app.kubernetes.io/instance.',
    ],
    [
      { podAffinity: { [REQUIRED]: [{ ...setTerm('cluster', 'carts'), namespaceSelector: {} }] } },
      '[0]: Unrecognized key: "namespaceSelector"',
    ],
  ])('%j', (affinity, message) => {
    const verdict = refuse(requestOf(1, { affinity }), [clusterOf('a', 9), clusterOf('b', 9)]);
    expect(verdict.message).toContain(message);
    expect(verdict.reasons.map(({ cluster, reason }) => [cluster, reason.includes(message)])).toEqual([
      ['a', true],
      ['b', true],
    ]);
  });

  it('reads nulls, as YAML leaves them, as absent', () =>
    expect(
      readAffinity({ nodeAffinity: null, podAffinity: { [REQUIRED]: null } }, { namespace: 'n', name: 'i' }),
    ).toEqual({
      rules: {
        required: undefined,
        preferred: [],
        near: [],
        apart: [],
        preferredSets: [],
        onePerNode: false,
      },
    }));
});

describe('affinityOfPods', () => {
  const keys = new Set(['tier']);
  const disk = { key: 'disk', operator: 'In', values: ['ssd'] };
  const tier = { key: 'tier', operator: 'Exists' };

  it('leaves out what speaks of clusters, which no node could meet', () => {
    expect(affinityOfPods(nodeAffinity([tier, disk]), keys)).toEqual(nodeAffinity([disk]));
    expect(affinityOfPods(nodeAffinity([tier], [disk]), keys)).toBeUndefined();
    expect(
      affinityOfPods(
        {
          podAntiAffinity: {
            [REQUIRED]: [setTerm('cluster', 'carts'), setTerm('kubernetes.io/hostname', 'orders')],
          },
        },
        keys,
      ),
    ).toEqual({ podAntiAffinity: { [REQUIRED]: [setTerm('kubernetes.io/hostname', 'orders')] } });
  });

  it('leaves out preferences of clusters one by one', () => {
    const prefer = (...expressions: Expression[]) => ({
      nodeAffinity: {
        [PREFERRED]: expressions.map((one) => ({ weight: 1, preference: { matchExpressions: [one] } })),
      },
    });
    expect(affinityOfPods(prefer(tier, disk), keys)).toEqual(prefer(disk));
  });

  it('is nothing of nothing', () => expect(affinityOfPods(undefined, keys)).toBeUndefined());
});
