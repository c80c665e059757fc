import type { InstanceRef, OperationKind } from './instance';

/** The entity of an instance. The uid is part of it: a re-created object never meets the runs of its predecessor. */
export const instanceWorkflowId = (namespace: string, name: string, uid: string): string =>
  `mongo/${namespace}/${name}/${uid}`;

export const operationWorkflowId = (instance: InstanceRef, number: number, kind: OperationKind): string =>
  `${instanceWorkflowId(instance.namespace, instance.name, instance.uid)}/op/${number}-${kind}`;

export const healthWorkflowId = (instance: InstanceRef): string =>
  `${instanceWorkflowId(instance.namespace, instance.name, instance.uid)}/health`;
