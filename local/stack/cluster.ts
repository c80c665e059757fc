import { createConnection } from 'node:net';
import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import type { Kube } from '../../src/kube/client';
import { KINDS, metadataSchema, type Kind, type Manifest } from '../../src/kube/object';
import type { ProgramPaths } from '../programs/obtain';
import { apiServerSpec, controllerManagerSpec, etcdSpec, schedulerSpec } from './cluster-specs';
import { clusterDnsManifests } from './cluster-dns';
import { waitUntil } from './command';
import { kubeOf, writeKubeconfig } from './kubeconfig';
import type { ClusterLayout, MemberLayout } from './layout';
import { corednsFile, corednsSpec, kubeProxySpec, provisionerSpec } from './node-specs';
import { writeFileAtomically } from './json-file';
import { serviceMonitorDefinition } from './monitoring';
import type { Pki } from './pki';
import { storageClassManifests } from './storage';
import type { SupervisorClient } from './supervisor-client';

export interface ClusterContext {
  readonly supervisor: SupervisorClient;
  readonly programs: ProgramPaths;
  readonly pki: Pki;
}

const READY_MS = 90_000;
const STACK_MANAGER = { fieldManager: 'fedstate-local', force: true } as const;
const endpointSliceKind: Kind = {
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  namespaced: true,
};

/** Starts etcd and the API server of a cluster; resolves with a client once it is ready. */
export async function startControlPlane(
  cluster: ClusterLayout,
  { supervisor, programs, pki }: ClusterContext,
  flags: readonly string[] = [],
): Promise<Kube> {
  mkdirSync(cluster.etcdFolder, { recursive: true, mode: 0o700 });
  writeKubeconfig(cluster, pki);
  await supervisor.ensure(etcdSpec(cluster, programs));
  await supervisor.ensure(apiServerSpec(cluster, programs, pki, flags));
  const kube = kubeOf(cluster.kubeconfig);
  await waitUntil(`the API server of ${cluster.name}`, READY_MS, async () => {
    await kube.transport.request({ method: 'GET', path: '/readyz', timeoutMs: 3_000 });
    return true;
  });
  return kube;
}

/** What makes a bare API server a cluster: controllers, scheduler, Services, DNS, storage. */
export async function startMemberServices(
  member: MemberLayout,
  kube: Kube,
  { supervisor, programs, pki }: ClusterContext,
  packageFolder: string,
  hasServiceMonitors: boolean,
): Promise<void> {
  const corefile = corednsFile(member);
  writeFileAtomically(corefile.path, corefile.text);
  await Promise.all([
    supervisor.ensure(controllerManagerSpec(member, programs, pki, 'member')),
    supervisor.ensure(schedulerSpec(member, programs)),
    supervisor.ensure(kubeProxySpec(member, programs)),
    supervisor.ensure(corednsSpec(member, programs)),
    supervisor.ensure(provisionerSpec(member, packageFolder)),
    ...storageClassManifests().map((manifest) => kube.apply(KINDS.storageClass, manifest, STACK_MANAGER)),
    ...clusterDnsManifests(member).map((manifest) =>
      kube.apply(kindOfDns(manifest), manifest, STACK_MANAGER),
    ),
    ...(hasServiceMonitors
      ? [kube.apply(KINDS.customResourceDefinition, serviceMonitorDefinition(), STACK_MANAGER)]
      : []),
  ]);
}

const kindOfDns = (manifest: Manifest): Kind =>
  manifest.kind === 'Service' ? KINDS.service : endpointSliceKind;

const nodeSchema = z.looseObject({
  metadata: metadataSchema,
  status: z
    .looseObject({
      conditions: z
        .array(
          z.looseObject({ type: z.string(), status: z.string(), lastHeartbeatTime: z.string().nullish() }),
        )
        .default([]),
    })
    .default({ conditions: [] }),
});

/** When each node that is Ready last said so, in ms since the epoch, by its name. */
export async function listReadyNodes(kube: Kube): Promise<ReadonlyMap<string, number>> {
  const { items } = await kube.list(KINDS.node, {}, nodeSchema);
  return new Map(
    items.flatMap((node) => {
      const ready = node.status.conditions.find(({ type }) => type === 'Ready');
      const said = Date.parse(ready?.lastHeartbeatTime ?? '');
      return ready?.status === 'True' ? [[node.metadata.name, Number.isNaN(said) ? 0 : said]] : [];
    }),
  );
}

/** Resolves when every node of the member is Ready; gives the worker role, which a kubelet may not give itself. */
export async function waitNodesReady(
  member: MemberLayout,
  kube: Kube,
  supervisor: SupervisorClient,
): Promise<void> {
  const records = await supervisor.list();
  const startOf = (node: string): number =>
    Date.parse(records.find(({ spec }) => spec.name === `${node}-kubelet`)?.startedAt ?? '');
  await waitUntil(`the nodes of ${member.name}`, READY_MS, async () => {
    const ready = await listReadyNodes(kube);
    // What a node said before its kubelet started is a memory from the last time; the API rounds to seconds.
    return member.nodes.every(({ name }) => (ready.get(name) ?? 0) + 1_000 > startOf(name));
  });
  await Promise.all(
    member.nodes.map((node) =>
      kube.mergePatch(
        { kind: KINDS.node, name: node.name },
        { metadata: { labels: { 'node-role.kubernetes.io/worker': '' } } },
      ),
    ),
  );
}

/** Whether something takes connections on a Unix socket. */
export function socketAnswers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
