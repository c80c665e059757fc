import { messageOf } from '../error';
import { drain } from './drain';
import type { Member } from './member';
import { memberState, noteSign } from './member-state';

/** An election is won: drain, then be writable. */
export const becomePrimary = (member: Member): void => {
  const { topology, log } = member;
  topology.role = 'leader';
  topology.writable = false;
  topology.catchUpAborted = false;
  topology.primaryIndex = topology.selfIndex;
  topology.takeover = undefined;
  topology.electionDeadline = undefined;
  topology.syncSource = '';
  topology.electionTime = { secs: Math.floor(Date.now() / 1000), inc: 1 };
  for (const { data } of topology.others()) noteSign(data, Date.now());
  log('REPL', 'transition to PRIMARY', { term: topology.term });
  member.restartHeartbeats();
  member.changed();
  drain(member, topology.term).catch((error: unknown) =>
    log('REPL', 'the drain of a new primary failed', { error: messageOf(error) }, 'E'),
  );
};

/** Stops being primary (or a candidate). */
export const relinquish = (member: Member, reason: string): void => {
  const { topology } = member;
  if (topology.role === 'follower') return;
  member.log('REPL', 'stepping down', { reason });
  topology.role = 'follower';
  topology.writable = false;
  topology.steppingDown = false;
  topology.primaryIndex = -1;
  topology.electionTime = undefined;
  topology.followerState = memberState.secondary;
  topology.resetElectionTimer(Date.now());
  member.onMembership();
  member.changed();
};
