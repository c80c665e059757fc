import { LABELS } from '../../domain/marks';
import { exporterName, MONGO_PORT } from '../../domain/names';
import { apiVersionOf, KINDS, type Manifest } from '../../kube/object';
import { instanceLabels, type Instance } from '../instance';
import { encodeSecret } from './secret';

/** The URIs that exporters use: as clusterMonitor, and without a user for an arbiter, which holds none. */
export function buildExporterSecret(instance: Instance, monitorPassword: string): Manifest {
  const address = `127.0.0.1:${MONGO_PORT}`;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    metadata: {
      name: exporterName(instance.name),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    data: encodeSecret({
      uri: `mongodb://clusterMonitor:${encodeURIComponent(monitorPassword)}@${address}/?authSource=admin&directConnection=true`,
      'arbiter-uri': `mongodb://${address}/?directConnection=true`,
    }),
  };
}

/** Only where the cluster serves ServiceMonitors. */
export function buildServiceMonitor(instance: Instance): Manifest {
  return {
    apiVersion: apiVersionOf(KINDS.serviceMonitor),
    kind: KINDS.serviceMonitor.kind,
    metadata: {
      name: exporterName(instance.name),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    spec: {
      selector: { matchLabels: { [LABELS.instance]: instance.name, [LABELS.role]: 'exporter' } },
      targetLabels: [LABELS.instance, LABELS.app],
      endpoints: [{ port: 'metrics', interval: '30s' }],
    },
  };
}
