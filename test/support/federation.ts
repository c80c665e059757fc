import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { startKarmada } from '../../local/karmada/karmada';
import { registerCluster } from '../../local/karmada/register';
import { kubeOf } from '../../local/stack/kubeconfig';
import { clusterSchema, isReady } from '../../src/karmada/cluster';
import type { Kube } from '../../src/kube/client';
import { KINDS, objectSchema, type Manifest } from '../../src/kube/object';
import { STRICT_OWNERS } from './account';
import { BASIC_CONTROLLERS, startApiServer, type ApiServer } from './api-server';
import { freePort } from './free-port';
import { until } from './until';

/** Karmada's stand-in with member API servers behind it, our definitions on all; no nodes, so nothing runs. */
export interface Federation {
  readonly karmada: Kube;
  readonly members: ReadonlyMap<string, Kube>;
  readonly servers: ReadonlyMap<string, ApiServer>;
  stop(): Promise<void>;
}

const definitionSchema = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
});
const establishedSchema = objectSchema.extend({
  status: z
    .looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]) })
    .optional(),
});

/** Applies deploy/crds and waits until both are established. */
export async function applyDefinitions(kube: Kube): Promise<void> {
  const folder = join(__dirname, '../../deploy/crds');
  for (const file of readdirSync(folder)) {
    const manifest: Manifest = definitionSchema.parse(parse(readFileSync(join(folder, file), 'utf8')));
    await kube.apply(KINDS.customResourceDefinition, manifest, { fieldManager: 'test', force: true });
    await until(`${manifest.metadata.name} established`, 20, async () => {
      const ref = { kind: KINDS.customResourceDefinition, name: manifest.metadata.name };
      const definition = await kube.get(ref, establishedSchema);
      const established = definition?.status?.conditions.some(
        (condition) => condition.type === 'Established' && condition.status === 'True',
      );
      return established === true ? { answer: true } : { reason: JSON.stringify(definition?.status) };
    });
  }
}

/** About 15 s. Members are registered with label vip=10.0.0.<n>. */
export async function startFederation(names: readonly string[]): Promise<Federation> {
  const [hub, ...memberServers] = await Promise.all(
    ['karmada', ...names].map((name) =>
      startApiServer({ name, controllers: BASIC_CONTROLLERS, flags: [STRICT_OWNERS] }),
    ),
  );
  if (hub === undefined) throw new Error('no hub');
  const members = new Map(memberServers.map((server) => [server.name, kubeOf(server.kubeconfigPath)]));
  const karmada = kubeOf(hub.kubeconfigPath);
  await Promise.all([karmada, ...members.values()].map(applyDefinitions));
  const standIn = await startKarmada({
    kubeconfig: hub.kubeconfigPath,
    webhookAddress: `127.0.0.1:${await freePort()}`,
    certDir: hub.dir,
    timing: {
      clusterStatusPeriodMs: 500,
      failureThresholdMs: 1_000,
      successThresholdMs: 500,
      discoveryPeriodMs: 2_000,
    },
    log: { info: ignore, warn: ignore, debug: ignore },
  });
  for (const [index, server] of memberServers.entries()) {
    await registerCluster({
      karmada: hub.kubeconfigPath,
      name: server.name,
      member: server.kubeconfigPath,
      token: server.token,
      labels: { vip: `10.0.0.${index + 1}` },
    });
  }
  await until('all clusters ready', 30, async () => {
    const clusters = (await karmada.list(KINDS.cluster, {}, clusterSchema)).items;
    const ready = clusters.filter(
      (cluster) => isReady(cluster) && JSON.stringify(cluster.status).includes('mongodbs'),
    );
    return ready.length === names.length ? { answer: true } : { reason: `${ready.length} ready` };
  });
  return {
    karmada,
    members,
    servers: new Map([hub, ...memberServers].map((server) => [server.name, server])),
    stop: async () => {
      await standIn.stop();
      for (const kube of [karmada, ...members.values()]) kube.transport.close();
      await Promise.all([hub, ...memberServers].map((server) => server.stop()));
    },
  };
}

const ignore = (): void => undefined;
