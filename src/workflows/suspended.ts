import type { Suspension } from '../domain/operation';

/** Thrown out of an operation whose plan may not run yet: the entity keeps the plan, so that nothing waits for days. */
export class Suspended extends Error {
  override readonly name = 'Suspended';

  constructor(readonly suspension: Suspension) {
    super(suspension.wait.message);
  }
}
