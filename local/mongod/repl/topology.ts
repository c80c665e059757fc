import type { Doc } from '../doc';
import { type OpTime, compareOpTimes, maxOpTime, nullOpTime } from '../optime';
import type { MemberConfig, ReplicaSetConfig } from './config';
import { isElectable, isVoter, majorityOf, writeMajorityOf } from './config-rules';
import type { HeartbeatRequest, HeartbeatResponse, HeartbeatResult } from './heartbeat';
import { type Takeover, isFresh, offsetFraction, planTakeover } from './takeover';
import { type MemberData, type MemberState, freshMember, memberState } from './member-state';

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

const maxHeartbeatFailures = 2;

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
  takeover: Takeover | undefined;

  constructor(
    private readonly own: () => OwnPosition,
    private readonly random: () => number,
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
      sender.lastSign = now;
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

  /** Takes in what came of a heartbeat to another member. */
  takeHeartbeat(host: string, result: HeartbeatResult, now: number): Action[] {
    const index = this.config?.members.findIndex((member) => member.host === host) ?? -1;
    const data = this.members[index];
    if (data === undefined || index === this.selfIndex) return [];
    data.lastHeartbeat = now;
    if (result.kind === 'failure') return this.takeFailure(data, index, result.message);
    if (result.kind === 'unauthenticated') {
      Object.assign(data, {
        ...freshMember(data.id, data.host, data.lastSign),
        ...unheard(data),
        authenticated: false,
      });
      data.health = 0;
      return [];
    }
    return this.takeAnswer(data, index, result.response, result.rttMs, now);
  }

  private takeFailure(data: MemberData, index: number, message: string): Action[] {
    data.failures += 1;
    if (data.failures <= maxHeartbeatFailures && data.health === 1) return [];
    Object.assign(data, { ...freshMember(data.id, data.host, data.lastSign), ...unheard(data) });
    data.health = 0;
    data.state = memberState.down;
    data.message = message;
    if (this.primaryIndex === index) {
      this.primaryIndex = -1;
      this.takeover = undefined;
    }
    return [];
  }

  private takeAnswer(
    data: MemberData,
    index: number,
    response: HeartbeatResponse,
    rttMs: number,
    now: number,
  ): Action[] {
    if (data.health !== 1) data.upSince = now;
    data.health = 1;
    data.failures = 0;
    data.authenticated = true;
    data.message = '';
    data.lastSign = now;
    data.pingMs = data.pingMs === 0 ? Math.round(rttMs) : Math.round(data.pingMs * 0.8 + rttMs * 0.2);
    data.state = response.state;
    data.applied = maxOpTime(data.applied, response.applied);
    data.durable = maxOpTime(data.durable, response.durable);
    data.appliedWall = response.appliedWall;
    data.durableWall = response.durableWall;
    data.syncSource = response.syncSource;
    data.configVersion = response.configVersion;
    data.configTerm = response.configTerm;
    data.electionTime = response.electionTime;
    const actions = this.updateTerm(response.term);
    if (response.config !== undefined) actions.push({ kind: 'install', config: response.config });
    this.notePrimary(index, response, now);
    return actions;
  }

  private notePrimary(index: number, response: HeartbeatResponse, now: number): void {
    if (this.role === 'leader') return;
    if (response.state !== memberState.primary) {
      if (this.primaryIndex === index) {
        this.primaryIndex = -1;
        this.takeover = undefined;
      }
      return;
    }
    if (response.term < this.term) return;
    this.primaryIndex = index;
    this.resetElectionTimer(now);
    this.planTakeover(index, now);
  }

  private planTakeover(primary: number, now: number): void {
    this.takeover ??= planTakeover(this, this.own().applied, primary, now, this.random());
  }

  private isFresh(): boolean {
    return isFresh(this, this.own().applied);
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
      if (this.primaryIndex >= 0 && this.whyNotElectable(now) === undefined && this.isFresh()) {
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
    const seen = this.others().filter(
      ({ member, data }) => isVoter(member) && now - data.lastSign < limit,
    ).length;
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
      const voters = this.others().filter(({ member }) => isVoter(member));
      return voters.length === 0 ? undefined : Math.min(...voters.map(({ data }) => data.lastSign + limit));
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
    data.lastSign = now;
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

  raiseCommitPoint(optime: OpTime): boolean {
    if (compareOpTimes(optime, this.commitPoint) <= 0) return false;
    this.commitPoint = optime;
    return true;
  }
}

const unheard = (data: MemberData): Partial<MemberData> => ({
  lastHeartbeat: data.lastHeartbeat,
  lastHeartbeatReceived: data.lastHeartbeatReceived,
  pingMs: data.pingMs,
  failures: data.failures,
});

/** True when a heartbeat's sender has an older configuration. */
const isOlder = (request: HeartbeatRequest, mine: ReplicaSetConfig): boolean =>
  request.configTerm >= 0 && mine.term >= 0 && request.configTerm !== mine.term
    ? request.configTerm < mine.term
    : request.configVersion < mine.version;
