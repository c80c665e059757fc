import { randomUUID } from 'node:crypto';
import { isObject, listAt, objectAt, setAt, stringAt, valueAt, type JsonObject } from '../kube/json';
import { FINALIZERS, LABELS } from './marks';

/** What admission adds to a PropagationPolicy (fact 7); label and finalizer only at creation (fact 30). Defaults of fields are the CRD's. */
export function applyPolicyDefaults(raw: JsonObject, creating: boolean): void {
  defaultSelectorNamespaces(raw);
  if (valueAt(raw, 'spec', 'placement') === undefined) setAt(raw, {}, 'spec', 'placement');
  for (const constraint of listAt(raw, 'spec', 'placement', 'spreadConstraints')) {
    if (!isObject(constraint)) continue;
    if (constraint['spreadByField'] === undefined && constraint['spreadByLabel'] === undefined) {
      constraint['spreadByField'] = 'cluster';
    }
    if (valueAt(constraint, 'minGroups') === undefined) constraint['minGroups'] = 1;
  }
  const scheduling = objectAt(raw, 'spec', 'placement', 'replicaScheduling');
  if (
    scheduling['replicaSchedulingType'] === 'Divided' &&
    scheduling['replicaDivisionPreference'] === undefined
  ) {
    scheduling['replicaDivisionPreference'] = 'Weighted';
  }
  if (!creating) return;
  setAt(raw, randomUUID(), 'metadata', 'labels', LABELS.policyId);
  const finalizers = listAt(raw, 'metadata', 'finalizers');
  if (!finalizers.includes(FINALIZERS.policy)) {
    setAt(raw, [...finalizers, FINALIZERS.policy], 'metadata', 'finalizers');
  }
}

/** What admission adds to an OverridePolicy (fact 7). */
export function applyOverrideDefaults(raw: JsonObject): void {
  defaultSelectorNamespaces(raw);
  if (valueAt(raw, 'spec', 'overriders') === undefined) setAt(raw, {}, 'spec', 'overriders');
}

function defaultSelectorNamespaces(raw: JsonObject): void {
  const namespace = stringAt(raw, 'metadata', 'namespace') ?? '';
  for (const selector of listAt(raw, 'spec', 'resourceSelectors')) {
    if (isObject(selector) && (stringAt(selector, 'namespace') ?? '') === '')
      selector['namespace'] = namespace;
  }
}
