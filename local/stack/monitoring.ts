import type { Manifest } from '../../src/kube/object';

/**
 * What the Prometheus operator would bring: ServiceMonitors are stored, and nobody acts on them. One member alone has it,
 * so that both kinds of cluster are there.
 */
export function serviceMonitorDefinition(): Manifest {
  const names = {
    kind: 'ServiceMonitor',
    listKind: 'ServiceMonitorList',
    plural: 'servicemonitors',
    singular: 'servicemonitor',
  };
  const version = {
    name: 'v1',
    served: true,
    storage: true,
    schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
  };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'servicemonitors.monitoring.coreos.com' },
    spec: { group: 'monitoring.coreos.com', scope: 'Namespaced', names, versions: [version] },
  };
}
