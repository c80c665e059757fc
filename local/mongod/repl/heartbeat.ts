import { Double, Long, Timestamp } from 'bson';
import { type Doc, readDoc, readNumber, readString } from '../doc';
import { type OpTime, parseOpTime, readTimestamp, renderOpTime, toTimestamp } from '../optime';
import { type MemberState, readState } from './member-state';

/** A heartbeat between members. `from`: the sender's host:port, empty before it knows it. */
export interface HeartbeatRequest {
  readonly setName: string;
  readonly configVersion: number;
  readonly configTerm: number;
  readonly from: string;
  readonly fromId: number;
  readonly term: number;
  readonly checkEmpty: boolean;
}

/** The answer. `configVersion` -2: no configuration. `config`: sent when the asker's is older. */
export interface HeartbeatResponse {
  readonly setName: string;
  readonly state: MemberState;
  readonly configVersion: number;
  readonly configTerm: number;
  readonly term: number;
  readonly primaryId: number;
  readonly syncSource: string;
  readonly durable: OpTime;
  readonly durableWall: number;
  readonly applied: OpTime;
  readonly appliedWall: number;
  readonly electionTime: { secs: number; inc: number } | undefined;
  readonly config: Doc | undefined;
  readonly hasData: boolean;
  readonly committed: OpTime;
}

export const renderHeartbeat = (request: HeartbeatRequest, modern: boolean): Doc => ({
  replSetHeartbeat: request.setName,
  configVersion: request.configVersion,
  ...(modern ? { configTerm: request.configTerm } : {}),
  hbv: 1,
  from: request.from,
  fromId: request.fromId,
  term: Long.fromNumber(request.term),
  ...(request.checkEmpty ? { checkEmpty: true } : {}),
  $replData: 1,
});

export const parseHeartbeat = (doc: Doc): HeartbeatRequest => ({
  setName: readString(doc, 'replSetHeartbeat') ?? '',
  configVersion: readNumber(doc, 'configVersion') ?? -1,
  configTerm: readNumber(doc, 'configTerm') ?? -1,
  from: readString(doc, 'from') ?? '',
  fromId: readNumber(doc, 'fromId') ?? -1,
  term: readNumber(doc, 'term') ?? -1,
  checkEmpty: doc['checkEmpty'] === true,
});

/** The reply; `withView`: the asker wants to know the commit point. */
export const renderHeartbeatReply = (
  response: HeartbeatResponse,
  modern: boolean,
  withView: boolean,
): Doc => ({
  ok: new Double(1),
  ...(response.electionTime === undefined ? {} : { electionTime: toTimestamp(response.electionTime) }),
  ...(response.hasData ? { hasData: true } : {}),
  state: response.state,
  v: response.configVersion,
  ...(modern ? { configTerm: Long.fromNumber(response.configTerm) } : {}),
  set: response.setName,
  ...(response.syncSource === '' ? {} : { syncingTo: response.syncSource }),
  term: Long.fromNumber(response.term),
  ...(response.configVersion === -2 ? {} : { primaryId: Long.fromNumber(response.primaryId) }),
  durableOpTime: renderOpTime(response.durable),
  durableWallTime: new Date(response.durableWall),
  opTime: renderOpTime(response.applied),
  wallTime: new Date(response.appliedWall),
  ...(response.config === undefined ? {} : { config: response.config }),
  ...(withView ? { $replData: { lastOpCommitted: renderOpTime(response.committed) } } : {}),
});

const timeOf = (value: unknown): number => (value instanceof Date ? value.getTime() : 0);

export const parseHeartbeatReply = (doc: Doc): HeartbeatResponse => ({
  setName: readString(doc, 'set') ?? '',
  state: readState(readNumber(doc, 'state')),
  configVersion: readNumber(doc, 'v') ?? -2,
  configTerm: readNumber(doc, 'configTerm') ?? -1,
  term: readNumber(doc, 'term') ?? -1,
  primaryId: readNumber(doc, 'primaryId') ?? -1,
  syncSource: readString(doc, 'syncingTo') ?? '',
  durable: parseOpTime(doc['durableOpTime']),
  durableWall: timeOf(doc['durableWallTime']),
  applied: parseOpTime(doc['opTime']),
  appliedWall: timeOf(doc['wallTime']),
  electionTime: doc['electionTime'] instanceof Timestamp ? readTimestamp(doc['electionTime']) : undefined,
  config: readDoc(doc, 'config'),
  hasData: doc['hasData'] === true,
  committed: parseOpTime(readDoc(doc, '$replData')?.['lastOpCommitted']),
});

/** What came of one heartbeat: an answer, or why there is none. `unreachable`: not even a connection. */
export type HeartbeatResult =
  | { readonly kind: 'answer'; readonly response: HeartbeatResponse; readonly rttMs: number }
  | { readonly kind: 'unauthenticated' }
  | { readonly kind: 'failure'; readonly message: string };

/** A request for a vote. */
export interface VoteRequest {
  readonly setName: string;
  readonly dryRun: boolean;
  readonly term: number;
  readonly candidateIndex: number;
  readonly configVersion: number;
  readonly configTerm: number;
  readonly lastApplied: OpTime;
}

export const renderVoteRequest = (request: VoteRequest): Doc => ({
  replSetRequestVotes: 1,
  setName: request.setName,
  dryRun: request.dryRun,
  term: Long.fromNumber(request.term),
  candidateIndex: Long.fromNumber(request.candidateIndex),
  configVersion: Long.fromNumber(request.configVersion),
  configTerm: Long.fromNumber(request.configTerm),
  lastCommittedOp: renderOpTime(request.lastApplied),
});

export const parseVoteRequest = (doc: Doc): VoteRequest => ({
  setName: readString(doc, 'setName') ?? '',
  dryRun: doc['dryRun'] === true,
  term: readNumber(doc, 'term') ?? -1,
  candidateIndex: readNumber(doc, 'candidateIndex') ?? -1,
  configVersion: readNumber(doc, 'configVersion') ?? -1,
  configTerm: readNumber(doc, 'configTerm') ?? -1,
  lastApplied: parseOpTime(doc['lastCommittedOp']),
});
