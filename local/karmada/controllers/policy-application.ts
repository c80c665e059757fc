import { randomUUID } from 'node:crypto';
import type { Hub } from '../hub';
import { writeClaim, type Claim } from '../domain/claims';
import { FINALIZERS, LABELS } from '../domain/marks';
import { bindingNameOf } from '../domain/names';
import type { PolicySpec } from '../domain/schemas';
import { listAt, objectAt, setAt, stringAt, toJson, valueAt, type Json, type JsonObject } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { createObject, readLive, updateObject } from '../kube/writer';

/**
 * Makes or updates the ResourceBinding of a claimed template (facts 5, 31, 57); the scheduler's `spec.clusters` is left alone.
 * @throws Error as long as a binding of a former template of that name is still there
 */
export async function applyPolicy(
  hub: Hub,
  template: KubeObject,
  claim: Claim,
  policy: KubeObject,
  spec: PolicySpec,
): Promise<void> {
  const name = bindingNameOf(template.kind, template.name);
  const existing =
    hub.bindings.get(keyOf(template.namespace, name)) ??
    (await readLive(hub.connection, RESOURCES.binding, template.namespace, name));
  if (existing === undefined) {
    const raw: JsonObject = {
      apiVersion: 'work.karmada.io/v1alpha2',
      kind: 'ResourceBinding',
      metadata: {
        name,
        namespace: template.namespace,
        labels: { [LABELS.bindingId]: randomUUID() },
        finalizers: [FINALIZERS.binding],
      },
      spec: {},
    };
    writeBinding(raw, template, claim, policy, spec);
    await createObject(hub.connection, RESOURCES.binding, template.namespace, raw);
    return;
  }
  await updateObject(hub.connection, RESOURCES.binding, existing, (raw) => {
    const owner = listAt(raw, 'metadata', 'ownerReferences').find(
      (entry) => valueAt(entry, 'controller') === true,
    );
    if (owner !== undefined && stringAt(owner, 'uid') !== template.uid) {
      throw new Error(`binding ${name} still belongs to a former ${template.kind} ${template.name}`);
    }
    writeBinding(raw, template, claim, policy, spec);
  });
}

function writeBinding(
  raw: JsonObject,
  template: KubeObject,
  claim: Claim,
  policy: KubeObject,
  spec: PolicySpec,
): void {
  writeClaim(raw, claim);
  const finalizers = listAt(raw, 'metadata', 'finalizers');
  if (!finalizers.includes(FINALIZERS.binding)) {
    setAt(raw, [...finalizers, FINALIZERS.binding], 'metadata', 'finalizers');
  }
  setAt(
    raw,
    [
      {
        apiVersion: template.apiVersion,
        kind: template.kind,
        name: template.name,
        uid: template.uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
    'metadata',
    'ownerReferences',
  );
  const target = objectAt(raw, 'spec');
  const policySpec = objectAt(policy.raw, 'spec');
  const copy = (field: string): void => put(target, field, policySpec[field]);
  target['resource'] = {
    apiVersion: template.apiVersion,
    kind: template.kind,
    namespace: template.namespace,
    name: template.name,
    uid: template.uid,
    resourceVersion: template.resourceVersion,
  };
  target['schedulerName'] = spec.schedulerName ?? 'default-scheduler';
  target['conflictResolution'] = spec.conflictResolution ?? 'Abort';
  target['placement'] = objectAt(policySpec, 'placement');
  copy('preserveResourcesOnDeletion');
  copy('propagateDeps');
  copy('failover');
  // Dispatching follows the policy alone; scheduling is the binding's own and stays (fact 57).
  const scheduling = valueAt(target, 'suspension', 'scheduling');
  const suspension: JsonObject = {
    ...(spec.suspension === undefined ? {} : objectAt(toJson(spec.suspension))),
    ...(scheduling === undefined ? {} : { scheduling }),
  };
  put(
    target,
    'suspension',
    spec.suspension === undefined && scheduling === undefined ? undefined : suspension,
  );
}

function put(target: JsonObject, field: string, value: Json | undefined): void {
  if (value === undefined) Reflect.deleteProperty(target, field);
  else target[field] = value;
}
