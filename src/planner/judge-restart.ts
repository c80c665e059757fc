import type { MemberPlace } from '../domain/placement';
import { applyStep } from './apply-step';
import type { Fault } from './config-rules';
import type { SetState } from './set-state';

/** Why this member must not be restarted in the set as it is now (S2, S9, S11). */
export function judgeRestart(
  state: SetState,
  { cluster, ordinal, host }: MemberPlace & { readonly host: string },
): Fault | undefined {
  const applied = applyStep(state, { kind: 'restartMember', cluster, ordinal, host });
  return applied.ok ? undefined : applied.fault;
}
