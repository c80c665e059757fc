import { FedStateError } from '../domain/errors';
import type { MembershipStepFacts } from '../domain/plan';
import type { MemberConfig } from '../domain/replica-set';
import type { RawConfig, RawMember } from './answers';

/** The steps that are one reconfig each. */
export type ReconfigStep = Extract<
  MembershipStepFacts,
  { kind: 'addMember' | 'grantVote' | 'setPriority' | 'setMemberFields' | 'revokeVote' | 'removeMember' }
>;

/** A new member as this major version names its fields: below 5.0 the delay is `slaveDelay`. */
export function toRawMember(member: MemberConfig, major: number): RawMember {
  const delay =
    member.secondaryDelaySecs === 0
      ? {}
      : major < 5
        ? { slaveDelay: member.secondaryDelaySecs }
        : { secondaryDelaySecs: member.secondaryDelaySecs };
  return {
    _id: member._id,
    host: member.host,
    arbiterOnly: member.arbiterOnly,
    buildIndexes: member.buildIndexes,
    hidden: member.hidden,
    priority: member.priority,
    votes: member.votes,
    tags: { ...member.tags },
    ...delay,
  };
}

/**
 * The configuration after a step, with all fields we do not know left as they are; the same object when the step is
 * already in it, so that a repeated step sends nothing.
 * @throws FedStateError Superseded when the step speaks of a member that is not there (any more)
 */
export function editConfig(config: RawConfig, step: ReconfigStep, major: number): RawConfig {
  switch (step.kind) {
    case 'addMember': {
      const missing = step.members.filter(
        (member) => !config.members.some((entry) => entry._id === member._id && entry.host === member.host),
      );
      const clash = missing.find((member) =>
        config.members.some((entry) => entry._id === member._id || entry.host === member.host),
      );
      if (clash !== undefined) throw gone(clash.host, `_id ${clash._id} or its address is taken`);
      if (missing.length === 0) return config;
      const added = missing.map((member) => toRawMember(member, major));
      return { ...config, members: [...config.members, ...added] };
    }
    case 'grantVote':
      return editMember(config, step, { votes: 1 });
    case 'setPriority':
      return editMember(config, step, { priority: step.priority });
    case 'revokeVote':
      return editMember(config, step, { votes: 0, priority: 0 });
    case 'setMemberFields': {
      const delayField = major < 5 ? 'slaveDelay' : 'secondaryDelaySecs';
      const moved = step.newHost !== undefined && config.members.some((entry) => entry.host === step.newHost);
      return editMember(config, moved ? { ...step, host: step.newHost } : step, {
        ...(step.newHost === undefined ? {} : { host: step.newHost }),
        ...(step.hidden === undefined ? {} : { hidden: step.hidden }),
        ...(step.secondaryDelaySecs === undefined ? {} : { [delayField]: step.secondaryDelaySecs }),
        ...(step.priority === undefined ? {} : { priority: step.priority }),
        ...(step.tags === undefined ? {} : { tags: { ...step.tags } }),
      });
    }
    case 'removeMember': {
      const leaving = new Map(step.members.map((member) => [member.memberId, member.host]));
      const other = config.members.find((entry) => {
        const host = leaving.get(entry._id);
        return host !== undefined && host !== entry.host;
      });
      if (other !== undefined) throw gone(other.host, `_id ${other._id} belongs to another host now`);
      const members = config.members.filter((entry) => !leaving.has(entry._id));
      return members.length === config.members.length ? config : { ...config, members };
    }
  }
}

function editMember(
  config: RawConfig,
  { memberId, host }: { readonly memberId: number; readonly host: string },
  change: Partial<RawMember>,
): RawConfig {
  const present = config.members.find((entry) => entry._id === memberId && entry.host === host);
  if (present === undefined) throw gone(host, `no member of _id ${memberId} has this address`);
  const changed = { ...present, ...change };
  if (JSON.stringify(changed) === JSON.stringify(present)) return config;
  return { ...config, members: config.members.map((entry) => (entry === present ? changed : entry)) };
}

const gone = (host: string, why: string): FedStateError =>
  new FedStateError('Superseded', `The plan does not fit the configuration (${host}: ${why}): plan again.`, {
    host,
  });
