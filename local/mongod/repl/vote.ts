import { compareOpTimes, printOpTime } from '../optime';
import type { LastVote } from '../storage/engine';
import type { VoteRequest } from './heartbeat';
import { memberState } from './member-state';
import type { OwnPosition, Topology } from './topology';

/** The answer to a request for a vote; `newVote`: to be on disk before the answer leaves. */
export interface VoteAnswer {
  readonly term: number;
  readonly granted: boolean;
  readonly reason: string;
  readonly newVote: LastVote | undefined;
}

const refusal = (
  topology: Topology,
  request: VoteRequest,
  lastVote: LastVote,
  own: OwnPosition,
): string | undefined => {
  const { config } = topology;
  if (config === null) return 'not in a valid config';
  if (request.term < topology.term)
    return `candidate's term (${request.term}) is lower than mine (${topology.term})`;
  const differs = request.configVersion !== config.version;
  if (
    differs &&
    (config.term < 0 || request.configTerm <= config.term) &&
    request.configVersion < config.version
  ) {
    return `candidate's config version (${request.configVersion}) differs from mine (${config.version})`;
  }
  if (differs && config.term < 0) {
    return `candidate's config version (${request.configVersion}) differs from mine (${config.version})`;
  }
  if (request.setName !== config.setName) {
    return `candidate's set name (${request.setName}) differs from mine (${config.setName})`;
  }
  if (compareOpTimes(request.lastApplied, own.applied) < 0) {
    return `candidate's data is staler than mine. candidate's last applied OpTime: ${printOpTime(request.lastApplied)}, my last applied OpTime: ${printOpTime(own.applied)}`;
  }
  if (!request.dryRun && lastVote.term === request.term) {
    const known = config.members[lastVote.candidateIndex]?.host ?? '';
    return `already voted for another candidate (${known}) this term (${lastVote.term})`;
  }
  return arbiterRefusal(topology, request);
};

/** An arbiter does not help to unseat a healthy primary of at least the candidate's priority. */
const arbiterRefusal = (topology: Topology, request: VoteRequest): string | undefined => {
  const { config } = topology;
  const candidate = config?.members[request.candidateIndex];
  if (topology.self?.arbiterOnly !== true || candidate === undefined) return undefined;
  const rival = topology
    .others()
    .find(
      ({ index, member, data }) =>
        index !== request.candidateIndex &&
        data.health === 1 &&
        data.state === memberState.primary &&
        member.priority >= candidate.priority,
    );
  return rival === undefined
    ? undefined
    : `can see a healthy primary (${rival.member.host}) of equal or greater priority`;
};

/** Decides on a request for a vote by the server's rules; changes nothing. */
export const answerVote = (
  topology: Topology,
  request: VoteRequest,
  lastVote: LastVote,
  own: OwnPosition,
): VoteAnswer => {
  const reason = refusal(topology, request, lastVote, own);
  const granted = reason === undefined;
  const newVote =
    granted && !request.dryRun ? { term: request.term, candidateIndex: request.candidateIndex } : undefined;
  return { term: topology.term, granted, reason: reason ?? '', newVote };
};

export type Tally = 'won' | 'lost' | 'open';

/** Counts votes (own vote included in `granted`). A newer term among the answers loses at once. */
export const tally = (granted: number, answered: number, asked: number, majority: number): Tally => {
  if (granted >= majority) return 'won';
  return granted + (asked - answered) < majority ? 'lost' : 'open';
};
