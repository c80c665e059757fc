import { Long, calculateObjectSize } from 'bson';
import { type Doc, readDoc, readNumber } from '../doc';
import { type OpTime, compareOpTimes, nullOpTime, readTimestamp } from '../optime';

export interface OplogEntry {
  readonly optime: OpTime;
  readonly wall: Date;
  readonly doc: Doc;
  readonly bytes: number;
}

/** Longs that reading BSON into numbers took away from an entry. */
const withLongs = (doc: Doc): Doc => {
  const result = { ...doc };
  for (const field of ['t', 'h', 'txnNumber']) {
    const number = readNumber(doc, field);
    if (number !== undefined) result[field] = Long.fromNumber(number);
  }
  const previous = readDoc(doc, 'prevOpTime');
  if (previous !== undefined)
    result['prevOpTime'] = { ...previous, t: Long.fromNumber(readNumber(previous, 't') ?? -1) };
  return result;
};

/** Reads an oplog document. */
export const parseEntry = (raw: Doc): OplogEntry => {
  const doc = withLongs(raw);
  const ts = readTimestamp(doc['ts']) ?? { secs: 0, inc: 0 };
  const wall = doc['wall'];
  return {
    optime: { ...ts, term: readNumber(doc, 't') ?? -1 },
    wall: wall instanceof Date ? wall : new Date(ts.secs * 1000),
    doc,
    bytes: calculateObjectSize(doc),
  };
};

/** Orders by timestamp alone, as positions in one oplog are. */
const compareTs = (a: { secs: number; inc: number }, b: { secs: number; inc: number }): number =>
  a.secs - b.secs || a.inc - b.inc;

/** The capped list of operations, oldest first. */
export class Oplog {
  private entries: OplogEntry[] = [];
  private head = 0;
  bytes = 0;
  /** Its size was changed while it ran: the server shows it as another type from then on. */
  resized = false;

  constructor(public maxBytes: number) {}

  resize(maxBytes: number): void {
    this.maxBytes = maxBytes;
    this.resized = true;
  }

  get length(): number {
    return this.entries.length - this.head;
  }

  get first(): OplogEntry | undefined {
    return this.entries[this.head];
  }

  get last(): OplogEntry | undefined {
    return this.length > 0 ? this.entries[this.entries.length - 1] : undefined;
  }

  get lastOpTime(): OpTime {
    return this.last?.optime ?? nullOpTime;
  }

  /** Appends; entries beyond the size limit fall off the old end, as they do in a capped collection. */
  append(entry: OplogEntry): void {
    this.entries.push(entry);
    this.bytes += entry.bytes;
    while (this.bytes > this.maxBytes && this.length > 1) {
      this.bytes -= this.entries[this.head]?.bytes ?? 0;
      this.head += 1;
    }
    if (this.head > 4096 && this.head * 2 > this.entries.length) {
      this.entries = this.entries.slice(this.head);
      this.head = 0;
    }
  }

  /** Entries with a timestamp at or after the given one, at most `limit`. */
  from(ts: { secs: number; inc: number }, limit = Infinity): OplogEntry[] {
    let low = this.head;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.entries[middle];
      if (entry !== undefined && compareTs(entry.optime, ts) < 0) low = middle + 1;
      else high = middle;
    }
    return this.entries.slice(low, Math.min(this.entries.length, low + limit));
  }

  /** True when this exact operation is in the oplog. */
  has(optime: OpTime): boolean {
    const [found] = this.from(optime, 1);
    return found !== undefined && compareOpTimes(found.optime, optime) === 0;
  }

  all(): OplogEntry[] {
    return this.entries.slice(this.head);
  }

  /** Removes everything after `optime`; gives the removed entries, oldest first. */
  truncateAfter(optime: OpTime): OplogEntry[] {
    const removed: OplogEntry[] = [];
    for (let last = this.last; last !== undefined && compareTs(last.optime, optime) > 0; last = this.last) {
      this.entries.pop();
      this.bytes -= last.bytes;
      removed.unshift(last);
    }
    return removed;
  }

  clear(): void {
    this.entries = [];
    this.head = 0;
    this.bytes = 0;
  }
}
