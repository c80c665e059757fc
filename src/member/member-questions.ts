import { reportMember } from '../mongodb/observe';
import { signIn } from '../mongodb/users';
import { watchMember } from '../mongodb/watch';
import type { MemberQuestions } from './replica-probe';
import type { WatchRole } from './role-watch';

/** The local pods answer within milliseconds or not at all: a pass must not wait for a dead one. */
const BOUNDS = { connectTimeoutMs: 5_000, answerTimeoutMs: 5_000 } as const;

export const askMembers: MemberQuestions = {
  report: (host, keyfile) =>
    reportMember(host, { credentials: { kind: 'keyfile', key: keyfile }, options: BOUNDS }),
  signIn: (host, user, password) => signIn(host, user, password, BOUNDS),
};

export const watchRole: WatchRole = (host, signal, onChange) => watchMember(host, BOUNDS, signal, onChange);
