/** Keeps us from a fight: whoever undoes what was put back, time and again, is told of and left alone for a while. */
export interface Restraint {
  /** Whether this thing may be put back now; counts it if so. */
  mayAct(key: string): boolean;
}

const MOST = 3;
const WITHIN_MS = 600_000;

/** Three times in ten minutes, as far as this process has seen. */
export function createRestraint(now: () => number): Restraint {
  const acts = new Map<string, number[]>();
  return {
    mayAct(key) {
      const recent = (acts.get(key) ?? []).filter((at) => now() - at < WITHIN_MS);
      const may = recent.length < MOST;
      if (may) recent.push(now());
      acts.set(key, recent);
      for (const [other, times] of acts) {
        if (times.every((at) => now() - at >= WITHIN_MS)) acts.delete(other);
      }
      return may;
    },
  };
}
