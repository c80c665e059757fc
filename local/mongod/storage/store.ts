import { Binary } from 'bson';
import { type Doc, isDoc, readDoc, readString } from '../doc';
import { keyOf } from './keys';
import { Collection, dumpCollection, parseIndex, restoreCollection } from './collection';

/** How to take back one applied operation: a document as it was (null: it was not there), or a whole collection. */
export type Undo =
  | {
      readonly kind: 'document';
      readonly namespace: string;
      readonly id: unknown;
      readonly before: Doc | null;
    }
  | {
      readonly kind: 'collection';
      readonly namespace: string;
      readonly before: Doc | null;
      readonly docs: Doc[];
    };

export const databaseOf = (namespace: string): string => namespace.slice(0, namespace.indexOf('.'));

export const collectionOf = (namespace: string): string => namespace.slice(namespace.indexOf('.') + 1);

const uuidOf = (entry: Doc): Binary | undefined => {
  const uuid = entry['ui'];
  return uuid instanceof Binary ? uuid : undefined;
};

/** All collections in memory; changes come as oplog entries and can be undone. */
export class Store {
  readonly collections = new Map<string, Collection>();

  get(namespace: string): Collection | undefined {
    return this.collections.get(namespace);
  }

  databases(): string[] {
    return [...new Set([...this.collections.keys()].map(databaseOf))].sort();
  }

  inDatabase(database: string): Collection[] {
    return [...this.collections.values()].filter(({ namespace }) => databaseOf(namespace) === database);
  }

  /** Applies one oplog entry. Applying it twice does no harm (initial sync relies on it). */
  apply(entry: Doc): Undo[] {
    const namespace = readString(entry, 'ns') ?? '';
    const body = readDoc(entry, 'o') ?? {};
    switch (entry['op']) {
      case 'i':
      case 'u':
        return this.put(namespace, body, uuidOf(entry));
      case 'd':
        return this.remove(namespace, body['_id']);
      case 'c':
        return this.applyCommand(databaseOf(namespace), body, uuidOf(entry));
      default:
        return [];
    }
  }

  revert(undo: Undo): void {
    if (undo.kind === 'document') {
      const collection = this.collections.get(undo.namespace);
      if (undo.before === null) collection?.remove(undo.id);
      else collection?.put(undo.before);
      return;
    }
    if (undo.before === null) {
      this.collections.delete(undo.namespace);
      return;
    }
    const collection = restoreCollection(undo.before);
    for (const doc of undo.docs) collection.put(doc);
    this.collections.set(undo.namespace, collection);
  }

  /** Documents of a collection as they were before the given undos (newest last) happened. */
  viewBefore(namespace: string, undos: readonly Undo[]): Doc[] {
    const touching = undos.filter((undo) => undo.namespace === namespace);
    let docs = new Map(this.collections.get(namespace)?.docs ?? []);
    for (const undo of [...touching].reverse()) {
      if (undo.kind === 'collection') docs = new Map(undo.docs.map((doc) => [keyOf(doc['_id']), doc]));
      else if (undo.before === null) docs.delete(keyOf(undo.id));
      else docs.set(keyOf(undo.id), undo.before);
    }
    return [...docs.values()];
  }

  private put(namespace: string, doc: Doc, uuid: Binary | undefined): Undo[] {
    const undos: Undo[] = [];
    let collection = this.collections.get(namespace);
    if (collection === undefined) {
      collection = new Collection(namespace, uuid);
      this.collections.set(namespace, collection);
      undos.push({ kind: 'collection', namespace, before: null, docs: [] });
    }
    const before = collection.put(doc);
    undos.push({ kind: 'document', namespace, id: doc['_id'], before: before ?? null });
    return undos;
  }

  private remove(namespace: string, id: unknown): Undo[] {
    const before = this.collections.get(namespace)?.remove(id);
    return before === undefined ? [] : [{ kind: 'document', namespace, id, before }];
  }

  private drop(namespace: string): Undo[] {
    const collection = this.collections.get(namespace);
    if (collection === undefined) return [];
    this.collections.delete(namespace);
    return [
      {
        kind: 'collection',
        namespace,
        before: dumpCollection(collection),
        docs: [...collection.docs.values()],
      },
    ];
  }

  private create(namespace: string, options: Doc, uuid: Binary | undefined): Undo[] {
    if (this.collections.has(namespace)) return [];
    this.collections.set(namespace, new Collection(namespace, uuid, options));
    return [{ kind: 'collection', namespace, before: null, docs: [] }];
  }

  private changeIndexes(namespace: string, change: (collection: Collection) => void): Undo[] {
    const collection = this.collections.get(namespace);
    if (collection === undefined) return [];
    const before = dumpCollection(collection);
    change(collection);
    return [{ kind: 'collection', namespace, before, docs: [...collection.docs.values()] }];
  }

  private applyCommand(database: string, command: Doc, uuid: Binary | undefined): Undo[] {
    const [name = '', target] = Object.entries(command)[0] ?? [];
    const namespace = `${database}.${typeof target === 'string' ? target : ''}`;
    switch (name) {
      case 'create': {
        const options = Object.fromEntries(Object.entries(command).slice(1));
        return this.create(namespace, options, uuid);
      }
      case 'drop':
        return this.drop(namespace);
      case 'dropDatabase':
        return this.inDatabase(database).flatMap((collection) => this.drop(collection.namespace));
      case 'createIndexes': {
        const definition = readDoc(command, 'spec') ?? {};
        return [
          ...this.create(namespace, {}, uuid),
          ...this.changeIndexes(
            namespace,
            (collection) => void collection.addIndex(parseIndex(definition), true),
          ),
        ];
      }
      case 'dropIndexes':
        return this.changeIndexes(namespace, (collection) => {
          const index = command['index'];
          if (typeof index === 'string') collection.dropIndex(index);
        });
      case 'renameCollection':
        return typeof target === 'string' ? this.rename(target, readString(command, 'to') ?? '') : [];
      default:
        return [];
    }
  }

  private rename(from: string, to: string): Undo[] {
    const source = this.collections.get(from);
    if (source === undefined) return [];
    const moved = restoreCollection({ ...dumpCollection(source), namespace: to });
    for (const doc of source.docs.values()) moved.put(doc);
    const undos = [...this.drop(from), ...this.drop(to)];
    this.collections.set(to, moved);
    return [...undos, { kind: 'collection', namespace: to, before: null, docs: [] }];
  }
}

/** Reads an undo record back from disk; undefined when it is none. */
export const parseUndo = (record: unknown): Undo | undefined => {
  if (!isDoc(record)) return undefined;
  const namespace = readString(record, 'namespace') ?? '';
  const before = readDoc(record, 'before') ?? null;
  if (record['kind'] === 'document') return { kind: 'document', namespace, id: record['id'], before };
  const docs = record['docs'];
  return { kind: 'collection', namespace, before, docs: Array.isArray(docs) ? docs.filter(isDoc) : [] };
};
