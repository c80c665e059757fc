import type { MongoDBStatus } from '../api/mongodb';
import { MEMBER_FIELD_MANAGER } from '../domain/marks';
import type { Kube } from '../kube/client';
import { apiVersionOf, KINDS } from '../kube/object';
import { canonicalJson } from './digest';
import type { Instance } from './instance';

/** Writes the status when it says something new. @returns whether it did */
export async function writeStatus(kube: Kube, instance: Instance, status: MongoDBStatus): Promise<boolean> {
  if (canonicalJson(status) === canonicalJson(instance.status ?? {})) return false;
  await kube.applyStatus(
    KINDS.mongoDB,
    {
      apiVersion: apiVersionOf(KINDS.mongoDB),
      kind: KINDS.mongoDB.kind,
      // With the uid a status never lands on an object that was made again meanwhile.
      metadata: { name: instance.name, namespace: instance.namespace, uid: instance.uid },
      status,
    },
    { fieldManager: MEMBER_FIELD_MANAGER, force: true },
  );
  return true;
}
