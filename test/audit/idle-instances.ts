import { z } from 'zod';
import { mongoDBSchema } from '../../src/api/mongodb';
import { multiCloudMongoDBSchema } from '../../src/api/multicloudmongodb';
import type { Kube } from '../../src/kube/client';
import { KINDS, objectSchema } from '../../src/kube/object';
import { until } from '../support/until';

const RESOURCES = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } };
const federated = { kind: KINDS.multiCloudMongoDB, namespace: 'rest', name: 'idle' };
const local = { kind: KINDS.mongoDB, namespace: 'rest-alone', name: 'alone' };
const OWN = { namespace: local.namespace, labelSelector: `app.kubernetes.io/instance=${local.name}` };

/** What has nothing to do once it is there: an instance over all clusters, and a replica set of one member alone. */
export interface IdleInstances {
  /** Resolves when both are as asked; the one alone was changed once, in every way that its manager carries out. */
  create(): Promise<void>;
  /** Has every manager look once more: news since its last look, such as another sync source, is written now. */
  disturb(): Promise<void>;
  remove(): Promise<void>;
}

export function prepareIdleInstances(karmada: Kube, members: readonly [Kube, ...Kube[]]): IdleInstances {
  const [member] = members;
  const apply = async (kube: Kube, ref: typeof federated | typeof local, spec: object): Promise<void> => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ref.namespace } };
    await kube.apply(KINDS.namespace, namespace, { fieldManager: 'e2e' });
    await kube.apply(
      ref.kind,
      {
        apiVersion: 'middleware.fedstate.io/v1alpha1',
        kind: ref.kind.kind,
        metadata: { name: ref.name, namespace: ref.namespace },
        spec,
      },
      { fieldManager: 'e2e', force: true },
    );
  };

  const createFederated = async (): Promise<void> => {
    await apply(karmada, federated, {
      replicaset: 3,
      imageSetting: { image: 'mongo:4.2' },
      resource: RESOURCES,
      export: { enable: true, resource: RESOURCES },
      storage: { storageSize: '256Mi', whenDeleted: 'Delete' },
    });
    await until('Health', 240, async () => {
      const { status } = (await karmada.get(federated, multiCloudMongoDBSchema)) ?? {};
      return status?.state === 'Health' && status.operation === undefined
        ? { answer: true }
        : { reason: JSON.stringify(status?.operation ?? status?.state) };
    });
  };

  const createLocal = async (): Promise<void> => {
    const spec = {
      members: 1,
      // Replaced by the stack's configuration: what is said of it must not be repeated.
      image: 'mongo:3.6',
      resources: RESOURCES,
      persistence: { storage: '256Mi', whenDeleted: 'Delete' },
      metricsExporterSpec: { enable: true },
    };
    await apply(member, local, spec);
    await awaitLocal(member, { storage: '256Mi', exporters: 1 });
    await apply(member, local, {
      ...spec,
      config: [{ name: 'operationProfiling.slowOpThresholdMs', value: '500' }],
      metricsExporterSpec: { enable: false },
      persistence: { ...spec.persistence, storage: '300Mi' },
    });
    await awaitLocal(member, { storage: '300Mi', exporters: 0 });
  };

  return {
    create: async () => {
      await Promise.all([createFederated(), createLocal()]);
    },
    disturb: async () => {
      const pods = await Promise.all(members.map((cluster) => touchPods(cluster, federated.namespace)));
      if (pods.some((count) => count === 0)) throw new Error(`pods that were touched: ${pods.join(', ')}`);
      await touchPods(member, local.namespace);
    },
    remove: async () => {
      await Promise.all([karmada.delete(federated), member.delete(local)]);
      await until('gone', 180, async () => {
        const left = [
          await karmada.get(federated, multiCloudMongoDBSchema),
          await member.get(local, mongoDBSchema),
        ];
        return left.every((one) => one === undefined) ? { answer: true } : { reason: 'still there' };
      });
    },
  };
}

/** A pod that changed makes its manager look, whatever changed. @returns how many there were */
async function touchPods(cluster: Kube, namespace: string): Promise<number> {
  const { items } = await cluster.list(KINDS.pod, { namespace }, objectSchema);
  for (const { metadata } of items) {
    const annotations = { 'e2e.fedstate.io/touched': new Date().toISOString() };
    await cluster.apply(
      KINDS.pod,
      { apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name, namespace, annotations } },
      { fieldManager: 'e2e' },
    );
  }
  return items.length;
}

const claimSchema = objectSchema.extend({
  spec: z.looseObject({ resources: z.looseObject({ requests: z.record(z.string(), z.string()) }) }),
});

/** Running, with a claim of that size, that many exporter Services, and no configuration but the one in use. */
async function awaitLocal(
  member: Kube,
  wanted: { readonly storage: string; readonly exporters: number },
): Promise<void> {
  await until(`Running with ${JSON.stringify(wanted)}`, 180, async () => {
    const { status, metadata } = (await member.get(local, mongoDBSchema)) ?? {};
    const services = (await member.list(KINDS.service, OWN, objectSchema)).items;
    const claims = (await member.list(KINDS.persistentVolumeClaim, OWN, claimSchema)).items;
    const configs = (await member.list(KINDS.configMap, OWN, objectSchema)).items;
    const seen = {
      state: status?.state,
      current: status?.observedGeneration === metadata?.generation,
      storage: claims.map(({ spec }) => spec.resources.requests['storage']).join(),
      exporters: services.filter((one) => one.metadata.name.endsWith('-exporter')).length,
      configs: configs.filter((one) => /-mongod-[0-9a-f]{8}$/.test(one.metadata.name)).length,
    };
    const is =
      JSON.stringify(seen) === JSON.stringify({ state: 'Running', current: true, ...wanted, configs: 1 });
    return is ? { answer: true } : { reason: JSON.stringify({ ...seen, waitingFor: status?.waitingFor }) };
  });
}
