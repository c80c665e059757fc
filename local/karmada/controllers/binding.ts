import type { Hub } from '../hub';
import { ANNOTATIONS, FINALIZERS, LABELS } from '../domain/marks';
import { clusterOfNamespace, executionNamespaceOf } from '../domain/names';
import { applyOverrides, OverrideError, type OverrideView } from '../domain/overrides';
import { bindingSpecSchema, overrideSpecSchema, readSpec, type BindingSpec } from '../domain/schemas';
import { bestFitOf, FIT } from '../domain/selectors';
import { readCandidate } from '../domain/sites';
import { messageOf } from '../kube/connection';
import { listAt, setAt } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { deleteObject, updateObject } from '../kube/writer';
import { putWork } from './work-writing';

/** Bindings become Works, one per cluster, with the overrides of that cluster applied (facts 15–25). */
export function startBindingController(hub: Hub): void {
  const queue = hub.queue('binding', 5, (key) => syncBinding(hub, key));
  const add = (binding: KubeObject): void => queue.add(keyOf(binding.namespace, binding.name));
  hub.bindings.subscribe({
    onAdd: add,
    onUpdate(before, binding) {
      if (before.generation !== binding.generation || before.deleting !== binding.deleting) add(binding);
    },
  });
  const overrideChanged = (override: KubeObject): void => {
    for (const binding of hub.bindings.list()) {
      if (binding.namespace === override.namespace) void addIfSelected(hub, binding, override, add);
    }
  };
  hub.overrides.subscribe({
    onAdd: overrideChanged,
    onUpdate(before, override) {
      if (before.generation === override.generation) return;
      overrideChanged(before);
      overrideChanged(override);
    },
    onDelete: overrideChanged,
  });
}

async function addIfSelected(
  hub: Hub,
  binding: KubeObject,
  override: KubeObject,
  add: (binding: KubeObject) => void,
): Promise<void> {
  try {
    const selectors = readSpec(override, overrideSpecSchema).resourceSelectors ?? [];
    const template =
      selectors.length === 0 ? undefined : await readTemplate(hub, readSpec(binding, bindingSpecSchema));
    if (selectors.length === 0 || (template !== undefined && bestFitOf(template, selectors) !== FIT.none))
      add(binding);
  } catch (error) {
    hub.log.debug({ binding: binding.name, error: messageOf(error) }, 'override not followed');
  }
}

function readTemplate(hub: Hub, spec: BindingSpec): Promise<KubeObject | undefined> {
  const { apiVersion, kind, namespace, name } = spec.resource;
  return hub.templates.read(apiVersion, kind, namespace, name);
}

async function syncBinding(hub: Hub, key: string): Promise<void> {
  const binding = hub.bindings.get(key);
  if (binding === undefined) return;
  const bindingId = binding.labels[LABELS.bindingId] ?? '';
  const works = hub.works
    .list()
    .filter((work) => work.labels[LABELS.bindingId] === bindingId && bindingId !== '');
  if (binding.deleting) {
    // The binding goes before the last Work does (fact 27).
    for (const work of works) if (!work.deleting) await deleteObject(hub.connection, RESOURCES.work, work);
    await updateObject(hub.connection, RESOURCES.binding, binding, (raw) => {
      const rest = listAt(raw, 'metadata', 'finalizers').filter((entry) => entry !== FINALIZERS.binding);
      setAt(raw, rest, 'metadata', 'finalizers');
    });
    return;
  }
  const spec = readSpec(binding, bindingSpecSchema);
  const clusters = new Set(spec.clusters.map((cluster) => cluster.name));
  for (const work of works) {
    const cluster = clusterOfNamespace(work.namespace);
    if (cluster !== undefined && !clusters.has(cluster) && !work.deleting) {
      await deleteObject(hub.connection, RESOURCES.work, work);
    }
  }
  const template = await readTemplate(hub, spec);
  if (template === undefined) return;
  await ensureWorks(hub, binding, spec, template);
}

/** Every cluster gets its try; the failures are told together (fact 20). */
async function ensureWorks(
  hub: Hub,
  binding: KubeObject,
  spec: BindingSpec,
  template: KubeObject,
): Promise<void> {
  const overrides = hub.overrides
    .list()
    .filter((override) => override.namespace === template.namespace && !override.deleting)
    .map((override): OverrideView => ({ name: override.name, spec: readSpec(override, overrideSpecSchema) }));
  const failures: string[] = [];
  for (const { name } of spec.clusters) {
    try {
      const cluster = hub.clusters.get(name);
      if (cluster === undefined) throw new Error(`clusters.cluster.karmada.io "${name}" not found`);
      const { manifest, applied } = applyOverrides(template, overrides, readCandidate(cluster));
      const fromTemplate = template.annotations[ANNOTATIONS.conflictResolution];
      await putWork(hub, {
        cluster: name,
        overridden: manifest,
        binding: {
          name: binding.name,
          namespace: binding.namespace,
          permanentId: binding.labels[LABELS.bindingId] ?? '',
          conflictResolution:
            fromTemplate === 'overwrite' || fromTemplate === 'abort'
              ? fromTemplate
              : spec.conflictResolution === 'Overwrite'
                ? 'overwrite'
                : 'abort',
        },
        annotations: applied === undefined ? {} : { [ANNOTATIONS.appliedOverrides]: applied },
        spec: {
          suspendDispatching: isSuspended(spec, name),
          preserveResourcesOnDeletion: spec.preserveResourcesOnDeletion ?? false,
        },
        namespace: executionNamespaceOf(name),
      });
    } catch (error) {
      if (error instanceof OverrideError) {
        hub.events.warn(
          template,
          'ApplyOverridePolicyFailed',
          `Apply override policy(${template.namespace}/${error.policy}) for cluster(${name}) failed.`,
        );
      }
      failures.push(messageOf(error));
    }
  }
  if (failures.length === 0) return;
  const distinct = [...new Set(failures)];
  const message = distinct.length === 1 ? distinct.join('') : `[${distinct.join(', ')}]`;
  hub.events.warn(binding, 'SyncWorkFailed', message);
  hub.events.warn(template, 'SyncWorkFailed', message);
  throw new Error(message);
}

const isSuspended = ({ suspension }: BindingSpec, cluster: string): boolean =>
  suspension?.dispatching === true ||
  suspension?.dispatchingOnClusters?.clusterNames?.includes(cluster) === true;
