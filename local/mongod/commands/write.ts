import { ObjectId } from 'bson';
import { type Doc, encodeDoc, isDoc, isTruthy, readDoc, readList, readNumber } from '../doc';
import { CommandError } from '../error';
import type { OpTime } from '../optime';
import type { Context } from '../server/context';
import { Collection } from '../storage/collection';
import { keyOf } from '../storage/keys';
import { Retry, concernOf, settle, write, writeStamp } from './change';
import { type Command, define, ok, onCollection, targetOf } from './command';
import { type UpdatePlan, matcher, seedOf, select, updated } from './query-engine';

/** What one statement did. */
interface Outcome {
  readonly matched: number;
  readonly modified: number;
  readonly upserted?: unknown;
  readonly optime?: OpTime | undefined;
}

const nothing: Outcome = { matched: 0, modified: 0 };

const namespaceOf = (context: Context): string => {
  const collection = targetOf(context);
  if (collection === '') throw new CommandError(73, `Invalid namespace specified '${context.database}.'`);
  return `${context.database}.${collection}`;
};

const collectionAt = (context: Context, namespace: string): Collection =>
  context.core.engine.store.get(namespace) ?? new Collection(namespace);

const isModern = (context: Context): boolean => context.core.dialect.safeReconfig;

/** Makes the collection with its own identity first, so that all members know it by the same one. */
const ensureCollection = (context: Context, namespace: string): void => {
  if (context.core.engine.store.get(namespace) !== undefined) return;
  const collection = targetOf(context);
  write(context, { op: 'c', ns: `${context.database}.$cmd`, o: { create: collection } });
};

export const insertDoc = (
  context: Context,
  namespace: string,
  given: Doc,
  retry: Doc,
): OpTime | undefined => {
  const doc = given['_id'] === undefined ? { _id: new ObjectId(), ...given } : given;
  if (Array.isArray(doc['_id'])) throw new CommandError(53, "The '_id' value cannot be of type array");
  collectionAt(context, namespace).refuseDuplicate(doc, undefined, isModern(context));
  ensureCollection(context, namespace);
  return write(context, { op: 'i', ns: namespace, o: doc, retry });
};

export const replaceDoc = (
  context: Context,
  namespace: string,
  before: Doc,
  after: Doc,
  retry: Doc,
): OpTime | undefined => {
  if (keyOf(before['_id']) !== keyOf(after['_id'])) {
    throw new CommandError(
      66,
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    );
  }
  collectionAt(context, namespace).refuseDuplicate(after, keyOf(before['_id']), isModern(context));
  return write(context, { op: 'u', ns: namespace, o: after, o2: { _id: before['_id'] }, retry });
};

const isSame = (a: Doc, b: Doc): boolean => Buffer.compare(encodeDoc(a), encodeDoc(b)) === 0;

export const upsertDoc = (
  context: Context,
  namespace: string,
  plan: UpdatePlan,
  retry: Doc,
): { id: unknown; doc: Doc; optime: OpTime | undefined } => {
  const seed = seedOf(plan.filter);
  const made = updated(seed, plan, true);
  const doc = made['_id'] === undefined ? { _id: new ObjectId(), ...made } : made;
  return { id: doc['_id'], doc, optime: insertDoc(context, namespace, doc, retry) };
};

export const parseUpdate = (filter: Doc, change: unknown, arrayFilters: unknown): UpdatePlan => {
  const list = Array.isArray(change) ? change.filter(isDoc) : undefined;
  if (list === undefined && !isDoc(change))
    throw new CommandError(9, 'Update argument must be either an object or an array');
  const filters = Array.isArray(arrayFilters) ? arrayFilters.filter(isDoc) : [];
  return { filter, change: list ?? (isDoc(change) ? change : {}), arrayFilters: filters };
};

const updateOne = (
  context: Context,
  namespace: string,
  statement: Doc,
  retry: Retry | undefined,
  id: number,
): Outcome => {
  const filter = readDoc(statement, 'q') ?? {};
  const plan = parseUpdate(filter, statement['u'], statement['arrayFilters']);
  const mark = retry?.mark(id) ?? {};
  const docs = [...collectionAt(context, namespace).docs.values()];
  const multi = isTruthy(statement['multi']);
  const found = select(docs, {
    filter,
    sort: readDoc(statement, 'sort'),
    projection: undefined,
    skip: 0,
    limit: multi ? 0 : 1,
  });
  if (found.length === 0) {
    if (!isTruthy(statement['upsert'])) return nothing;
    const made = upsertDoc(context, namespace, plan, mark);
    return { matched: 1, modified: 0, upserted: made.id, optime: made.optime };
  }
  let modified = 0;
  let optime: OpTime | undefined;
  for (const before of found) {
    const after = updated(before, plan, false);
    if (isSame(before, after)) continue;
    optime = replaceDoc(context, namespace, before, after, multi ? {} : mark);
    modified += 1;
  }
  return { matched: found.length, modified, optime };
};

const deleteSome = (
  context: Context,
  namespace: string,
  statement: Doc,
  retry: Retry | undefined,
  id: number,
): Outcome => {
  const filter = readDoc(statement, 'q') ?? {};
  const one = readNumber(statement, 'limit') === 1;
  const found = [...collectionAt(context, namespace).docs.values()]
    .filter(matcher(filter))
    .slice(0, one ? 1 : undefined);
  let optime: OpTime | undefined;
  for (const doc of found) {
    const mark = one ? (retry?.mark(id) ?? {}) : {};
    optime = write(context, { op: 'd', ns: namespace, o: { _id: doc['_id'] }, retry: mark });
  }
  return { matched: found.length, modified: found.length, optime };
};

type Statement = (statement: Doc, retry: Retry | undefined, id: number) => Outcome;

interface BatchResult {
  n: number;
  modified: number;
  upserted: Doc[];
  errors: Doc[];
  optime: OpTime | undefined;
}

/** What a statement that was done before is answered with. */
const remembered = (entry: Doc): Outcome =>
  entry['op'] === 'i' ? { matched: 1, modified: 0 } : { matched: 1, modified: 1 };

const runBatch = (context: Context, statements: Doc[], run: Statement): BatchResult => {
  const retry = Retry.of(context);
  const ordered = context.command['ordered'] !== false;
  const ids = readList(context.command, 'stmtIds');
  const result: BatchResult = { n: 0, modified: 0, upserted: [], errors: [], optime: undefined };
  for (const [index, statement] of statements.entries()) {
    const id = Number(ids?.[index] ?? index);
    try {
      const done = retry?.done(id);
      const outcome =
        done === undefined ? run(statement, retry, id) : { ...remembered(done.entry), optime: done.optime };
      result.n += outcome.matched;
      result.modified += outcome.modified;
      result.optime = outcome.optime ?? result.optime;
      if (outcome.upserted !== undefined) result.upserted.push({ index, _id: outcome.upserted });
    } catch (error) {
      if (!(error instanceof CommandError) || error.code === 10107) throw error;
      result.errors.push({ index, code: error.code, ...error.extra, errmsg: error.message });
      if (ordered) break;
    }
  }
  return result;
};

const finish = async (context: Context, result: BatchResult, fields: Doc): Promise<Doc> => {
  const concern = concernOf(context);
  if (concern.w === 0) return ok();
  const stamp = writeStamp(context, result.optime);
  const settled = await settle(context, result.optime, concern);
  return {
    n: result.n,
    ...fields,
    ...(result.errors.length > 0 ? { writeErrors: result.errors } : {}),
    ...stamp,
    ...ok(),
    ...settled,
  };
};

const statementsOf = (context: Context, field: string): Doc[] => {
  const list = readList(context.command, field);
  if (list === undefined)
    throw new CommandError(40414, `BSON field '${context.name}.${field}' is missing but a required field`);
  return list.filter(isDoc);
};

const insert = (context: Context): Promise<Doc> => {
  concernOf(context);
  const namespace = namespaceOf(context);
  const result = runBatch(context, statementsOf(context, 'documents'), (doc, retry, id) => {
    context.core.counters.inserts += 1;
    return { matched: 1, modified: 0, optime: insertDoc(context, namespace, doc, retry?.mark(id) ?? {}) };
  });
  return finish(context, result, {});
};

const update = (context: Context): Promise<Doc> => {
  concernOf(context);
  const namespace = namespaceOf(context);
  const result = runBatch(context, statementsOf(context, 'updates'), (statement, retry, id) => {
    context.core.counters.updates += 1;
    return updateOne(context, namespace, statement, retry, id);
  });
  const upserted = result.upserted.length > 0 ? { upserted: result.upserted } : {};
  return finish(context, result, { nModified: result.modified, ...upserted });
};

const remove = (context: Context): Promise<Doc> => {
  concernOf(context);
  const namespace = namespaceOf(context);
  const result = runBatch(context, statementsOf(context, 'deletes'), (statement, retry, id) => {
    context.core.counters.deletes += 1;
    return deleteSome(context, namespace, statement, retry, id);
  });
  return finish(context, result, {});
};

const writing = { runsOn: 'primary', inMaintenance: false, takesWriteConcern: true } as const;

/** Commands that write documents. */
export const writeCommands: Command[] = [
  define('insert', onCollection('insert'), insert, writing),
  define('update', onCollection('update'), update, writing),
  define('delete', onCollection('remove'), remove, writing),
];
