import type { Agreement, ChangePlan } from './plan';

/**
 * A person's word for one plan that forces (S4). The constructor is private, so that nothing but an agreement by name to
 * the very plan makes one, and what forces takes nothing else.
 */
export class ForceWarrant {
  private constructor(
    private readonly plan: string,
    readonly by: string,
  ) {}

  /** Undefined: nobody who has a name has agreed to this plan. */
  static of(plan: ChangePlan, agreed: Agreement | undefined): ForceWarrant | undefined {
    const by = agreed?.by?.trim() ?? '';
    if (agreed === undefined || by === '' || agreed.hash !== plan.hash || plan.risk !== 'force')
      return undefined;
    return new ForceWarrant(plan.hash, by);
  }

  toString(): string {
    return `plan ${this.plan}, agreed to by ${this.by}`;
  }
}
