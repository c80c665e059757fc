import { isObject, type Json } from '../kube/json';

/** Fields in the order in which Karmada's Go structs declare them; everything else follows by alphabet. */
const ORDER = [
  ...['policyName', 'overriders', 'path', 'fieldPath', 'subPath', 'plaintext', 'labelsOverrider'],
  ...[
    'annotationsOverrider',
    'fieldOverrider',
    'json',
    'yaml',
    'key',
    'operator',
    'value',
    'values',
    'effect',
  ],
  ...['clusterAffinity', 'clusterAffinities', 'affinityName', 'labelSelector', 'fieldSelector'],
  ...[
    'matchLabels',
    'matchExpressions',
    'clusterNames',
    'exclude',
    'clusterTolerations',
    'spreadConstraints',
  ],
  ...['spreadByField', 'spreadByLabel', 'maxGroups', 'minGroups', 'replicaScheduling'],
  ...['replicaSchedulingType', 'replicaDivisionPreference', 'weightPreference', 'staticWeightList'],
  ...['targetCluster', 'weight', 'dynamicWeight', 'dispatching', 'dispatchingOnClusters', 'scheduling'],
];
const rank = new Map(ORDER.map((field, index) => [field, index]));
const rankOf = (field: string): number => rank.get(field) ?? ORDER.length;

/** JSON text as a Go program writes it, for annotations and refusals that are compared as text. */
export function writeGoJson(value: Json): string {
  return JSON.stringify(inOrder(value));
}

function inOrder(value: Json): Json {
  if (Array.isArray(value)) return value.map(inOrder);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => rankOf(a) - rankOf(b) || (a < b ? -1 : 1))
      .map(([field, inner]) => [field, inOrder(inner)]),
  );
}
