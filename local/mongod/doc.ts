import { Binary, Double, Int32, Long, ObjectId, Timestamp, deserialize, serialize } from 'bson';

/** A BSON document as this program holds it: numbers promoted, other types as bson's own classes. */
export type Doc = Record<string, unknown>;

export const decodeDoc = (bytes: Uint8Array): Doc =>
  deserialize(bytes, { promoteBuffers: false, bsonRegExp: false });

export const encodeDoc = (doc: Doc): Uint8Array => serialize(doc, { ignoreUndefined: true });

/** A deep copy with BSON's own idea of equality of types. */
export const cloneDoc = (doc: Doc): Doc => decodeDoc(encodeDoc(doc));

export const isDoc = (value: unknown): value is Doc =>
  typeof value === 'object' &&
  value !== null &&
  !Array.isArray(value) &&
  !(value instanceof Date) &&
  !(value instanceof RegExp) &&
  !('_bsontype' in value);

/** The number in a field, whatever its BSON number type; undefined if it is no number. */
export const toNumber = (value: unknown): number | undefined => {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Timestamp) return undefined;
  if (value instanceof Long) return value.toNumber();
  if (value instanceof Int32 || value instanceof Double) return value.valueOf();
  return undefined;
};

export const readNumber = (doc: Doc, field: string): number | undefined => toNumber(doc[field]);

export const readString = (doc: Doc, field: string): string | undefined => {
  const value = doc[field];
  return typeof value === 'string' ? value : undefined;
};

export const readDoc = (doc: Doc, field: string): Doc | undefined => {
  const value = doc[field];
  return isDoc(value) ? value : undefined;
};

export const readList = (doc: Doc, field: string): unknown[] | undefined => {
  const value = doc[field];
  return Array.isArray(value) ? value : undefined;
};

export const readBytes = (doc: Doc, field: string): Buffer | undefined => {
  const value = doc[field];
  if (value instanceof Binary) return Buffer.from(value.buffer.subarray(0, value.position));
  if (value instanceof Uint8Array) return Buffer.from(value);
  return undefined;
};

/** The server's notion of a truthy field: true or a number other than 0. */
export const isTruthy = (value: unknown): boolean => {
  if (typeof value === 'boolean') return value;
  const number = toNumber(value);
  return number === undefined ? value !== undefined && value !== null : number !== 0;
};

/** The server's word for a BSON type, as its type errors use it. */
export const typeName = (value: unknown): string => {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (typeof value === 'string') return 'string';
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'number') return Number.isInteger(value) ? 'int' : 'double';
  if (Array.isArray(value)) return 'array';
  if (value instanceof Date) return 'date';
  if (value instanceof Timestamp) return 'timestamp';
  if (value instanceof Long || typeof value === 'bigint') return 'long';
  if (value instanceof ObjectId) return 'objectId';
  if (value instanceof Binary) return 'binData';
  return 'object';
};

const printBinary = (value: Binary): string =>
  value.sub_type === Binary.SUBTYPE_UUID
    ? `UUID("${value.toUUID().toHexString()}")`
    : `BinData(${value.sub_type}, ${Buffer.from(value.buffer).toString('hex').toUpperCase()})`;

/** A value as the server prints it into its messages: `{ a: 1, b: "x" }`. */
export const printValue = (value: unknown): string => {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'string') return `"${value}"`;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return value.toString();
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(printValue).join(', ')} ]`;
  if (value instanceof Date) return `new Date(${value.getTime()})`;
  if (value instanceof ObjectId) return `ObjectId('${value.toHexString()}')`;
  if (value instanceof Timestamp) return `Timestamp(${value.t}, ${value.i})`;
  if (value instanceof Long || value instanceof Int32 || value instanceof Double) return value.toString();
  if (value instanceof Binary) return printBinary(value);
  if (isDoc(value)) return printDoc(value);
  return '{}';
};

export const printDoc = (doc: Doc): string => {
  const fields = Object.entries(doc).map(([name, value]) => `${name}: ${printValue(value)}`);
  return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`;
};
