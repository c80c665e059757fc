import { activityInfo } from '@temporalio/activity';
import { z } from 'zod';
import { FedStateError, messageOf } from '../domain/errors';
import type { ClusterCapacity, NodeCapacity, Resources } from '../domain/capacity';
import { bytes, cpuMillis } from '../domain/quantity';
import { isReady, listClusters, readyCondition, vipOf, type Cluster } from '../karmada/cluster';
import type { Kube } from '../kube/client';
import { KINDS, metadataSchema, seenConditionsSchema } from '../kube/object';
import type { ActivityContext } from './context';

// With the pauses between them, about a minute.
const PATIENT_ATTEMPTS = 6;

const quantity = z.union([z.string(), z.number()]);
const quantities = z.record(z.string(), quantity).default({});

const nodeSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    unschedulable: z.boolean().optional(),
    taints: z
      .array(z.looseObject({ key: z.string(), value: z.string().optional(), effect: z.string() }))
      .default([]),
  }),
  status: z.looseObject({
    allocatable: quantities,
    conditions: seenConditionsSchema,
  }),
});

const containersSchema = z
  .array(z.looseObject({ resources: z.looseObject({ requests: quantities }).default({ requests: {} }) }))
  .default([]);

const podSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({
    nodeName: z.string().optional(),
    containers: containersSchema,
    initContainers: containersSchema,
    overhead: quantities,
  }),
  status: z.looseObject({ phase: z.string().optional() }).optional(),
});
type Pod = z.infer<typeof podSchema>;

const storageClassSchema = z.looseObject({ metadata: metadataSchema });
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

/** Every member cluster with its nodes, read from the members' own API servers, all at once. */
export async function readCapacity(context: ActivityContext): Promise<ClusterCapacity[]> {
  const clusters = await listClusters(context.karmada);
  return Promise.all(clusters.map((cluster) => readClusterCapacity(context, cluster)));
}

/**
 * A new instance stays where it is placed first, so a cluster that Karmada calls Ready and that cannot be read just now is
 * waited for: for a minute of retries, by when Karmada has noticed what is more than a blink.
 * @throws Unreachable naming the clusters
 */
export async function readCapacityOfAll(context: ActivityContext): Promise<ClusterCapacity[]> {
  const clusters = await readCapacity(context);
  const unread = clusters.filter(({ ready, nodes }) => ready && nodes === undefined);
  if (unread.length === 0 || activityInfo().attempt > PATIENT_ATTEMPTS) return clusters;
  const reasons = unread.map(({ name, unreadableReason }) => `${name} (${unreadableReason ?? 'no reason'})`);
  throw new FedStateError('Unreachable', `Room could not be read in ${reasons.join(', ')}.`);
}

async function readClusterCapacity(context: ActivityContext, cluster: Cluster): Promise<ClusterCapacity> {
  const { name, labels } = cluster.metadata;
  const base = {
    name,
    ready: isReady(cluster),
    ...(isReady(cluster)
      ? {}
      : { notReadyReason: readyCondition(cluster)?.message ?? 'Karmada has not seen it ready' }),
    vip: vipOf(cluster),
    region: cluster.spec.region,
    provider: cluster.spec.provider,
    zones: cluster.spec.zones ?? (cluster.spec.zone === undefined ? [] : [cluster.spec.zone]),
    labels,
    taints: cluster.spec.taints ?? [],
    instancesPlaced: [],
  };
  if (!base.ready)
    return {
      ...base,
      nodes: undefined,
      unreadableReason: base.notReadyReason ?? 'not ready',
      storageClasses: [],
    };
  try {
    const kube = await context.members.kubeOf(name);
    const [nodes, classes] = await Promise.all([readNodes(kube), readStorageClasses(kube)]);
    return { ...base, nodes, storageClasses: classes };
  } catch (error) {
    return { ...base, nodes: undefined, unreadableReason: messageOf(error), storageClasses: [] };
  }
}

async function readNodes(kube: Kube): Promise<NodeCapacity[]> {
  const [nodes, pods] = await Promise.all([
    kube.list(KINDS.node, {}, nodeSchema),
    kube.list(KINDS.pod, { fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' }, podSchema),
  ]);
  return nodes.items.map((node) => ({
    name: node.metadata.name,
    labels: node.metadata.labels,
    taints: node.spec.taints,
    schedulable: node.spec.unschedulable !== true,
    ready: node.status.conditions.some(
      (condition) => condition.type === 'Ready' && condition.status === 'True',
    ),
    allocatable: resourcesOf(node.status.allocatable),
    requested: sumRequests(pods.items.filter((pod) => pod.spec.nodeName === node.metadata.name)),
  }));
}

async function readStorageClasses(kube: Kube): Promise<{ name: string; isDefault: boolean }[]> {
  const page = await kube.list(KINDS.storageClass, {}, storageClassSchema);
  return page.items.map((item) => ({
    name: item.metadata.name,
    isDefault: item.metadata.annotations[DEFAULT_CLASS] === 'true',
  }));
}

const resourcesOf = (list: Readonly<Record<string, string | number>>): Resources => ({
  cpuMillis: cpuMillis(list['cpu'] ?? 0),
  memoryBytes: bytes(list['memory'] ?? 0),
  pods: Number(list['pods'] ?? 0),
});

/** What a pod asks for as the scheduler counts it: sum of containers, or one init container if that is more. */
export function requestsOf(pod: Pod): Resources {
  const parts = pod.spec.containers.map((container) => resourcesOf(container.resources.requests));
  const inits = pod.spec.initContainers.map((container) => resourcesOf(container.resources.requests));
  const overhead = resourcesOf(pod.spec.overhead);
  const need = (field: 'cpuMillis' | 'memoryBytes'): number =>
    Math.max(
      parts.reduce((sum, part) => sum + part[field], 0),
      ...inits.map((init) => init[field]),
    ) + overhead[field];
  return { cpuMillis: need('cpuMillis'), memoryBytes: need('memoryBytes'), pods: 1 };
}

function sumRequests(pods: readonly Pod[]): Resources {
  return pods.map(requestsOf).reduce(
    (sum, one) => ({
      cpuMillis: sum.cpuMillis + one.cpuMillis,
      memoryBytes: sum.memoryBytes + one.memoryBytes,
      pods: sum.pods + one.pods,
    }),
    { cpuMillis: 0, memoryBytes: 0, pods: 0 },
  );
}
