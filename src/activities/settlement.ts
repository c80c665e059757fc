import type { OperationKind } from '../domain/instance';
import { waitFor, type StageResult } from '../domain/operation';
import { scopeOf, type Change, type ChangeScope } from './change-plan';

type Planned = Pick<Change, 'plan' | 'references'>;

/** What is left of a wish when an operation looks for the last time. */
export type Settlement =
  | { readonly kind: 'settled'; readonly references: Change['references'] }
  /** Its own part is carried out; the rest belongs to others, and nobody waits for it here. */
  | { readonly kind: 'left'; readonly told: string }
  | { readonly kind: 'open'; readonly wait: Exclude<StageResult<never>, { done: true }> };

/**
 * Its own part first: what others have still to do, or can only wait for, is no reason to wait with it (a failover beside an
 * upgrade whose members are not all healthy).
 */
export async function judgeSettlement(
  kind: OperationKind | undefined,
  read: (scope: ChangeScope) => Promise<StageResult<Planned>>,
): Promise<Settlement> {
  const scope = scopeOf(kind);
  const own = await read(scope);
  if (!own.done) return { kind: 'open', wait: own };
  const [next] = own.value.plan.steps;
  if (next?.kind === 'soak' || next?.kind === 'setFCV')
    return { kind: 'left', told: `carried out; what is left belongs to an upgrade: ${next.effect}` };
  if (next !== undefined) {
    const message = `Something changed while the plan was carried out, it is planned again: ${next.effect}.`;
    return { kind: 'open', wait: waitFor({ code: 'Dispatching', message }) };
  }
  const whole = scope === 'whole' ? own : await read('whole');
  if (!whole.done)
    return {
      kind: 'left',
      told: `carried out; what is left belongs to another operation, and waits: ${whole.wait.message}`,
    };
  const [rest] = whole.value.plan.steps;
  return rest === undefined
    ? { kind: 'settled', references: whole.value.references }
    : { kind: 'left', told: `carried out; what is left belongs to another operation: ${rest.effect}` };
}
