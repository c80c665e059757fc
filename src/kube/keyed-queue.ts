export interface KeyedQueueOptions {
  /** Keys worked on at one time. */
  readonly concurrency: number;
  readonly firstBackoffMs?: number;
  readonly longestBackoffMs?: number;
  /** Work on one key; a returned number of ms asks for another pass. A throw is another pass after back-off. */
  readonly run: (key: string) => Promise<number | undefined>;
  readonly onError?: (key: string, error: unknown, attempt: number) => void;
}

/** A queue that holds each key once, works on each key one at a time and never drops a failed one. */
export interface KeyedQueue {
  add(key: string, delayMs?: number): void;
  /** Keys waiting or in work. */
  readonly depth: () => number;
  /** Lets the passes in work end, starts no more. */
  stop(): Promise<void>;
}

export function createKeyedQueue(options: KeyedQueueOptions): KeyedQueue {
  const ready = new Set<string>();
  const delayed = new Map<string, { timer: NodeJS.Timeout; at: number }>();
  const running = new Map<string, Promise<void>>();
  const failures = new Map<string, number>();
  let stopped = false;

  function add(key: string, delayMs = 0): void {
    if (stopped) return;
    const waiting = delayed.get(key);
    const at = Date.now() + delayMs;
    if (delayMs > 0) {
      if (ready.has(key) || (waiting !== undefined && waiting.at <= at)) return;
      if (waiting !== undefined) clearTimeout(waiting.timer);
      delayed.set(key, {
        at,
        timer: setTimeout(() => {
          delayed.delete(key);
          add(key);
        }, delayMs),
      });
      return;
    }
    if (waiting !== undefined) {
      clearTimeout(waiting.timer);
      delayed.delete(key);
    }
    ready.add(key);
    pump();
  }

  function pump(): void {
    for (const key of ready) {
      if (stopped || running.size >= options.concurrency) return;
      // A key in work waits for its turn, so that two passes never overlap.
      if (running.has(key)) continue;
      ready.delete(key);
      const pass = work(key).finally(() => {
        running.delete(key);
        pump();
      });
      running.set(key, pass);
    }
  }

  async function work(key: string): Promise<void> {
    try {
      const againMs = await options.run(key);
      failures.delete(key);
      if (againMs !== undefined) add(key, Math.max(1, againMs));
    } catch (error) {
      const attempt = (failures.get(key) ?? 0) + 1;
      failures.set(key, attempt);
      const first = options.firstBackoffMs ?? 500;
      add(key, Math.min(options.longestBackoffMs ?? 60_000, first * 2 ** Math.min(attempt - 1, 16)));
      options.onError?.(key, error, attempt);
    }
  }

  return {
    add,
    depth: () => ready.size + delayed.size + running.size,
    stop: async () => {
      stopped = true;
      for (const { timer } of delayed.values()) clearTimeout(timer);
      delayed.clear();
      ready.clear();
      await Promise.all(running.values());
    },
  };
}
