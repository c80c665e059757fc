import { Binary, UUID } from 'bson';
import { type Doc, isDoc, readDoc, readList, readNumber, readString } from '../doc';
import { messageOf } from '../error';
import { type OpTime, nullOpTime, printOpTime } from '../optime';
import { checkFeatureVersion } from '../storage/feature-version';
import { LinkError, type MemberLink } from '../wire/link';
import type { Member } from './member';
import { memberState } from './member-state';
import { openOplog, readEnd, readMore, readRollbackId } from './oplog-link';
import { chooseSyncSource } from './sync-source';

const maxAttempts = 10;
const timeoutMs = 30_000;
const retryMs = 1000;

/** Progress of an initial sync, as `replSetGetStatus {initialSync: 1}` shows it. */
export interface SyncProgress {
  start: Date;
  end: Date | undefined;
  failed: number;
  attempts: Doc[];
  oplogStart: OpTime | undefined;
  oplogEnd: OpTime | undefined;
  appliedOps: number;
  databases: Map<string, { readonly counts: Doc; readonly copies: Doc }>;
}

/** All attempts failed: mongod stops. */
export class InitialSyncError extends Error {}

const freshProgress = (): SyncProgress => ({
  start: new Date(),
  end: undefined,
  failed: 0,
  attempts: [],
  oplogStart: undefined,
  oplogEnd: undefined,
  appliedOps: 0,
  databases: new Map(),
});

const readPreference: Doc = { $readPreference: { mode: 'secondaryPreferred' } };

const readAll = async (
  link: MemberLink,
  database: string,
  command: Doc,
  each: (docs: Doc[]) => void,
): Promise<void> => {
  const collection = Object.values(command)[0];
  let cursor =
    readDoc(await link.run(database, { ...command, ...readPreference }, timeoutMs), 'cursor') ?? {};
  each((readList(cursor, 'firstBatch') ?? []).filter(isDoc));
  while ((readNumber(cursor, 'id') ?? 0) !== 0) {
    const more = { getMore: cursor['id'], collection, batchSize: 2000 };
    cursor = readDoc(await link.run(database, more, timeoutMs), 'cursor') ?? {};
    each((readList(cursor, 'nextBatch') ?? []).filter(isDoc));
  }
};

/** How far the copy of one collection has got, as the status shows it. */
const freshCopy = (): Doc => ({
  documentsToCopy: 0,
  documentsCopied: 0,
  indexes: 0,
  fetchedBatches: 0,
  receivedBatches: 0,
});

const countAt = async (link: MemberLink, database: string, collection: string): Promise<number> =>
  readNumber(await link.run(database, { count: collection, ...readPreference }, timeoutMs), 'n') ?? 0;

const cloneCollection = async (
  member: Member,
  link: MemberLink,
  database: string,
  info: Doc,
  shown: Doc,
): Promise<void> => {
  const { engine } = member;
  const name = readString(info, 'name') ?? '';
  const namespace = `${database}.${name}`;
  const start = new Date();
  const indexes: Doc[] = [];
  const copy = { ...freshCopy(), documentsToCopy: await countAt(link, database, name), start };
  shown[namespace] = copy;
  await readAll(link, database, { listIndexes: name, cursor: {} }, (docs) => indexes.push(...docs));
  const uuid = readDoc(info, 'info')?.['uuid'];
  engine.loadCollection({
    namespace,
    uuid: uuid instanceof Binary ? uuid : new UUID().toBinary(),
    options: readDoc(info, 'options') ?? {},
    indexes: indexes.filter((index) => index['name'] !== '_id_'),
  });
  let copied = 0;
  let batches = 0;
  await readAll(link, database, { find: name, batchSize: 2000 }, (docs) => {
    const collection = engine.store.get(namespace);
    for (const doc of docs) collection?.put(doc);
    copied += docs.length;
    batches += docs.length > 0 ? 1 : 0;
    shown[namespace] = {
      ...copy,
      documentsCopied: copied,
      indexes: indexes.length,
      fetchedBatches: batches,
      receivedBatches: batches,
    };
  });
  const end = new Date();
  shown[namespace] = {
    documentsToCopy: copied,
    documentsCopied: copied,
    indexes: indexes.length,
    fetchedBatches: batches,
    start,
    end,
    elapsedMillis: end.getTime() - start.getTime(),
    receivedBatches: batches,
  };
};

const cloneDatabase = async (
  member: Member,
  link: MemberLink,
  database: string,
  progress: SyncProgress,
): Promise<void> => {
  const collections: Doc[] = [];
  await readAll(link, database, { listCollections: 1, cursor: {} }, (docs) => collections.push(...docs));
  const start = new Date();
  const counts: Doc = { collections: collections.length, clonedCollections: 0, start };
  const copies: Doc = Object.fromEntries(
    collections.map((info) => [`${database}.${readString(info, 'name') ?? ''}`, freshCopy()]),
  );
  for (const [index, info] of collections.entries()) {
    progress.databases.set(database, { counts, copies });
    await cloneCollection(member, link, database, info, copies);
    counts['clonedCollections'] = index + 1;
  }
  const end = new Date();
  counts['end'] = end;
  counts['elapsedMillis'] = end.getTime() - start.getTime();
  progress.databases.set(database, { counts, copies });
};

/** Applies the source's operations from `begin` up to its present end, so that the clone is of one moment. */
const applyFrom = async (
  member: Member,
  link: MemberLink,
  begin: OpTime,
  progress: SyncProgress,
): Promise<void> => {
  const target = await readEnd(link, -1, timeoutMs);
  const { term } = member.topology;
  let batch = await openOplog(link, begin, term, timeoutMs);
  const [first] = batch.entries;
  if (target === undefined || first === undefined || printOpTime(first.optime) !== printOpTime(begin)) {
    throw new Error('OplogStartMissing: the source no longer holds the start of this initial sync');
  }
  const isThere = (): boolean => {
    const { secs, inc } = member.engine.lastApplied;
    return secs > target.optime.secs || (secs === target.optime.secs && inc >= target.optime.inc);
  };
  member.engine.applyFetched(batch.entries);
  while (!isThere()) {
    batch = await readMore(link, batch.cursor, { term, committed: nullOpTime }, 1000, timeoutMs);
    member.engine.applyFetched(batch.entries);
  }
  progress.appliedOps = member.engine.oplog.length - 1;
  progress.oplogEnd = member.engine.lastApplied;
};

const attempt = async (member: Member, source: string, progress: SyncProgress): Promise<void> => {
  const { engine, topology } = member;
  const link = member.link(source, 'sync');
  engine.beginSync();
  topology.syncSource = source;
  member.changed();
  const rollbackId = await readRollbackId(link, timeoutMs).catch((error: unknown) => {
    throw new Error(
      `HostUnreachable: error while getting base rollback ID :: caused by :: ${messageOf(error)}`,
    );
  });
  const begin = await readEnd(link, -1, timeoutMs);
  if (begin === undefined) throw new Error('OplogStartMissing: the source has no oplog');
  progress.oplogStart = begin.optime;
  const list =
    readList(
      await link.run('admin', { listDatabases: 1, nameOnly: true, ...readPreference }, timeoutMs),
      'databases',
    ) ?? [];
  const names = list.filter(isDoc).map((database) => readString(database, 'name') ?? '');
  progress.databases.clear();
  for (const name of names.filter((database) => database !== 'local')) {
    await cloneDatabase(member, link, name, progress);
  }
  await applyFrom(member, link, begin.optime, progress);
  checkFeatureVersion(engine.store, member.dialect);
  if ((await readRollbackId(link, timeoutMs)) !== rollbackId) {
    throw new Error('UnrecoverableRollbackError: Rollback occurred on our sync source during initial sync');
  }
  engine.endSync();
};

/**
 * Copies all data from a member (S19); leaves this member SECONDARY. Gives up when `isWanted` says so.
 * @throws InitialSyncError after ten failed attempts.
 */
export const runInitialSync = async (
  member: Member,
  isWanted: () => boolean,
  report: (progress: SyncProgress) => void,
): Promise<void> => {
  const progress = freshProgress();
  report(progress);
  member.setFollowerState(memberState.startup2);
  while (isWanted() && progress.failed < maxAttempts) {
    const source = pickSource(member);
    if (source === undefined) {
      await pause(retryMs);
      continue;
    }
    const started = Date.now();
    const note = (status: string): void => {
      progress.attempts.push({ durationMillis: Date.now() - started, status, syncSource: source });
    };
    try {
      await attempt(member, source, progress);
      note('OK');
      progress.end = new Date();
      member.log('INITSYNC', 'initial sync done', { source });
      member.setFollowerState(memberState.recovering);
      member.setFollowerState(memberState.secondary);
      return;
    } catch (error) {
      if (!isWanted()) return;
      progress.failed += 1;
      note(explainFailure(error));
      member.topology.syncSource = '';
      member.dropLink(source, 'sync');
      member.log(
        'INITSYNC',
        'initial sync attempt failed',
        { source, error: messageOf(error), failed: progress.failed },
        'E',
      );
      await pause(retryMs);
    }
  }
  if (isWanted())
    throw new InitialSyncError('The maximum number of retries have been exhausted for initial sync.');
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const pickSource = (member: Member): string | undefined =>
  chooseSyncSource(member.topology, nullOpTime, new Map(), Date.now());

/** What the status says of an attempt whose source went away. */
const explainFailure = (error: unknown): string =>
  error instanceof LinkError
    ? `HostUnreachable: error fetching oplog during initial sync :: caused by :: error in fetcher batch callback :: caused by :: ${error.message}`
    : messageOf(error);
