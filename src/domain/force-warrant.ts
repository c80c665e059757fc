import type { Agreement, ChangePlan } from './plan';

/**
 * A person's word for one plan that forces (S4). The constructor is private, so that nothing but an agreement by name to
 * the very plan makes one, and what forces takes nothing else.
 */
export class ForceWarrant {
  readonly #hash: string;

  private constructor(
    hash: string,
    readonly by: string,
    readonly why: string | undefined,
  ) {
    this.#hash = hash;
  }

  /** Undefined: nobody who has a name has agreed to this plan. */
  static of(plan: ChangePlan, agreed: Agreement | undefined): ForceWarrant | undefined {
    const by = agreed?.by?.trim() ?? '';
    if (agreed === undefined || by === '' || agreed.hash !== plan.hash || plan.risk !== 'force')
      return undefined;
    return new ForceWarrant(plan.hash, by, agreed.why);
  }

  get plan(): string {
    return this.#hash;
  }
}
