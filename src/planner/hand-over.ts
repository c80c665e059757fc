import type { DesiredMember } from '../domain/replica-set';
import type { Draft } from './draft';
import { candidatesIn } from './set-state';

/** Steps the primary down; candidates that are about to leave or to lose their rank are frozen meanwhile (S14, S15). */
export function handOver(draft: Draft, wishes: ReadonlyMap<string, DesiredMember>): boolean {
  const host = draft.state.primaryHost;
  if (host === undefined) return false;
  const freezeHosts = candidatesIn(draft.state, host)
    .map((member) => member.host)
    .filter((other) => (wishes.get(other)?.priority ?? 0) === 0);
  return draft.take({ kind: 'stepDown', host, freezeHosts });
}
