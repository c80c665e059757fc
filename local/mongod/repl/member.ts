import { ObjectId } from 'bson';
import type { Doc } from '../doc';
import { CommandError, messageOf } from '../error';
import type { Log } from '../log';
import type { Dialect } from '../options/dialect';
import { type OpTime, compareOpTimes } from '../optime';
import type { Change, Engine } from '../storage/engine';
import type { Keys, MemberLink } from '../wire/link';
import { Alarm } from './alarm';
import { BeatTimers } from './beat-timer';
import { Bell } from './bell';
import type { ReplicaSetConfig } from './config';
import { renderConfig } from './config-render';
import { isElectable } from './config-rules';
import { stand } from './election';
import { beat } from './heart';
import { relinquish } from './leadership';
import { LinkPool } from './link-pool';
import { type MemberState, memberState, stateName } from './member-state';
import { fetchConfig, takeRemoteConfig } from './remote-config';
import { locateSelf } from './self';
import { type Action, Topology } from './topology';
import { parseStoredConfig } from './stored-config';

/** A member that does not find itself in its configuration looks again this often, ms. */
const searchAgainMs = 10_000;

/** One member of a replica set at work: its data, its view of the set, and what keeps them in step. */
export class Member {
  readonly bell = new Bell();
  readonly topology: Topology;
  readonly startedAt = Date.now();
  readonly processId = new ObjectId();
  topologyVersion = 0;
  stopped = false;
  /** Called when this member has to fetch data: set by the puller. */
  onMembership: () => void = () => undefined;
  /** Called when this member goes into ROLLBACK or REMOVED: clients have to connect anew, as on a real server. */
  onDropClients: () => void = () => undefined;
  private readonly links: LinkPool;
  private readonly beats = new BeatTimers();
  private readonly alarm = new Alarm(() => this.perform(this.topology.tick(Date.now())));
  private searchTimer: NodeJS.Timeout | undefined;
  private lastSeen = '';
  private lookedAt = 0;
  private installing = Promise.resolve();

  constructor(
    readonly engine: Engine,
    readonly dialect: Dialect,
    readonly log: Log,
    readonly keys: Keys,
    readonly setName: string,
    /** Where this process listens. */
    readonly listening: { readonly bindIps: readonly string[]; readonly port: number },
  ) {
    this.links = new LinkPool(keys);
    this.topology = new Topology(
      () => ({
        applied: this.lastApplied,
        appliedWall: engine.lastAppliedWall.getTime(),
        durable: engine.lastDurable,
      }),
      Math.random,
    );
    engine.onDurable = () => this.positionMoved();
  }

  /** Last operation; an arbiter, which has no data, counts as far as the set has committed. */
  get lastApplied(): OpTime {
    return this.topology.self?.arbiterOnly === true ? this.topology.commitPoint : this.engine.lastApplied;
  }

  /** Takes up the stored configuration, if there is one. */
  async start(): Promise<void> {
    const { engine, topology } = this;
    topology.term = Math.max(topology.term, engine.lastVote.term, engine.lastApplied.term);
    if (engine.config === null) return;
    const config = parseStoredConfig(engine.config, this.dialect);
    if (config === undefined) {
      this.log(
        'REPL',
        'Locally stored replica set configuration does not parse; waiting for reconfig or remote heartbeat',
        {},
        'E',
      );
      return;
    }
    const selves = await locateSelf(this, config, true);
    if (selves[0] === undefined) {
      this.log(
        'REPL',
        'Locally stored replica set configuration does not have a valid entry for the current node; waiting for reconfig or remote heartbeat',
        {},
        'W',
      );
    }
    this.adopt(config, selves[0] ?? -1);
  }

  link(host: string, purpose: string): MemberLink {
    return this.links.get(host, purpose);
  }

  dropLink(host: string, purpose: string): void {
    this.links.drop(host, purpose);
  }

  offerLink(link: MemberLink, purpose: string): void {
    this.links.offer(link, purpose);
  }

  get isWritable(): boolean {
    return this.topology.role === 'leader' && this.topology.writable && !this.topology.steppingDown;
  }

  /** Writes one change as primary. @throws CommandError 10107 when this member is not a writable primary. */
  write(change: Change): OpTime {
    if (!this.isWritable)
      throw new CommandError(10107, this.dialect.safeReconfig ? 'not primary' : 'not master');
    return this.writeAs(change, this.topology.term);
  }

  writeAs(change: Change, term: number): OpTime {
    const optime = this.engine.commit(change, term);
    this.bell.ring();
    return optime;
  }

  /** Own or another member's position moved: the commit point may follow. */
  positionMoved(): void {
    if (this.topology.advanceCommitPoint()) this.engine.release(this.topology.commitPoint);
    this.bell.ring();
  }

  /**
   * Takes up a commit point that another member tells. From the sync source, whose history is ours: as far as own data
   * goes. From others: only in the term of the own last operation, for in another it may be of another history.
   */
  learnCommitPoint(committed: OpTime, fromSource: boolean): void {
    const { topology, engine } = this;
    const own = engine.lastApplied;
    const isArbiter = topology.self?.arbiterOnly === true;
    if (!isArbiter && !fromSource && committed.term !== own.term) return;
    const beyond = fromSource && compareOpTimes(committed, own) > 0;
    if (topology.raiseCommitPoint(beyond ? own : committed)) this.bell.ring();
    engine.release(topology.commitPoint);
  }

  /** Stores and takes up a configuration in which `selfIndex` (-1: none) is this member. */
  async install(config: ReplicaSetConfig, selfIndex: number): Promise<void> {
    await this.engine.saveConfig(renderConfig(config, this.dialect));
    if (selfIndex < 0 && this.topology.role === 'leader') relinquish(this, 'removed from the set');
    this.adopt(config, selfIndex);
  }

  private adopt(config: ReplicaSetConfig, selfIndex: number): void {
    const { topology } = this;
    const before = topology.state;
    topology.install(config, selfIndex, Date.now());
    this.log('REPL', 'New replica set config in use', {
      version: config.version,
      members: config.members.length,
      self: selfIndex,
    });
    const back = before === memberState.startup || before === memberState.removed;
    if (selfIndex >= 0 && back && topology.self?.arbiterOnly !== true) {
      topology.followerState =
        this.engine.isEmpty || this.engine.syncing ? memberState.startup2 : memberState.secondary;
    }
    this.searchAgain(config, selfIndex);
    this.restartHeartbeats();
    this.positionMoved();
    this.onMembership();
    this.changed();
    if (selfIndex < 0 && before !== memberState.startup && before !== memberState.removed)
      this.onDropClients();
    this.standIfAlone();
  }

  private searchAgain(config: ReplicaSetConfig, selfIndex: number): void {
    clearTimeout(this.searchTimer);
    if (selfIndex >= 0 || this.stopped) return;
    this.searchTimer = setTimeout(() => {
      void locateSelf(this, config, true).then(([index]) => {
        if (this.topology.config !== config) return;
        if (index === undefined) this.searchAgain(config, -1);
        else this.adopt(config, index);
      });
    }, searchAgainMs);
  }

  /** A heartbeat reached this member though it does not find itself in the configuration: it looks again. */
  lookForSelf(): void {
    const { config } = this.topology;
    if (config === null || Date.now() - this.lookedAt < 1000) return;
    this.lookedAt = Date.now();
    void locateSelf(this, config, true).then(([index]) => {
      if (index !== undefined && this.topology.config === config) this.adopt(config, index);
    });
  }

  /** A configuration came with a heartbeat: takes it when it is newer. */
  installRemote(doc: Doc): Promise<void> {
    this.installing = this.installing
      .then(() => takeRemoteConfig(this, doc))
      .catch((error: unknown) =>
        this.log('REPL', 'Could not install a config from a heartbeat', { error: messageOf(error) }, 'E'),
      );
    return this.installing;
  }

  /** A heartbeat of a member with a newer configuration, or one we do not have: fetch it. */
  fetchConfigFrom(host: string): void {
    if (host !== '') void fetchConfig(this, host);
  }

  restartHeartbeats(): void {
    this.beats.clear();
    if (this.topology.config === null || this.stopped) return;
    for (const { member } of this.topology.others()) this.beatAfter(member.host, 0);
  }

  /** Plans the next heartbeat to a member. */
  beatAfter(host: string, delayMs: number): void {
    if (this.stopped || !this.topology.others().some(({ member }) => member.host === host)) return;
    this.beats.plan(host, delayMs, () => void beat(this, host));
  }

  perform(actions: readonly Action[]): void {
    for (const action of actions) {
      switch (action.kind) {
        case 'step-down':
          relinquish(this, action.reason);
          break;
        case 'stand':
          void stand(this, action.reason, false);
          break;
        case 'install':
          void this.installRemote(action.config);
          break;
      }
    }
    this.changed();
  }

  /** Plans the next tick and, when what hello tells has changed, wakes those who wait for it. */
  changed(): void {
    const { topology } = this;
    const seen = [
      topology.config?.version,
      topology.config?.term,
      topology.state,
      topology.primaryIndex,
      topology.term,
      this.isWritable,
      topology.steppingDown,
    ].join();
    if (seen !== this.lastSeen) {
      this.lastSeen = seen;
      this.topologyVersion += 1;
      this.bell.ring();
    }
    const at = topology.nextTick();
    if (!this.stopped && at !== undefined) this.alarm.setAt(at);
  }

  setFollowerState(state: MemberState): void {
    if (this.topology.followerState === state) return;
    this.topology.followerState = state;
    this.log('REPL', `transition to ${stateName(state)}`);
    this.topology.resetElectionTimer(Date.now());
    this.changed();
    this.standIfAlone();
  }

  /** The only voter of a set needs nobody's consent. */
  standIfAlone(): void {
    const { config, self, state } = this.topology;
    if (config === null || self === undefined || !isElectable(self) || state !== memberState.secondary)
      return;
    const alone = config.members.every((member) => member.id === self.id || member.votes === 0);
    if (alone && this.topology.stepDownUntil <= Date.now()) void stand(this, 'single node election', false);
  }

  /** While draining: waits no longer for what others hold. */
  abortCatchUp(): void {
    this.topology.catchUpAborted = true;
    this.bell.ring();
  }

  stop(): void {
    this.stopped = true;
    this.beats.clear();
    this.alarm.clear();
    clearTimeout(this.searchTimer);
    this.links.close();
    this.bell.ring();
  }
}
