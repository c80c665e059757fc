import type { Hub } from '../hub';
import { now, withCondition, type Condition } from '../domain/conditions';
import { writeGoJson } from '../domain/go-json';
import { ANNOTATIONS, DEFAULT_SCHEDULER, LABELS } from '../domain/marks';
import { choosePlacement } from '../domain/placement';
import { bindingSpecSchema, readSpec, type BindingSpec } from '../domain/schemas';
import { readCandidate, readSite } from '../domain/sites';
import { matchesCluster } from '../domain/selectors';
import { equalJson, listAt, objectAt, setAt, stringAt, type Json } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { updateObject, updateStatus } from '../kube/writer';

const SUCCESS: Condition = {
  type: 'Scheduled',
  status: 'True',
  reason: 'Success',
  message: 'Binding has been scheduled successfully.',
};

/** Writes `spec.clusters` of bindings that name the default scheduler and belong to a policy (facts 28, 57, 60). */
export function startScheduler(hub: Hub): void {
  const queue = hub.queue('schedule', 3, (key) => schedule(hub, key));
  const enqueue = (binding: KubeObject): void => {
    const claimed = (binding.labels[LABELS.policyId] ?? '') !== '';
    if (claimed && isOurs(binding)) queue.add(keyOf(binding.namespace, binding.name));
  };
  hub.bindings.subscribe({
    onAdd: enqueue,
    onUpdate(before, binding) {
      if (before.generation !== binding.generation) enqueue(binding);
    },
  });
  // A change of what a cluster serves is no reason to schedule again (fact 2); labels, spec and taints are (fact 53).
  hub.clusters.subscribe({
    onUpdate(before, cluster) {
      const relabelled = !equalJson({ ...before.labels }, { ...cluster.labels });
      if (!relabelled && before.generation === cluster.generation && before.deleting === cluster.deleting)
        return;
      for (const binding of hub.bindings.list()) {
        const concerned = concerns(binding, before) || concerns(binding, cluster);
        // Unclaimed ones too: a cluster that is deleted must leave every binding.
        if (concerned && isOurs(binding)) queue.add(keyOf(binding.namespace, binding.name));
      }
    },
  });
}

function isOurs(binding: KubeObject): boolean {
  const spec = objectAt(binding.raw, 'spec');
  const scheduler = stringAt(spec, 'schedulerName') ?? DEFAULT_SCHEDULER;
  return scheduler === DEFAULT_SCHEDULER && objectAt(spec, 'suspension')['scheduling'] !== true;
}

function concerns(binding: KubeObject, cluster: KubeObject): boolean {
  const affinity = readSpec(binding, bindingSpecSchema).placement?.clusterAffinity;
  return affinity === undefined || matchesCluster(readCandidate(cluster), affinity);
}

async function schedule(hub: Hub, key: string): Promise<void> {
  const binding = hub.bindings.get(key);
  if (binding === undefined || binding.deleting || !isOurs(binding)) return;
  const spec = readSpec(binding, bindingSpecSchema);
  const choice = choosePlacement(spec, hub.clusters.list().map(readSite));
  switch (choice.kind) {
    case 'chosen': {
      const written = await writeClusters(hub, binding, spec, choice.clusters);
      await writeScheduled(hub, binding, written, SUCCESS);
      return;
    }
    case 'unfit': {
      const written = await writeClusters(hub, binding, spec, []);
      await writeScheduled(hub, binding, written, {
        type: 'Scheduled',
        status: 'False',
        reason: 'NoClusterFit',
        message: choice.message,
      });
      return;
    }
    case 'error':
      await writeScheduled(hub, binding, binding, {
        type: 'Scheduled',
        status: 'False',
        reason: 'SchedulerError',
        message: choice.message,
      });
      hub.events.warn(binding, 'ScheduleBindingFailed', choice.message);
      throw new Error(choice.message);
  }
}

/** @throws ApiError, also when the binding changed meanwhile: then it is decided again */
async function writeClusters(
  hub: Hub,
  binding: KubeObject,
  spec: BindingSpec,
  clusters: readonly string[],
): Promise<KubeObject | undefined> {
  const placement = writeGoJson(objectAt(binding.raw, 'spec', 'placement'));
  const kept = new Map<string, Json>(
    listAt(binding.raw, 'spec', 'clusters').map((entry) => [stringAt(entry, 'name') ?? '', entry]),
  );
  const wanted = clusters.map((name) => kept.get(name) ?? { name });
  return updateObject(hub.connection, RESOURCES.binding, binding, (raw) => {
    if (!equalJson(objectAt(raw, 'spec', 'placement'), objectAt(binding.raw, 'spec', 'placement'))) return;
    if (wanted.length > 0 || spec.clusters.length > 0) setAt(raw, wanted, 'spec', 'clusters');
    setAt(raw, placement, 'metadata', 'annotations', ANNOTATIONS.appliedPlacement);
  });
}

/** The generation that was decided about, not the one that the decision made (fact 11): the next pass catches up. */
async function writeScheduled(
  hub: Hub,
  decided: KubeObject,
  written: KubeObject | undefined,
  condition: Condition,
): Promise<void> {
  if (written === undefined) return;
  await updateStatus(hub.connection, RESOURCES.binding, written, (status) => {
    status['conditions'] = withCondition(listAt(status, 'conditions'), condition);
    if (condition.status !== 'True') return;
    status['schedulerObservedGeneration'] = decided.generation;
    status['lastScheduledTime'] = now();
  });
}
