import { createBoundaryFinder, nameOf, type Boundary, type ChaosOperation } from './boundary';
import type { Doorkeeper } from './gate';

/** One operation of one instance on its way past the boundaries, held once at the one that is asked for. */
export interface Passage {
  readonly target: Boundary | undefined;
  readonly doorkeeper: Doorkeeper;
  /** Whether it came to the boundary. */
  hasArrived(): boolean;
  /** ms of Date.now() of its arrival. */
  arrivedAt(): number | undefined;
  /** Lets it go on. */
  release(): void;
  /** Every boundary in the order of its first time. */
  seen(): readonly Boundary[];
}

export function createPassage(operation: ChaosOperation, target: Boundary | undefined): Passage {
  const finder = createBoundaryFinder(operation);
  const seen = new Map<string, Boundary>();
  let arrivedAt: number | undefined;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    target,
    async doorkeeper(report) {
      const boundary = finder.find(report);
      if (boundary === undefined) return;
      const name = nameOf(boundary);
      if (seen.has(name)) return;
      seen.set(name, boundary);
      if (target === undefined || name !== nameOf(target)) return;
      arrivedAt = Date.now();
      await opened;
    },
    hasArrived: () => arrivedAt !== undefined,
    arrivedAt: () => arrivedAt,
    release: () => open(),
    seen: () => [...seen.values()],
  };
}
