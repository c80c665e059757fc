const leastMs = 10;

/** One timer that rings at the earliest of the times it was set to. */
export class Alarm {
  private set: { at: number; timer: NodeJS.Timeout } | undefined;

  constructor(private readonly onRing: () => void) {}

  /** Rings at `at` (ms since 1970) unless an earlier time is set. */
  setAt(at: number): void {
    if (this.set !== undefined && this.set.at <= at) return;
    clearTimeout(this.set?.timer);
    const timer = setTimeout(
      () => {
        this.set = undefined;
        this.onRing();
      },
      Math.max(leastMs, at - Date.now()),
    );
    this.set = { at, timer };
  }

  clear(): void {
    clearTimeout(this.set?.timer);
    this.set = undefined;
  }
}
