import { isObject, type Json, type JsonObject } from '../../../local/karmada/kube/json';

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
/** Differ from run to run, or from one API server to the next. */
const DROPPED = new Set(['managedFields', 'resourceVersion', 'nodePort', 'clusterIP', 'clusterIPs']);

/**
 * Makes two recordings comparable: uids become `uid-1`, `uid-2`… in order of appearance over sorted keys, times `time`,
 * what an API server chooses freely is dropped.
 */
export function normalise(value: Json): Json {
  const names = new Map<string, string>();
  const rename = (uuid: string): string => {
    const known = names.get(uuid) ?? `uid-${names.size + 1}`;
    names.set(uuid, known);
    return known;
  };
  const walk = (here: Json): Json => {
    if (typeof here === 'string') return TIME.test(here) ? 'time' : here.replace(UUID, rename);
    if (Array.isArray(here)) return here.map(walk);
    if (!isObject(here)) return here;
    const result: JsonObject = {};
    for (const key of Object.keys(here).sort()) {
      const inner = here[key];
      if (inner !== undefined && !DROPPED.has(key)) result[key] = walk(inner);
    }
    return result;
  };
  return walk(value);
}
