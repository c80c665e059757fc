import { instanceViewSchema, type InstanceView } from '../../../src/triggers/instance-view';
import { decidePoke, seenOf } from '../../../src/triggers/poke-decision';
import { FINALIZERS } from '../../../src/domain/marks';

function view(metadata: object = {}, status?: object, spec: object = { replicaset: 3 }): InstanceView {
  return instanceViewSchema.parse({
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      uid: 'u1',
      resourceVersion: '7',
      generation: 2,
      finalizers: [FINALIZERS.multiCloud],
      ...metadata,
    },
    spec,
    ...(status === undefined ? {} : { status }),
  });
}
const settled = { observedGeneration: 2 };
const entity = { namespace: 'shop', name: 'orders', uid: 'u1', generation: 2 };
const facts = { seen: undefined, entity, pressed: undefined } as const;

describe('first sight after a start', () => {
  test('an entity that has read this generation and has nothing in hand is left alone', () => {
    expect(decidePoke({ ...facts, instance: view({}, settled) })).toBeUndefined();
  });

  test.each([
    ['no entity runs', { entity: undefined }, view({}, settled), 'entityMissing'],
    ['the status is of an older generation', {}, view({}, { observedGeneration: 1 }), 'spec'],
    ['the status was never written', {}, view(), 'spec'],
    [
      'the status is new but the entity has not read the spec: somebody else wrote the status',
      { entity: { ...entity, generation: 1 } },
      view({}, settled),
      'spec',
    ],
    ['it is being deleted', {}, view({ deletionTimestamp: '2026-11-23T12:00:00Z' }, settled), 'deletion'],
    [
      'an operation is in hand: what it waits for may have come while nobody looked',
      {},
      view({}, { ...settled, operation: { kind: 'createInstance' } }),
      'unsettled',
    ],
    [
      'it was paused while nobody looked',
      {},
      view({ annotations: { 'middleware.fedstate.io/paused': 'true' } }, settled),
      'unsettled',
    ],
    [
      'its pause was lifted while nobody looked',
      {},
      view({}, { ...settled, conditions: [{ type: 'Paused', status: 'True' }] }),
      'unsettled',
    ],
    ['something around it changed', { pressed: 'members' as const }, view({}, settled), 'members'],
  ])('%s: poked', (_title, more, instance, reason) => {
    expect(decidePoke({ ...facts, ...more, instance })).toBe(reason);
  });

  test('a pause that the status tells of is no difference', () => {
    const told = { ...settled, conditions: [{ type: 'Paused', status: 'True' }] };
    expect(
      decidePoke({
        ...facts,
        instance: view({ annotations: { 'middleware.fedstate.io/paused': 'true' } }, told),
      }),
    ).toBeUndefined();
    expect(
      decidePoke({
        ...facts,
        instance: view({}, told, { replicaset: 3, operations: { paused: true } }),
      }),
    ).toBeUndefined();
  });
});

describe('later looks', () => {
  const seen = seenOf(view({}, settled));

  test.each([
    ['a status', view({ resourceVersion: '8' }, { observedGeneration: 2, state: 'Health' })],
    ['a label of Karmada', view({ labels: { 'propagationpolicy.karmada.io/name': 'a' } })],
    [
      'an annotation of kubectl',
      view({ annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }),
    ],
    ['a mark of our own', view({ annotations: { 'middleware.fedstate.io/created': 'u1' } })],
  ])('%s is no reason', (_title, instance) => {
    expect(decidePoke({ ...facts, seen, instance })).toBeUndefined();
  });

  test.each([
    ['a new generation', view({ generation: 3 }, settled), 'spec'],
    ['a deletion', view({ deletionTimestamp: '2026-11-23T12:00:00Z' }), 'deletion'],
    ['a pause', view({ annotations: { 'middleware.fedstate.io/paused': 'true' } }), 'annotation'],
    ['an approval', view({ annotations: { 'middleware.fedstate.io/approve': 'a1b2' } }), 'annotation'],
    ['a label', view({ labels: { team: 'a' } }), 'annotation'],
    ['a result of another scheduler', view({ annotations: { schedulerResult: '{}' } }), 'annotation'],
    ['the same name made again', view({ uid: 'u2' }), 'entityMissing'],
  ])('%s is one', (_title, instance, reason) => {
    const running = instance.ref.uid === 'u1' ? entity : undefined;
    expect(decidePoke({ ...facts, seen, instance, entity: running })).toBe(reason);
  });

  test('an entity that vanished is started again (design: an empty Temporal namespace is no disaster)', () => {
    expect(decidePoke({ ...facts, seen, instance: view({}, settled), entity: undefined })).toBe(
      'entityMissing',
    );
  });

  test('an object that only a foreign finalizer keeps starts no entity again', () => {
    const instance = view({
      deletionTimestamp: '2026-11-23T12:00:00Z',
      finalizers: ['example.com/theirs'],
    });
    expect(decidePoke({ ...facts, seen: undefined, entity: undefined, instance })).toBeUndefined();
    expect(decidePoke({ ...facts, seen: undefined, entity, instance })).toBe('deletion');
  });
});

describe('instance view', () => {
  test('knows where members are or should be, and what it waits for', () => {
    const seen = view(
      { annotations: { schedulerResult: '{"ClusterWithReplicaset":[{"cluster":"east","replicaset":2}]}' } },
      {
        operation: { waitReason: 'Unschedulable' },
        placement: { current: [{ cluster: 'west', replicaset: 1 }] },
        result: [{ cluster: 'north' }],
      },
    );
    expect([...seen.clusters].sort()).toEqual(['east', 'north', 'west']);
    expect(seen.waitsForPlace).toBe(true);
  });

  test('a status of any shape and a broken annotation are survived', () => {
    const odd = view(
      { annotations: { schedulerResult: 'not json' } },
      { observedGeneration: 'two', conditions: 7, placement: [], result: {}, operation: 'x' },
    );
    expect(odd).toMatchObject({ observedGeneration: undefined, waitsForPlace: false, isUnsettled: false });
    expect(odd.clusters.size).toBe(0);
  });

  test('a bad spec is told field by field', () => {
    expect(view({}, undefined, { replicaset: 'five', auth: { rootPasswd: 7 } }).problem).toMatch(
      /spec\.replicaset: .*; spec\.auth\.rootPasswd: /,
    );
    expect(view().problem).toBeUndefined();
  });
});
