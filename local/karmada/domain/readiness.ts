/** Keeps a short outage, or a short recovery, from showing. */
export interface Readiness {
  /**
   * @param shown status of the Ready condition as it stands, undefined when there is none
   * @param isUp what the probe has just seen
   * @returns whether to show what was seen or to keep what is shown
   */
  judge(shown: string | undefined, isUp: boolean, nowMs: number): 'observed' | 'kept';
}

/** Thresholds in ms. The first observation after a start counts at once. */
export function createReadiness(failureThresholdMs: number, successThresholdMs: number): Readiness {
  let last: { isUp: boolean; sinceMs: number } | undefined;
  return {
    judge(shown, isUp, nowMs) {
      if (last === undefined) {
        last = { isUp, sinceMs: Number.NEGATIVE_INFINITY };
        return 'observed';
      }
      if (last.isUp !== isUp) last = { isUp, sinceMs: nowMs };
      if (shown === undefined) return 'observed';
      const turns = isUp !== (shown === 'True');
      const threshold = isUp ? successThresholdMs : failureThresholdMs;
      return turns && nowMs < last.sinceMs + threshold ? 'kept' : 'observed';
    },
  };
}
