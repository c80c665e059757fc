import { LABELS } from '../../domain/marks';
import { disruptionBudgetName } from '../../domain/names';
import { apiVersionOf, KINDS, type Manifest } from '../../kube/object';
import { instanceLabels, type Instance } from '../instance';

/**
 * At most one member of this cluster drained at a time (S2). In federated mode quorum is global: two clusters drained
 * at once are held back by the control plane, not by this object.
 */
export function buildDisruptionBudget(instance: Instance): Manifest {
  return {
    apiVersion: apiVersionOf(KINDS.podDisruptionBudget),
    kind: KINDS.podDisruptionBudget.kind,
    metadata: {
      name: disruptionBudgetName(instance.name),
      namespace: instance.namespace,
      labels: instanceLabels(instance),
      ownerReferences: [instance.owner],
    },
    spec: {
      maxUnavailable: 1,
      selector: { matchLabels: { [LABELS.instance]: instance.name, [LABELS.role]: 'replset' } },
    },
  };
}
