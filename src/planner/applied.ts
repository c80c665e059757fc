import type { Fault } from './config-rules';
import type { SetState } from './set-state';

/** The set after a step, or the rule that it breaks. */
export type Applied =
  { readonly ok: true; readonly state: SetState } | { readonly ok: false; readonly fault: Fault };

export const refuse = (rule: Fault['rule'], message: string): Applied => ({
  ok: false,
  fault: { rule, message },
});
