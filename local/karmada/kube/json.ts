export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

/** JSON text holds nothing but Json, so the shallow test of the caller is a full one. */
export function parseJson(text: string): Json {
  return toJson(JSON.parse(text));
}

/** @throws Error when the value cannot come from JSON text */
export function toJson(value: unknown): Json {
  if (isJson(value)) return value;
  throw new Error(`${typeof value} is not JSON.`);
}

function isJson(value: unknown): value is Json {
  return (
    value !== undefined &&
    typeof value !== 'function' &&
    typeof value !== 'symbol' &&
    typeof value !== 'bigint'
  );
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function valueAt(root: Json | undefined, ...path: readonly string[]): Json | undefined {
  let here = root;
  for (const key of path) {
    if (!isObject(here)) return undefined;
    here = here[key];
  }
  return here;
}

/** The object at the path, or an empty one that is not linked to the root. */
export function objectAt(root: Json | undefined, ...path: readonly string[]): JsonObject {
  const value = valueAt(root, ...path);
  return isObject(value) ? value : {};
}

export function listAt(root: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const value = valueAt(root, ...path);
  return Array.isArray(value) ? value : [];
}

export function stringAt(root: Json | undefined, ...path: readonly string[]): string | undefined {
  const value = valueAt(root, ...path);
  return typeof value === 'string' ? value : undefined;
}

/** Text members of an object: labels, annotations. */
export function stringsAt(root: Json | undefined, ...path: readonly string[]): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, value] of Object.entries(objectAt(root, ...path))) {
    if (typeof value === 'string') found[key] = value;
  }
  return found;
}

/** Makes missing objects on the way. */
export function setAt(root: JsonObject, value: Json, ...path: readonly string[]): void {
  const last = path.at(-1);
  if (last === undefined) return;
  let here = root;
  for (const key of path.slice(0, -1)) {
    const next = here[key];
    if (isObject(next)) here = next;
    else {
      const made: JsonObject = {};
      here[key] = made;
      here = made;
    }
  }
  here[last] = value;
}

export function removeAt(root: JsonObject, ...path: readonly string[]): void {
  const last = path.at(-1);
  const parent = valueAt(root, ...path.slice(0, -1));
  if (last !== undefined && isObject(parent)) Reflect.deleteProperty(parent, last);
}

export function cloneJson<T extends Json>(value: T): T {
  return structuredClone(value);
}

export function equalJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, i) => equalJson(item, b[i]))
    );
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && equalJson(a[key], b[key]));
}

/** RFC 7386: what turns `from` into `to`. */
export function mergePatchOf(from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonObject = {};
  for (const key of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const before = from[key];
    const after = to[key];
    if (after === undefined) patch[key] = null;
    else if (isObject(before) && isObject(after)) {
      const inner = mergePatchOf(before, after);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!equalJson(before, after)) patch[key] = after;
  }
  return patch;
}
