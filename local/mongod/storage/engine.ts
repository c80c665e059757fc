import { Long } from 'bson';
import { type Doc, isDoc, isTruthy, readDoc, readNumber, readString } from '../doc';
import { type OpTime, nullOpTime, parseOpTime, renderOpTime, toTimestamp } from '../optime';
import { dumpCollection, restoreCollection } from './collection';
import { Journal } from './journal';
import { Oplog, type OplogEntry, parseEntry } from './oplog';
import { SessionTable } from './session-table';
import { Store, type Undo, parseUndo } from './store';
import { UndoLog } from './undo-log';

/** The last vote given: kept on disk so that no member votes twice in a term. */
export interface LastVote {
  readonly term: number;
  readonly candidateIndex: number;
}

/** One change before it has its place in the oplog. */
export interface Change {
  readonly op: 'i' | 'u' | 'd' | 'c' | 'n';
  readonly ns: string;
  readonly o: Doc;
  readonly o2?: Doc;
  /** lsid, txnNumber, stmtId and images of retryable writes. */
  readonly retry?: Doc;
}

/** Data, oplog and replication marks of one member, in memory, with a journal on disk. */
export class Engine {
  readonly store = new Store();
  readonly oplog: Oplog;
  readonly sessions = new SessionTable();
  /** replSetConfig as last stored; null before initiation. */
  config: Doc | null = null;
  lastVote: LastVote = { term: 0, candidateIndex: -1 };
  rollbackId = 1;
  /** An initial sync began and has not ended: the data is to be thrown away. */
  syncing = false;
  lastDurable: OpTime = nullOpTime;
  /** Called when lastDurable moved. */
  onDurable: () => void = () => undefined;
  /** Called when operations were taken out of the oplog: whoever reads along has to look anew. */
  onTruncate: () => void = () => undefined;
  private readonly journal: Journal;
  private readonly uncommitted = new UndoLog();
  private awaitingDisk: { sequence: number; optime: OpTime }[] = [];

  constructor(dbPath: string, oplogBytes: number, onFailure: (error: unknown) => void) {
    this.oplog = new Oplog(oplogBytes);
    const { journal, records } = Journal.open(
      dbPath,
      () => this.snapshot(),
      () => this.reachDisk(),
      onFailure,
    );
    this.journal = journal;
    for (const record of records) this.replay(record);
    this.lastDurable = this.lastApplied;
  }

  get lastApplied(): OpTime {
    return this.oplog.lastOpTime;
  }

  get lastAppliedWall(): Date {
    return this.oplog.last?.wall ?? new Date(0);
  }

  get isEmpty(): boolean {
    return this.oplog.length === 0;
  }

  /** A change on the primary: gets the next optime, is applied, logged and journaled. */
  commit(change: Change, term: number): OpTime {
    const last = this.oplog.lastOpTime;
    const secs = Math.max(Math.floor(Date.now() / 1000), last.secs);
    const optime = { secs, inc: secs === last.secs ? last.inc + 1 : 1, term };
    const uuid = this.store.get(change.ns)?.uuid;
    const entry: Doc = {
      ts: toTimestamp(optime),
      ...(term >= 0 ? { t: Long.fromNumber(term) } : {}),
      h: Long.ZERO,
      v: 2,
      op: change.op,
      ns: change.ns,
      ...(uuid === undefined || change.op === 'n' ? {} : { ui: uuid }),
      ...(change.o2 === undefined ? {} : { o2: change.o2 }),
      wall: new Date(),
      ...change.retry,
      o: change.o,
    };
    this.take(parseEntry(entry));
    return optime;
  }

  /** Operations fetched from another member. */
  applyFetched(entries: readonly OplogEntry[]): void {
    for (const entry of entries) this.take(entry);
  }

  /** A change that is not replicated: in `local`, or on a server that is no replica-set member. */
  writeLocal(change: Change): void {
    const entry: Doc = { op: change.op, ns: change.ns, o: change.o };
    this.store.apply(entry);
    this.journal.append({ k: 'local', e: entry });
  }

  /** Resolves when everything so far is on disk. */
  flush(): Promise<void> {
    return this.journal.flush();
  }

  saveConfig(config: Doc): Promise<void> {
    this.config = config;
    this.saveMarks();
    return this.journal.flush();
  }

  saveVote(vote: LastVote): Promise<void> {
    this.lastVote = vote;
    this.saveMarks();
    return this.journal.flush();
  }

  /** Forgets how to undo what a majority holds. */
  release(commitPoint: OpTime): void {
    this.uncommitted.release(commitPoint);
  }

  /** Documents of a collection as a majority holds them. */
  majorityView(namespace: string): Doc[] {
    return this.store.viewBefore(namespace, this.uncommitted.after(nullOpTime));
  }

  /** How to take back what came after an operation, oldest first. */
  undosAfter(optime: OpTime): Undo[] {
    return this.uncommitted.after(optime);
  }

  /** False when something after `commonPoint` can no longer be taken back: a majority held it. */
  canRollBack(commonPoint: OpTime): boolean {
    const [next] = this.oplog.from({ secs: commonPoint.secs, inc: commonPoint.inc + 1 }, 1);
    return next === undefined || this.uncommitted.reaches(next.optime);
  }

  /** Takes back everything after `commonPoint`; gives the removed operations. */
  rollBack(commonPoint: OpTime): OplogEntry[] {
    const entries = this.oplog.truncateAfter(commonPoint);
    for (const undo of this.uncommitted.after(commonPoint).reverse()) this.store.revert(undo);
    this.uncommitted.forgetAfter(commonPoint);
    this.sessions.rebuild(this.oplog.all());
    this.rollbackId += 1;
    this.rewrite();
    this.onTruncate();
    return entries;
  }

  /** Empties data and oplog for an initial sync; config and vote stay. */
  beginSync(): void {
    this.store.collections.clear();
    this.oplog.clear();
    this.uncommitted.clear();
    this.sessions.rebuild([]);
    this.syncing = true;
    this.rewrite();
    this.onTruncate();
  }

  /** The initial sync is whole: data and oplog are kept from here on. */
  endSync(): void {
    this.syncing = false;
    this.uncommitted.clear();
    this.rewrite();
  }

  /** Puts a cloned document or collection without logging it (initial sync; endSync writes all to disk). */
  loadCollection(record: Doc): void {
    const collection = restoreCollection(record);
    this.store.collections.set(collection.namespace, collection);
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  private take(entry: OplogEntry): void {
    const undos = this.store.apply(entry.doc);
    this.oplog.append(entry);
    this.sessions.learn(entry);
    this.uncommitted.add(entry.optime, undos);
    if (this.syncing) return;
    const sequence = this.journal.append({ k: 'op', e: entry.doc });
    this.awaitingDisk.push({ sequence, optime: entry.optime });
  }

  private reachDisk(): void {
    let moved = false;
    for (let [head] = this.awaitingDisk; head !== undefined && this.journal.isDurable(head.sequence);) {
      this.lastDurable = head.optime;
      this.awaitingDisk.shift();
      [head] = this.awaitingDisk;
      moved = true;
    }
    if (moved) this.onDurable();
  }

  private rewrite(): void {
    this.awaitingDisk = [];
    this.journal.compact();
    this.lastDurable = this.lastApplied;
  }

  private marks(): Doc {
    return {
      k: 'marks',
      config: this.config,
      vote: { term: this.lastVote.term, candidateIndex: this.lastVote.candidateIndex },
      rollbackId: this.rollbackId,
      syncing: this.syncing,
    };
  }

  private saveMarks(): void {
    this.journal.append(this.marks());
  }

  private *snapshot(): Generator<Doc> {
    yield this.marks();
    if (this.syncing) return;
    for (const collection of this.store.collections.values()) {
      yield { k: 'collection', c: dumpCollection(collection) };
      for (const doc of collection.docs.values()) yield { k: 'doc', ns: collection.namespace, o: doc };
    }
    for (const { doc } of this.oplog.all()) yield { k: 'entry', e: doc };
    for (const { optime, undos } of this.uncommitted.all()) {
      yield { k: 'undo', optime: renderOpTime(optime), undos: undos.map((undo) => ({ ...undo })) };
    }
  }

  private replay(record: Doc): void {
    const entry = readDoc(record, 'e');
    switch (record['k']) {
      case 'marks':
        this.replayMarks(record);
        return;
      case 'collection':
        this.loadCollection(readDoc(record, 'c') ?? {});
        return;
      case 'doc':
        this.store.get(readString(record, 'ns') ?? '')?.put(readDoc(record, 'o') ?? {});
        return;
      case 'local':
        if (entry !== undefined) this.store.apply(entry);
        return;
      case 'undo':
        this.replayUndo(record);
        return;
      case 'entry':
        if (entry !== undefined) this.replayEntry(parseEntry(entry));
        return;
      case 'op':
        if (entry !== undefined) {
          const parsed = parseEntry(entry);
          this.uncommitted.add(parsed.optime, this.store.apply(entry));
          this.replayEntry(parsed);
        }
        return;
      default:
        return;
    }
  }

  private replayEntry(entry: OplogEntry): void {
    this.oplog.append(entry);
    this.sessions.learn(entry);
  }

  private replayUndo(record: Doc): void {
    const undos = record['undos'];
    const list = Array.isArray(undos) ? undos.map(parseUndo).filter((undo) => undo !== undefined) : [];
    this.uncommitted.add(parseOpTime(record['optime']), list);
  }

  private replayMarks(record: Doc): void {
    const config = record['config'];
    this.config = isDoc(config) ? config : null;
    const vote = readDoc(record, 'vote') ?? {};
    this.lastVote = {
      term: readNumber(vote, 'term') ?? 0,
      candidateIndex: readNumber(vote, 'candidateIndex') ?? -1,
    };
    this.rollbackId = readNumber(record, 'rollbackId') ?? 1;
    this.syncing = isTruthy(record['syncing']);
  }
}
