import type { Doc } from '../doc';
import { type OpTime, compareOpTimes, maxOpTime, nullOpTime } from '../optime';
import type { MemberConfig, ReplicaSetConfig } from './config';
import { isElectable, isVoter, majorityOf, writeMajorityOf } from './config-rules';
import type { HeartbeatRequest, HeartbeatResponse } from './heartbeat';
import {
  type MemberData,
  type MemberState,
  freshMember,
  markDown,
  memberState,
  noteSign,
} from './member-state';
import { type Takeover, isFresh, offsetFraction } from './takeover';

/** What the topology asks its owner to do. */
export type Action =
  | { readonly kind: 'step-down'; readonly reason: string }
  | { readonly kind: 'stand'; readonly reason: 'timeout' | 'priority takeover' | 'catch-up takeover' }
  | { readonly kind: 'install'; readonly config: Doc };

export type Role = 'follower' | 'candidate' | 'leader';

/** Positions of this member itself, given by its storage. */
export interface OwnPosition {
  readonly applied: OpTime;
  readonly appliedWall: number;
  readonly durable: OpTime;
}

/**
 * What one member knows of its set, and the rules by which it acts on it. Pure: time, own positions and chance come in,
 * actions come out. Times are ms since 1970.
 */
export class Topology {
  config: ReplicaSetConfig | null = null;
  selfIndex = -1;
  term = 0;
  role: Role = 'follower';
  /** The primary may take writes: its drain is over. */
  writable = false;
  steppingDown = false;
  /** As primary that still drains: it no longer waits for what others hold. */
  catchUpAborted = false;
  followerState: MemberState = memberState.startup;
  members: MemberData[] = [];
  primaryIndex = -1;
  maintenance = 0;
  stepDownUntil = 0;
  electionTime: { secs: number; inc: number } | undefined;
  commitPoint: OpTime = nullOpTime;
  syncSource = '';
  infoMessage = '';
  electionDeadline: number | undefined;
  private snapshotLostAt: OpTime | undefined;
  takeover: Takeover | undefined;

  constructor(
    readonly own: () => OwnPosition,
    readonly random: () => number,
  ) {}

  get self(): MemberConfig | undefined {
    return this.config?.members[this.selfIndex];
  }

  get state(): MemberState {
    if (this.config === null) return memberState.startup;
    if (this.selfIndex < 0) return memberState.removed;
    if (this.self?.arbiterOnly === true) return memberState.arbiter;
    if (this.role === 'leader') return memberState.primary;
    if (this.followerState === memberState.secondary && this.maintenance > 0) return memberState.recovering;
    return this.followerState;
  }

  /** The configured members other than this one, with what is known of them. */
  others(): { index: number; member: MemberConfig; data: MemberData }[] {
    return (this.config?.members ?? []).flatMap((member, index) => {
      const data = this.members[index];
      return index === this.selfIndex || data === undefined ? [] : [{ index, member, data }];
    });
  }

  /** Takes a configuration into use; what is known of members that stay is kept. */
  install(config: ReplicaSetConfig, selfIndex: number, now: number): void {
    const known = new Map(this.members.map((data) => [`${data.id}/${data.host}`, data]));
    const primaryHost = this.config?.members[this.primaryIndex]?.host;
    this.config = config;
    this.selfIndex = selfIndex;
    this.members = config.members.map(
      ({ id, host }) => known.get(`${id}/${host}`) ?? freshMember(id, host, now),
    );
    this.primaryIndex = config.members.findIndex(({ host }) => host === primaryHost);
    this.takeover = undefined;
    if (this.role === 'leader') this.primaryIndex = selfIndex;
    else this.resetElectionTimer(now);
  }

  /** Starts the wait for a sign of the primary anew. */
  resetElectionTimer(now: number): void {
    const { self, config } = this;
    if (self === undefined || config === null || this.role === 'leader' || !isElectable(self)) {
      this.electionDeadline = undefined;
      return;
    }
    const timeout = config.settings.electionTimeoutMillis;
    this.electionDeadline = now + timeout + Math.floor(this.random() * timeout * offsetFraction);
  }

  /** Notes a higher term; a primary of an older term has to step down. */
  updateTerm(term: number): Action[] {
    if (term <= this.term) return [];
    this.term = term;
    this.takeover = undefined;
    return this.role === 'leader' ? [{ kind: 'step-down', reason: `a higher term ${term} was seen` }] : [];
  }

  heartbeatFor(): Omit<HeartbeatRequest, 'checkEmpty'> {
    return {
      setName: this.config?.setName ?? '',
      configVersion: this.config?.version ?? -2,
      configTerm: this.config?.term ?? -1,
      from: this.self?.host ?? '',
      fromId: this.self?.id ?? -1,
      term: this.term,
    };
  }

  /** Answers a heartbeat of another member. */
  answerHeartbeat(request: HeartbeatRequest, now: number, config: Doc | null): HeartbeatResponse {
    const { applied, durable, appliedWall } = this.own();
    const sender = this.members.find(({ host, id }) => host === request.from && id === request.fromId);
    if (sender !== undefined) {
      sender.lastHeartbeatReceived = now;
      noteSign(sender, now);
    }
    const mine = this.config;
    const older = mine !== null && isOlder(request, mine);
    return {
      setName: mine?.setName ?? request.setName,
      state: this.state,
      configVersion: mine?.version ?? -2,
      configTerm: mine?.term ?? -1,
      term: this.term,
      primaryId: mine?.members[this.primaryIndex]?.id ?? -1,
      syncSource: this.syncSource,
      durable: this.self?.arbiterOnly === true ? nullOpTime : durable,
      durableWall: appliedWall,
      applied,
      appliedWall,
      electionTime: this.role === 'leader' ? this.electionTime : undefined,
      config: older && config !== null ? config : undefined,
      hasData: false,
      committed: this.commitPoint,
    };
  }

  /** Why this member may not stand for election now; undefined when it may. */
  whyNotElectable(now: number): string | undefined {
    const { config, self } = this;
    if (config === null || self === undefined) return 'not a member of a valid replica set config';
    if (self.arbiterOnly) return 'member is an arbiter';
    if (self.priority <= 0) return 'member has zero priority';
    if (!isVoter(self)) return 'member has no vote';
    if (this.state !== memberState.secondary) return 'member is not currently a secondary';
    if (this.stepDownUntil > now) return 'stepdown period has not ended yet';
    const up = this.others().filter(({ member, data }) => isVoter(member) && data.health === 1).length;
    if (up + 1 < majorityOf(config)) return 'cannot see a majority of the set';
    return undefined;
  }

  /** Still standing for election in this term? */
  isCandidateIn(term: number): boolean {
    return this.role === 'candidate' && this.term === term;
  }

  /** Still the primary of this term? */
  isLeaderIn(term: number): boolean {
    return this.role === 'leader' && this.term === term;
  }

  /** What time alone brings about. */
  tick(now: number): Action[] {
    if (this.role === 'leader') return this.checkMajority(now);
    if (this.role === 'candidate') return [];
    if (this.takeover !== undefined && now >= this.takeover.at) {
      const { kind } = this.takeover;
      this.takeover = undefined;
      if (
        this.primaryIndex >= 0 &&
        this.whyNotElectable(now) === undefined &&
        isFresh(this, this.own().applied)
      ) {
        return [{ kind: 'stand', reason: kind }];
      }
      return [];
    }
    if (this.electionDeadline === undefined || now < this.electionDeadline) return [];
    this.resetElectionTimer(now);
    return this.whyNotElectable(now) === undefined ? [{ kind: 'stand', reason: 'timeout' }] : [];
  }

  private checkMajority(now: number): Action[] {
    const { config } = this;
    if (config === null) return [];
    const limit = config.settings.electionTimeoutMillis;
    for (const { data } of this.others()) {
      if (data.silent || now - data.lastSign < limit) continue;
      markDown(data, 'no response within election timeout period');
      data.silent = true;
    }
    const seen = this.others().filter(({ member, data }) => isVoter(member) && !data.silent).length;
    const own = this.self !== undefined && isVoter(this.self) ? 1 : 0;
    if (seen + own >= majorityOf(config)) return [];
    return [{ kind: 'step-down', reason: "can't see a majority of the set, relinquishing primary" }];
  }

  /** When tick has something to do next; undefined: nothing planned. */
  nextTick(): number | undefined {
    const { config } = this;
    if (config === null) return undefined;
    if (this.role === 'leader') {
      const limit = config.settings.electionTimeoutMillis;
      const heard = this.others().filter(({ data }) => !data.silent);
      return heard.length === 0 ? undefined : Math.min(...heard.map(({ data }) => data.lastSign + limit));
    }
    const times = [this.electionDeadline, this.takeover?.at].filter((time) => time !== undefined);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Notes where another member has got to. */
  takePosition(memberId: number, applied: OpTime, durable: OpTime, now: number): void {
    const index = this.members.findIndex(({ id }) => id === memberId);
    const data = this.members[index];
    if (data === undefined || index === this.selfIndex) return;
    data.applied = maxOpTime(data.applied, applied);
    data.durable = maxOpTime(data.durable, durable);
    noteSign(data, now);
  }

  /** On the primary: moves the commit point to what a majority of data-bearing voters has on disk. True when it moved. */
  advanceCommitPoint(): boolean {
    const { config, self } = this;
    if (config === null || self === undefined || this.role !== 'leader') return false;
    const positions = this.others()
      .filter(({ member }) => isVoter(member) && !member.arbiterOnly)
      .map(({ data }) => data.durable);
    if (isVoter(self)) positions.push(this.own().durable);
    positions.sort((a, b) => compareOpTimes(b, a));
    const reached = positions[writeMajorityOf(config) - 1];
    if (reached === undefined || reached.term !== this.term) return false;
    return this.raiseCommitPoint(reached);
  }

  /** A reconfiguration forgets the majority snapshot; the next operation that is committed brings one again. */
  dropSnapshot(): void {
    this.snapshotLostAt = this.commitPoint;
  }

  /** What a majority is known to hold, as far as own data goes; undefined while none is known. */
  get snapshot(): OpTime | undefined {
    const { commitPoint, snapshotLostAt } = this;
    if (commitPoint === nullOpTime || commitPoint === snapshotLostAt) return undefined;
    const { applied } = this.own();
    if (applied === nullOpTime) return undefined;
    return compareOpTimes(commitPoint, applied) <= 0 ? commitPoint : applied;
  }

  raiseCommitPoint(optime: OpTime): boolean {
    if (compareOpTimes(optime, this.commitPoint) <= 0) return false;
    this.commitPoint = optime;
    return true;
  }
}

/** True when a heartbeat's sender has an older configuration. */
const isOlder = (request: HeartbeatRequest, mine: ReplicaSetConfig): boolean =>
  request.configTerm >= 0 && mine.term >= 0 && request.configTerm !== mine.term
    ? request.configTerm < mine.term
    : request.configVersion < mine.version;
