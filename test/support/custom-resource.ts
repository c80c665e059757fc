import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';

/** A MultiCloudMongoDB as the API server would return it: defaults filled, metadata complete. */
export function makeInstance(
  spec: Readonly<Record<string, unknown>>,
  metadata: Readonly<Record<string, unknown>> = {},
  status?: Readonly<Record<string, unknown>>,
): MultiCloudMongoDB {
  return multiCloudMongoDBSchema.parse({
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      uid: '56c69f88-6c52-4886-a922-9ebf7c156ba5',
      resourceVersion: '1',
      generation: 1,
      ...metadata,
    },
    spec: { replicaset: 5, ...spec },
    ...(status === undefined ? {} : { status }),
  });
}
