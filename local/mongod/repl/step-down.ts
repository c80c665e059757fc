import { messageOf, CommandError } from '../error';
import { compareOpTimes } from '../optime';
import { isElectable, isVoter, majorityOf } from './config-rules';
import { relinquish } from './leadership';
import type { Member } from './member';

const handoffTimeoutMs = 2000;

const caughtUp = (member: Member): ReturnType<Member['topology']['others']> =>
  member.topology
    .others()
    .filter(({ data }) => data.health === 1 && compareOpTimes(data.applied, member.engine.lastApplied) >= 0);

/** A majority has everything, and one of them can be primary. */
const isSafe = (member: Member): boolean => {
  const { config } = member.topology;
  if (config === null) return false;
  const holders = caughtUp(member);
  const voters = holders.filter((other) => isVoter(other.member) && !other.member.arbiterOnly).length;
  return voters + 1 >= majorityOf(config) && holders.some((other) => isElectable(other.member));
};

/** Asks the best caught-up member to stand at once. */
const handOff = async (member: Member): Promise<void> => {
  const [best] = caughtUp(member)
    .filter((other) => isElectable(other.member))
    .sort((a, b) => b.member.priority - a.member.priority || a.index - b.index);
  if (best === undefined) return;
  try {
    await member
      .link(best.member.host, 'vote')
      .run('admin', { replSetStepUp: 1, skipDryRun: true }, handoffTimeoutMs);
  } catch (error) {
    member.log('ELECTION', 'the hand-off was not taken', { host: best.member.host, error: messageOf(error) });
  }
};

const stamp = (): string => new Date().toISOString().replace('Z', '+0000');

export interface StepDownRequest {
  /** How long this member may not be primary again, ms. */
  readonly periodMs: number;
  /** How long to wait for an electable secondary, ms. */
  readonly catchUpMs: number;
  readonly force: boolean;
}

/**
 * Steps down when an electable member has caught up (S14); resolves at once after, the hand-off runs on (`handedOff`).
 * @throws CommandError 10107 when not primary, 117 when already at it, 262 when nobody has caught up and `force` is not set.
 */
export const stepDown = async (
  member: Member,
  request: StepDownRequest,
): Promise<{ handedOff: Promise<void> }> => {
  const { topology, bell } = member;
  if (topology.role !== 'leader') throw new CommandError(10107, "not primary so can't step down");
  if (topology.steppingDown)
    throw new CommandError(117, 'This node is already in the process of stepping down');
  const { term } = topology;
  topology.steppingDown = true;
  member.changed();
  const safe = await bell.until(() => {
    if (!topology.isLeaderIn(term)) return 'lost';
    return isSafe(member) ? 'safe' : undefined;
  }, request.catchUpMs);
  if (safe === 'lost') {
    throw new CommandError(
      189,
      'While waiting for secondaries to catch up before stepping down, this node decided to step down for other reasons',
    );
  }
  if (safe === undefined && !request.force) {
    topology.steppingDown = false;
    member.changed();
    throw new CommandError(
      262,
      `No electable secondaries caught up as of ${stamp()}. Please use the replSetStepDown command with the argument {force: true} to force node to step down.`,
    );
  }
  topology.stepDownUntil = Date.now() + request.periodMs;
  relinquish(member, 'replSetStepDown');
  planReturn(member, request.periodMs);
  return { handedOff: handOff(member) };
};

/** The only electable voter stands again when its step-down period is over. */
const planReturn = (member: Member, periodMs: number): void => {
  setTimeout(() => {
    if (!member.stopped) member.standIfAlone();
  }, periodMs + 10).unref();
};
