import { Long, calculateObjectSize } from 'bson';
import { type Doc, isDoc, isTruthy, readDoc, readList, readNumber, readString } from '../doc';
import { CommandError } from '../error';
import { type OpTime, compareOpTimes, nullOpTime, parseOpTime, readTimestamp, renderOpTime } from '../optime';
import type { Context } from '../server/context';
import type { OplogEntry } from '../storage/oplog';
import { countBatch } from './batch';
import { type Command, define, loggedIn, ok, onCollection, targetOf } from './command';
import { aggregate, distinctValues, matcher, select } from './query-engine';
import { awaitReadConcern, countOf, documentsOf } from './source';
import { byTerm } from './term-filter';

const defaultBatch = 101;
const laterBatch = 5000;

const bytesOf = (doc: Doc): number => calculateObjectSize(doc);

/** `$replData` for members that read the oplog. */
const replicationView = ({ core, command }: Context): Doc => {
  const { member } = core;
  if (member === undefined || command['$replData'] === undefined) return {};
  const { topology, engine } = member;
  return {
    $replData: {
      term: Long.fromNumber(topology.term),
      lastOpCommitted: renderOpTime(topology.commitPoint),
      primaryIndex: topology.primaryIndex,
      rbid: engine.rollbackId,
    },
  };
};

const cursorReply = (
  context: Context,
  namespace: string,
  docs: Doc[],
  single: boolean,
  size: number,
): Doc => {
  const count = countBatch(docs, size, bytesOf);
  const firstBatch = docs.slice(0, count);
  const rest = docs.slice(count);
  const id =
    single || rest.length === 0
      ? Long.ZERO
      : context.core.cursors.add({ kind: 'list', namespace, docs: rest });
  const isStored = context.database === 'local' || context.core.engine.store.get(namespace) !== undefined;
  // The server puts the fields in another order for a collection that is not there.
  const cursor = isStored ? { firstBatch, id, ns: namespace } : { id, ns: namespace, firstBatch };
  return ok({ cursor, ...replicationView(context) });
};

const oplogBatch = (
  { core }: Context,
  from: { secs: number; inc: number },
  size: number,
): readonly OplogEntry[] => {
  const entries = core.engine.oplog.from(from, size);
  return entries.slice(
    0,
    countBatch(entries, size, ({ bytes }) => bytes),
  );
};

/** A reader of the oplog tells its term: a primary of an older one steps down. */
const noteTerm = ({ core, command }: Context): void => {
  const term = readNumber(command, 'term');
  if (core.member !== undefined && term !== undefined) {
    core.member.perform(core.member.topology.updateTerm(term));
  }
};

const tailOplog = (context: Context, filter: Doc): Doc => {
  const { core, command } = context;
  noteTerm(context);
  const namespace = 'local.oplog.rs';
  documentsOf(context, 'oplog.rs');
  const from = readTimestamp(readDoc(filter, 'ts')?.['$gte']) ?? { secs: 0, inc: 0 };
  const size = countOf(command, 'batchSize') || defaultBatch;
  const entries = oplogBatch(context, from, size);
  const matches = matcher(filter);
  const last = entries.at(-1)?.optime;
  const next = last === undefined ? from : { secs: last.secs, inc: last.inc + 1 };
  const known = core.member?.topology.commitPoint ?? nullOpTime;
  const id = core.cursors.add({ kind: 'oplog', namespace, next, last, filter, known });
  const firstBatch = entries.map(({ doc }) => doc).filter(matches);
  return ok({ cursor: { firstBatch, id, ns: namespace }, ...replicationView(context) });
};

/** A fast path for oplog reads with a lower bound or from an end. */
const oplogDocs = (context: Context, filter: Doc): Doc[] => {
  const from = readTimestamp(readDoc(filter, 'ts')?.['$gte'] ?? readDoc(filter, 'ts')?.['$gt']);
  return from === undefined
    ? documentsOf(context, 'oplog.rs')
    : context.core.engine.oplog.from(from).map(({ doc }) => doc);
};

const readOplog = (context: Context, asked: Doc): { docs: Doc[]; filter: Doc } => {
  const { filter, holds } = byTerm(asked);
  return { docs: oplogDocs(context, filter).filter(holds), filter };
};

const find = async (context: Context): Promise<Doc> => {
  const { command, database } = context;
  const collection = targetOf(context);
  await awaitReadConcern(context);
  const filter = readDoc(command, 'filter') ?? {};
  const namespace = `${database}.${collection}`;
  const isOplog = namespace === 'local.oplog.rs';
  if (isOplog && isTruthy(command['tailable'])) return tailOplog(context, filter);
  context.core.counters.queries += 1;
  const limit = countOf(command, 'limit');
  const single = isTruthy(command['singleBatch']) || (readNumber(command, 'limit') ?? 0) < 0;
  const source = isOplog
    ? readOplog(context, filter)
    : { docs: readPoint(context, collection, filter), filter };
  const docs = select(source.docs, {
    filter: source.filter,
    sort: readDoc(command, 'sort'),
    projection: readDoc(command, 'projection'),
    skip: countOf(command, 'skip'),
    limit,
  });
  const given = command['batchSize'];
  const size = given === undefined ? defaultBatch : countOf(command, 'batchSize');
  return cursorReply(context, namespace, docs, single, size);
};

/** One document by `_id` without walking the collection, when the read concern allows. */
const readPoint = (context: Context, collection: string, filter: Doc): Doc[] => {
  const id = filter['_id'];
  const simple = id !== undefined && (!isDoc(id) || !Object.keys(id).some((key) => key.startsWith('$')));
  const stored = context.core.engine.store.get(`${context.database}.${collection}`);
  if (!simple || id instanceof RegExp || stored === undefined || isDoc(context.command['readConcern'])) {
    return documentsOf(context, collection);
  }
  const doc = stored.get(id);
  return doc === undefined ? [] : [doc];
};

const awaitOplog = async (
  context: Context,
  next: { secs: number; inc: number },
  known: OpTime,
): Promise<void> => {
  const { member, engine } = context.core;
  const awaitMs = readNumber(context.command, 'maxTimeMS') ?? 1000;
  if (member === undefined) return;
  await member.bell.until(() => {
    const last = engine.lastApplied;
    const more = last.secs > next.secs || (last.secs === next.secs && last.inc >= next.inc);
    const committed = compareOpTimes(member.topology.commitPoint, known) > 0;
    return more || committed || context.connection.closed || member.stopped ? true : undefined;
  }, awaitMs);
};

const noCursor = (id: Long): CommandError => new CommandError(43, `cursor id ${id.toString()} not found`);

const getMore = async (context: Context): Promise<Doc> => {
  const { core, command } = context;
  const id = command['getMore'];
  const cursorId = id instanceof Long ? id : Long.fromNumber(typeof id === 'number' ? id : 0);
  const cursor = core.cursors.get(cursorId);
  if (cursor === undefined) throw noCursor(cursorId);
  const size = countOf(command, 'batchSize') || laterBatch;
  if (cursor.kind === 'list') {
    const count = countBatch(cursor.docs, size, bytesOf);
    const nextBatch = cursor.docs.slice(0, count);
    cursor.docs = cursor.docs.slice(count);
    const isEnd = cursor.docs.length === 0;
    if (isEnd) core.cursors.remove(cursorId);
    return ok({ cursor: { nextBatch, id: isEnd ? Long.ZERO : cursorId, ns: cursor.namespace } });
  }
  noteTerm(context);
  const known = command['lastKnownCommittedOpTime'];
  await awaitOplog(context, cursor.next, known === undefined ? cursor.known : parseOpTime(known));
  if (core.cursors.get(cursorId) === undefined) throw noCursor(cursorId);
  if (cursor.last !== undefined && !core.engine.oplog.has(cursor.last)) {
    core.cursors.remove(cursorId);
    throw new CommandError(
      136,
      'CollectionScan died due to position in capped collection being deleted. Last seen record id: RecordId(0)',
    );
  }
  const entries = oplogBatch(context, cursor.next, size);
  const last = entries.at(-1)?.optime;
  if (last !== undefined) {
    cursor.last = last;
    cursor.next = { secs: last.secs, inc: last.inc + 1 };
  }
  cursor.known = core.member?.topology.commitPoint ?? nullOpTime;
  const matches = matcher(cursor.filter);
  const nextBatch = entries.map(({ doc }) => doc).filter(matches);
  return ok({ cursor: { nextBatch, id: cursorId, ns: cursor.namespace }, ...replicationView(context) });
};

const killCursors = ({ core, command }: Context): Doc => {
  const ids = (readList(command, 'cursors') ?? []).map((id) =>
    id instanceof Long ? id : Long.fromNumber(Number(id)),
  );
  const cursorsKilled = ids.filter((id) => core.cursors.remove(id));
  const cursorsNotFound = ids.filter((id) => !cursorsKilled.includes(id));
  return ok({ cursorsKilled, cursorsNotFound, cursorsAlive: [], cursorsUnknown: [] });
};

const count = async (context: Context): Promise<Doc> => {
  await awaitReadConcern(context);
  const filter = readDoc(context.command, 'query') ?? {};
  const plan = {
    filter,
    sort: undefined,
    projection: undefined,
    skip: countOf(context.command, 'skip'),
    limit: countOf(context.command, 'limit'),
  };
  return ok({ n: select(documentsOf(context, targetOf(context)), plan).length });
};

const distinct = async (context: Context): Promise<Doc> => {
  await awaitReadConcern(context);
  const docs = documentsOf(context, targetOf(context)).filter(
    matcher(readDoc(context.command, 'query') ?? {}),
  );
  return ok({ values: distinctValues(docs, readString(context.command, 'key') ?? '') });
};

/** Stages that read the server itself rather than a collection. */
const serverStage = (context: Context, stage: Doc): Doc[] | undefined => {
  const [name = ''] = Object.keys(stage);
  switch (name) {
    case '$currentOp':
      return [];
    case '$listSessions':
    case '$listLocalSessions':
      return [];
    case '$indexStats': {
      const collection = context.core.engine.store.get(`${context.database}.${targetOf(context)}`);
      return [...(collection?.indexes.values() ?? [])].map((index) => ({ name: index.name, key: index.key }));
    }
    case '$collStats':
      return [
        {
          ns: `${context.database}.${targetOf(context)}`,
          count: documentsOf(context, targetOf(context)).length,
        },
      ];
    case '$changeStream':
      throw new CommandError(20, 'this stand-in has no change streams: use a true mongod');
    case '$out':
    case '$merge':
      throw new CommandError(20, `this stand-in has no ${name}: use a true mongod`);
    default:
      return undefined;
  }
};

const runAggregate = async (context: Context): Promise<Doc> => {
  await awaitReadConcern(context);
  const { command, database } = context;
  const pipeline = (readList(command, 'pipeline') ?? []).filter(isDoc);
  const [first = {}, ...rest] = pipeline;
  const served = serverStage(context, first);
  for (const stage of rest) serverStage(context, stage);
  const docs = served ?? documentsOf(context, targetOf(context));
  const result = aggregate(docs, served === undefined ? pipeline : rest, (name) =>
    documentsOf(context, name),
  );
  const size = readNumber(readDoc(command, 'cursor') ?? {}, 'batchSize') ?? defaultBatch;
  const collection = targetOf(context);
  const namespace = `${database}.${collection === '' ? '$cmd.aggregate' : collection}`;
  return cursorReply(context, namespace, result, false, size);
};

const reading = { runsOn: 'opt-in', inMaintenance: false } as const;

/** Commands that read documents. */
export const readCommands: Command[] = [
  define('find', onCollection('find'), find, reading),
  define('getMore', loggedIn, getMore),
  define('killCursors', loggedIn, killCursors),
  define('count', onCollection('find'), count, reading),
  define('distinct', onCollection('find'), distinct, reading),
  define('aggregate', onCollection('find'), runAggregate, reading),
];
