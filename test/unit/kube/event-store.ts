import { z } from 'zod';
import { FedStateError } from '../../../src/domain/errors';
import type { Kube } from '../../../src/kube/client';
import { objectSchema, type ObjectRef } from '../../../src/kube/object';

export interface EventStore {
  readonly kube: Kube;
  events(): Record<string, unknown>[];
  /** Requests that changed something. */
  writes(): number;
  /** As the API server does after an hour. */
  expire(): void;
}

const unexpected = (): never => {
  throw new Error('not asked of an event recorder');
};

/** The few requests of an event recorder, answered as the API server does: create once, patch what is there. */
export function eventStore(): EventStore {
  const stored = new Map<string, Record<string, unknown>>();
  let writes = 0;
  const keyOf = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;
  const asObject = (body: Record<string, unknown>) =>
    objectSchema.parse({
      ...body,
      metadata: { ...z.looseObject({}).parse(body['metadata']), uid: 'e', resourceVersion: '1' },
    });
  const kube: Kube = {
    list: unexpected,
    apply: unexpected,
    applyStatus: unexpected,
    post: unexpected,
    jsonPatch: unexpected,
    delete: unexpected,
    serves: unexpected,
    transport: { request: unexpected, open: unexpected, server: 'fake', close: () => undefined },
    get: (ref, schema) => {
      const body = stored.get(keyOf(ref.namespace, ref.name));
      return Promise.resolve(body === undefined ? undefined : schema.parse(body));
    },
    create: (_kind, manifest) => {
      const key = keyOf(manifest.metadata.namespace, manifest.metadata.name);
      if (stored.has(key)) return Promise.reject(new FedStateError('Conflict', 'already exists'));
      writes += 1;
      stored.set(key, { ...manifest });
      return Promise.resolve(asObject({ ...manifest }));
    },
    mergePatch: (ref: ObjectRef, patch) => {
      const key = keyOf(ref.namespace, ref.name);
      const body = stored.get(key);
      if (body === undefined) return Promise.reject(new FedStateError('NotFound', 'not found'));
      writes += 1;
      const merged = { ...body, ...patch };
      stored.set(key, merged);
      return Promise.resolve(asObject(merged));
    },
  };
  return { kube, events: () => [...stored.values()], writes: () => writes, expire: () => stored.clear() };
}
