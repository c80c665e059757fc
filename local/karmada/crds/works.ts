import type { JsonObject } from '../kube/json';
import { bindingSuspension, failover, placement } from './placement';
import {
  amounts,
  anything,
  conditions,
  defineKind,
  fields,
  flag,
  list,
  oneOf,
  text,
  time,
  whole,
} from './schema';

const embedded = (): JsonObject => ({
  type: 'object',
  'x-kubernetes-embedded-resource': true,
  'x-kubernetes-preserve-unknown-fields': true,
});

export const resourceBindingCrd = (): JsonObject =>
  defineKind({
    group: 'work.karmada.io',
    version: 'v1alpha2',
    kind: 'ResourceBinding',
    plural: 'resourcebindings',
    shortName: 'rb',
    scope: 'Namespaced',
    status: true,
    columns: [
      ['Scheduled', '.status.conditions[?(@.type=="Scheduled")].status'],
      ['FullyApplied', '.status.conditions[?(@.type=="FullyApplied")].status'],
    ],
    required: ['spec'],
    properties: {
      spec: fields(
        {
          clusters: list(fields({ name: text(), replicas: whole({ format: 'int32' }) }, 'name')),
          conflictResolution: { ...oneOf('Abort', 'Overwrite'), default: 'Abort' },
          failover: failover(),
          placement: placement(),
          preserveResourcesOnDeletion: flag(),
          propagateDeps: flag(),
          replicas: whole({ format: 'int32' }),
          replicaRequirements: fields({
            resourceRequest: amounts(),
            namespace: text(),
            priorityClassName: text(),
          }),
          rescheduleTriggeredAt: time(),
          resource: fields(
            {
              apiVersion: text(),
              kind: text(),
              namespace: text(),
              name: text(),
              uid: text(),
              resourceVersion: text(),
            },
            ...['apiVersion', 'kind', 'name'],
          ),
          schedulerName: text(),
          suspension: bindingSuspension(),
        },
        'resource',
      ),
      status: fields({
        aggregatedStatus: list(
          fields(
            {
              clusterName: text(),
              applied: flag(),
              appliedMessage: text(),
              health: oneOf('Healthy', 'Unhealthy', 'Unknown'),
              status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
            },
            'clusterName',
          ),
        ),
        conditions: conditions(),
        lastScheduledTime: time(),
        schedulerObservedGeneration: whole({ format: 'int64' }),
        schedulerObservingAffinityName: text(),
      }),
    },
  });

export const workCrd = (): JsonObject =>
  defineKind({
    group: 'work.karmada.io',
    version: 'v1alpha1',
    kind: 'Work',
    plural: 'works',
    shortName: 'wk',
    scope: 'Namespaced',
    status: true,
    columns: [
      ['Workload-Kind', '.spec.workload.manifests[*].kind'],
      ['Applied', '.status.conditions[?(@.type=="Applied")].status'],
    ],
    required: ['spec'],
    properties: {
      spec: fields({
        preserveResourcesOnDeletion: flag(),
        suspendDispatching: flag(),
        workload: fields({ manifests: list(embedded()) }),
      }),
      status: fields({
        conditions: conditions(),
        manifestStatuses: list(
          fields(
            {
              health: oneOf('Healthy', 'Unhealthy', 'Unknown'),
              identifier: fields(
                {
                  group: text(),
                  version: text(),
                  kind: text(),
                  resource: text(),
                  namespace: text(),
                  name: text(),
                  ordinal: whole(),
                },
                ...['kind', 'name', 'ordinal', 'resource', 'version'],
              ),
              status: anything(),
            },
            'identifier',
          ),
        ),
      }),
    },
  });
