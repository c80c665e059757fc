import { messageOf } from '../error';
import { type OpTime, compareOpTimes } from '../optime';
import { UpgradeError, checkVersionEntry } from '../storage/feature-version';
import type { OplogEntry } from '../storage/oplog';
import type { MemberLink } from '../wire/link';
import { type SyncProgress, runInitialSync } from './initial-sync';
import type { Member } from './member';
import { memberState } from './member-state';
import { type OplogBatch, openOplog, readEnd, readMore } from './oplog-link';
import { type RollbackBounds, RollbackError, rollBack } from './rollback';
import { chooseSyncSource, shouldLeaveSource } from './sync-source';

const findTimeoutMs = 10_000;
/** A query that is put again to the same source after an error gets this long, and the buffer. */
const againMs = 2000;
/** Without a source a member looks again after a whole second, not sooner: so does a real server. */
const noSourceMs = 1000;
const denyMs = { unreachable: 10_000, stale: 60_000 };
const noSourceMessage = 'could not find member to sync from';

/** Keeps one member's data up with its set: initial sync, oplog pull, rollback. */
export class Puller {
  progress: SyncProgress | undefined;
  /** A source asked for by replSetSyncFrom. */
  requested: string | undefined;
  private readonly denied = new Map<string, number>();
  /** Sources whose oplog no longer reaches back to ours. */
  private readonly tooOld = new Set<string>();
  /** In maintenance mode because nobody's oplog reaches back to ours. */
  private isStale = false;

  constructor(
    private readonly member: Member,
    private readonly rollback: Pick<RollbackBounds, 'dbPath' | 'leastMs'>,
    /** What the network may add to the time that a source takes to answer, ms. */
    private readonly bufferMs: number,
    private readonly onFatal: (error: Error) => void,
  ) {
    member.onMembership = () => member.bell.ring();
  }

  /** Runs until the member stops. */
  async run(): Promise<void> {
    const { member } = this;
    while (!member.stopped) {
      try {
        if (this.needsInitialSync()) {
          await runInitialSync(
            member,
            () => this.needsInitialSync(),
            (progress) => (this.progress = progress),
          );
        } else if (this.mayPull()) await this.pullOnce();
        else await member.bell.next(3_600_000);
      } catch (error) {
        this.onFatal(error instanceof Error ? error : new Error(messageOf(error)));
        return;
      }
    }
  }

  private isDataMember(): boolean {
    const { self } = this.member.topology;
    return self !== undefined && !self.arbiterOnly && !this.member.stopped;
  }

  private needsInitialSync(): boolean {
    const { engine } = this.member;
    return this.isDataMember() && (engine.isEmpty || engine.syncing);
  }

  private mayPull(): boolean {
    const { topology } = this.member;
    return this.isDataMember() && (topology.role !== 'leader' || !topology.writable);
  }

  private async pullOnce(): Promise<void> {
    const { member } = this;
    const { topology, engine } = member;
    const last = engine.lastApplied;
    const source = this.requested ?? chooseSyncSource(topology, last, this.denied, Date.now());
    this.requested = undefined;
    if (source === undefined) {
      topology.syncSource = '';
      topology.infoMessage = noSourceMessage;
      this.checkStaleness();
      await pause(noSourceMs);
      return;
    }
    const link = member.link(source, 'oplog');
    topology.infoMessage = `syncing from: ${source}`;
    try {
      await this.followSource(link, source, last);
    } catch (error) {
      if (error instanceof RollbackError || error instanceof UpgradeError) throw error;
      member.log('REPL', 'the oplog query failed', { source, error: messageOf(error) });
      this.denied.set(source, Date.now() + denyMs.unreachable);
      member.dropLink(source, 'oplog');
      if (topology.syncSource === source) topology.syncSource = '';
      this.leaveRollback();
      await pause(20);
    }
  }

  private leaveRollback(): void {
    if (this.member.topology.followerState === memberState.rollback)
      this.member.setFollowerState(memberState.secondary);
  }

  private async followSource(link: MemberLink, source: string, last: OpTime): Promise<void> {
    const { member } = this;
    const { topology } = member;
    let batch = await openOplog(link, last, topology.term, findTimeoutMs);
    const [first] = batch.entries;
    if (first === undefined || compareOpTimes(first.optime, last) !== 0) {
      await this.handleDivergence(link, source, last, first);
      return;
    }
    topology.syncSource = source;
    topology.infoMessage = '';
    this.tooOld.clear();
    if (this.isStale) topology.maintenance -= 1;
    this.isStale = false;
    member.changed();
    batch = { ...batch, entries: batch.entries.slice(1) };
    while (this.mayPull() && !this.needsInitialSync()) {
      await this.applyBatch(batch);
      if (!this.mayPull() || topology.syncSource !== source) return;
      if (this.requested !== undefined || shouldLeaveSource(topology, source, member.engine.lastApplied)) {
        topology.syncSource = '';
        link.reset();
        return;
      }
      const next = await this.more(link, source, batch);
      if (next === undefined) break;
      batch = next;
    }
    topology.syncSource = '';
    link.reset();
  }

  /** The next batch. After an error the query is put once more to the same source; undefined: that does not go on. */
  private async more(link: MemberLink, source: string, batch: OplogBatch): Promise<OplogBatch | undefined> {
    const { topology, engine, log } = this.member;
    try {
      return await this.await(link, batch);
    } catch (error) {
      if (!this.mayPull() || this.requested !== undefined || topology.syncSource !== source) return undefined;
      log('REPL', 'Restarting oplog query due to error', { source, error: messageOf(error) });
    }
    const last = engine.lastApplied;
    const again = await openOplog(link, last, topology.term, againMs + this.bufferMs);
    const [first, ...entries] = again.entries;
    const fits = first !== undefined && compareOpTimes(first.optime, last) === 0;
    return fits ? { ...again, entries } : undefined;
  }

  /** Waits for the source, but not when this member stops following it meanwhile. */
  private async await(link: MemberLink, batch: OplogBatch): Promise<OplogBatch> {
    const { config, term, commitPoint } = this.member.topology;
    const awaitMs = (config?.settings.electionTimeoutMillis ?? 10_000) / 2;
    const answer = readMore(
      link,
      batch.cursor,
      { term, committed: commitPoint },
      awaitMs,
      awaitMs + this.bufferMs,
    );
    let done = false;
    const isDone = (): boolean => done;
    void this.leaveWhenUnwanted(link, isDone, awaitMs);
    try {
      return await answer;
    } finally {
      done = true;
    }
  }

  private async leaveWhenUnwanted(link: MemberLink, isDone: () => boolean, awaitMs: number): Promise<void> {
    while (!isDone()) {
      await this.member.bell.next(awaitMs);
      if (!isDone() && (!this.mayPull() || this.requested !== undefined)) link.reset();
    }
  }

  private async applyBatch(batch: OplogBatch): Promise<void> {
    const { member } = this;
    const { topology, engine } = member;
    const { view } = batch;
    member.perform(topology.updateTerm(view.term));
    if (view.primaryIndex >= 0 && topology.role === 'follower') topology.resetElectionTimer(Date.now());
    if (engine.lastApplied.term >= 0) member.learnCommitPoint(view.committed, true);
    await this.applyWithDelay(batch.entries);
    if (engine.lastApplied.term >= 0) member.learnCommitPoint(view.committed, true);
    member.changed();
  }

  private async applyWithDelay(entries: readonly OplogEntry[]): Promise<void> {
    const { member } = this;
    const delayMs = (member.topology.self?.delaySecs ?? 0) * 1000;
    if (entries.length === 0) return;
    if (delayMs === 0) {
      this.apply(entries);
      member.bell.ring();
      return;
    }
    for (const entry of entries) {
      while (entry.optime.secs * 1000 + delayMs > Date.now()) {
        if (!this.mayPull()) return;
        await member.bell.next(Math.min(1000, entry.optime.secs * 1000 + delayMs - Date.now()));
      }
      this.apply([entry]);
    }
    member.bell.ring();
  }

  /** @throws UpgradeError when the set leaves this binary behind. */
  private apply(entries: readonly OplogEntry[]): void {
    const { engine, dialect } = this.member;
    for (const entry of entries) checkVersionEntry(entry, dialect);
    engine.applyFetched(entries);
  }

  /** The source does not hold our last operation: it is behind us, we are too stale, or histories differ. */
  private async handleDivergence(
    link: MemberLink,
    source: string,
    last: OpTime,
    first: OplogEntry | undefined,
  ): Promise<void> {
    const { member } = this;
    const newest = await readEnd(link, -1, findTimeoutMs);
    if (newest === undefined || compareOpTimes(newest.optime, last) <= 0) {
      this.denied.set(source, Date.now() + denyMs.unreachable);
      return;
    }
    const oldest = await readEnd(link, 1, findTimeoutMs);
    const isTooOld =
      oldest !== undefined &&
      (oldest.optime.secs > last.secs || (oldest.optime.secs === last.secs && oldest.optime.inc > last.inc));
    if (isTooOld) {
      this.tooOld.add(source);
      this.denied.set(source, Date.now() + denyMs.stale);
      member.log(
        'REPL',
        'We are too stale to use this member as a sync source',
        { source, oldest: first?.optime.secs },
        'E',
      );
      return;
    }
    if (member.topology.role === 'leader') {
      // A new primary does not roll back: it keeps its own history and takes no more of the others'.
      member.abortCatchUp();
      this.denied.set(source, Date.now() + denyMs.unreachable);
      return;
    }
    if (member.topology.role === 'candidate') {
      await pause(20);
      return;
    }
    member.topology.syncSource = source;
    await rollBack(member, link, { ...this.rollback, timeoutMs: findTimeoutMs });
  }

  private checkStaleness(): void {
    const { member } = this;
    if (this.tooOld.size === 0) return;
    member.topology.infoMessage = '';
    if (this.isStale) return;
    this.isStale = true;
    member.log('REPL', 'too stale to catch up -- entering maintenance mode', {}, 'E');
    member.topology.maintenance += 1;
    member.changed();
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
