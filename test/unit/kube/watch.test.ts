import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { createKube } from '../../../src/kube/client';
import { KINDS, metadataSchema } from '../../../src/kube/object';
import { watchObjects, type Watch, type WatchOptions } from '../../../src/kube/watch';
import { eventually } from '../../support/eventually';
import { startFakeApi, type FakeApi } from '../../support/fake-api';

const MAPS = 'v1/configmaps';
const schema = z.looseObject({ metadata: metadataSchema, data: z.record(z.string(), z.string()) });
type ConfigMap = z.infer<typeof schema>;

jest.setTimeout(60_000);

let api: FakeApi;
const open: Watch<ConfigMap>[] = [];

function put(name: string, value: string, more: object = {}): void {
  api.put(MAPS, { metadata: { name, namespace: 'shop', ...more }, data: { value } });
}

function follow(more: Partial<WatchOptions> = {}): {
  watch: Watch<ConfigMap>;
  changes: string[];
  news: string[];
  values: () => Record<string, string | undefined>;
} {
  const changes: string[] = [];
  const news: string[] = [];
  const watch = watchObjects(createKube(api.kubeConfig), KINDS.configMap, schema, {
    onChange: (key) => changes.push(key),
    onNews: (item, detail) => news.push(detail === '' ? item : `${item}: ${detail}`),
    ...more,
  });
  open.push(watch);
  const values = (): Record<string, string | undefined> =>
    Object.fromEntries(watch.list().map((item) => [item.metadata.name, item.data['value']]));
  return { watch, changes, news, values };
}

const watchesAsked = (): number => api.requests.filter((line) => line.includes('watch=true')).length;
const listsAsked = (): number => api.requests.filter((line) => !line.includes('watch=true')).length;

beforeEach(async () => {
  api = await startFakeApi();
});
afterEach(async () => {
  api.setFault(undefined);
  await Promise.all(open.splice(0).map((watch) => watch.stop()));
  await api.halt();
});

describe('watch', () => {
  test('lists page by page, then follows additions, changes and removals split over chunks', async () => {
    for (let i = 0; i < 1_100; i += 1) put(`m${i}`, 'old');
    const { watch, changes, values } = follow();
    await watch.synced;
    expect(watch.list()).toHaveLength(1_100);
    expect(listsAsked()).toBe(3);
    expect(new Set(changes).size).toBe(1_100);
    await eventually(() => expect(api.openWatches()).toBe(1));
    put('m7', 'new');
    put('extra', 'ünï'.repeat(2_000));
    api.drop(MAPS, 'shop/m8');
    await eventually(() => {
      expect(values()).toMatchObject({ m7: 'new', extra: 'ünï'.repeat(2_000) });
      expect(watch.get('shop/m8')).toBeUndefined();
    });
    expect(changes.slice(1_100)).toEqual(['shop/m7', 'shop/extra', 'shop/m8']);
  });

  test('asks for bookmarks and an end of its own, and goes on from the last bookmark', async () => {
    const { watch, news } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    expect(api.requests.at(-1)).toMatch(/allowWatchBookmarks=true&timeoutSeconds=240&resourceVersion=1$/);
    api.put('v1/secrets', { metadata: { name: 'other', namespace: 'shop' } });
    api.sendBookmarks();
    api.endWatches();
    await eventually(() => expect(watchesAsked()).toBe(2));
    expect(api.requests.at(-1)).toMatch(/resourceVersion=2$/);
    expect(listsAsked()).toBe(1);
    await eventually(() => expect(news).toEqual(['listed: 0', 'connected', 'ended', 'connected']));
  });

  test('a cut connection is taken up where it stood: nothing lost, nothing doubled, no new list', async () => {
    const { watch, changes, news, values } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    put('a', '1');
    await eventually(() => expect(changes).toHaveLength(1));
    api.cutWatches();
    put('a', '2');
    put('b', '1');
    await eventually(() => expect(values()).toEqual({ a: '2', b: '1' }));
    expect(changes).toEqual(['shop/a', 'shop/a', 'shop/b']);
    expect(listsAsked()).toBe(1);
    expect(news.filter((line) => /^broken: .*aborted/.test(line))).toHaveLength(1);
  });

  test('410 leads to a fresh list: what was removed meanwhile is told, what stayed is not', async () => {
    put('stays', '1');
    put('goes', '1');
    const { watch, changes, news } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    changes.length = 0;
    api.silenceWatches();
    api.drop(MAPS, 'shop/goes');
    put('comes', '1');
    api.compact();
    api.cutWatches();
    await eventually(() => expect(changes).toEqual(['shop/goes', 'shop/comes']));
    expect(news.some((line) => line.startsWith('expired'))).toBe(true);
    expect(watch.list().map((item) => item.metadata.name)).toEqual(['stays', 'comes']);
  });

  test('a server that answers 410 to everything is not asked in a tight loop', async () => {
    api.setFault((_request, response) => {
      response.writeHead(410, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }));
      return true;
    });
    follow();
    await sleep(1_000);
    expect(api.requests.length).toBeGreaterThan(1);
    expect(api.requests.length).toBeLessThan(6);
  });

  test('deleted and made again while nobody looked: the cache shows the new uid and the key is told', async () => {
    put('a', '1', { uid: 'old' });
    const { watch, changes } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    changes.length = 0;
    api.silenceWatches();
    api.drop(MAPS, 'shop/a');
    put('a', '1', { uid: 'new' });
    api.compact();
    api.cutWatches();
    await eventually(() => expect(watch.get('shop/a')?.metadata.uid).toBe('new'));
    expect(changes).toEqual(['shop/a']);
  });

  test('a silent connection is given up after the stall time and taken up again', async () => {
    const { watch, news, values } = follow({ timeoutSeconds: 1, stallMs: 200 });
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    api.silenceWatches();
    put('a', '1');
    const silentAt = watch.lastSeen();
    await eventually(() => expect(values()).toEqual({ a: '1' }));
    expect(news.join()).toMatch(/stalled/);
    expect(watch.lastSeen()).toBeGreaterThan(silentAt);
  });

  test.each([
    ['no JSON', 'oh no\n'],
    ['an unknown type', '{"type":"SURPRISE","object":{}}\n'],
    ['a nameless deletion', '{"type":"DELETED","object":{"metadata":{}}}\n'],
    ['an error event', '{"type":"ERROR","object":{"code":500,"message":"etcd is gone"}}\n'],
  ])('%s in the stream ends in a fresh list, not in a crash', async (_title, text) => {
    const { watch, news, values } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    api.writeToWatches(text);
    put('a', '1');
    await eventually(() => expect(values()).toEqual({ a: '1' }));
    expect(listsAsked()).toBe(2);
    expect(news.some((line) => line.startsWith('failed'))).toBe(true);
  });

  test('an object that the schema refuses is reported with its field, the others go on', async () => {
    put('good', '1');
    api.put(MAPS, { metadata: { name: 'bad', namespace: 'shop' }, data: 'text' });
    const { watch, news, values, changes } = follow();
    await watch.synced;
    expect(values()).toEqual({ good: '1' });
    expect(news.find((line) => line.startsWith('unreadable'))).toMatch(/^unreadable: shop\/bad: .*data/s);
    api.put(MAPS, { metadata: { name: 'good', namespace: 'shop' }, data: 7 });
    await eventually(() => expect(watch.get('shop/good')).toBeUndefined());
    put('bad', 'mended');
    await eventually(() => expect(values()).toEqual({ bad: 'mended' }));
    expect(changes).toEqual(['shop/good', 'shop/good', 'shop/bad']);
  });

  test('an API server that was away is listed afresh when it is back, with pauses in between', async () => {
    const { watch, news, values } = follow();
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    await api.halt();
    await sleep(700);
    await eventually(() =>
      expect(news.filter((line) => line.startsWith('failed')).length).toBeGreaterThan(0),
    );
    expect(news.filter((line) => line.startsWith('failed')).length).toBeLessThan(5);
    put('a', '1');
    await api.start();
    await eventually(() => expect(values()).toEqual({ a: '1' }));
    expect(listsAsked()).toBe(2);
  });

  test('a refused list is tried again until it is granted; Retry-After is kept', async () => {
    let refusals = 0;
    api.setFault((_request, response) => {
      if (refusals >= 2) return false;
      refusals += 1;
      const body = {
        kind: 'Status',
        code: 429,
        reason: 'TooManyRequests',
        details: { retryAfterSeconds: 1 },
      };
      response.writeHead(429, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body));
      return true;
    });
    const startedAt = performance.now();
    const { watch } = follow();
    await watch.synced;
    expect(performance.now() - startedAt).toBeGreaterThan(1_900);
    expect(refusals).toBe(2);
  });

  test('a server that ends every watch at once is not asked in a tight loop', async () => {
    const { watch } = follow();
    await watch.synced;
    const ending = setInterval(() => api.endWatches(), 5);
    await sleep(1_000);
    clearInterval(ending);
    expect(watchesAsked()).toBeLessThan(8);
  });

  test('an old list is made anew when a watch ends, so that a change that was never told is found', async () => {
    const { watch, changes, values } = follow({ relistMs: 500, timeoutSeconds: 1, stallMs: 0 });
    await watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    api.silenceWatches();
    put('a', '1');
    api.loseHistory();
    await eventually(() => expect(values()).toEqual({ a: '1' }));
    expect(listsAsked()).toBe(2);
    expect(changes).toEqual(['shop/a']);
  });

  test('a continue token that expired between two pages: the list is read again in one go', async () => {
    for (let i = 0; i < 600; i += 1) put(`m${i}`, '1');
    api.setFault((request, response) => {
      if (!(request.url ?? '').includes('continue=')) return false;
      response.writeHead(410, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired' }));
      return true;
    });
    const page = await createKube(api.kubeConfig).list(KINDS.configMap, { namespace: 'shop' }, schema);
    expect(page.items).toHaveLength(600);
  });

  test('stop ends it at any moment and leaves nothing running', async () => {
    const hanging = follow();
    api.setFault(() => true);
    await hanging.watch.stop();
    api.setFault(undefined);
    const running = follow();
    await running.watch.synced;
    await eventually(() => expect(api.openWatches()).toBe(1));
    await running.watch.stop();
    await eventually(() => expect(api.openWatches()).toBe(0));
    const asked = api.requests.length;
    put('a', '1');
    await sleep(300);
    expect(api.requests.length).toBe(asked);
    expect(running.news.filter((line) => !/^(listed|connected)/.test(line))).toEqual([]);
  });

  test('soak: watches cut every 100 ms while 100 objects change; the cache ends true, no change is told twice', async () => {
    const { watch, changes, values } = follow();
    await watch.synced;
    let cuts = 0;
    const cutting = setInterval(() => {
      cuts += 1;
      api.cutWatches();
      if (cuts % 7 === 0) api.compact();
    }, 100);
    let puts = 0;
    const last = new Map<string, string>();
    const until = performance.now() + 3_000;
    while (performance.now() < until) {
      const name = `m${puts % 100}`;
      put(name, String(puts));
      last.set(name, String(puts));
      puts += 1;
      await sleep(3);
    }
    clearInterval(cutting);
    await eventually(() => expect(values()).toEqual(Object.fromEntries(last)), 15_000);
    expect(cuts).toBeGreaterThan(5);
    expect(changes.length).toBeLessThanOrEqual(puts);
    expect(new Set(changes).size).toBe(100);
  });
});
