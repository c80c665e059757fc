/** How long writes stopped, and by what that is known. Always the most that it can have been. */
export interface WriteOutage {
  readonly seconds: number;
  /**
   * `oplog`: from the last entry of the former primary to the first of the new one, by their own clocks; where nobody
   * writes the server's entry of every 10 s is the last. `command`: from our command to the first answer of a successor.
   * `sameTerm`: the same primary led all the time.
   */
  readonly basis: 'oplog' | 'command' | 'sameTerm';
}

/** What `executeStep` tells; early histories hold the text alone. */
export interface StepOutcome {
  readonly told: string;
  readonly writeOutageMs?: number | undefined;
}

export const readStepOutcome = (result: string | StepOutcome): StepOutcome =>
  typeof result === 'string' ? { told: result } : result;

export const describeOutage = (ms: number): string =>
  ms === 0 ? 'the same primary led all the time' : `writes stopped for at most ${toSeconds(ms)} s`;

/** To the millisecond, as status keeps it. */
export const toSeconds = (ms: number): number => Math.max(0, Math.round(ms)) / 1000;

/** The sum of what is known; undefined: nothing is. */
export const addOutages = (...outages: readonly (number | undefined)[]): number | undefined =>
  outages.reduce((sum, one) => (one === undefined ? sum : (sum ?? 0) + one), undefined);
