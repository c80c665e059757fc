import type { DesiredMember, MemberConfig } from '../domain/replica-set';

/** A rule that is broken (docs: safety rules), and how. */
export interface Fault {
  readonly rule: `S${number}`;
  readonly message: string;
}

const MAX_MEMBERS = 50;
export const MAX_VOTES = 7;
/** Highest `_id` the server takes for a voting member (manual: replica configuration). */
const MAX_ID = 255;
const MAX_PRIORITY = 1000;

/** S5, S6 for one member. */
export function memberFault(member: MemberConfig): Fault | undefined {
  const { host } = member;
  if (member._id < 0 || member._id > MAX_ID)
    return { rule: 'S5', message: `${host}: _id ${member._id} is outside 0..${MAX_ID}.` };
  if (member.votes !== 0 && member.votes !== 1)
    return { rule: 'S5', message: `${host}: votes must be 0 or 1.` };
  if (member.priority < 0 || member.priority > MAX_PRIORITY)
    return { rule: 'S5', message: `${host}: priority must be 0..${MAX_PRIORITY}, not ${member.priority}.` };
  if (member.priority === 0) {
    return member.arbiterOnly && member.votes === 0
      ? { rule: 'S6', message: `${host}: an arbiter must vote.` }
      : undefined;
  }
  if (member.votes === 0) return { rule: 'S5', message: `${host}: without a vote its priority must be 0.` };
  if (member.arbiterOnly) return { rule: 'S6', message: `${host}: an arbiter's priority must be 0.` };
  if (member.hidden) return { rule: 'S5', message: `${host}: a hidden member's priority must be 0.` };
  return member.secondaryDelaySecs > 0
    ? { rule: 'S6', message: `${host}: a delayed member's priority must be 0.` }
    : undefined;
}

/** S5, S6 for a configuration as a whole. */
export function setFault(members: readonly MemberConfig[]): Fault | undefined {
  const own = members.map(memberFault).find((fault) => fault !== undefined);
  if (own !== undefined) return own;
  if (members.length > MAX_MEMBERS)
    return { rule: 'S5', message: `${members.length} members are more than the ${MAX_MEMBERS} allowed.` };
  const votes = members.filter((member) => member.votes > 0).length;
  if (votes > MAX_VOTES)
    return { rule: 'S5', message: `${votes} votes are more than the ${MAX_VOTES} allowed.` };
  if (!members.some((member) => member.priority > 0))
    return { rule: 'S5', message: 'No member may be elected: give one a vote and a priority above 0.' };
  const twice = repeated(members.map((member) => member.host));
  if (twice !== undefined) return { rule: 'S5', message: `${twice} is listed twice.` };
  return members.filter((member) => member.arbiterOnly).length > 1
    ? { rule: 'S6', message: 'More than one arbiter.' }
    : undefined;
}

/** S5, S6, S7 on what is desired: what no order of steps could make right. */
export function desiredFault(desired: readonly DesiredMember[]): Fault | undefined {
  const places = desired.map((member) => `${member.cluster}/${member.ordinal}`);
  const twice = repeated(places);
  if (twice !== undefined) return { rule: 'S5', message: `Member ${twice} is desired twice.` };
  const fault = setFault(desired.map((member, index) => toConfig(member, index)));
  if (fault !== undefined) return fault;
  const votes = desired.filter((member) => member.votes > 0).length;
  return votes % 2 === 0
    ? {
        rule: 'S7',
        message: `${votes} votes are even: give one data member votes 0, or add a member or an arbiter.`,
      }
    : undefined;
}

/** What is allowed but should be known. */
export function desiredWarnings(desired: readonly DesiredMember[]): string[] {
  return desired.flatMap((member) => {
    const delayed = member.secondaryDelaySecs > 0;
    return [
      ...(delayed && !member.hidden
        ? [`${member.host} is delayed but not hidden: clients read old data (S6).`]
        : []),
      ...(delayed && member.votes > 0
        ? [`${member.host} is delayed and votes: majority writes may wait for it (S6).`]
        : []),
    ];
  });
}

/** The configuration entry of a desired member. */
export const toConfig = (member: DesiredMember, id: number): MemberConfig => ({
  _id: id,
  host: member.host,
  arbiterOnly: member.ordinal === 'arbiter',
  buildIndexes: true,
  hidden: member.hidden,
  priority: member.priority,
  votes: member.votes,
  tags: member.tags,
  secondaryDelaySecs: member.secondaryDelaySecs,
});

const repeated = (names: readonly string[]): string | undefined =>
  names.find((name, index) => names.indexOf(name) !== index);
