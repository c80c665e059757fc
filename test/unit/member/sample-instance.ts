import { mongoDBSchema, type MongoDB } from '../../../src/api/mongodb';
import { readInstance, type Instance } from '../../../src/member/instance';

/** A MongoDB as the API server would give it, with what a test changes. */
export function sampleMongoDB(
  spec: Readonly<Record<string, unknown>> = {},
  metadata: Readonly<Record<string, unknown>> = {},
): MongoDB {
  return mongoDBSchema.parse({
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MongoDB',
    metadata: {
      name: 'orders',
      namespace: 'shop',
      uid: '11111111-2222-3333-4444-555555555555',
      resourceVersion: '7',
      generation: 1,
      ...metadata,
    },
    spec: { members: 1, image: 'mongo:4.2', ...spec },
  });
}

export function sampleInstance(
  spec: Readonly<Record<string, unknown>> = {},
  metadata: Readonly<Record<string, unknown>> = {},
): Instance {
  return readInstance(sampleMongoDB(spec, metadata));
}
