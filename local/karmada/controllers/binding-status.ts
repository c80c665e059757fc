import type { Hub } from '../hub';
import { findCondition, withCondition } from '../domain/conditions';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { clusterOfNamespace } from '../domain/names';
import { bindingSpecSchema, readSpec, type BindingSpec } from '../domain/schemas';
import { cloneJson, equalJson, listAt, stringAt, valueAt, type Json, type JsonObject } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { updateStatus } from '../kube/writer';

/** Statuses of Works become `aggregatedStatus` and `FullyApplied` of their binding (facts 42, 44). */
export function startBindingStatus(hub: Hub): void {
  const queue = hub.queue('binding-status', 5, (key) => syncStatus(hub, key));
  const addOf = (work: KubeObject): void => {
    const name = work.annotations[ANNOTATIONS.bindingName];
    const namespace = work.annotations[ANNOTATIONS.bindingNamespace];
    if (name !== undefined && namespace !== undefined) queue.add(keyOf(namespace, name));
  };
  hub.works.subscribe({
    onUpdate(before, work) {
      if (!equalJson(valueAt(before.raw, 'status'), valueAt(work.raw, 'status'))) addOf(work);
    },
    onDelete: addOf,
  });
  const add = (binding: KubeObject): void => {
    const scheduled = stringAt(binding.raw, 'status', 'lastScheduledTime') !== undefined;
    if (scheduled) queue.add(keyOf(binding.namespace, binding.name));
  };
  hub.bindings.subscribe({
    onAdd: add,
    onUpdate(before, binding) {
      const version = (object: KubeObject): string | undefined =>
        stringAt(object.raw, 'spec', 'resource', 'resourceVersion');
      if (version(before) !== version(binding)) add(binding);
    },
  });
}

async function syncStatus(hub: Hub, key: string): Promise<void> {
  const binding = hub.bindings.get(key);
  if (binding === undefined || binding.deleting) return;
  const spec = readSpec(binding, bindingSpecSchema);
  const id = binding.labels[LABELS.bindingId] ?? '';
  // Works that terminate are left out, but nothing makes this run while they do: their entry stays until they are gone (fact 47).
  const items = hub.works
    .list()
    .filter((work) => id !== '' && work.labels[LABELS.bindingId] === id && !work.deleting)
    .map((work) => aggregate(work, spec))
    .sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const clusters = new Set(spec.clusters.map((cluster) => cluster.name));
  const applied =
    clusters.size > 0 &&
    clusters.size === items.length &&
    items.every((item) => item['applied'] === true && clusters.has(nameOf(item)));
  await updateStatus(hub.connection, RESOURCES.binding, binding, (status) => {
    if (items.length > 0) status['aggregatedStatus'] = items;
    else Reflect.deleteProperty(status, 'aggregatedStatus');
    status['conditions'] = withCondition(listAt(status, 'conditions'), {
      type: 'FullyApplied',
      status: applied ? 'True' : 'False',
      reason: applied ? 'FullyAppliedSuccess' : 'FullyAppliedFailed',
      message: applied
        ? 'All works have been successfully applied'
        : 'Failed to apply all works, see status.aggregatedStatus for details',
    });
  });
}

const nameOf = (item: JsonObject): string => stringAt(item, 'clusterName') ?? '';

function aggregate(work: KubeObject, spec: BindingSpec): JsonObject {
  const clusterName = clusterOfNamespace(work.namespace) ?? '';
  const condition = findCondition(work.raw, 'Applied');
  if (stringAt(condition, 'status') !== 'True') {
    const message = stringAt(condition, 'message') ?? '';
    return { clusterName, ...(message === '' ? {} : { appliedMessage: message }), health: 'Unknown' };
  }
  const item: JsonObject = { clusterName, applied: true, health: 'Unknown' };
  const reported: Json | undefined = listAt(work.raw, 'status', 'manifestStatuses').find(
    (entry) =>
      stringAt(entry, 'identifier', 'kind') === spec.resource.kind &&
      stringAt(entry, 'identifier', 'name') === spec.resource.name,
  );
  if (reported === undefined) return item;
  const status = valueAt(reported, 'status');
  if (status !== undefined) item['status'] = cloneJson(status);
  item['health'] = stringAt(reported, 'health') ?? 'Unknown';
  return item;
}
