import type { MembershipStepFacts } from '../domain/plan';
import type { DesiredMember, MemberConfig } from '../domain/replica-set';
import type { Draft } from './draft';
import { handOver } from './hand-over';

type FieldStep = Extract<MembershipStepFacts, { kind: 'setMemberFields' | 'setPriority' }>;

/**
 * Tags, hidden, delay and priorities of members that stay. What makes a member electable comes before what makes
 * another unelectable; a primary that is to lose its rank steps down first.
 */
export function settleFields(draft: Draft, wishes: ReadonlyMap<string, DesiredMember>): void {
  const differing = (): { member: MemberConfig; wish: DesiredMember }[] =>
    draft.state.members.flatMap((member) => {
      const wish = wishes.get(member.host);
      return wish === undefined || wish.votes !== member.votes ? [] : [{ member, wish }];
    });
  for (const { member, wish } of differing().filter(({ wish: { priority } }) => priority > 0))
    takeAll(draft, stepsFor(member, wish));
  const demoted = differing().filter(({ wish }) => wish.priority === 0);
  for (const { member, wish } of demoted.filter(({ member: { host } }) => host !== draft.state.primaryHost))
    takeAll(draft, stepsFor(member, wish));
  const own = differing().find(({ member: { host } }) => host === draft.state.primaryHost);
  if (own === undefined || own.wish.priority > 0) return;
  if (handOver(draft, wishes)) takeAll(draft, stepsFor(own.member, own.wish));
}

function takeAll(draft: Draft, steps: readonly FieldStep[]): void {
  for (const step of steps) if (!draft.take(step)) return;
}

function stepsFor(member: MemberConfig, wish: DesiredMember): FieldStep[] {
  const one = { memberId: member._id, host: member.host };
  const fields = {
    ...(member.hidden === wish.hidden ? {} : { hidden: wish.hidden }),
    ...(member.secondaryDelaySecs === wish.secondaryDelaySecs
      ? {}
      : { secondaryDelaySecs: wish.secondaryDelaySecs }),
    ...(member.arbiterOnly || sameTags(member.tags, wish.tags) ? {} : { tags: wish.tags }),
  };
  // A member becomes hidden or delayed in the same reconfig in which its priority falls to 0 (S5, S6).
  const sinks = wish.priority === 0 && member.priority > 0;
  const together = sinks && (wish.hidden || wish.secondaryDelaySecs > 0);
  return [
    ...(Object.keys(fields).length === 0 && !together
      ? []
      : [
          {
            kind: 'setMemberFields' as const,
            ...one,
            ...fields,
            ...(together ? { priority: 0 as const } : {}),
          },
        ]),
    ...(member.priority === wish.priority || together
      ? []
      : [{ kind: 'setPriority' as const, ...one, priority: wish.priority }]),
  ];
}

function sameTags(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
