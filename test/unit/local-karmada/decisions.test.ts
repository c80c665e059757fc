import { addQuantities, parseQuantity, printQuantity } from '../../../local/karmada/domain/quantity';
import { createReadiness } from '../../../local/karmada/domain/readiness';
import { choosePlacement, type Site } from '../../../local/karmada/domain/placement';
import { bindingSpecSchema } from '../../../local/karmada/domain/schemas';
import { retainFields, differs, releaseManifest } from '../../../local/karmada/domain/manifest';
import { readObject } from '../../../local/karmada/kube/object';
import { createWorkQueue } from '../../../local/karmada/kube/work-queue';
import { summarizeResources } from '../../../local/karmada/domain/resource-summary';
import type { JsonObject } from '../../../local/karmada/kube/json';

describe('quantities', () => {
  it.each([
    ['2', '2'],
    ['500m', '500m'],
    ['1500m', '1500m'],
    ['2000m', '2'],
    ['24581684Ki', '24581684Ki'],
    ['1024Mi', '1Gi'],
    ['0.5Gi', '512Mi'],
    ['1e3', '1k'],
    ['100n', '1m'],
  ])('%s prints as %s', (text, printed) => {
    const quantity = parseQuantity(text);
    expect(quantity === undefined ? undefined : printQuantity(quantity)).toBe(printed);
  });

  it('refuse what is none', () => {
    expect(parseQuantity('two')).toBeUndefined();
    expect(parseQuantity('1Qi')).toBeUndefined();
  });

  it('add up across suffixes', () => {
    const one = new Map([['cpu', { milli: 1_500n, binary: false }]]);
    const sum = addQuantities(one, new Map([['cpu', { milli: 500n, binary: false }]]));
    expect([...sum.values()].map(printQuantity)).toEqual(['2']);
  });
});

describe('resource summary (F68)', () => {
  const pod = (node: string | undefined, cpu: string, phase = 'Running'): JsonObject => ({
    metadata: { name: 'p', namespace: 'n' },
    spec: {
      ...(node === undefined ? {} : { nodeName: node }),
      containers: [{ resources: { requests: { cpu, memory: '64Mi' } } }],
    },
    status: { phase },
  });
  const node: JsonObject = {
    metadata: { name: 'one' },
    status: { allocatable: { cpu: '2', memory: '24581684Ki', pods: '110' } },
  };
  const ranges = (cpu: [string, string], memory: [string, string]): JsonObject => ({
    ranges: [
      { name: 'cpu', min: cpu[0], max: cpu[1] },
      { name: 'memory', min: memory[0], max: memory[1] },
    ],
  });
  const models = [
    { grade: 0, ...ranges(['0', '1'], ['0', '4Gi']) },
    { grade: 1, ...ranges(['1', '2'], ['4Gi', '16Gi']) },
    { grade: 2, ...ranges(['2', '4'], ['16Gi', '32Gi']) },
  ];

  it('is as recorded with one running and one pending pod', () => {
    const pods = [pod('one', '500m'), pod(undefined, '10', 'Pending'), pod('one', '1', 'Succeeded')];
    expect(
      summarizeResources(
        [readObject(node)],
        pods.map((raw) => readObject(raw)),
        models,
      ),
    ).toEqual({
      allocatable: { cpu: '2', memory: '24581684Ki', pods: '110' },
      allocating: { cpu: '10', memory: '64Mi', pods: '1' },
      allocated: { cpu: '500m', memory: '64Mi', pods: '1' },
      allocatableModelings: [
        { grade: 0, count: 0 },
        { grade: 1, count: 1 },
        { grade: 2, count: 0 },
      ],
    });
  });

  it('leaves out what is zero', () => {
    const summary = summarizeResources([readObject(node)], [], models);
    expect(Object.keys(summary)).toEqual(['allocatable', 'allocatableModelings']);
  });
});

describe('readiness', () => {
  it('hides an outage shorter than the threshold, and a recovery that is too fresh (F45)', () => {
    const readiness = createReadiness(10_000, 5_000);
    expect(readiness.judge(undefined, true, 0)).toBe('observed');
    expect(readiness.judge('True', false, 1_000)).toBe('kept');
    expect(readiness.judge('True', true, 6_000)).toBe('observed');
    expect(readiness.judge('True', false, 7_000)).toBe('kept');
    expect(readiness.judge('True', false, 16_999)).toBe('kept');
    expect(readiness.judge('True', false, 17_000)).toBe('observed');
    expect(readiness.judge('False', true, 18_000)).toBe('kept');
    expect(readiness.judge('False', true, 23_000)).toBe('observed');
  });
});

describe('placement', () => {
  const kinds = new Set(['v1, ConfigMap']);
  const site = (name: string, more: Partial<Site> = {}): Site => ({
    name,
    region: '',
    provider: '',
    zones: [],
    labels: {},
    taints: [],
    deleting: false,
    kinds,
    ...more,
  });
  const spec = (more: JsonObject = {}) =>
    bindingSpecSchema.parse({ resource: { apiVersion: 'v1', kind: 'ConfigMap', name: 'c' }, ...more });
  const sites = [site('west'), site('east'), site('north')];

  it('puts those that have it first, then the alphabet', () => {
    expect(choosePlacement(spec({ clusters: [{ name: 'west' }] }), sites)).toEqual({
      kind: 'chosen',
      clusters: ['west', 'east', 'north'],
    });
  });

  it('never takes a binding away for a taint or a kind that went missing (F48)', () => {
    const changed = [site('west', { kinds: new Set(), taints: [{ key: 'x', effect: 'NoExecute' }] })];
    expect(choosePlacement(spec({ clusters: [{ name: 'west' }] }), changed).kind).toBe('chosen');
    expect(choosePlacement(spec(), changed)).toEqual({
      kind: 'unfit',
      message: '0/1 clusters are available: 1 cluster(s) did not have the API resource.',
    });
  });

  it('does not take a cluster that is being deleted (F64)', () => {
    const choice = choosePlacement(spec({ clusters: [{ name: 'west' }] }), [
      site('west', { deleting: true }),
      site('east'),
    ]);
    expect(choice).toEqual({ kind: 'chosen', clusters: ['east'] });
  });

  it('spreads over regions, one of each first', () => {
    const regions = [site('a1', { region: 'a' }), site('a2', { region: 'a' }), site('b1', { region: 'b' })];
    const constraints = [
      { spreadByField: 'region', minGroups: 2, maxGroups: 2 },
      { spreadByField: 'cluster', minGroups: 2, maxGroups: 2 },
    ];
    const chosen = choosePlacement(spec({ placement: { spreadConstraints: constraints } }), regions);
    expect(chosen).toEqual({ kind: 'chosen', clusters: ['a1', 'b1'] });
  });
});

describe('what is sent to a member', () => {
  const observed = readObject({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 's',
      namespace: 'shop',
      uid: 'u',
      resourceVersion: '7',
      finalizers: ['f'],
      labels: { ours: 'old', dropped: 'x', foreign: 'stays', 'karmada.io/managed': 'true' },
      annotations: {
        'resourcetemplate.karmada.io/managed-labels': 'dropped,karmada.io/managed,ours',
        'work.karmada.io/conflict-resolution': 'abort',
      },
    },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], type: 'NodePort' },
    status: { loadBalancer: {} },
  });
  const manifest: JsonObject = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: 's',
      namespace: 'shop',
      labels: { ours: 'new', 'karmada.io/managed': 'true' },
      annotations: { 'work.karmada.io/conflict-resolution': 'abort' },
    },
    spec: { type: 'NodePort' },
  };

  it('keeps finalizers, foreign labels and addresses, and drops labels that were ours (F19, F36, F39, F40)', () => {
    const wanted = retainFields(manifest, observed);
    expect(wanted['metadata']).toMatchObject({
      resourceVersion: '7',
      finalizers: ['f'],
      labels: { ours: 'new', foreign: 'stays', 'karmada.io/managed': 'true' },
    });
    expect(JSON.stringify(wanted)).not.toContain('dropped"');
    expect(wanted['spec']).toEqual({ type: 'NodePort', clusterIP: '10.96.0.9' });
    expect(differs(wanted, observed)).toBe(true);
  });

  it('is nothing when nothing differs', () => {
    const same = retainFields(
      {
        ...observed.raw,
        spec: { type: 'NodePort' },
        metadata: {
          name: 's',
          namespace: 'shop',
          labels: { ...observed.labels },
          annotations: { ...observed.annotations },
        },
      },
      observed,
    );
    Reflect.deleteProperty(same, 'status');
    expect(differs(same, observed)).toBe(false);
  });

  it('takes every mark but one off when it is released (F26)', () => {
    const released = releaseManifest(manifest);
    expect(released['metadata']).toEqual({
      name: 's',
      namespace: 'shop',
      labels: { ours: 'new' },
      annotations: { 'work.karmada.io/conflict-resolution': 'abort' },
    });
  });
});

describe('work queue', () => {
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

  it('retries with doubling delay, and at once when the key is added again (F38)', async () => {
    const tries: number[] = [];
    let good = false;
    const queue = createWorkQueue({
      workers: 1,
      firstDelayMs: 40,
      work: () => {
        tries.push(Date.now());
        return good ? Promise.resolve() : Promise.reject(new Error('no'));
      },
      onFailure: () => undefined,
    });
    queue.add('k');
    await wait(170);
    expect(tries.length).toBe(3);
    expect((tries[2] ?? 0) - (tries[1] ?? 0)).toBeGreaterThanOrEqual(75);
    good = true;
    queue.add('k');
    await wait(10);
    expect(tries.length).toBe(4);
    queue.stop();
  });

  it('holds a key once, runs it again when it was added meanwhile, and never twice at a time', async () => {
    let running = 0;
    let most = 0;
    let runs = 0;
    const queue = createWorkQueue({
      workers: 4,
      work: async () => {
        running += 1;
        runs += 1;
        most = Math.max(most, running);
        await wait(20);
        running -= 1;
      },
      onFailure: () => undefined,
    });
    for (let i = 0; i < 10; i += 1) queue.add('k');
    await wait(100);
    expect(most).toBe(1);
    expect(runs).toBe(2);
    queue.stop();
  });
});
