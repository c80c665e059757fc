import type { InstanceRef, OperationKind } from './instance';

/** The entity of an instance. The uid is part of it: a re-created object never meets the runs of its predecessor. */
export const instanceWorkflowId = (namespace: string, name: string, uid: string): string =>
  `mongo/${namespace}/${name}/${uid}`;

/** With which the ids of all operations of an instance begin. */
export const operationPrefix = ({ namespace, name, uid }: InstanceRef): string =>
  `${instanceWorkflowId(namespace, name, uid)}/op/`;

export const operationWorkflowId = (instance: InstanceRef, number: number, kind: OperationKind): string =>
  `${operationPrefix(instance)}${number}-${kind}`;

/** The number in an id that begins with `prefix`; 0: it has none. */
export const operationNumber = (id: string, prefix: string): number =>
  Number(/^\d+/.exec(id.slice(prefix.length))?.[0] ?? 0);

export const healthWorkflowId = (instance: InstanceRef): string =>
  `${instanceWorkflowId(instance.namespace, instance.name, instance.uid)}/health`;

/** Inverse of {@link instanceWorkflowId}; undefined for ids of anything else, operations and health watches among them. */
export function readInstanceWorkflowId(id: string): InstanceRef | undefined {
  const [root, namespace, name, uid, ...rest] = id.split('/');
  if (root !== 'mongo' || rest.length > 0) return undefined;
  if (namespace === undefined || name === undefined || uid === undefined) return undefined;
  return namespace === '' || name === '' || uid === '' ? undefined : { namespace, name, uid };
}
