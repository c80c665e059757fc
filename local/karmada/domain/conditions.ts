import { isObject, listAt, stringAt, type Json, type JsonObject } from '../kube/json';

export interface Condition {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

export const now = (): string => new Date().toISOString().replace(/\.\d+Z$/, 'Z');

/** The condition list with one condition set; its lastTransitionTime moves only when its status does. */
export function withCondition(conditions: readonly Json[], condition: Condition): Json[] {
  const before = conditions.find((entry) => stringAt(entry, 'type') === condition.type);
  const since =
    isObject(before) && stringAt(before, 'status') === condition.status
      ? stringAt(before, 'lastTransitionTime')
      : undefined;
  const after: JsonObject = { ...condition, lastTransitionTime: since ?? now() };
  return before === undefined
    ? [...conditions, after]
    : conditions.map((entry) => (entry === before ? after : entry));
}

export function findCondition(root: Json | undefined, type: string): Json | undefined {
  return listAt(root, 'status', 'conditions').find((entry) => stringAt(entry, 'type') === type);
}

export const isConditionTrue = (root: Json | undefined, type: string): boolean =>
  stringAt(findCondition(root, type), 'status') === 'True';
