import { messageOf } from '../error';
import { LinkAuthError, RemoteError } from '../wire/link';
import { beginHeartbeat, heartbeatInterval, takeHeartbeat, triesAgain } from './hearing';
import { type HeartbeatResult, parseHeartbeatReply, renderHeartbeat } from './heartbeat';
import type { Member } from './member';
import { admitNewlyAdded } from './newly-added';

/** Sends one heartbeat; never throws. `timeoutMs` covers connecting and answering. */
export const askHeartbeat = async (
  member: Member,
  host: string,
  purpose: string,
  checkEmpty: boolean,
  timeoutMs: number,
): Promise<HeartbeatResult> => {
  const started = performance.now();
  const request = member.topology.heartbeatFor();
  const setName = request.setName === '' ? member.setName : request.setName;
  try {
    const command = renderHeartbeat({ ...request, setName, checkEmpty }, member.dialect.safeReconfig);
    const reply = await member.link(host, purpose).run('admin', command, timeoutMs);
    return { kind: 'answer', response: parseHeartbeatReply(reply), rttMs: performance.now() - started };
  } catch (error) {
    if (error instanceof LinkAuthError) return { kind: 'unauthenticated' };
    if (error instanceof RemoteError && error.code === 13) return { kind: 'unauthenticated' };
    return { kind: 'failure', message: messageOf(error) };
  }
};

/** One turn of the heartbeat to a member: ask, take in, plan the next. */
export const beat = async (member: Member, host: string): Promise<void> => {
  const { topology } = member;
  const settings = topology.config?.settings;
  if (settings === undefined || member.stopped) return;
  const left = beginHeartbeat(topology, host, Date.now());
  const result = await askHeartbeat(member, host, 'heartbeat', false, left);
  const actions = takeHeartbeat(topology, host, result, Date.now());
  // First the new term, if there is one: no position counts for a primary of an older one.
  member.perform(actions);
  if (result.kind === 'answer') {
    const { committed } = result.response;
    if (topology.role === 'follower') member.learnCommitPoint(committed, false);
    member.positionMoved();
  }
  if (member.dialect.implicitMajority) await admitNewlyAdded(member);
  member.beatAfter(host, triesAgain(topology, host) ? 0 : heartbeatInterval(settings));
};
