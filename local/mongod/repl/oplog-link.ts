import { Long, type Timestamp } from 'bson';
import { type Doc, isDoc, readDoc, readList, readNumber } from '../doc';
import { type OpTime, parseOpTime, renderOpTime, toTimestamp } from '../optime';
import { type OplogEntry, parseEntry } from '../storage/oplog';
import type { MemberLink } from '../wire/link';

/** What a source tells besides operations. `primaryIndex` -1: it knows no primary. */
export interface SourceView {
  readonly term: number;
  readonly committed: OpTime;
  readonly primaryIndex: number;
}

export interface OplogBatch {
  readonly cursor: Long;
  readonly entries: OplogEntry[];
  readonly view: SourceView;
}

const readOnSecondary: Doc = { $readPreference: { mode: 'secondaryPreferred' } };

const parseBatch = (reply: Doc): OplogBatch => {
  const cursor = readDoc(reply, 'cursor') ?? {};
  const docs = readList(cursor, 'firstBatch') ?? readList(cursor, 'nextBatch') ?? [];
  const view = readDoc(reply, '$replData') ?? {};
  return {
    cursor: Long.fromNumber(readNumber(cursor, 'id') ?? 0),
    entries: docs.filter(isDoc).map(parseEntry),
    view: {
      term: readNumber(view, 'term') ?? -1,
      committed: parseOpTime(view['lastOpCommitted']),
      primaryIndex: readNumber(view, 'primaryIndex') ?? -1,
    },
  };
};

/** Opens a tailable read of the source's oplog from `from` on (inclusive); `term` tells the source of a newer one. */
export const openOplog = async (
  link: MemberLink,
  from: OpTime,
  term: number,
  timeoutMs: number,
): Promise<OplogBatch> =>
  parseBatch(
    await link.run(
      'local',
      {
        find: 'oplog.rs',
        filter: { ts: { $gte: toTimestamp(from) } },
        tailable: true,
        awaitData: true,
        batchSize: 5000,
        term: Long.fromNumber(term),
        $replData: 1,
        ...readOnSecondary,
      },
      timeoutMs,
    ),
  );

/** Waits up to `awaitMs` for more, or for the source's commit point to pass the one known. */
export const readMore = async (
  link: MemberLink,
  cursor: Long,
  known: { readonly term: number; readonly committed: OpTime },
  awaitMs: number,
  timeoutMs: number,
): Promise<OplogBatch> =>
  parseBatch(
    await link.run(
      'local',
      {
        getMore: cursor,
        collection: 'oplog.rs',
        batchSize: 5000,
        maxTimeMS: awaitMs,
        term: Long.fromNumber(known.term),
        lastKnownCommittedOpTime: renderOpTime(known.committed),
        $replData: 1,
      },
      timeoutMs,
    ),
  );

/** The source's entries at these timestamps. */
export const findEntries = async (
  link: MemberLink,
  at: Timestamp[],
  timeoutMs: number,
): Promise<OplogEntry[]> => {
  const reply = await link.run(
    'local',
    {
      find: 'oplog.rs',
      filter: { ts: { $in: at } },
      batchSize: at.length + 1,
      singleBatch: true,
      ...readOnSecondary,
    },
    timeoutMs,
  );
  return parseBatch(reply).entries;
};

/** The source's rollback number: it goes up by one with each rollback. */
export const readRollbackId = async (link: MemberLink, timeoutMs: number): Promise<number> =>
  readNumber(await link.run('admin', { replSetGetRBID: 1 }, timeoutMs), 'rbid') ?? -1;

/** The oldest (1) or newest (-1) entry of the source's oplog. */
export const readEnd = async (
  link: MemberLink,
  end: 1 | -1,
  timeoutMs: number,
): Promise<OplogEntry | undefined> => {
  const command = {
    find: 'oplog.rs',
    sort: { $natural: end },
    limit: 1,
    singleBatch: true,
    ...readOnSecondary,
  };
  return parseBatch(await link.run('local', command, timeoutMs)).entries[0];
};
