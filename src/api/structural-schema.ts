import { z } from 'zod';
import { isObject, readObject, type Json, type JsonObject } from './json';

/** zod's own bounds of a whole number, which say nothing. */
const SAFE_BOUNDS: readonly unknown[] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER];

const INT_OR_STRING = 'x-kubernetes-int-or-string';
const ANY_SHAPE = 'x-kubernetes-preserve-unknown-fields';
const RULES = 'x-kubernetes-validations';
const MAP_KEYS = 'x-kubernetes-list-map-keys';

/** What may be copied as it is; whatever is neither here nor handled by name is refused. */
const PLAIN = new Set([
  ...['description', 'default', 'nullable', 'enum', 'minimum', 'maximum', 'minLength', 'maxLength'],
  ...[
    'pattern',
    'minItems',
    'maxItems',
    'maxProperties',
    'required',
    'x-kubernetes-list-type',
    MAP_KEYS,
    RULES,
  ],
]);

/**
 * The structural schema (Kubernetes: "Specifying a structural schema") of what users may write for a zod object.
 * @throws Error naming the field, when it has no description or zod says something that Kubernetes refuses
 */
export function buildStructuralSchema(schema: z.ZodType, path: string): JsonObject {
  const written: unknown = JSON.parse(
    JSON.stringify(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' })),
  );
  return convert(readObject(written, path), path);
}

function convert(node: JsonObject, path: string): JsonObject {
  if (node[INT_OR_STRING] === true) return convertIntOrString(node, path);
  if (node[ANY_SHAPE] === true) return convertAnyShape(node);
  const { type } = node;
  if (typeof type !== 'string')
    throw refusal(path, 'has no single type', `mark it ${INT_OR_STRING} or ${ANY_SHAPE}`);
  const result: Record<string, Json> = { type };
  for (const [key, value] of Object.entries(node)) {
    if (key === 'type' || isIdleBound(key, value) || (key === 'pattern' && node['format'] !== undefined))
      continue;
    if (key === 'format') result['format'] = value;
    else if (key === 'items') result['items'] = convert(readObject(value, path), `${path}[]`);
    else if (key === 'properties') result['properties'] = convertProperties(readObject(value, path), path);
    else if (key === 'additionalProperties') result[key] = convertValues(node, value, path);
    else if (PLAIN.has(key)) result[key] = value;
    else throw refusal(path, `uses ${key}, which Kubernetes refuses`, 'write the schema another way');
  }
  checkDefault(result, path);
  checkMapKeys(result, path);
  return result;
}

const isIdleBound = (key: string, value: Json): boolean =>
  (key === 'minimum' || key === 'maximum') && SAFE_BOUNDS.includes(value);

function convertProperties(properties: JsonObject, path: string): JsonObject {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => {
      const at = `${path}.${name}`;
      const property = convert(readObject(value, at), at);
      if (typeof property['description'] !== 'string') {
        throw refusal(at, 'has no description', 'add .describe(), kubectl explain shows it');
      }
      return [name, property];
    }),
  );
}

function convertValues(node: JsonObject, value: Json, path: string): JsonObject {
  if (node['properties'] !== undefined) {
    throw refusal(path, 'mixes fields with additionalProperties', 'use z.object or z.record, not both');
  }
  if (!isObject(value) || Object.keys(value).length === 0) {
    throw refusal(path, 'takes unknown values', `give them a type or mark it ${ANY_SHAPE}`);
  }
  return convert(value, `${path}{}`);
}

/** Bounds bind only numbers and a pattern only text, so that both may stand beside each other without a type. */
function convertIntOrString(node: JsonObject, path: string): JsonObject {
  const { anyOf } = node;
  const branches = Array.isArray(anyOf) ? anyOf.map((branch) => readObject(branch, path)) : [];
  return {
    anyOf: [{ type: 'integer' }, { type: 'string' }],
    ...Object.fromEntries(branches.flatMap((branch) => hoistLimits(branch, path))),
    ...without(node, 'anyOf', 'type'),
  };
}

function hoistLimits(branch: JsonObject, path: string): [string, Json][] {
  const limits = Object.entries(branch).filter(([key, value]) => key !== 'type' && !isIdleBound(key, value));
  const { type } = branch;
  return limits.map(([key, value]): [string, Json] => {
    if ((type === 'integer' || type === 'number') && (key === 'minimum' || key === 'maximum')) {
      return [key, value];
    }
    if (type === 'string' && key === 'pattern') return [key, value];
    if (type === 'string' && key === 'enum' && Array.isArray(value) && value.every(isPlainWord)) {
      return ['pattern', `^(${value.join('|')})$`];
    }
    throw refusal(path, `says ${key} inside a union, which would get lost`, 'use bounds, a pattern or words');
  });
}

const isPlainWord = (value: Json): value is string => typeof value === 'string' && /^\w+$/.test(value);

const convertAnyShape = (node: JsonObject): JsonObject =>
  without(node, 'anyOf', 'properties', 'additionalProperties');

const without = (node: JsonObject, ...keys: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(node).filter(([key]) => !keys.includes(key)));

/** An object's default must say every default below it: readers that do not apply defaults one by one rely on it. */
function checkDefault(schema: JsonObject, path: string): void {
  const value = schema['default'];
  if (!isObject(value)) return;
  const complete = applyDefaults(schema, value);
  if (JSON.stringify(sortKeys(complete)) !== JSON.stringify(sortKeys(value))) {
    throw refusal(path, 'has a default that lacks defaults of its fields', `use ${JSON.stringify(complete)}`);
  }
}

function applyDefaults(schema: JsonObject, value: JsonObject): JsonObject {
  const result: Record<string, Json> = { ...value };
  const properties = schema['properties'];
  if (!isObject(properties)) return result;
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property)) continue;
    const present = result[name] ?? property['default'];
    if (present === undefined) continue;
    result[name] = isObject(present) ? applyDefaults(property, present) : present;
  }
  return result;
}

function checkMapKeys(schema: JsonObject, path: string): void {
  const { [MAP_KEYS]: keys, items } = schema;
  if (!Array.isArray(keys)) return;
  const required = isObject(items) ? items['required'] : undefined;
  const missing = keys.filter((key) => !Array.isArray(required) || !required.includes(key));
  if (missing.length > 0) throw refusal(path, `is keyed by ${missing.join(', ')}`, 'make each key required');
}

function sortKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

const refusal = (path: string, what: string, remedy: string): Error =>
  new Error(`${path} ${what}: ${remedy}.`);
