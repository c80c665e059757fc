import { Aggregator, Query, update } from 'mingo';
import { type Doc, cloneDoc, isDoc } from '../doc';
import { CommandError, messageOf } from '../error';
import { keyOf } from '../storage/keys';

/** How to read from a list of documents. */
export interface ReadPlan {
  readonly filter: Doc;
  readonly sort: Doc | undefined;
  readonly projection: Doc | undefined;
  readonly skip: number;
  readonly limit: number;
}

const guarded = <T>(work: () => T): T => {
  try {
    return work();
  } catch (error) {
    throw new CommandError(2, `this stand-in cannot evaluate that: ${messageOf(error)}`);
  }
};

const naturalOrder = (sort: Doc | undefined): number | undefined => {
  const natural = sort?.['$natural'];
  return typeof natural === 'number' ? natural : undefined;
};

/** True for each document that matches. */
export const matcher = (filter: Doc): ((doc: Doc) => boolean) => {
  if (Object.keys(filter).length === 0) return () => true;
  const only = Object.keys(filter).length === 1 ? filter['_id'] : undefined;
  if (only !== undefined && !isDoc(only) && !(only instanceof RegExp)) {
    const key = keyOf(only);
    return (doc) => keyOf(doc['_id']) === key;
  }
  const query = guarded(() => new Query<Doc>(filter));
  return (doc) => guarded(() => query.test(doc));
};

/** Documents that match, in order, cut and projected. */
export const select = (docs: readonly Doc[], plan: ReadPlan): Doc[] => {
  const matches = matcher(plan.filter);
  const natural = naturalOrder(plan.sort);
  const ordered = natural === -1 ? [...docs].reverse() : docs;
  const sort =
    natural === undefined && plan.sort !== undefined && Object.keys(plan.sort).length > 0
      ? plan.sort
      : undefined;
  const found: Doc[] = [];
  const enough = sort === undefined && plan.limit > 0 ? plan.skip + plan.limit : Infinity;
  for (const doc of ordered) {
    if (found.length >= enough) break;
    if (matches(doc)) found.push(doc);
  }
  const stages: Doc[] = [];
  if (sort !== undefined) stages.push({ $sort: sort });
  if (plan.skip > 0) stages.push({ $skip: plan.skip });
  if (plan.limit > 0) stages.push({ $limit: plan.limit });
  const cut = stages.length === 0 ? found : guarded(() => new Aggregator(stages).run<Doc>(found));
  return project(cut, plan.projection ?? {});
};

/** The fields of a document in the order of the one it was made of, as the server gives them; new ones last. */
const inOrderOf = (source: Doc, made: Doc): Doc => {
  const names = [...Object.keys(source).filter((name) => name in made), ...Object.keys(made)];
  return Object.fromEntries(
    names.map((name) => {
      const [before, after] = [source[name], made[name]];
      return [name, isDoc(before) && isDoc(after) ? inOrderOf(before, after) : after];
    }),
  );
};

const project = (docs: Doc[], projection: Doc): Doc[] => {
  if (Object.keys(projection).length === 0) return docs;
  const made = guarded(() => new Aggregator([{ $project: projection }]).run<Doc>(docs));
  return made.map((doc, index) => inOrderOf(docs[index] ?? {}, doc));
};

/** Runs a pipeline; `lookup` gives other collections of the database. */
export const aggregate = (docs: readonly Doc[], pipeline: Doc[], lookup: (name: string) => Doc[]): Doc[] =>
  guarded(() => new Aggregator(pipeline, { collectionResolver: lookup }).run<Doc>([...docs]));

const isReplacement = (change: Doc): boolean => !Object.keys(change).some((field) => field.startsWith('$'));

/** What an update asks for: a replacement, operators, or a pipeline. */
export interface UpdatePlan {
  readonly filter: Doc;
  readonly change: Doc | Doc[];
  readonly arrayFilters: Doc[];
}

/** The document after an update; the given one is left alone. `inserting`: applies $setOnInsert. */
export const updated = (doc: Doc, plan: UpdatePlan, inserting: boolean): Doc => {
  const { change } = plan;
  if (Array.isArray(change)) {
    const [result] = aggregate([cloneDoc(doc)], change, () => []);
    return result ?? doc;
  }
  if (isReplacement(change))
    return cloneDoc(doc['_id'] === undefined ? change : { _id: doc['_id'], ...change });
  const { $setOnInsert: onInsert, ...operators } = change;
  const result = cloneDoc(doc);
  const set = inserting && isDoc(onInsert) ? onInsert : {};
  const whole: Doc = { ...operators };
  if (Object.keys(set).length > 0)
    whole['$set'] = { ...set, ...(isDoc(operators['$set']) ? operators['$set'] : {}) };
  if (Object.keys(whole).length > 0) {
    guarded(() =>
      update(result, whole, plan.arrayFilters, inserting ? {} : plan.filter, { cloneMode: 'copy' }),
    );
  }
  return cloneDoc(result);
};

/** Fields that a filter fixes by equality: the base of a document that an upsert makes. */
export const seedOf = (filter: Doc): Doc => {
  const seed: Doc = {};
  for (const [field, value] of Object.entries(filter)) {
    if (field === '$and' && Array.isArray(value)) {
      for (const part of value) if (isDoc(part)) Object.assign(seed, seedOf(part));
    } else if (!field.startsWith('$') && !field.includes('.')) {
      const operators = isDoc(value) && Object.keys(value).some((name) => name.startsWith('$'));
      if (!operators) seed[field] = value;
      else if ('$eq' in value) seed[field] = value['$eq'];
    }
  }
  return seed;
};

/** Distinct values of a field, lists taken apart. */
export const distinctValues = (docs: readonly Doc[], path: string): unknown[] => {
  const seen = new Map<string, unknown>();
  const visit = (value: unknown, parts: readonly string[]): void => {
    const [head, ...rest] = parts;
    if (Array.isArray(value)) for (const item of value) visit(item, parts);
    else if (head === undefined) {
      if (value !== undefined) seen.set(keyOf(value), value);
    } else if (isDoc(value)) visit(value[head], rest);
  };
  for (const doc of docs) visit(doc, path.split('.'));
  return [...seen.values()];
};
