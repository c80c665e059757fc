import type { Ordinal } from '../../domain/names';
import type { DesiredMember } from '../../domain/replica-set';

/** The one cluster there is, in the planner's words. */
export const LOCAL_CLUSTER = 'local';

const MAX_VOTES = 7;

export type DesiredSet =
  | { readonly outcome: 'desired'; readonly members: readonly DesiredMember[] }
  | { readonly outcome: 'refused'; readonly message: string };

/**
 * The set that a single cluster's spec asks for: at most 7 votes (S5), an odd number of them (S7), an arbiter only
 * beside two data members or more (S6).
 * @param hosts `host:port` of each wanted member
 */
export function desireMembers(hosts: ReadonlyMap<Ordinal, string>): DesiredSet {
  const data = [...hosts.keys()].filter((ordinal) => ordinal !== 'arbiter');
  const arbiters = hosts.has('arbiter') ? 1 : 0;
  if (data.length === 0) {
    return {
      outcome: 'refused',
      message: 'spec.members is 0: a replica set cannot be emptied. Set 1 or more, or delete the object.',
    };
  }
  if (arbiters > 0 && data.length < 2) {
    return {
      outcome: 'refused',
      message:
        'spec.arbiter beside one data member saves nothing (S6): set spec.members to 2 or more, or take the arbiter out.',
    };
  }
  const votes = dataVotes(data.length, arbiters);
  return {
    outcome: 'desired',
    members: [...hosts].map(([ordinal, host]) => {
      const votes01 = ordinal === 'arbiter' || data.indexOf(ordinal) < votes ? 1 : 0;
      return {
        cluster: LOCAL_CLUSTER,
        ordinal,
        host,
        votes: votes01,
        priority: ordinal === 'arbiter' ? 0 : votes01,
        hidden: false,
        secondaryDelaySecs: 0,
        tags: {},
      };
    }),
  };
}

function dataVotes(count: number, arbiters: number): number {
  const most = Math.min(count, MAX_VOTES - arbiters);
  return (most + arbiters) % 2 === 0 ? most - 1 : most;
}
