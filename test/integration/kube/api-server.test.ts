import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { Kube } from '../../../src/kube/client';
import { createEventRecorder } from '../../../src/kube/event';
import { holdLease } from '../../../src/kube/lease';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { watchObjects, type Watch } from '../../../src/kube/watch';
import { eventually } from '../../support/eventually';
import { startApiServer, type ApiServer } from '../../support/api-server';
import { skipReason } from '../../support/programs';
import { wireTo, type Wire } from './wire';

const reason = skipReason(['etcd', 'kube-apiserver']);
const schema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});
type ConfigMap = z.infer<typeof schema>;

(reason === undefined ? describe : describe.skip)(
  `Kubernetes client on a real API server ${reason ?? ''}`,
  () => {
    let server: ApiServer;
    let wire: Wire;
    let kube: Kube;
    const open: Watch<ConfigMap>[] = [];

    const put = (name: string, value: string): Promise<unknown> =>
      kube.apply(
        KINDS.configMap,
        { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' }, data: { value } },
        { fieldManager: 'test', force: true },
      );
    const remove = (name: string): Promise<boolean> =>
      kube.delete({ kind: KINDS.configMap, namespace: 'default', name });
    function follow(over: Kube, options: { timeoutSeconds?: number; stallMs?: number } = {}) {
      const changes: string[] = [];
      const news: string[] = [];
      const watch = watchObjects(over, KINDS.configMap, schema, {
        namespace: 'default',
        onChange: (key) => changes.push(key),
        onNews: (item) => news.push(item),
        ...options,
      });
      open.push(watch);
      return { watch, changes, news, value: (name: string) => watch.get(`default/${name}`)?.data['value'] };
    }

    beforeAll(async () => {
      server = await startApiServer({ name: 'kube' });
      wire = await wireTo(server);
      kube = wire.direct;
      await eventually(async () => {
        expect(await kube.get({ kind: KINDS.namespace, name: 'default' }, z.unknown())).toBeDefined();
      });
    }, 120_000);
    afterEach(async () => {
      await Promise.all(open.splice(0).map((watch) => watch.stop()));
    });
    afterAll(async () => {
      await wire.stop();
      await server.stop();
    });

    test('a dry run says what would come of a new object, and stores nothing', async () => {
      const rehearse = (data: unknown): Promise<unknown> =>
        kube.apply(
          KINDS.configMap,
          {
            apiVersion: 'v1',
            kind: 'ConfigMap',
            metadata: { name: 'rehearsed', namespace: 'default' },
            data,
          },
          { fieldManager: 'test', force: true, dryRun: true },
        );
      expect(await rehearse({ value: '1' })).toMatchObject({ metadata: { name: 'rehearsed' } });
      expect(
        await kube.get({ kind: KINDS.configMap, namespace: 'default', name: 'rehearsed' }, schema),
      ).toBeUndefined();
      await expect(rehearse({ 'no key': '1' })).rejects.toMatchObject({ kind: 'InvalidSpec' });
      await expect(rehearse('no map')).rejects.toMatchObject({ kind: 'InvalidSpec', facts: { status: 500 } });
    });

    test('a dead connection is noticed, and what happened meanwhile is found', async () => {
      await put('dead', 'old');
      const { watch, news, value } = follow(wire.proxied, { timeoutSeconds: 2, stallMs: 500 });
      await watch.synced;
      await eventually(() => expect(news).toContain('connected'));
      wire.proxy.freezePresent();
      await put('dead', 'new');
      const startedAt = performance.now();
      await eventually(() => expect(value('dead')).toBe('new'));
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      expect(news).toContain('stalled');
    }, 30_000);

    test('an API server that was killed and came back: changes of before and after are both there', async () => {
      await put('restart', 'old');
      await put('goes', 'x');
      const { watch, news, value } = follow(wire.direct);
      await watch.synced;
      await eventually(() => expect(news).toContain('connected'));
      await remove('goes');
      await server.halt();
      await eventually(() => expect(news).toContain('failed'));
      await server.resume();
      await eventually(() => put('restart', 'new').then(() => undefined));
      await eventually(() => expect(value('restart')).toBe('new'), 45_000);
      expect(value('goes')).toBeUndefined();
    }, 120_000);

    test('a frozen API server (SIGSTOP) is survived', async () => {
      await put('frozen', 'old');
      const { watch, news, value } = follow(wire.direct, { timeoutSeconds: 1, stallMs: 500 });
      await watch.synced;
      await eventually(() => expect(news).toContain('connected'));
      server.freeze();
      await eventually(() => expect(news).toContain('stalled'));
      await server.resume();
      await put('frozen', 'new');
      await eventually(() => expect(value('frozen')).toBe('new'), 45_000);
    }, 90_000);

    test('the API server takes our Events, counts them as a series and shows them by the old API too', async () => {
      const regarding = {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'orders', namespace: 'default', uid: '56c69f88-6c52-4886-a922-9ebf7c156ba5' },
      };
      const failures: string[] = [];
      const recorder = createEventRecorder(kube, {
        component: 'fedstate-controller',
        onFailure: (message) => failures.push(message),
      });
      const news = {
        type: 'Warning',
        reason: 'SpecRefused',
        action: 'readSpec',
        note: 'é'.repeat(2_000),
      } as const;
      await recorder.record(regarding, news);
      await recorder.record(regarding, news);
      await createEventRecorder(kube, { component: 'fedstate-controller' }).record(regarding, news);
      await recorder.record(
        { apiVersion: 'v1', kind: 'Node', metadata: { name: 'Odd_Name.' } },
        { ...news, type: 'Normal', note: 'cluster-scoped, of a name that is none' },
      );
      expect(failures).toEqual([expect.stringContaining('Odd_Name') as string]);
      const eventSchema = z.looseObject({
        metadata: metadataSchema,
        type: z.string(),
        series: z.looseObject({ count: z.number() }),
        involvedObject: z.looseObject({ name: z.string() }),
      });
      const legacy = await kube.list(
        { group: '', version: 'v1', kind: 'Event', plural: 'events', namespaced: true },
        { namespace: 'default', fieldSelector: 'involvedObject.name=orders' },
        eventSchema,
      );
      expect(legacy.items).toEqual([
        expect.objectContaining({ type: 'Warning', series: expect.objectContaining({ count: 3 }) as object }),
      ]);
    });

    test('the API server takes our Lease; the second one follows after the first is given back', async () => {
      const times = {
        namespace: 'default',
        name: 'manager',
        durationMs: 3_000,
        renewDeadlineMs: 2_000,
        retryMs: 200,
      };
      const failures: string[] = [];
      const onFailure = (message: string): number => failures.push(message);
      const first = holdLease(kube, { ...times, identity: 'a', onFailure });
      await first.acquired;
      const second = holdLease(kube, { ...times, identity: 'b', onFailure });
      await sleep(3_500);
      expect([first.isHeld(), second.isHeld()]).toEqual([true, false]);
      await first.stop();
      await second.acquired;
      expect([first.isHeld(), second.isHeld()]).toEqual([false, true]);
      const lease = await kube.get(
        { kind: KINDS.lease, namespace: 'default', name: 'manager' },
        z.looseObject({ spec: z.looseObject({ holderIdentity: z.string(), leaseTransitions: z.number() }) }),
      );
      expect(lease?.spec).toMatchObject({
        holderIdentity: expect.stringMatching(/^b_/) as string,
        leaseTransitions: 1,
      });
      await second.stop();
      expect(failures).toEqual([]);
    }, 30_000);

    test('a holder that is cut off loses the Lease before the next one takes it', async () => {
      const times = {
        namespace: 'default',
        name: 'cut',
        durationMs: 2_000,
        renewDeadlineMs: 1_200,
        retryMs: 150,
      };
      const log: string[] = [];
      const first = holdLease(wire.proxied, { ...times, identity: 'a', onLost: () => log.push('lost') });
      await first.acquired;
      const second = holdLease(kube, { ...times, identity: 'b', onAcquired: () => log.push('taken') });
      await sleep(500);
      const cutting = setInterval(() => wire.proxy.cut(), 5);
      await second.acquired;
      clearInterval(cutting);
      expect(log).toEqual(['lost', 'taken']);
      expect(first.isHeld()).toBe(false);
      await Promise.all([first.stop(), second.stop()]);
    }, 30_000);
  },
);
