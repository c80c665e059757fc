import { readNumber, readString } from '../doc';
import { messageOf } from '../error';
import { isVoter, majorityOf } from './config-rules';
import { renderVoteRequest } from './heartbeat';
import { becomePrimary, relinquish } from './leadership';
import type { Member } from './member';
import { type Tally, tally } from './vote';

interface Ballot {
  readonly granted: boolean;
  readonly term: number;
}

const ask = async (member: Member, host: string, dryRun: boolean, term: number): Promise<Ballot> => {
  const { topology } = member;
  const config = topology.config;
  if (config === null) return { granted: false, term };
  const request = renderVoteRequest({
    setName: config.setName,
    dryRun,
    term,
    candidateIndex: topology.selfIndex,
    configVersion: config.version,
    configTerm: config.term,
    lastApplied: member.lastApplied,
  });
  try {
    const reply = await member
      .link(host, 'vote')
      .run('admin', request, config.settings.electionTimeoutMillis);
    const granted = reply['voteGranted'] === true;
    if (!granted)
      member.log('ELECTION', 'vote refused', { host, dryRun, reason: readString(reply, 'reason') });
    return { granted, term: readNumber(reply, 'term') ?? term };
  } catch (error) {
    member.log('ELECTION', 'no vote', { host, dryRun, error: messageOf(error) });
    return { granted: false, term: -1 };
  }
};

/** Collects votes from all other voters; ends as soon as the outcome is certain. */
const collect = (member: Member, dryRun: boolean, term: number): Promise<Tally> => {
  const { topology } = member;
  const config = topology.config;
  const voters = topology.others().filter((other) => isVoter(other.member));
  if (config === null) return Promise.resolve('lost');
  const majority = majorityOf(config);
  return new Promise((resolve) => {
    let granted = 1;
    let answered = 0;
    const settle = (): void => {
      const outcome = tally(granted, answered, voters.length, majority);
      if (outcome !== 'open') resolve(outcome);
    };
    settle();
    for (const { member: voter } of voters) {
      void ask(member, voter.host, dryRun, term).then((ballot) => {
        answered += 1;
        if (ballot.granted) granted += 1;
        if (ballot.term > topology.term) {
          member.perform(topology.updateTerm(ballot.term));
          resolve('lost');
        }
        settle();
      });
    }
  });
};

const run = async (member: Member, skipDryRun: boolean): Promise<boolean> => {
  const { topology, engine } = member;
  const before = topology.term;
  if (!skipDryRun && (await collect(member, true, before)) !== 'won') return false;
  if (!topology.isCandidateIn(before)) return false;
  const term = before + 1;
  topology.term = term;
  await engine.saveVote({ term, candidateIndex: topology.selfIndex });
  if (!topology.isCandidateIn(term)) return false;
  const outcome = await collect(member, false, term);
  return outcome === 'won' && topology.isCandidateIn(term) && !member.stopped;
};

/** Stands for election; true when this member is primary now. `skipDryRun`: at the wish of a primary that steps down. */
export const stand = async (member: Member, reason: string, skipDryRun: boolean): Promise<boolean> => {
  const { topology } = member;
  if (topology.role !== 'follower' || member.stopped) return false;
  const hindrance = topology.whyNotElectable(Date.now());
  if (hindrance !== undefined) {
    member.log(
      'ELECTION',
      `Not starting an election for a ${reason}, since we are not electable due to: ${hindrance}`,
    );
    return false;
  }
  member.log('ELECTION', `Starting an election for a ${reason}`, { term: topology.term });
  topology.role = 'candidate';
  const won = await run(member, skipDryRun).catch((error: unknown) => {
    member.log('ELECTION', 'the election failed', { error: messageOf(error) }, 'E');
    return false;
  });
  if (won) {
    member.log('ELECTION', 'election succeeded, assuming primary role', { term: topology.term });
    becomePrimary(member);
    return true;
  }
  relinquish(member, 'the election was lost');
  return false;
};
