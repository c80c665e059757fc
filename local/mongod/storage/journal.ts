import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  write,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { type Doc, decodeDoc, encodeDoc } from '../doc';

const writeAsync = promisify(write);
const syncAsync = promisify(fdatasync);

/** A journal grows to this many bytes (and twice the last snapshot) before it is folded into a snapshot. */
const compactAfterBytes = 32 * 1024 * 1024;

const frameRecord = (record: Doc): Buffer => {
  const body = encodeDoc(record);
  const frame = Buffer.allocUnsafe(body.length + 4);
  frame.set(body, 0);
  frame.writeUInt32LE(crc32(body), body.length);
  return frame;
};

/** Reads whole records up to the first torn or damaged one; `end` is where that starts. */
const readRecords = (path: string): { records: Doc[]; end: number; size: number } => {
  const bytes = readFileSync(path);
  const records: Doc[] = [];
  let at = 0;
  while (at + 4 <= bytes.length) {
    const length = bytes.readInt32LE(at);
    if (length < 5 || at + length + 4 > bytes.length) break;
    const body = bytes.subarray(at, at + length);
    if (crc32(body) !== bytes.readUInt32LE(at + length)) break;
    records.push(decodeDoc(body));
    at += length + 4;
  }
  return { records, end: at, size: bytes.length };
};

const syncFolder = (folder: string): void => {
  const handle = openSync(folder, 'r');
  fsyncSync(handle);
  closeSync(handle);
};

const generationOf = (name: string): number =>
  Number(/^(?:journal|snapshot)-(\d+)\.bson$/.exec(name)?.[1] ?? 0);

const fileName = (kind: 'journal' | 'snapshot', generation: number): string =>
  `${kind}-${String(generation).padStart(8, '0')}.bson`;

/** An append-only file of BSON records on disk with grouped fsync, folded into a snapshot when it is long. */
export class Journal {
  private handle: number;
  private pending: Buffer[] = [];
  private retired: number[] = [];
  private appended = 0;
  private durable = 0;
  private bytes: number;
  private snapshotBytes = 0;
  private flushing: Promise<void> | undefined;
  private waiters: { sequence: number; resolve: () => void; reject: (error: unknown) => void }[] = [];
  private closed = false;

  private constructor(
    private readonly folder: string,
    private generation: number,
    private readonly snapshot: () => Iterable<Doc>,
    private readonly onDurable: () => void,
    private readonly onFailure: (error: unknown) => void,
  ) {
    const path = join(folder, fileName('journal', generation));
    this.handle = openSync(path, 'a');
    this.bytes = readFileSync(path).length;
  }

  /**
   * Opens the journal of a data folder and gives the records to replay, oldest first.
   * `snapshot` gives the records that stand for the whole present state; `onDurable` is called after each fsync;
   * `onFailure` when the disk refuses (the server stops, as mongod does).
   */
  static open(
    dbPath: string,
    snapshot: () => Iterable<Doc>,
    onDurable: () => void,
    onFailure: (error: unknown) => void,
  ): { journal: Journal; records: Doc[] } {
    const folder = join(dbPath, 'journal');
    mkdirSync(folder, { recursive: true });
    const generation = Math.max(1, ...readdirSync(folder).map(generationOf));
    const snapshotPath = join(folder, fileName('snapshot', generation));
    const journalPath = join(folder, fileName('journal', generation));
    const base = existsSync(snapshotPath) ? readRecords(snapshotPath).records : [];
    let tail: Doc[] = [];
    if (existsSync(journalPath)) {
      const read = readRecords(journalPath);
      tail = read.records;
      if (read.end < read.size) truncateSync(journalPath, read.end);
    }
    const journal = new Journal(folder, generation, snapshot, onDurable, onFailure);
    return { journal, records: [...base, ...tail] };
  }

  /** Queues a record; gives its sequence number. */
  append(record: Doc): number {
    this.pending.push(frameRecord(record));
    this.appended += 1;
    this.start();
    return this.appended;
  }

  /** True when the record with this sequence number is on disk. */
  isDurable(sequence: number): boolean {
    return this.durable >= sequence;
  }

  /** Resolves when everything appended so far is on disk. */
  flush(): Promise<void> {
    const sequence = this.appended;
    if (this.isDurable(sequence)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.waiters.push({ sequence, resolve, reject });
      this.start();
    });
  }

  /** Replaces snapshot and journal by the present state, at once. */
  compact(): void {
    this.pending = [];
    const next = this.generation + 1;
    const temporary = join(this.folder, 'snapshot.tmp');
    const handle = openSync(temporary, 'w');
    let size = 0;
    for (const record of this.snapshot()) size += writeSync(handle, frameRecord(record));
    fdatasyncSync(handle);
    closeSync(handle);
    renameSync(temporary, join(this.folder, fileName('snapshot', next)));
    syncFolder(this.folder);
    this.retired.push(this.handle);
    this.handle = openSync(join(this.folder, fileName('journal', next)), 'a');
    if (this.flushing === undefined) this.closeRetired();
    rmSync(join(this.folder, fileName('snapshot', this.generation)), { force: true });
    rmSync(join(this.folder, fileName('journal', this.generation)), { force: true });
    this.generation = next;
    this.bytes = 0;
    this.snapshotBytes = size;
    this.reach(this.appended);
  }

  /** Writes what is queued, then closes the file. */
  async close(): Promise<void> {
    await this.flush();
    await this.flushing;
    this.closed = true;
    closeSync(this.handle);
  }

  private start(): void {
    if (this.flushing !== undefined || this.closed) return;
    this.flushing = this.drain()
      .catch((error: unknown) => {
        for (const waiter of this.waiters.splice(0)) waiter.reject(error);
        this.onFailure(error);
      })
      .finally(() => {
        this.flushing = undefined;
        this.closeRetired();
        if (this.pending.length > 0) this.start();
      });
  }

  private async drain(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve));
    while (this.pending.length > 0) {
      const sequence = this.appended;
      const batch = Buffer.concat(this.pending);
      this.pending = [];
      const { handle } = this;
      let written = 0;
      while (written < batch.length) {
        written += (await writeAsync(handle, batch, written, batch.length - written)).bytesWritten;
      }
      await syncAsync(handle);
      if (handle !== this.handle) continue;
      this.bytes += batch.length;
      this.reach(sequence);
      if (this.bytes > Math.max(compactAfterBytes, 2 * this.snapshotBytes)) this.compact();
    }
  }

  private closeRetired(): void {
    for (const handle of this.retired.splice(0)) closeSync(handle);
  }

  private reach(sequence: number): void {
    this.durable = Math.max(this.durable, sequence);
    const ready = this.waiters.filter((waiter) => waiter.sequence <= this.durable);
    this.waiters = this.waiters.filter((waiter) => waiter.sequence > this.durable);
    for (const waiter of ready) waiter.resolve();
    this.onDurable();
  }
}
