import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { SchedulerResult } from '../domain/placement';
import { bytes, cpuMillis } from '../domain/quantity';
import { namespaceOf } from '../karmada/template';
import type { ScheduleRequest } from '../scheduler/schedule';
import { isCreated } from './instance-marks';

/** Spec and present members in the scheduler's words. */
export function requestOf(cr: MultiCloudMongoDB, existing: ScheduleRequest['existing']): ScheduleRequest {
  const { spec } = cr;
  const mongo = requestsOf(spec.resource);
  const exporter = spec.export.enable ? requestsOf(spec.export.resource) : { cpuMillis: 0, memoryBytes: 0 };
  return {
    instance: { namespace: namespaceOf(cr), name: cr.metadata.name },
    members: spec.replicaset,
    arbiter: spec.config.arbiter,
    perMember: {
      cpuMillis: mongo.cpuMillis + exporter.cpuMillis,
      memoryBytes: mongo.memoryBytes + exporter.memoryBytes,
    },
    arbiterResources: mongo,
    storageClass: spec.storage.storageClass,
    mode: spec.scheduler.schedulerMode,
    clusterWeights: spec.scheduler.clusterWeights,
    nodeSelector: spec.spreadConstraints.nodeSelect ?? {},
    tolerations: spec.scheduler.tolerations ?? [],
    affinity: spec.scheduler.affinity,
    spreadConstraints: spec.spreadConstraints.spreadConstraints ?? [],
    topologySpreadConstraints: spec.spreadConstraints.topologySpreadConstraints ?? {},
    existing,
    reservations: [],
    excludedClusters: [],
    overrides: spec.member.overrides,
  };
}

/** What runs is judged by the placement that it was built from, whatever the spec has come to ask for since. */
export function requestAsBuilt(cr: MultiCloudMongoDB, result: SchedulerResult): ScheduleRequest {
  const request = requestOf(cr, []);
  if (!isCreated(cr)) return request;
  const shares = result.ClusterWithReplicaset;
  return {
    ...request,
    members: shares.reduce((sum, share) => sum + share.replicaset, 0),
    arbiter: request.arbiter || shares.some((share) => share.arbiter === true),
  };
}

/** What is asked for; a limit without a request is a request of that size, as in Kubernetes. */
function requestsOf(resources: MultiCloudMongoDB['spec']['resource'] | undefined): {
  cpuMillis: number;
  memoryBytes: number;
} {
  return {
    cpuMillis: cpuMillis(resources?.requests?.['cpu'] ?? resources?.limits?.['cpu'] ?? 0),
    memoryBytes: bytes(resources?.requests?.['memory'] ?? resources?.limits?.['memory'] ?? 0),
  };
}
