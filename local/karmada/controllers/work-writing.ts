import { randomUUID } from 'node:crypto';
import type { Hub } from '../hub';
import { buildManifest, type BindingMark } from '../domain/manifest';
import { ANNOTATIONS, FINALIZERS, LABELS } from '../domain/marks';
import { workNameOf } from '../domain/names';
import { isTaken } from '../kube/connection';
import { listAt, setAt, type Json, type JsonObject } from '../kube/json';
import { readObject, RESOURCES } from '../kube/object';
import { createObject, readLive, updateObject } from '../kube/writer';

export interface WantedWork {
  readonly cluster: string;
  readonly namespace: string;
  /** The template after overrides, as read: its uid and generation are the template's. */
  readonly overridden: JsonObject;
  readonly binding: BindingMark | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  /** Fields of the spec besides the workload. */
  readonly spec: JsonObject;
  readonly ownerReferences?: Json[];
}

/**
 * Makes or updates a Work. Annotations of former days stay (fact 10).
 * @throws Error `work … is being deleted` as long as an older one terminates, ApiError
 */
export async function putWork(hub: Hub, wanted: WantedWork): Promise<void> {
  const object = readObject(wanted.overridden);
  const name = workNameOf(object.kind, object.name, object.namespace);
  const write = (raw: JsonObject, permanentId: string): void => writeWork(raw, wanted, name, permanentId);
  // Never from the cache: a Work that was deleted a moment ago would look as if nothing were to do, and nobody looks again.
  const existing = await readLive(hub.connection, RESOURCES.work, wanted.namespace, name);
  if (existing === undefined) {
    const raw: JsonObject = {
      apiVersion: 'work.karmada.io/v1alpha1',
      kind: 'Work',
      metadata: { name, namespace: wanted.namespace },
    };
    write(raw, randomUUID());
    try {
      await createObject(hub.connection, RESOURCES.work, wanted.namespace, raw);
    } catch (error) {
      if (!isTaken(error)) throw error;
      throw new Error(`work ${wanted.namespace}/${name} appeared meanwhile`, { cause: error });
    }
    return;
  }
  await updateObject(hub.connection, RESOURCES.work, existing, (raw) => {
    const current = readObject(raw);
    if (current.deleting) throw new Error(`work ${wanted.namespace}/${name} is being deleted`);
    write(raw, current.labels[LABELS.workId] ?? randomUUID());
  });
}

function writeWork(raw: JsonObject, wanted: WantedWork, name: string, permanentId: string): void {
  setAt(raw, permanentId, 'metadata', 'labels', LABELS.workId);
  if (wanted.binding !== undefined) {
    const { binding } = wanted;
    setAt(raw, binding.permanentId, 'metadata', 'labels', LABELS.bindingId);
    setAt(raw, binding.name, 'metadata', 'annotations', ANNOTATIONS.bindingName);
    setAt(raw, binding.namespace, 'metadata', 'annotations', ANNOTATIONS.bindingNamespace);
    setAt(raw, binding.conflictResolution, 'metadata', 'annotations', ANNOTATIONS.conflictResolution);
  }
  for (const [key, value] of Object.entries(wanted.annotations))
    setAt(raw, value, 'metadata', 'annotations', key);
  const finalizers = listAt(raw, 'metadata', 'finalizers');
  if (!finalizers.includes(FINALIZERS.work)) {
    setAt(raw, [...finalizers, FINALIZERS.work], 'metadata', 'finalizers');
  }
  if (wanted.ownerReferences !== undefined) setAt(raw, wanted.ownerReferences, 'metadata', 'ownerReferences');
  const manifest = buildManifest(
    wanted.overridden,
    { name, namespace: wanted.namespace, permanentId },
    wanted.binding,
  );
  setAt(raw, { ...wanted.spec, workload: { manifests: [manifest] } }, 'spec');
}
