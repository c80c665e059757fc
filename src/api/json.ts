/** What JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** @throws Error naming where something else than an object stood */
export function readObject(value: unknown, path: string): JsonObject {
  if (isObject(value)) return value;
  throw new Error(`${path} is no JSON object.`);
}
