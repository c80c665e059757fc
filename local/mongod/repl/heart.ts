import { messageOf } from '../error';
import { LinkAuthError, RemoteError } from '../wire/link';
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
    const command = renderHeartbeat({ ...request, setName, checkEmpty });
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
  const result = await askHeartbeat(member, host, 'heartbeat', false, settings.heartbeatTimeoutSecs * 1000);
  const actions = topology.takeHeartbeat(host, result, Date.now());
  if (result.kind === 'answer') {
    const { response } = result;
    if (topology.self?.arbiterOnly === true) member.learnCommitPoint(response.committed);
    member.positionMoved();
  }
  member.perform(actions);
  if (member.dialect.implicitMajority) await admitNewlyAdded(member);
  const known = topology.others().find((other) => other.member.host === host)?.data;
  const again = result.kind === 'failure' && known?.health === 1;
  member.beatAfter(host, again ? 0 : settings.heartbeatIntervalMillis);
};

/** Asks a member that has a newer configuration for it. */
export const fetchConfig = async (member: Member, host: string): Promise<void> => {
  const result = await askHeartbeat(member, host, 'heartbeat', false, 10_000);
  if (result.kind === 'answer' && result.response.config !== undefined && !member.stopped) {
    await member.installRemote(result.response.config);
  }
};
