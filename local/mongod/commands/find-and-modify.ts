import { type Doc, isTruthy, readDoc } from '../doc';
import { CommandError } from '../error';
import type { OpTime } from '../optime';
import type { Context } from '../server/context';
import { Retry, concernOf, settle, write } from './change';
import { type Command, define, ok, onCollection, targetOf } from './command';
import { select, updated } from './query-engine';
import { parseUpdate, replaceDoc, upsertDoc } from './write';

interface Outcome {
  readonly lastErrorObject: Doc;
  readonly value: Doc | null;
  readonly optime: OpTime | undefined;
}

const project = (doc: Doc | null, fields: Doc | undefined): Doc | null => {
  if (doc === null || fields === undefined) return doc;
  return select([doc], { filter: {}, sort: undefined, projection: fields, skip: 0, limit: 0 })[0] ?? null;
};

const modify = (context: Context, retry: Retry | undefined): Outcome => {
  const { command, core } = context;
  const namespace = `${context.database}.${targetOf(context)}`;
  const filter = readDoc(command, 'query') ?? {};
  const fields = readDoc(command, 'fields');
  const docs = [...(core.engine.store.get(namespace)?.docs.values() ?? [])];
  const [before] = select(docs, {
    filter,
    sort: readDoc(command, 'sort'),
    projection: undefined,
    skip: 0,
    limit: 1,
  });
  if (isTruthy(command['remove'])) {
    if (before === undefined) return { lastErrorObject: { n: 0 }, value: null, optime: undefined };
    const lastErrorObject = { n: 1 };
    const value = project(before, fields);
    const mark = retry?.mark(0, { retryReply: { lastErrorObject, value } }) ?? {};
    const optime = write(context, { op: 'd', ns: namespace, o: { _id: before['_id'] }, retry: mark });
    return { lastErrorObject, value, optime };
  }
  const plan = parseUpdate(filter, command['update'], command['arrayFilters']);
  const wantsNew = isTruthy(command['new']);
  if (before === undefined) {
    if (!isTruthy(command['upsert'])) {
      return { lastErrorObject: { n: 0, updatedExisting: false }, value: null, optime: undefined };
    }
    const made = upsertDoc(context, namespace, plan, retry?.mark(0) ?? {});
    const lastErrorObject = { n: 1, updatedExisting: false, upserted: made.id };
    return { lastErrorObject, value: wantsNew ? project(made.doc, fields) : null, optime: made.optime };
  }
  const after = updated(before, plan, false);
  const lastErrorObject = { n: 1, updatedExisting: true };
  const value = project(wantsNew ? after : before, fields);
  const optime = replaceDoc(
    context,
    namespace,
    before,
    after,
    retry?.mark(0, { retryReply: { lastErrorObject, value } }) ?? {},
  );
  return { lastErrorObject, value, optime };
};

const run = async (context: Context): Promise<Doc> => {
  const concern = concernOf(context);
  const retry = Retry.of(context);
  const done = retry?.done(0);
  if (done !== undefined) {
    const reply = readDoc(done.entry, 'retryReply') ?? {
      lastErrorObject: { n: 1 },
      value: readDoc(done.entry, 'o'),
    };
    return { ...reply, ...ok(), ...(await settle(context, done.optime, concern)) };
  }
  if (context.command['update'] === undefined && !isTruthy(context.command['remove'])) {
    throw new CommandError(9, 'Either an update or remove=true must be specified');
  }
  const { optime, ...outcome } = modify(context, retry);
  return { ...outcome, ...ok(), ...(await settle(context, optime, concern)) };
};

export const findAndModifyCommands: Command[] = [
  define(['findAndModify', 'findandmodify'], onCollection('update'), run, {
    runsOn: 'primary',
    inMaintenance: false,
    takesWriteConcern: true,
  }),
];
