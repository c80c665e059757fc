import { Long, Timestamp } from 'bson';
import { type Doc, encodeDoc, isDoc } from '../doc';

/** A text that is equal for two values exactly when the server holds them equal as keys. */
export const keyOf = (value: unknown): string => {
  if (typeof value === 'string') return `s${value}`;
  if (typeof value === 'number') return `n${value}`;
  if (value instanceof Long && !(value instanceof Timestamp)) return `n${value.toString()}`;
  if (value === null || value === undefined) return '0';
  return `b${Buffer.from(encodeDoc({ '': value })).toString('base64')}`;
};

/** An index: fields in order, and whether it admits one document per key. */
export interface IndexSpec {
  readonly name: string;
  readonly key: Doc;
  readonly unique: boolean;
  readonly sparse: boolean;
  /** The definition as it was given, for listIndexes. */
  readonly definition: Doc;
}

const valuesAt = (value: unknown, path: readonly string[]): unknown[] => {
  const [head, ...rest] = path;
  if (head === undefined) return Array.isArray(value) ? value : [value];
  if (Array.isArray(value)) return value.flatMap((item: unknown) => valuesAt(item, path));
  return isDoc(value) ? valuesAt(value[head], rest) : [undefined];
};

/** The keys a document has in an index (several when a field holds a list); none when a sparse index passes it over. */
export const indexKeys = (doc: Doc, index: IndexSpec): string[] => {
  const columns = Object.keys(index.key).map((path) => valuesAt(doc, path.split('.')));
  if (index.sparse && columns.every((values) => values.every((value) => value === undefined))) return [];
  return columns
    .map((values) => [...new Set(values.map(keyOf))])
    .reduce<string[]>(
      (keys, column) => keys.flatMap((key) => column.map((part) => `${key}\u0000${part}`)),
      [''],
    );
};
