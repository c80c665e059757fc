import type { Suspension } from '../domain/operation';

/** Thrown out of an operation that a person has stopped, at a safe point. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Thrown out of an operation whose plan may not run yet: the entity keeps the plan, so that nothing waits for days. */
export class Suspended extends Error {
  override readonly name = 'Suspended';

  constructor(readonly suspension: Suspension) {
    super(suspension.wait.message);
  }
}
