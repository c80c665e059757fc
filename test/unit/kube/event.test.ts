import { FedStateError } from '../../../src/domain/errors';
import { createEventRecorder, type EventNews } from '../../../src/kube/event';
import type { Kube } from '../../../src/kube/client';
import { eventStore } from './event-store';

const orders = {
  apiVersion: 'middleware.fedstate.io/v1alpha1',
  kind: 'MultiCloudMongoDB',
  metadata: { name: 'orders', namespace: 'shop', uid: 'u1' },
};
const news: EventNews = {
  type: 'Warning',
  reason: 'OperationFailed',
  action: 'createInstance',
  note: 'no cluster has room',
};

function makeClock(): { now: () => number; advance(ms: number): void } {
  let time = Date.parse('2026-11-23T12:00:00Z');
  return { now: () => time, advance: (ms) => (time += ms) };
}

function failingKube(error: Error): Kube {
  const fail = (): Promise<never> => Promise.reject(error);
  return { ...eventStore().kube, create: fail, mergePatch: fail, get: fail };
}

describe('event recorder', () => {
  test('writes one Event with everything the API server asks for', async () => {
    const store = eventStore();
    const recorder = createEventRecorder(store.kube, {
      component: 'fedstate-controller',
      instance: 'pod-0',
      now: makeClock().now,
    });
    await recorder.record(orders, news);
    expect(store.events()).toEqual([
      expect.objectContaining({
        apiVersion: 'events.k8s.io/v1',
        kind: 'Event',
        metadata: {
          name: expect.stringMatching(/^orders\.[0-9a-f]{16}$/) as string,
          namespace: 'shop',
        },
        eventTime: '2026-11-23T12:00:00.000000Z',
        reportingController: 'middleware.fedstate.io/fedstate-controller',
        reportingInstance: 'pod-0',
        ...news,
        regarding: {
          apiVersion: 'middleware.fedstate.io/v1alpha1',
          kind: 'MultiCloudMongoDB',
          name: 'orders',
          namespace: 'shop',
          uid: 'u1',
        },
      }),
    ]);
  });

  test('counts a repetition at once, then writes at most once a minute', async () => {
    const store = eventStore();
    const clock = makeClock();
    const recorder = createEventRecorder(store.kube, { component: 'c', now: clock.now });
    for (let i = 0; i < 10; i += 1) await recorder.record(orders, news);
    expect(store.events()).toHaveLength(1);
    expect(store.events()[0]).toMatchObject({ series: { count: 2 } });
    expect(store.writes()).toBe(2);
    clock.advance(60_000);
    await recorder.record(orders, news);
    expect(store.events()[0]).toMatchObject({
      series: { count: 11, lastObservedTime: '2026-11-23T12:01:00.000000Z' },
    });
  });

  test('a second process goes on with the series of the first', async () => {
    const store = eventStore();
    await createEventRecorder(store.kube, { component: 'c', instance: 'a' }).record(orders, news);
    await createEventRecorder(store.kube, { component: 'c', instance: 'b' }).record(orders, news);
    await createEventRecorder(store.kube, { component: 'c', instance: 'c' }).record(orders, news);
    expect(store.events()).toEqual([
      expect.objectContaining({ series: expect.objectContaining({ count: 3 }) as object }),
    ]);
  });

  test('an expired Event is written anew', async () => {
    const store = eventStore();
    const recorder = createEventRecorder(store.kube, { component: 'c' });
    await recorder.record(orders, news);
    store.expire();
    await recorder.record(orders, news);
    expect(store.events()).toHaveLength(1);
    expect(store.events()[0]).not.toHaveProperty('series');
  });

  test('news that differ in any word are Events of their own, also of a re-created object', async () => {
    const store = eventStore();
    const recorder = createEventRecorder(store.kube, { component: 'c' });
    await Promise.all([
      recorder.record(orders, news),
      recorder.record(orders, { ...news, note: 'another reason' }),
      recorder.record(orders, { ...news, type: 'Normal' }),
      recorder.record({ ...orders, metadata: { ...orders.metadata, uid: 'u2' } }, news),
    ]);
    expect(store.events()).toHaveLength(4);
  });

  test('one object cannot flood the namespace, others are not held up', async () => {
    const store = eventStore();
    const clock = makeClock();
    const recorder = createEventRecorder(store.kube, { component: 'c', now: clock.now });
    for (let i = 0; i < 100; i += 1) await recorder.record(orders, { ...news, note: `try ${i}` });
    expect(store.events()).toHaveLength(25);
    await recorder.record({ ...orders, metadata: { ...orders.metadata, name: 'carts', uid: 'u9' } }, news);
    expect(store.events()).toHaveLength(26);
    clock.advance(60_000);
    for (let i = 0; i < 10; i += 1) await recorder.record(orders, { ...news, note: `later ${i}` });
    expect(store.events()).toHaveLength(28);
  });

  test('parallel repetitions become one Event', async () => {
    const store = eventStore();
    const recorder = createEventRecorder(store.kube, { component: 'c' });
    await Promise.all(Array.from({ length: 20 }, () => recorder.record(orders, news)));
    expect(store.events()).toHaveLength(1);
  });

  test('a failing API server is told once per try and never thrown', async () => {
    const failures: string[] = [];
    const recorder = createEventRecorder(failingKube(new FedStateError('Unreachable', 'gone')), {
      component: 'c',
      onFailure: (message) => failures.push(message),
    });
    await expect(recorder.record(orders, news)).resolves.toBeUndefined();
    await expect(recorder.record(orders, news)).resolves.toBeUndefined();
    expect(failures).toEqual(['gone', 'gone']);
  });

  test('long notes are cut at 1024 bytes without breaking a character; cluster-scoped objects go to default', async () => {
    const store = eventStore();
    await createEventRecorder(store.kube, { component: 'c' }).record(
      { apiVersion: 'cluster.karmada.io/v1alpha1', kind: 'Cluster', metadata: { name: 'east', uid: 'x' } },
      { ...news, note: `a${'é'.repeat(900)}` },
    );
    const event = store.events()[0];
    const note = String(event?.['note']);
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^aé+…$/);
    expect(event).toMatchObject({ metadata: { namespace: 'default' } });
  });
});
