import type { Hub } from '../hub';
import { bindingNameOf } from '../domain/names';
import { listAt, stringAt, valueAt, type Json } from '../kube/json';
import { keyOf, RESOURCES, type KubeObject } from '../kube/object';
import { deleteObject, readLive } from '../kube/writer';

/**
 * Deletes bindings and namespace Works whose owner is gone. A control plane's garbage collector does the same, but it takes up to
 * 30 s to notice a new kind, and a stack may run without one.
 */
export function startCollector(hub: Hub): void {
  const bindings = hub.queue('collect-binding', 2, (key) =>
    collect(hub, hub.bindings.get(key), RESOURCES.binding),
  );
  const works = hub.queue('collect-work', 2, (key) => collect(hub, hub.works.get(key), RESOURCES.work));
  hub.templates.subscribe({
    onDelete: (template) =>
      bindings.add(keyOf(template.namespace, bindingNameOf(template.kind, template.name))),
  });
  hub.bindings.subscribe({
    onAdd(binding) {
      hub.templates.want(
        stringAt(binding.raw, 'spec', 'resource', 'apiVersion') ?? '',
        stringAt(binding.raw, 'spec', 'resource', 'kind') ?? '',
      );
      bindings.add(keyOf(binding.namespace, binding.name));
    },
  });
  hub.works.subscribe({ onAdd: (work) => works.add(keyOf(work.namespace, work.name)) });
  hub.namespaces.subscribe({
    onDelete(namespace) {
      for (const work of hub.works.list()) {
        if (ownerOf(work, namespace.uid) !== undefined) works.add(keyOf(work.namespace, work.name));
      }
    },
  });
}

const ownerOf = (object: KubeObject, uid: string): Json | undefined =>
  listAt(object.raw, 'metadata', 'ownerReferences').find((owner) => stringAt(owner, 'uid') === uid);

async function collect(
  hub: Hub,
  object: KubeObject | undefined,
  resource: typeof RESOURCES.binding | typeof RESOURCES.work,
): Promise<void> {
  if (object === undefined || object.deleting) return;
  const owner = listAt(object.raw, 'metadata', 'ownerReferences').find(
    (entry) => valueAt(entry, 'controller') === true,
  );
  if (owner === undefined) return;
  const kind = stringAt(owner, 'kind') ?? '';
  const ownerResource = hub.templates.resourceOf(stringAt(owner, 'apiVersion') ?? '', kind);
  if (ownerResource === undefined) throw new Error(`kind ${kind} is not known yet`);
  const live = await readLive(
    hub.connection,
    ownerResource,
    ownerResource.namespaced ? object.namespace : '',
    stringAt(owner, 'name') ?? '',
  );
  if (live === undefined || live.uid !== stringAt(owner, 'uid')) {
    await deleteObject(hub.connection, resource, object);
  }
}
