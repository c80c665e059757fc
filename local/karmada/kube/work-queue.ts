/** Keys that wait for work: each at most once, each in one pair of hands at a time, failed ones again after a growing delay. */
export interface WorkQueue {
  /** At once, whatever delay the key may be in. */
  add(key: string): void;
  addAfter(key: string, ms: number): void;
  stop(): void;
}

export interface WorkQueueOptions {
  readonly workers: number;
  /** Throwing means: again later. */
  readonly work: (key: string) => Promise<void>;
  readonly onFailure: (key: string, error: unknown) => void;
  readonly firstDelayMs?: number;
  readonly longestDelayMs?: number;
}

/** Doubles from 5 ms to 16 min 40 s like Karmada's default rate limiter (F38); an add does not reset the count, success does. */
export function createWorkQueue(options: WorkQueueOptions): WorkQueue {
  const { workers, work, onFailure, firstDelayMs = 5, longestDelayMs = 1_000_000 } = options;
  const waiting = new Set<string>();
  const busy = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, NodeJS.Timeout>();
  let running = true;

  const pump = (): void => {
    for (const key of waiting) {
      if (!running || busy.size >= workers) return;
      waiting.delete(key);
      busy.add(key);
      void take(key);
    }
  };
  const take = async (key: string): Promise<void> => {
    try {
      await work(key);
      failures.delete(key);
    } catch (error) {
      const count = failures.get(key) ?? 0;
      failures.set(key, count + 1);
      delay(key, Math.min(firstDelayMs * 2 ** Math.min(count, 40), longestDelayMs));
      onFailure(key, error);
    } finally {
      busy.delete(key);
      if (again.delete(key)) waiting.add(key);
      pump();
    }
  };
  const delay = (key: string, ms: number): void => {
    if (!running) return;
    clearTimeout(timers.get(key));
    timers.set(
      key,
      setTimeout(() => {
        timers.delete(key);
        add(key);
      }, ms),
    );
  };
  const add = (key: string): void => {
    if (!running) return;
    if (busy.has(key)) again.add(key);
    else waiting.add(key);
    pump();
  };

  return {
    add,
    addAfter: delay,
    stop() {
      running = false;
      waiting.clear();
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}
