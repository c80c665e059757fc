import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../api/multicloudmongodb';
import { FedStateError } from '../domain/errors';
import type { ImageReplacement } from '../domain/image';
import type { InstanceRef } from '../domain/instance';
import type { MemberAccess } from '../karmada/member-access';
import type { Kube } from '../kube/client';
import type { EventRecorder } from '../kube/event';
import { KINDS, type ObjectRef } from '../kube/object';

/** What activities work with: made once by the worker, faked in tests. */
export interface ActivityContext {
  readonly karmada: Kube;
  readonly members: MemberAccess;
  readonly temporal: Client;
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly imageReplacements: readonly ImageReplacement[];
  readonly systemNamespace: string;
  readonly now: () => Date;
}

export interface InstanceInput {
  readonly instance: InstanceRef;
}

export const refOf = (instance: { namespace: string; name: string }): ObjectRef => ({
  kind: KINDS.multiCloudMongoDB,
  namespace: instance.namespace,
  name: instance.name,
});

/** The custom resource, or undefined when it is gone or another of the same name stands in its place. */
export async function findInstance(
  context: ActivityContext,
  instance: InstanceRef,
): Promise<MultiCloudMongoDB | undefined> {
  const cr = await context.karmada.get(refOf(instance), multiCloudMongoDBSchema);
  return cr?.metadata.uid === instance.uid ? cr : undefined;
}

/** @throws Superseded when it is gone: whoever asked works for an instance that no longer exists */
export async function loadInstance(
  context: ActivityContext,
  instance: InstanceRef,
): Promise<MultiCloudMongoDB> {
  const cr = await findInstance(context, instance);
  if (cr === undefined) {
    throw new FedStateError(
      'Superseded',
      `MultiCloudMongoDB ${instance.namespace}/${instance.name} of uid ${instance.uid} is gone.`,
      {
        uid: instance.uid,
      },
    );
  }
  return cr;
}

/** As {@link annotateInstance}, of what was read as it was read. @throws Conflict when it has changed since */
export const annotateUnchanged = (
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> => annotate(context, cr, { resourceVersion: cr.metadata.resourceVersion, annotations });

/** Sets or removes (null) annotations of the very object that was read. */
export async function annotateInstance(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  annotations: Readonly<Record<string, string | null>>,
): Promise<void> {
  await annotate(context, cr, { annotations });
}

async function annotate(context: ActivityContext, cr: MultiCloudMongoDB, metadata: object): Promise<void> {
  // The uid makes the patch fail when another object of the same name stands there by now.
  await context.karmada.mergePatch(
    refOf({ namespace: cr.metadata.namespace ?? '', name: cr.metadata.name }),
    { metadata: { uid: cr.metadata.uid, ...metadata } },
  );
}
