/** Timers by host: when the next heartbeat to each member is due. */
export class BeatTimers {
  private readonly timers = new Map<string, NodeJS.Timeout>();

  plan(host: string, delayMs: number, beat: () => void): void {
    clearTimeout(this.timers.get(host));
    this.timers.set(host, setTimeout(beat, delayMs));
  }

  clear(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
  }
}
