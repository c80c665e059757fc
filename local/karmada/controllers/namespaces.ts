import type { Hub } from '../hub';
import { LABELS } from '../domain/marks';
import { executionNamespaceOf, isReservedNamespace } from '../domain/names';
import { messageOf } from '../kube/connection';
import { equalJson } from '../kube/json';
import type { KubeObject } from '../kube/object';
import { putWork } from './work-writing';

/** Every namespace goes to every member, used or not (fact 3); its Works die with it (fact 62). */
export function startNamespaces(hub: Hub): void {
  const queue = hub.queue('namespace', 3, (key) => syncNamespace(hub, key));
  hub.namespaces.subscribe({
    onAdd: (namespace) => queue.add(namespace.name),
    onUpdate(before, namespace) {
      const same =
        equalJson({ ...before.labels }, { ...namespace.labels }) &&
        equalJson({ ...before.annotations }, { ...namespace.annotations });
      if (!same) queue.add(namespace.name);
    },
  });
  hub.clusters.subscribe({
    onAdd() {
      for (const namespace of hub.namespaces.list()) queue.add(namespace.name);
    },
  });
}

export const isSynced = (namespace: KubeObject): boolean =>
  namespace.name !== 'default' &&
  !isReservedNamespace(namespace.name) &&
  !namespace.deleting &&
  namespace.labels[LABELS.skipAutoPropagation]?.toLowerCase() !== 'true';

async function syncNamespace(hub: Hub, key: string): Promise<void> {
  const namespace = hub.namespaces.get(key);
  if (namespace === undefined || !isSynced(namespace)) return;
  const failures: string[] = [];
  for (const cluster of hub.clusters.list()) {
    if (cluster.deleting) continue;
    try {
      await putWork(hub, {
        cluster: cluster.name,
        namespace: executionNamespaceOf(cluster.name),
        overridden: namespace.raw,
        binding: undefined,
        annotations: {},
        spec: {},
        ownerReferences: [
          {
            apiVersion: 'v1',
            kind: 'Namespace',
            name: namespace.name,
            uid: namespace.uid,
            controller: true,
            blockOwnerDeletion: true,
          },
        ],
      });
    } catch (error) {
      failures.push(`${cluster.name}: ${messageOf(error)}`);
    }
  }
  if (failures.length > 0) throw new Error(failures.join(', '));
}
