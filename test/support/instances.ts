import { MongoClient, type Db } from 'mongodb';
import { z } from 'zod';
import { multiCloudMongoDBSchema, type MultiCloudMongoDB } from '../../src/api/multicloudmongodb';
import type { Kube } from '../../src/kube/client';
import { KINDS, objectSchema, type Kind, type KubeObject, type ObjectRef } from '../../src/kube/object';
import type { Environment } from './environment';
import { until } from './until';

const secretSchema = objectSchema.extend({ data: z.record(z.string(), z.string()).default({}) });
const eventSchema = z.looseObject({
  reason: z.string().optional(),
  note: z.string().optional(),
  regarding: z.looseObject({ name: z.string().optional() }).optional(),
});

/** An instance that fits beside others: three members, one a cluster. */
export const SMALL_SPEC = {
  replicaset: 3,
  imageSetting: { image: 'mongo:4.2' },
  resource: { requests: { cpu: '50m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  storage: { storageSize: '256Mi', whenDeleted: 'Delete' },
} as const;

export const instanceRef = (namespace: string, name: string): ObjectRef => ({
  kind: KINDS.multiCloudMongoDB,
  namespace,
  name,
});

export async function ensureNamespace(kube: Kube, name: string): Promise<void> {
  await kube.apply(
    KINDS.namespace,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { fieldManager: 'e2e' },
  );
}

export async function createInstance(
  karmada: Kube,
  namespace: string,
  name: string,
  spec: Readonly<Record<string, unknown>> = {},
): Promise<KubeObject> {
  return karmada.create(KINDS.multiCloudMongoDB, {
    apiVersion: 'middleware.fedstate.io/v1alpha1',
    kind: 'MultiCloudMongoDB',
    metadata: { name, namespace },
    spec: { ...SMALL_SPEC, ...spec },
  });
}

export const readInstance = (
  karmada: Kube,
  namespace: string,
  name: string,
): Promise<MultiCloudMongoDB | undefined> =>
  karmada.get(instanceRef(namespace, name), multiCloudMongoDBSchema);

export async function awaitHealth(
  karmada: Kube,
  namespace: string,
  name: string,
): Promise<MultiCloudMongoDB> {
  return until(`${name} healthy`, 480, async () => {
    const cr = await readInstance(karmada, namespace, name);
    return cr?.status?.state === 'Health' && cr.status.operation === undefined
      ? { answer: cr }
      : { reason: JSON.stringify(cr?.status?.operation ?? sayConditions(cr)) };
  });
}

/** Conditions as `Type=Status: message`. */
export const sayConditions = (cr: MultiCloudMongoDB | undefined): string[] =>
  (cr?.status?.conditions ?? []).map(({ type, status, message }) => `${type}=${status}: ${message ?? ''}`);

export async function awaitGone(
  karmada: Kube,
  namespace: string,
  name: string,
  seconds = 180,
): Promise<void> {
  await until(`${name} gone`, seconds, async () => {
    const cr = await readInstance(karmada, namespace, name);
    return cr === undefined ? { answer: true } : { reason: JSON.stringify(cr.status?.operation) };
  });
}

export async function removeInstance(karmada: Kube, namespace: string, name: string): Promise<void> {
  await karmada.delete(instanceRef(namespace, name));
  await awaitGone(karmada, namespace, name);
}

/** Objects of these kinds of one instance in one API server, as `Kind name`, with their uids. */
export async function listOwn(
  kube: Kube,
  kinds: readonly Kind[],
  namespace: string,
  name: string,
): Promise<Map<string, string>> {
  const own = { namespace, labelSelector: `app.kubernetes.io/instance=${name}` };
  const pages = await Promise.all(
    kinds.map(async (kind) => ({ kind, items: (await kube.list(kind, own, objectSchema)).items })),
  );
  return new Map(
    pages.flatMap(({ kind, items }) =>
      items.map(({ metadata }): [string, string] => [`${kind.kind} ${metadata.name}`, metadata.uid]),
    ),
  );
}

/** What holds data, in every member: changes when a pod, StatefulSet or claim is gone or made anew. */
export const listHolders = (
  environment: Environment,
  namespace: string,
  name: string,
): Promise<Record<string, Record<string, string>>> => listInMembers(environment, HOLDERS, namespace, name);

const HOLDERS = [KINDS.pod, KINDS.statefulSet, KINDS.persistentVolumeClaim] as const;

export async function listInMembers(
  environment: Environment,
  kinds: readonly Kind[],
  namespace: string,
  name: string,
): Promise<Record<string, Record<string, string>>> {
  const entries = await Promise.all(
    [...environment.members].map(async ([cluster, kube]): Promise<[string, Record<string, string>]> => {
      return [cluster, Object.fromEntries(await listOwn(kube, kinds, namespace, name))];
    }),
  );
  return Object.fromEntries(entries);
}

/** What the connection Secret gives to clients. */
export async function connectionStringOf(karmada: Kube, namespace: string, name: string): Promise<string> {
  const ref = { kind: KINDS.secret, namespace, name: `${name}-connection` };
  const secret = await karmada.get(ref, secretSchema);
  return Buffer.from(secret?.data['connectionString'] ?? '', 'base64').toString('utf8');
}

/** Signs in with the connection Secret, as a client would. */
export async function withDatabase<T>(
  karmada: Kube,
  namespace: string,
  name: string,
  use: (database: Db, client: MongoClient) => Promise<T>,
): Promise<T> {
  const uri = await connectionStringOf(karmada, namespace, name);
  const client = new MongoClient(uri, { serverSelectionTimeoutMS: 20_000 });
  try {
    return await use(client.db('shop'), client);
  } finally {
    await client.close();
  }
}

/** Events about an object, as `Reason: note`. */
export async function listEvents(karmada: Kube, namespace: string, name: string): Promise<string[]> {
  const { items } = await karmada.list(KINDS.event, { namespace }, eventSchema);
  return items
    .filter((event) => event.regarding?.name === name)
    .map((event) => `${event.reason ?? ''}: ${event.note ?? ''}`);
}
