import type { JsonObject } from '../kube/json';
import { fields, labelSelector, list, oneOf, text, texts, whole } from './schema';

const fieldSelector = (): JsonObject =>
  fields({
    matchExpressions: list(fields({ key: text(), operator: text(), values: texts() }, 'key', 'operator')),
  });

const affinityFields = (): JsonObject => ({
  clusterNames: texts(),
  exclude: texts(),
  labelSelector: labelSelector(),
  fieldSelector: fieldSelector(),
});

export const clusterAffinity = (): JsonObject => fields(affinityFields());

export const resourceSelectors = (extra: JsonObject = {}): JsonObject =>
  list(
    fields(
      { apiVersion: text(), kind: text(), namespace: text(), name: text(), labelSelector: labelSelector() },
      'apiVersion',
      'kind',
    ),
    extra,
  );

const replicaScheduling = (): JsonObject =>
  fields({
    replicaSchedulingType: { ...oneOf('Duplicated', 'Divided'), default: 'Divided' },
    replicaDivisionPreference: oneOf('Aggregated', 'Weighted'),
    weightPreference: fields({
      dynamicWeight: oneOf('AvailableReplicas'),
      staticWeightList: list(
        fields(
          { targetCluster: clusterAffinity(), weight: whole({ format: 'int64', minimum: 1 }) },
          'targetCluster',
          'weight',
        ),
      ),
    }),
  });

export const placement = (): JsonObject =>
  fields({
    clusterAffinity: clusterAffinity(),
    clusterAffinities: list(
      fields({ affinityName: text({ minLength: 1 }), ...affinityFields() }, 'affinityName'),
    ),
    clusterTolerations: list(
      fields({
        key: text(),
        operator: text(),
        value: text(),
        effect: text(),
        tolerationSeconds: whole({ format: 'int64' }),
      }),
    ),
    spreadConstraints: list(
      fields({
        spreadByField: oneOf('cluster', 'region', 'zone', 'provider'),
        spreadByLabel: text(),
        maxGroups: whole(),
        minGroups: whole(),
      }),
    ),
    replicaScheduling: replicaScheduling(),
  });

const dispatchSuspension = (): JsonObject => ({
  dispatching: { type: 'boolean' },
  dispatchingOnClusters: fields({ clusterNames: texts() }),
});

export const policySuspension = (): JsonObject => fields(dispatchSuspension());
export const bindingSuspension = (): JsonObject =>
  fields({ ...dispatchSuspension(), scheduling: { type: 'boolean' } });

/** Accepted and carried along; the stand-in never fails over. */
export const failover = (): JsonObject => ({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true });
