import { z } from 'zod';
import { isFedStateError } from '../domain/errors';
import { FINALIZERS } from '../domain/marks';
import type { Kube } from '../kube/client';
import { KINDS, metadataSchema, type Metadata } from '../kube/object';
import type { InstanceView } from './instance-view';

const ATTEMPTS = 5;
const metadataOnlySchema = z.looseObject({ metadata: metadataSchema });

/**
 * Puts our finalizer on the object, so that it cannot vanish before its clusters are clean. The finalizers of others are
 * kept: the patch tests uid and resourceVersion, and is made again on what stands there when somebody was quicker.
 * @returns false when the object is gone, is another one by now, or is being deleted
 * @throws FedStateError as the API server refuses
 */
export async function ensureFinalizer(kube: Kube, instance: InstanceView): Promise<boolean> {
  const { namespace, name, uid } = instance.ref;
  const ref = { kind: KINDS.multiCloudMongoDB, namespace, name };
  let metadata: Metadata | undefined = instance.metadata;
  for (let attempt = 1; ; attempt += 1) {
    if (metadata?.uid !== uid || metadata.deletionTimestamp !== undefined) return false;
    if (metadata.finalizers.includes(FINALIZERS.multiCloud)) return true;
    try {
      await kube.jsonPatch(ref, [
        { op: 'test', path: '/metadata/uid', value: uid },
        { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
        {
          op: 'add',
          path: '/metadata/finalizers',
          value: [...metadata.finalizers, FINALIZERS.multiCloud],
        },
      ]);
      return true;
    } catch (error) {
      const before: string = metadata.resourceVersion;
      metadata = (await kube.get(ref, metadataOnlySchema))?.metadata;
      // A failed test is 422 like any other refusal: only a newer object tells them apart.
      const wasQuicker = isFedStateError(error, 'NotFound') || metadata?.resourceVersion !== before;
      if (!wasQuicker || attempt === ATTEMPTS) throw error;
    }
  }
}
