import { createBoundaryFinder, nameOf, type Boundary, type ChaosOperation } from './boundary';
import type { Doorkeeper } from './gate';

/** An activity that stands at a boundary. */
export interface Hold {
  readonly boundary: Boundary;
  /** ms of Date.now(). */
  readonly since: number;
}

/** One operation of one instance on its way past the boundaries, held once at each that is asked for. */
export interface Passage {
  readonly targets: readonly Boundary[];
  readonly doorkeeper: Doorkeeper;
  /** Where it stands; undefined: it goes on, or is over. */
  held(): Hold | undefined;
  /** Targets that it has not come to. */
  ahead(): readonly Boundary[];
  /** Lets it go on, to the next target. */
  release(): void;
  /** Lets it go on to its end. */
  open(): void;
  /** When it came to each boundary for the first time, ms of Date.now(), in that order. */
  seen(): ReadonlyMap<string, { readonly boundary: Boundary; readonly at: number }>;
}

export function createPassage(operation: ChaosOperation, targets: readonly Boundary[]): Passage {
  const finder = createBoundaryFinder(operation);
  const seen = new Map<string, { readonly boundary: Boundary; readonly at: number }>();
  const wanted = new Set(targets.map(nameOf));
  let hold: (Hold & { readonly release: () => void }) | undefined;
  let isOpen = false;
  const release = (): void => {
    hold?.release();
    hold = undefined;
  };
  return {
    targets,
    async doorkeeper(report) {
      const boundary = finder.find(report);
      if (boundary === undefined || seen.has(nameOf(boundary))) return;
      const since = Date.now();
      seen.set(nameOf(boundary), { boundary, at: since });
      if (isOpen || !wanted.has(nameOf(boundary))) return;
      await new Promise<void>((resolve) => (hold = { boundary, since, release: resolve }));
    },
    held: () => hold,
    ahead: () => targets.filter((target) => !seen.has(nameOf(target))),
    release,
    open() {
      isOpen = true;
      release();
    },
    seen: () => seen,
  };
}
