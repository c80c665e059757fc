import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { eventually } from '../../support/eventually';
import { createKeyedQueue, type KeyedQueue } from '../../../src/kube/keyed-queue';

async function drained(queue: KeyedQueue): Promise<void> {
  while (queue.depth() > 0) await sleep(1);
}

interface Step {
  readonly key: string;
  readonly delayMs: number;
  readonly pauseMs: number;
}
const stepArbitrary: fc.Arbitrary<Step> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  delayMs: fc.constantFrom(0, 0, 0, 2, 5),
  pauseMs: fc.constantFrom(0, 0, 1, 3),
});

describe('keyed queue', () => {
  test('whatever happens: no key overlaps itself, no more than asked at a time, the last word of every key is worked on', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(stepArbitrary, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 1, max: 3 }),
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        async (steps, concurrency, failures) => {
          const said = new Map<string, number>();
          const heard = new Map<string, number>();
          const inWork = new Set<string>();
          let most = 0;
          let overlapped = false;
          let passes = 0;
          const queue = createKeyedQueue({
            concurrency,
            firstBackoffMs: 1,
            longestBackoffMs: 4,
            run: async (key) => {
              overlapped ||= inWork.has(key);
              inWork.add(key);
              most = Math.max(most, inWork.size);
              const word = said.get(key) ?? 0;
              const fails = failures[passes % 8] === true && passes < 30;
              passes += 1;
              await sleep(passes % 3);
              inWork.delete(key);
              if (fails) throw new Error('fails');
              heard.set(key, word);
              return undefined;
            },
          });
          for (const { key, delayMs, pauseMs } of steps) {
            said.set(key, (said.get(key) ?? 0) + 1);
            queue.add(key, delayMs);
            if (pauseMs > 0) await sleep(pauseMs);
          }
          await drained(queue);
          expect(heard).toEqual(said);
          expect(overlapped).toBe(false);
          expect(most).toBeLessThanOrEqual(concurrency);
        },
      ),
      { numRuns: 60 },
    );
  }, 30_000);

  test('a burst for one key is one pass, and one more when it came during the pass', async () => {
    let passes = 0;
    const queue = createKeyedQueue({
      concurrency: 4,
      run: async () => {
        passes += 1;
        await sleep(20);
        return undefined;
      },
    });
    for (let i = 0; i < 100; i += 1) queue.add('a');
    expect(queue.depth()).toBe(2);
    await sleep(5);
    for (let i = 0; i < 100; i += 1) queue.add('a');
    await drained(queue);
    expect(passes).toBe(2);
  });

  test('a delayed burst is one pass after the first delay; a later delay does not put it off', async () => {
    jest.useFakeTimers();
    try {
      const at: number[] = [];
      const startedAt = Date.now();
      const queue = createKeyedQueue({
        concurrency: 1,
        run: () => {
          at.push(Date.now() - startedAt);
          return Promise.resolve(undefined);
        },
      });
      for (let i = 0; i < 10; i += 1) {
        queue.add('a', 100);
        await jest.advanceTimersByTimeAsync(5);
      }
      queue.add('b', 500);
      queue.add('b', 200);
      await jest.advanceTimersByTimeAsync(1_000);
      expect(at).toEqual([100, 250]);
      expect(queue.depth()).toBe(0);
    } finally {
      jest.useRealTimers();
    }
  });

  test('a failed key comes back with doubling pauses and is told with its attempt; success resets them', async () => {
    const attempts: number[] = [];
    let failing = 3;
    const queue = createKeyedQueue({
      concurrency: 1,
      firstBackoffMs: 10,
      run: () => (failing-- > 0 ? Promise.reject(new Error('no')) : Promise.resolve(undefined)),
      onError: (_key, _error, attempt) => attempts.push(attempt),
    });
    const startedAt = performance.now();
    queue.add('a');
    await drained(queue);
    expect(attempts).toEqual([1, 2, 3]);
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(68);
    failing = 1;
    queue.add('a');
    await drained(queue);
    expect(attempts).toEqual([1, 2, 3, 1]);
  });

  test('a failing key does not hold up the others', async () => {
    const done: string[] = [];
    const queue = createKeyedQueue({
      concurrency: 1,
      firstBackoffMs: 10_000,
      run: (key) => {
        if (key === 'bad') return Promise.reject(new Error('no'));
        done.push(key);
        return Promise.resolve(undefined);
      },
    });
    queue.add('bad');
    queue.add('good');
    await eventually(() => expect(done).toEqual(['good']));
    expect(queue.depth()).toBe(1);
    await queue.stop();
  });

  test('a number of ms returned by the pass asks for another one', async () => {
    let passes = 0;
    const queue = createKeyedQueue({
      concurrency: 1,
      run: () => Promise.resolve((passes += 1) < 3 ? 5 : undefined),
    });
    queue.add('a');
    await drained(queue);
    expect(passes).toBe(3);
  });

  test('stop lets passes end, drops what waits and takes nothing more', async () => {
    const log: string[] = [];
    const queue = createKeyedQueue({
      concurrency: 1,
      run: async (key) => {
        log.push(`begin ${key}`);
        await sleep(20);
        log.push(`end ${key}`);
        return undefined;
      },
    });
    queue.add('a');
    queue.add('b');
    queue.add('c', 1);
    await queue.stop();
    queue.add('d');
    await sleep(30);
    expect(log).toEqual(['begin a', 'end a']);
    expect(queue.depth()).toBe(0);
  });
});
