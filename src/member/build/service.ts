import { LABELS } from '../../domain/marks';
import { EXPORTER_PORT, exporterServiceName, memberName, MONGO_PORT, type Ordinal } from '../../domain/names';
import type { Manifest } from '../../kube/object';
import { instanceLabels, memberSelector, type Instance } from '../instance';

/**
 * Local mode: the stable address of one member, inside by name and outside by NodePort.
 * @param ipv6 the NodePort is reached at an IPv6 address
 */
export function buildMemberService(instance: Instance, ordinal: Ordinal, ipv6 = false): Manifest {
  const name = memberName(instance.name, ordinal);
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: instance.namespace,
      labels: { ...instanceLabels(instance), [LABELS.app]: name },
      ownerReferences: [instance.owner],
    },
    spec: {
      type: 'NodePort',
      ...(ipv6 ? { ipFamilyPolicy: 'PreferDualStack' } : {}),
      // Members must find each other before they are Ready: readiness follows from the set, not the reverse.
      publishNotReadyAddresses: true,
      selector: memberSelector(instance, ordinal),
      ports: [{ name: 'mongo', port: MONGO_PORT, targetPort: MONGO_PORT, protocol: 'TCP' }],
    },
  };
}

export function buildExporterService(instance: Instance, ordinal: Ordinal): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: exporterServiceName(instance.name, ordinal),
      namespace: instance.namespace,
      labels: {
        ...instanceLabels(instance),
        [LABELS.app]: memberName(instance.name, ordinal),
        [LABELS.role]: 'exporter',
      },
      ownerReferences: [instance.owner],
    },
    spec: {
      type: 'ClusterIP',
      publishNotReadyAddresses: true,
      selector: memberSelector(instance, ordinal),
      ports: [{ name: 'metrics', port: EXPORTER_PORT, targetPort: EXPORTER_PORT, protocol: 'TCP' }],
    },
  };
}
