import { parseDocument, stringify } from 'yaml';
import {
  cloneJson,
  isObject,
  objectAt,
  parseJson,
  setAt,
  stringsAt,
  toJson,
  valueAt,
  type Json,
  type JsonObject,
} from '../kube/json';
import type { KubeObject } from '../kube/object';
import { writeGoJson } from './go-json';
import { applyPatch, PatchError, type PatchOperation } from './json-patch';
import type { Overriders, OverrideSpec } from './schemas';
import { bestFitOf, FIT, matchesCluster, type Candidate } from './selectors';

export interface OverrideView {
  readonly name: string;
  readonly spec: OverrideSpec;
}

export interface Overridden {
  readonly manifest: JsonObject;
  /** Annotation `applied-overrides`; undefined when no rule applied. */
  readonly applied: string | undefined;
}

/** An override that cannot be applied; names the policy for the event. */
export class OverrideError extends Error {
  constructor(
    readonly policy: string,
    message: string,
  ) {
    super(message);
    this.name = 'OverrideError';
  }
}

/**
 * All rules for a cluster on a template: policies by fit and then by name, rules in list order, the later wins (fact 18).
 * @throws OverrideError with the text that a real Karmada puts into its events (fact 20)
 */
export function applyOverrides(
  template: KubeObject,
  policies: readonly OverrideView[],
  cluster: Candidate,
): Overridden {
  const manifest = cloneJson(template.raw);
  const applied: JsonObject[] = [];
  for (const { policy, overriders } of rulesFor(template, policies, cluster)) {
    try {
      applyOverriders(manifest, overriders);
    } catch (error) {
      if (error instanceof PatchError) throw new OverrideError(policy, error.message);
      throw error;
    }
    applied.push({ policyName: policy, overriders: recordOf(overriders) });
  }
  return { manifest, applied: applied.length === 0 ? undefined : writeGoJson(applied) };
}

function rulesFor(
  template: KubeObject,
  policies: readonly OverrideView[],
  cluster: Candidate,
): { policy: string; overriders: Overriders }[] {
  const fitting = policies
    .map((policy) => {
      const selectors = policy.spec.resourceSelectors ?? [];
      return { policy, fit: selectors.length === 0 ? FIT.kind : bestFitOf(template, selectors) };
    })
    .filter(({ fit }) => fit !== FIT.none)
    .sort((a, b) => a.fit - b.fit || (a.policy.name < b.policy.name ? -1 : 1));
  return fitting.flatMap(({ policy }) => {
    const { overrideRules = [], targetCluster, overriders = {} } = policy.spec;
    const rules = overrideRules.length > 0 ? overrideRules : [{ targetCluster, overriders }];
    return rules
      .filter((rule) => rule.targetCluster === undefined || matchesCluster(cluster, rule.targetCluster))
      .map((rule) => ({ policy: policy.name, overriders: rule.overriders }));
  });
}

function applyOverriders(manifest: JsonObject, overriders: Overriders): void {
  for (const item of overriders.labelsOverrider ?? []) overrideStrings(manifest, 'labels', item);
  for (const item of overriders.annotationsOverrider ?? []) overrideStrings(manifest, 'annotations', item);
  for (const item of overriders.fieldOverrider ?? []) overrideField(manifest, item);
  const patched = applyPatch(
    manifest,
    (overriders.plaintext ?? []).map(({ operator, path, value }) => ({ op: operator, path, value })),
  );
  if (!isObject(patched)) throw new PatchError('the patched document is no object');
  for (const key of Object.keys(manifest)) Reflect.deleteProperty(manifest, key);
  Object.assign(manifest, patched);
}

/** Replace and remove of a missing key are silent no-ops (fact 19). */
function overrideStrings(
  manifest: JsonObject,
  part: 'labels' | 'annotations',
  item: { operator: string; value?: Record<string, string> | undefined },
): void {
  const all = stringsAt(manifest, 'metadata', part);
  for (const [key, value] of Object.entries(item.value ?? {})) {
    if (item.operator === 'add' || (item.operator === 'replace' && key in all)) all[key] = value;
    else if (item.operator === 'remove') Reflect.deleteProperty(all, key);
  }
  if (Object.keys(all).length > 0 || valueAt(manifest, 'metadata', part) !== undefined) {
    setAt(manifest, all, 'metadata', part);
  }
}

type FieldOverrider = NonNullable<Overriders['fieldOverrider']>[number];

function overrideField(manifest: JsonObject, item: FieldOverrider): void {
  const path = item.fieldPath
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const text = valueAt(manifest, ...path);
  if (typeof text !== 'string') {
    throw new PatchError(`Get object's value by overrider's path(${item.fieldPath}) is not string`);
  }
  const operations = (list: FieldOverrider['json']): PatchOperation[] =>
    (list ?? []).map(({ operator, subPath, value }) => ({ op: operator, path: subPath, value }));
  if ((item.yaml ?? []).length > 0) {
    const before = toJson(parseDocument(text).toJS());
    setAt(manifest, stringify(sortKeys(applyPatch(before, operations(item.yaml)))), ...path);
  } else {
    setAt(manifest, JSON.stringify(applyPatch(parseJson(text), operations(item.json))), ...path);
  }
}

/** Without the lists that are empty. */
function recordOf(overriders: Overriders): JsonObject {
  return Object.fromEntries(
    Object.entries(objectAt(toJson(overriders))).filter(([, list]) => Array.isArray(list) && list.length > 0),
  );
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
