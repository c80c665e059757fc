import { cloneJson, equalJson, isObject, type Json, type JsonObject } from '../kube/json';

export interface PatchOperation {
  readonly op: string;
  readonly path: string;
  readonly value?: Json | undefined;
}

/** An operation that cannot be applied, in the words of Karmada's patch library (refusals: `doc is missing key: …`). */
export class PatchError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PatchError';
  }
}

/**
 * RFC 6902 add, replace, remove; all or nothing.
 * @throws PatchError when a path does not exist or an operator is unknown
 */
export function applyPatch(document: Json, operations: readonly PatchOperation[]): Json {
  const holder: JsonObject = { root: cloneJson(document) };
  for (const operation of operations) applyOne(holder, operation);
  return holder['root'] ?? null;
}

function applyOne(holder: JsonObject, { op, path, value }: PatchOperation): void {
  if (op !== 'add' && op !== 'replace' && op !== 'remove') {
    throw new PatchError(`Unexpected kind: ${op}`);
  }
  const keys = path.split('/').map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.at(-1) ?? '';
  let parent: Json | undefined = holder['root'];
  for (const key of keys.slice(1, -1)) parent = stepInto(parent, key);
  if (path === '' || (keys.length === 1 && path[0] !== '/') || !(isObject(parent) || Array.isArray(parent))) {
    throw new PatchError(missingPath(op, path));
  }
  if (Array.isArray(parent)) applyToList(parent, op, last, value ?? null, path);
  else if (op === 'add') parent[last] = value ?? null;
  else if (!(last in parent)) throw new PatchError(missingKey(op, path));
  else if (op === 'replace') parent[last] = value ?? null;
  else Reflect.deleteProperty(parent, last);
}

function stepInto(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isObject(parent) ? parent[key] : undefined;
}

function applyToList(
  list: Json[],
  op: 'add' | 'replace' | 'remove',
  key: string,
  value: Json,
  path: string,
): void {
  const length = op === 'add' ? list.length + 1 : list.length;
  const index = key === '-' && op === 'add' ? list.length : Number(key);
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new PatchError(
      `error in ${op} for path: '${path}': Unable to access invalid index: ${key}: invalid index referenced`,
    );
  }
  if (op === 'add') list.splice(index, 0, value);
  else if (op === 'remove') list.splice(index, 1);
  else list[index] = value;
}

const missingKey = (op: string, path: string): string =>
  op === 'remove'
    ? `error in remove for path: '${path}': Unable to remove nonexistent key: ${path.split('/').at(-1) ?? ''}: missing value`
    : `${op} operation does not apply: doc is missing key: ${path}: missing value`;

const missingPath = (op: string, path: string): string =>
  `${op} operation does not apply: doc is missing path: ${op === 'replace' ? path : `"${path}"`}: missing value`;

/** What a JSON patch must say to turn `before` into `after`; objects are walked, lists replaced. */
export function patchBetween(before: Json, after: Json, path = ''): PatchOperation[] {
  if (equalJson(before, after)) return [];
  if (!isObject(before) || !isObject(after)) return [{ op: 'replace', path, value: after }];
  const operations: PatchOperation[] = [];
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const inner = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const was = before[key];
    const is = after[key];
    if (is === undefined) operations.push({ op: 'remove', path: inner });
    else if (was === undefined) operations.push({ op: 'add', path: inner, value: is });
    else operations.push(...patchBetween(was, is, inner));
  }
  return operations;
}
