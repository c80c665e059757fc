import { listAt, stringAt } from '../kube/json';
import { gvkOf, type KubeObject } from '../kube/object';
import type { Site } from './placement';
import { clusterSpecSchema, readSpec } from './schemas';
import type { Candidate } from './selectors';

/** A Cluster as selectors see it. @throws Error that names the field */
export function readCandidate(cluster: KubeObject): Candidate {
  const spec = readSpec(cluster, clusterSpecSchema);
  return {
    name: cluster.name,
    region: spec.region ?? '',
    provider: spec.provider ?? '',
    zones: spec.zones ?? (spec.zone === undefined ? [] : [spec.zone]),
    labels: cluster.labels,
  };
}

/** A Cluster as the scheduler sees it. @throws Error that names the field */
export function readSite(cluster: KubeObject): Site {
  const kinds = new Set<string>();
  for (const group of listAt(cluster.raw, 'status', 'apiEnablements')) {
    const apiVersion = stringAt(group, 'groupVersion') ?? '';
    for (const resource of listAt(group, 'resources'))
      kinds.add(gvkOf(apiVersion, stringAt(resource, 'kind') ?? ''));
  }
  return {
    ...readCandidate(cluster),
    taints: readSpec(cluster, clusterSpecSchema).taints,
    deleting: cluster.deleting,
    kinds,
  };
}
