import { skipReason } from '../../support/programs';
import { addUp, say, summarise, type Tally } from './figures';
import { soakWatches, type SoakResult } from './soak';

/**
 * Every watch of the product at its work while its connections are reset, ended and left dead, etcd forgets, and the
 * API server is killed once. SOAK_SECONDS: how long, in both forms (`npm run soak`: two minutes; without it: a short form
 * where etcd is read without a cache, as that meets 410, and the server lives); SOAK_SEED: which changes and blows.
 */
const given = process.env['SOAK_SECONDS'];
const isShort = given === undefined;
const seconds = Number(given ?? 30);
const seed = Number(process.env['SOAK_SEED'] ?? 1);
const instances = isShort ? 60 : 200;

const reason = skipReason(['etcd', 'kube-apiserver']);
const forms = [{ hasWatchCache: false }, ...(isShort ? [] : [{ hasWatchCache: true }])];

const showNews = ({ connected, listed, ended, broken, stalled, expired, failed }: Tally): string =>
  `${connected} connects, ${listed} lists; ended ${ended}, broken ${broken}, stalled ${stalled}, expired ${expired}, failed ${failed}`;

const show = ({ weather, controller, member, roles, ...rest }: SoakResult, hasWatchCache: boolean): void => {
  const { book, latencies } = rest;
  const lines = [
    `watch soak, seed ${seed}, ${seconds} s, ${hasWatchCache ? 'with' : 'without'} a watch cache`,
    `  cut       ${weather.reset} reset, ${weather.cut} ended, ${weather.freezePresent} left dead`,
    `  instances ${book.tried} changes (${book.failed} failed while the API server was away), ${rest.pokes} pokes`,
    `            ${showNews(controller.news)}`,
    `            spec to poke ${summarise(latencies.specs)}, deletion ${summarise(latencies.deletions)} (p50/p99/most)`,
    `            ${latencies.superseded} deleted before they were told; all told ${Math.round(rest.settledMs)} ms after the last change`,
    `  members   ${member.tried} changes, told ${member.told} times`,
    `            ${showNews(member.news)}`,
    `  roles     ${roles.sights} sights, election to sight ${summarise(roles.latencies)}`,
    `  memory    ${rest.heap.map((size) => size.toFixed(1)).join(' to ')} MB, ${rest.connections.join(' to ')} connections`,
  ];
  say(lines.join('\n'));
};

(reason === undefined ? describe : describe.skip).each(forms)(
  `watches, seed ${seed}, watch cache $hasWatchCache ${reason ?? ''}`,
  ({ hasWatchCache }) => {
    let result: SoakResult;

    beforeAll(
      async () => {
        result = await soakWatches({
          seed,
          forMs: seconds * 1000,
          instances,
          hasWatchCache,
          killsServer: !isShort,
        });
        show(result, hasWatchCache);
      },
      2 * seconds * 1000 + 600_000,
    );

    test('the weather was bad: every way to lose a connection was met, and history was forgotten', () => {
      const { weather, controller, member } = result;
      expect(Math.min(weather.reset, weather.cut, weather.freezePresent)).toBeGreaterThan(0);
      // In half a minute each meets some of it, and both together all of it.
      const both = addUp(controller.news, member.news);
      for (const news of isShort ? [both] : [controller.news, member.news]) {
        expect(Math.min(news.broken, news.stalled)).toBeGreaterThan(0);
        if (!isShort) expect(news.failed).toBeGreaterThan(0);
        if (!hasWatchCache) expect(news.expired).toBeGreaterThan(0);
      }
      expect(both.unreadable).toBe(0);
    });

    test('no change is lost: the last generation of every instance is poked, each deletion and what changes around it too', () => {
      expect(result.controller.lost).toEqual([]);
      expect(result.pokes).toBeGreaterThan(instances);
    });

    test('no poke comes twice without a reason, and none with a generation older than the one before', () => {
      expect(result.controller.doubled).toEqual([]);
      expect(result.controller.reversed).toEqual([]);
    });

    test('the member manager knows everything as it is, was told of each last change, and of none twice', () => {
      expect(result.member.lost).toEqual([]);
      expect(result.member.doubled).toEqual([]);
      expect(result.member.told).toBeGreaterThan(result.member.tried / 4);
    });

    test('every election is seen over a bad wire, from a release that is polled and one that streams', () => {
      expect(result.roles.latencies.length).toBeGreaterThanOrEqual(2);
      expect(result.roles.repeated).toBe(0);
    });

    test('nothing piles up: neither memory nor connections', () => {
      const [heapBefore, heapAfter] = result.heap;
      const [connectionsBefore, connectionsAfter] = result.connections;
      expect(heapAfter - heapBefore).toBeLessThan(30);
      expect(connectionsAfter - connectionsBefore).toBeLessThan(60);
    });
  },
);
