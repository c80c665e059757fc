import { reportMember } from '../mongodb/observe';
import { signIn } from '../mongodb/users';
import type { MemberQuestions } from './replica-probe';

/** The local pods answer within milliseconds or not at all: a pass must not wait for a dead one. */
const BOUNDS = { connectTimeoutMs: 5_000, answerTimeoutMs: 5_000 } as const;

export const askMembers: MemberQuestions = {
  report: (host, keyfile) =>
    reportMember(host, { credentials: { kind: 'keyfile', key: keyfile }, options: BOUNDS }),
  signIn: (host, user, password) => signIn(host, user, password, BOUNDS),
};
