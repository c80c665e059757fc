import { Binary, UUID } from 'bson';
import { type Doc, isDoc, isTruthy, printDoc, readDoc, readString } from '../doc';
import { CommandError } from '../error';
import { type IndexSpec, indexKeys, keyOf } from './keys';

const idIndex = (namespace: string): IndexSpec => ({
  name: '_id_',
  key: { _id: 1 },
  unique: true,
  sparse: false,
  definition: { v: 2, key: { _id: 1 }, name: '_id_', ns: namespace },
});

/** Reads an index definition. @throws CommandError 9/67 when key or name is missing. */
export const parseIndex = (definition: Doc): IndexSpec => {
  const key = readDoc(definition, 'key');
  const name = readString(definition, 'name');
  if (key === undefined || Object.keys(key).length === 0) {
    throw new CommandError(67, "Index keys cannot be empty: give at least one field in 'key'");
  }
  if (name === undefined || name === '') {
    throw new CommandError(
      9,
      `The 'name' field is a required property of an index specification: ${printDoc(definition)}`,
    );
  }
  return {
    name,
    key,
    unique: isTruthy(definition['unique']) || name === '_id_',
    sparse: isTruthy(definition['sparse']),
    definition: { v: 2, ...definition },
  };
};

/** One collection in memory: documents by key of `_id` in insertion order, indexes for uniqueness only. */
export class Collection {
  readonly docs = new Map<string, Doc>();
  readonly indexes = new Map<string, IndexSpec>();
  private readonly unique = new Map<string, Map<string, string>>();

  constructor(
    readonly namespace: string,
    readonly uuid: Binary = new UUID().toBinary(),
    readonly options: Doc = {},
  ) {
    this.indexes.set('_id_', idIndex(namespace));
  }

  /** The document with this `_id`. */
  get(id: unknown): Doc | undefined {
    return this.docs.get(keyOf(id));
  }

  /** @throws CommandError 11000 when another document holds a key of this one. `self`: key of the document it replaces. */
  refuseDuplicate(doc: Doc, self: string | undefined, modern: boolean): void {
    const key = keyOf(doc['_id']);
    if (key !== self && this.docs.has(key))
      throw this.duplicate('_id_', { _id: 1 }, { _id: doc['_id'] }, modern);
    for (const [name, entries] of this.unique) {
      const index = this.indexes.get(name);
      if (index === undefined) continue;
      for (const entry of indexKeys(doc, index)) {
        const owner = entries.get(entry);
        if (owner === undefined || owner === (self ?? key)) continue;
        const values = Object.fromEntries(Object.keys(index.key).map((field) => [field, doc[field] ?? null]));
        throw this.duplicate(name, index.key, values, modern);
      }
    }
  }

  /** Puts a document in place of the one with the same `_id`; gives that one. */
  put(doc: Doc): Doc | undefined {
    const key = keyOf(doc['_id']);
    const before = this.docs.get(key);
    if (before !== undefined) this.unindex(before, key);
    this.docs.set(key, doc);
    this.index(doc, key);
    return before;
  }

  /** Takes a document out by `_id`; gives it. */
  remove(id: unknown): Doc | undefined {
    const key = keyOf(id);
    const before = this.docs.get(key);
    if (before === undefined) return undefined;
    this.unindex(before, key);
    this.docs.delete(key);
    return before;
  }

  /** @throws CommandError 11000 when the documents break a unique index; 85 when the name is taken by another key. */
  addIndex(index: IndexSpec, modern: boolean): boolean {
    const present = this.indexes.get(index.name);
    if (present !== undefined) {
      if (printDoc(present.key) === printDoc(index.key)) return false;
      throw new CommandError(85, `Index with name: ${index.name} already exists with different options`);
    }
    if (index.unique) this.buildUnique(index, modern);
    this.indexes.set(index.name, index);
    return true;
  }

  dropIndex(name: string): boolean {
    this.unique.delete(name);
    return name !== '_id_' && this.indexes.delete(name);
  }

  private buildUnique(index: IndexSpec, modern: boolean): void {
    const entries = new Map<string, string>();
    for (const [key, doc] of this.docs) {
      for (const entry of indexKeys(doc, index)) {
        if (entries.has(entry)) throw this.duplicate(index.name, index.key, {}, modern);
        entries.set(entry, key);
      }
    }
    this.unique.set(index.name, entries);
  }

  private index(doc: Doc, key: string): void {
    for (const [name, entries] of this.unique) {
      const index = this.indexes.get(name);
      if (index !== undefined) for (const entry of indexKeys(doc, index)) entries.set(entry, key);
    }
  }

  private unindex(doc: Doc, key: string): void {
    for (const [name, entries] of this.unique) {
      const index = this.indexes.get(name);
      if (index === undefined) continue;
      for (const entry of indexKeys(doc, index)) if (entries.get(entry) === key) entries.delete(entry);
    }
  }

  private duplicate(name: string, keyPattern: Doc, values: Doc, modern: boolean): CommandError {
    // 4.2 leaves out the field names in keyValue.
    const keyValue = modern ? values : Object.fromEntries(Object.values(values).map((value) => ['', value]));
    return new CommandError(
      11000,
      `E11000 duplicate key error collection: ${this.namespace} index: ${name} dup key: ${printDoc(values)}`,
      { keyPattern, keyValue },
    );
  }
}

/** A whole collection as a record: for snapshots, and to undo a drop. */
export const dumpCollection = (collection: Collection): Doc => ({
  namespace: collection.namespace,
  uuid: collection.uuid,
  options: collection.options,
  indexes: [...collection.indexes.values()]
    .filter(({ name }) => name !== '_id_')
    .map(({ definition }) => definition),
});

/** The inverse of dumpCollection; documents are put separately. */
export const restoreCollection = (record: Doc): Collection => {
  const uuid = record['uuid'];
  const collection = new Collection(
    readString(record, 'namespace') ?? '',
    uuid instanceof Binary ? uuid : new UUID().toBinary(),
    readDoc(record, 'options') ?? {},
  );
  const indexes = record['indexes'];
  for (const definition of Array.isArray(indexes) ? indexes : []) {
    if (isDoc(definition)) collection.addIndex(parseIndex(definition), true);
  }
  return collection;
};
