import { MAX_MEMBERS } from '../domain/names';
import { majorityOf } from '../domain/replica-set';
import type { MiddlewareProfile } from './profile';

const MAX_VOTES = 7;
const ODD_VOTES = [7, 5, 3, 1];

/** MongoDB: at most 50 members and 7 votes (S5), votes odd (S7), one arbiter only to make an even number odd (S6). */
export const mongodbProfile: MiddlewareProfile = {
  name: 'MongoDB',
  maxMembers: MAX_MEMBERS,
  arbiter: 'evenMembersOnly',
  quorum: {
    maxVotes: MAX_VOTES,
    voteCounts: (voters) => ODD_VOTES.filter((votes) => votes <= voters),
    majority: majorityOf,
  },
};
