import { Double, Long, calculateObjectSize } from 'bson';
import {
  type Doc,
  isDoc,
  isTruthy,
  printDoc,
  readDoc,
  readList,
  readNumber,
  readString,
  toNumber,
} from '../doc';
import { CommandError } from '../error';
import type { OpTime } from '../optime';
import { may } from '../auth/authorization';
import type { Context } from '../server/context';
import { Collection, parseIndex } from '../storage/collection';
import { collectionOf } from '../storage/store';
import { concernOf, settle, write } from './change';
import { type Command, define, loggedIn, ok, onCluster, onCollection, onDatabase, targetOf } from './command';
import { matcher } from './query-engine';

const namespaceOf = (context: Context): string => `${context.database}.${targetOf(context)}`;

const stored = (context: Context): Collection | undefined =>
  context.core.engine.store.get(namespaceOf(context));

const command = (context: Context, o: Doc): OpTime | undefined =>
  write(context, { op: 'c', ns: `${context.database}.$cmd`, o });

const create = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  if (stored(context) !== undefined) {
    throw new CommandError(48, `a collection '${namespaceOf(context)}' already exists`);
  }
  const options = Object.fromEntries(
    ['capped', 'size', 'max', 'validator', 'collation'].flatMap((field) =>
      context.command[field] === undefined ? [] : [[field, context.command[field]]],
    ),
  );
  const optime = command(context, { create: targetOf(context), ...options });
  return { ...(await settle(context, optime, concern)), ...ok() };
};

const drop = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const collection = stored(context);
  if (collection === undefined) throw new CommandError(26, 'ns not found');
  const optime = command(context, { drop: targetOf(context) });
  const settled = await settle(context, optime, concern);
  return { nIndexesWas: collection.indexes.size, ns: collection.namespace, ...settled, ...ok() };
};

const dropDatabase = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const { database } = context;
  if (database === 'admin' || database === 'local' || database === 'config') {
    throw new CommandError(20, `Dropping the '${database}' database is prohibited.`);
  }
  const isThere = context.core.engine.store.inDatabase(database).length > 0;
  const optime = isThere
    ? write(context, { op: 'c', ns: `${database}.$cmd`, o: { dropDatabase: 1 } })
    : undefined;
  return { ...(isThere ? { dropped: database } : {}), ...(await settle(context, optime, concern)), ...ok() };
};

const createIndexes = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const before = stored(context);
  const definitions = (readList(context.command, 'indexes') ?? []).filter(isDoc).map(parseIndex);
  if (definitions.length === 0) throw new CommandError(2, 'Must specify at least one index to create');
  const trial = new Collection(namespaceOf(context));
  for (const doc of before?.docs.values() ?? []) trial.put(doc);
  let optime: OpTime | undefined;
  let added = 0;
  for (const index of definitions) {
    const present = (before ?? trial).indexes.get(index.name);
    if (present !== undefined && printDoc(present.key) === printDoc(index.key)) continue;
    if (present !== undefined)
      throw new CommandError(85, `Index with name: ${index.name} already exists with different options`);
    trial.addIndex(index, context.core.dialect.safeReconfig);
    optime = command(context, { createIndexes: targetOf(context), spec: index.definition });
    added += 1;
  }
  const numIndexesBefore =
    before === undefined ? 1 : before.indexes.size - (stored(context) === before ? added : 0);
  return {
    createdCollectionAutomatically: before === undefined,
    numIndexesBefore,
    numIndexesAfter: numIndexesBefore + added,
    ...(added === 0 ? { note: 'all indexes already exist' } : {}),
    ...ok(),
    ...(await settle(context, optime, concern)),
  };
};

const dropIndexes = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const collection = stored(context);
  if (collection === undefined) throw new CommandError(26, `ns not found ${namespaceOf(context)}`);
  const nIndexesWas = collection.indexes.size;
  const wanted = context.command['index'];
  const names = wanted === '*' ? [...collection.indexes.keys()].filter((name) => name !== '_id_') : [wanted];
  let optime: OpTime | undefined;
  for (const name of names) {
    const found = [...collection.indexes.values()].find(
      (index) => index.name === name || (isDoc(name) && printDoc(index.key) === printDoc(name)),
    );
    if (found === undefined) throw new CommandError(27, `index not found with name [${String(name)}]`);
    optime = command(context, { dropIndexes: targetOf(context), index: found.name });
  }
  return { nIndexesWas, ...ok(), ...(await settle(context, optime, concern)) };
};

const rename = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const from = readString(context.command, 'renameCollection') ?? '';
  const to = readString(context.command, 'to') ?? '';
  const { store } = context.core.engine;
  if (store.get(from) === undefined) throw new CommandError(26, `Source collection ${from} does not exist`);
  if (store.get(to) !== undefined && !isTruthy(context.command['dropTarget'])) {
    throw new CommandError(48, 'target namespace exists');
  }
  const optime = write(context, { op: 'c', ns: 'admin.$cmd', o: { renameCollection: from, to } });
  return { ...ok(), ...(await settle(context, optime, concern)) };
};

const firstBatch = (context: Context, docs: Doc[], namespace: string): Doc => {
  const size = readNumber(readDoc(context.command, 'cursor') ?? {}, 'batchSize') ?? 1000;
  const rest = docs.slice(size);
  const id =
    rest.length === 0 ? Long.ZERO : context.core.cursors.add({ kind: 'list', namespace, docs: rest });
  return ok({ cursor: { id, ns: namespace, firstBatch: docs.slice(0, size) } });
};

const listCollections = (context: Context): Doc => {
  const { database } = context;
  const docs = context.core.engine.store.inDatabase(database).map((collection) => ({
    name: collectionOf(collection.namespace),
    type: 'collection',
    options: collection.options,
    info: { readOnly: false, uuid: collection.uuid },
    idIndex: collection.indexes.get('_id_')?.definition ?? {},
  }));
  const matches = matcher(readDoc(context.command, 'filter') ?? {});
  return firstBatch(context, docs.filter(matches), `${database}.$cmd.listCollections`);
};

const listIndexes = (context: Context): Doc => {
  const collection = stored(context);
  if (collection === undefined) throw new CommandError(26, `ns does not exist: ${namespaceOf(context)}`);
  const docs = [...collection.indexes.values()].map(({ definition }) => definition);
  return firstBatch(context, docs, `${context.database}.$cmd.listIndexes.${targetOf(context)}`);
};

const sizeOf = (collection: Collection): number => {
  let size = 0;
  for (const doc of collection.docs.values()) size += calculateObjectSize(doc);
  return size;
};

const onDisk = (bytes: number): number => Math.max(4096, Math.ceil(bytes / 4096) * 4096);

const listDatabases = (context: Context): Doc => {
  const { engine, member } = context.core;
  const nameOnly = isTruthy(context.command['nameOnly']);
  const names = [
    ...engine.store.databases(),
    ...(member === undefined || engine.isEmpty ? [] : ['local']),
    // Where a real server keeps what it remembers of retryable writes, from its set's first primary on.
    ...(member === undefined || engine.store.get('admin.system.version') === undefined ? [] : ['config']),
  ];
  const visible = may(context, 'listDatabases', 'cluster') ? [...new Set(names)].sort() : [];
  const databases = visible.map((name) => {
    if (nameOnly) return { name };
    const bytes =
      name === 'local'
        ? engine.oplog.bytes
        : engine.store.inDatabase(name).reduce((sum, one) => sum + sizeOf(one), 0);
    return { name, sizeOnDisk: new Double(onDisk(bytes)), empty: false };
  });
  const matched = databases.filter(matcher(readDoc(context.command, 'filter') ?? {}));
  const total = matched.reduce(
    (sum, one) => sum + (toNumber('sizeOnDisk' in one ? one.sizeOnDisk : 0) ?? 0),
    0,
  );
  return ok({ databases: matched, ...(nameOnly ? {} : { totalSize: new Double(total) }) });
};

const dbStats = (context: Context): Doc => {
  const collections = context.core.engine.store.inDatabase(context.database);
  const objects = collections.reduce((sum, one) => sum + one.docs.size, 0);
  const dataSize = collections.reduce((sum, one) => sum + sizeOf(one), 0);
  const indexes = collections.reduce((sum, one) => sum + one.indexes.size, 0);
  return ok({
    db: context.database,
    collections: collections.length,
    views: 0,
    objects,
    avgObjSize: new Double(objects === 0 ? 0 : dataSize / objects),
    dataSize: new Double(dataSize),
    storageSize: new Double(collections.length === 0 ? 0 : onDisk(dataSize)),
    ...(context.core.dialect.safeReconfig ? {} : { numExtents: 0 }),
    indexes,
    indexSize: new Double(indexes * 4096),
    scaleFactor: new Double(1),
    fsUsedSize: new Double(0),
    fsTotalSize: new Double(0),
  });
};

const oplogStats = (context: Context, scale: number): Doc => {
  const { oplog } = context.core.engine;
  const number = (value: number): number | Long => (value > 0x7fffffff ? Long.fromNumber(value) : value);
  return ok({
    ns: 'local.oplog.rs',
    size: number(Math.floor(oplog.bytes / scale)),
    count: oplog.length,
    avgObjSize: oplog.length === 0 ? 0 : Math.floor(oplog.bytes / oplog.length),
    storageSize: number(Math.floor(onDisk(oplog.bytes) / scale)),
    capped: true,
    max: -1,
    maxSize: oplog.resized
      ? Long.fromNumber(Math.floor(oplog.maxBytes / scale))
      : number(Math.floor(oplog.maxBytes / scale)),
    sleepCount: 0,
    sleepMS: 0,
    nindexes: 0,
    scaleFactor: scale,
  });
};

const collStats = (context: Context): Doc => {
  const scale = readNumber(context.command, 'scale') ?? 1;
  const namespace = namespaceOf(context);
  if (namespace === 'local.oplog.rs') return oplogStats(context, scale);
  const collection = stored(context);
  const size = collection === undefined ? 0 : sizeOf(collection);
  const count = collection?.docs.size ?? 0;
  return ok({
    ns: namespace,
    size: Math.floor(size / scale),
    count,
    ...(count === 0 ? {} : { avgObjSize: Math.floor(size / count) }),
    storageSize: collection === undefined ? 0 : Math.floor(onDisk(size) / scale),
    capped: isTruthy(collection?.options['capped']),
    nindexes: collection?.indexes.size ?? 0,
    totalIndexSize: (collection?.indexes.size ?? 0) * 4096,
    scaleFactor: scale,
  });
};

const validate = (context: Context): Doc => {
  const collection = stored(context);
  if (collection === undefined) throw new CommandError(26, 'ns not found');
  return ok({
    ns: collection.namespace,
    nrecords: collection.docs.size,
    nIndexes: collection.indexes.size,
    valid: true,
    errors: [],
  });
};

const writing = { runsOn: 'primary', inMaintenance: false, takesWriteConcern: true } as const;
const reading = { runsOn: 'opt-in', inMaintenance: false } as const;

/** Commands about collections, indexes and databases. */
export const collectionCommands: Command[] = [
  define('create', onCollection('createCollection'), create, writing),
  define('drop', onCollection('dropCollection'), drop, writing),
  define('dropDatabase', onDatabase('dropDatabase'), dropDatabase, writing),
  define('createIndexes', onCollection('createIndex'), createIndexes, writing),
  define('dropIndexes', onCollection('dropIndex'), dropIndexes, writing),
  define('renameCollection', onCluster('setParameter'), rename, { ...writing, adminOnly: true }),
  define('listCollections', onDatabase('listCollections'), listCollections, reading),
  define('listIndexes', onCollection('listIndexes'), listIndexes, reading),
  define('listDatabases', loggedIn, listDatabases, { runsOn: 'opt-in', adminOnly: true }),
  define(['dbStats', 'dbstats'], onDatabase('dbStats'), dbStats, reading),
  define(['collStats', 'collstats'], onCollection('collStats'), collStats, reading),
  define('validate', onCollection('validate'), validate, reading),
];
