import type { Hub } from '../hub';
import { findCondition, now } from '../domain/conditions';
import { FINALIZERS, LABELS } from '../domain/marks';
import { executionNamespaceOf } from '../domain/names';
import { bindingSpecSchema, clusterSpecSchema, readSpec } from '../domain/schemas';
import { isTaken, isNotFound } from '../kube/connection';
import { equalJson, listAt, setAt, stringAt, toJson, type Json } from '../kube/json';
import { objectPath, RESOURCES, type KubeObject } from '../kube/object';
import { createObject, readLive, updateObject } from '../kube/writer';

const NOT_READY = 'cluster.karmada.io/not-ready';
const UNREACHABLE = 'cluster.karmada.io/unreachable';
const CLEANUP_CHECK_MS = 2_000;

/** Execution namespace, finalizer and taint of every Cluster; and the slow goodbye of one that is deleted (facts 45, 64–66). */
export function startClusterController(hub: Hub): void {
  const queue = hub.queue('cluster', 2, async (key) => {
    const cluster = hub.clusters.get(key);
    if (cluster === undefined) return;
    if (!cluster.deleting) await syncCluster(hub, cluster);
    else if (!(await removeCluster(hub, cluster))) queue.addAfter(key, CLEANUP_CHECK_MS);
  });
  hub.clusters.subscribe({
    onAdd: (cluster) => queue.add(cluster.name),
    onUpdate: (_before, cluster) => queue.add(cluster.name),
  });
}

async function syncCluster(hub: Hub, cluster: KubeObject): Promise<void> {
  const namespace = executionNamespaceOf(cluster.name);
  if (hub.namespaces.get(namespace) === undefined) {
    try {
      await createObject(hub.connection, RESOURCES.namespace, '', {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: { name: namespace, labels: { [LABELS.system]: 'true' } },
      });
    } catch (error) {
      if (!isTaken(error)) throw error;
    }
  }
  const taints = wantedTaints(cluster);
  await updateObject(hub.connection, RESOURCES.cluster, cluster, (raw) => {
    const before: Json = listAt(raw, 'spec', 'taints').slice();
    if (!equalJson(before, taints)) setAt(raw, taints, 'spec', 'taints');
    const finalizers = listAt(raw, 'metadata', 'finalizers');
    if (!finalizers.includes(FINALIZERS.cluster)) {
      setAt(raw, [...finalizers, FINALIZERS.cluster], 'metadata', 'finalizers');
    }
  });
}

/** Ready=False or unknown yet: not-ready; Ready=Unknown: unreachable; both only NoSchedule (fact 50). */
function wantedTaints(cluster: KubeObject): Json[] {
  const status = stringAt(findCondition(cluster.raw, 'Ready'), 'status');
  const wanted = status === 'True' ? undefined : status === 'Unknown' ? UNREACHABLE : NOT_READY;
  const taints = readSpec(cluster, clusterSpecSchema).taints;
  const isOurs = (key: string, effect: string): boolean =>
    (key === NOT_READY || key === UNREACHABLE) && effect === 'NoSchedule';
  const kept = taints
    .filter((taint) => !isOurs(taint.key, taint.effect) || taint.key === wanted)
    .map((taint) => toJson(taint));
  const has = taints.some((taint) => isOurs(taint.key, taint.effect) && taint.key === wanted);
  return wanted === undefined || has
    ? kept
    : [...kept, { key: wanted, effect: 'NoSchedule', timeAdded: now() }];
}

/** @returns whether the Cluster is gone; Works hang on to their namespace until each is finished */
async function removeCluster(hub: Hub, cluster: KubeObject): Promise<boolean> {
  if (!cluster.finalizers.includes(FINALIZERS.cluster)) return true;
  const name = executionNamespaceOf(cluster.name);
  const namespace = await readLive(hub.connection, RESOURCES.namespace, '', name);
  if (namespace !== undefined) {
    if (!namespace.deleting) {
      try {
        await hub.connection.call('DELETE', objectPath(RESOURCES.namespace, '', name));
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    return false;
  }
  const bound = hub.bindings
    .list()
    .some((binding) =>
      readSpec(binding, bindingSpecSchema).clusters.some((entry) => entry.name === cluster.name),
    );
  if (bound) return false;
  await updateObject(hub.connection, RESOURCES.cluster, cluster, (raw) => {
    const rest = listAt(raw, 'metadata', 'finalizers').filter((entry) => entry !== FINALIZERS.cluster);
    setAt(raw, rest, 'metadata', 'finalizers');
  });
  return true;
}
