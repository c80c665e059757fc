import type { JsonObject } from '../kube/json';
import { clusterAffinity, failover, placement, policySuspension, resourceSelectors } from './placement';
import { anything, defineKind, fields, flag, list, oneOf, text, textMap, texts, whole } from './schema';

const patchOperation = (path: string): JsonObject =>
  fields(
    { [path]: text(), operator: oneOf('add', 'remove', 'replace'), value: anything() },
    path,
    'operator',
  );

const stringOverrider = (): JsonObject =>
  list(fields({ operator: oneOf('add', 'remove', 'replace'), value: textMap() }, 'operator'));

const commandOverrider = (): JsonObject =>
  list(
    fields(
      { containerName: text(), operator: oneOf('add', 'remove'), value: texts() },
      'containerName',
      'operator',
    ),
  );

const overriders = (): JsonObject =>
  fields({
    plaintext: list(patchOperation('path')),
    labelsOverrider: stringOverrider(),
    annotationsOverrider: stringOverrider(),
    fieldOverrider: list(
      fields(
        {
          fieldPath: text(),
          json: list(patchOperation('subPath')),
          yaml: list(patchOperation('subPath')),
        },
        'fieldPath',
      ),
    ),
    imageOverrider: list(
      fields(
        {
          component: oneOf('Registry', 'Repository', 'Tag'),
          operator: oneOf('add', 'remove', 'replace'),
          predicate: fields({ path: text() }, 'path'),
          value: text(),
        },
        'component',
        'operator',
      ),
    ),
    commandOverrider: commandOverrider(),
    argsOverrider: commandOverrider(),
  });

export const propagationPolicyCrd = (): JsonObject =>
  defineKind({
    group: 'policy.karmada.io',
    version: 'v1alpha1',
    kind: 'PropagationPolicy',
    plural: 'propagationpolicies',
    shortName: 'pp',
    scope: 'Namespaced',
    status: false,
    columns: [
      ['Conflict-Resolution', '.spec.conflictResolution'],
      ['Priority', '.spec.priority'],
    ],
    required: ['spec'],
    properties: {
      spec: fields(
        {
          activationPreference: oneOf('Lazy'),
          association: flag(),
          conflictResolution: { ...oneOf('Abort', 'Overwrite'), default: 'Abort' },
          dependentOverrides: texts(),
          failover: failover(),
          placement: placement(),
          preemption: { ...oneOf('Always', 'Never'), default: 'Never' },
          preserveResourcesOnDeletion: flag(),
          priority: whole({ format: 'int32', default: 0 }),
          propagateDeps: flag(),
          resourceSelectors: resourceSelectors({ minItems: 1 }),
          schedulerName: text({ default: 'default-scheduler' }),
          suspension: policySuspension(),
        },
        'resourceSelectors',
      ),
    },
  });

export const overridePolicyCrd = (): JsonObject =>
  defineKind({
    group: 'policy.karmada.io',
    version: 'v1alpha1',
    kind: 'OverridePolicy',
    plural: 'overridepolicies',
    shortName: 'op',
    scope: 'Namespaced',
    status: false,
    columns: [],
    required: ['spec'],
    properties: {
      spec: fields({
        overrideRules: list(
          fields({ overriders: overriders(), targetCluster: clusterAffinity() }, 'overriders'),
        ),
        overriders: overriders(),
        resourceSelectors: resourceSelectors(),
        targetCluster: clusterAffinity(),
      }),
    },
  });
