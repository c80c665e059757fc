import {
  cloneJson,
  equalJson,
  removeAt,
  setAt,
  stringAt,
  stringsAt,
  valueAt,
  type JsonObject,
} from '../kube/json';
import { readObject, type KubeObject } from '../kube/object';
import { ANNOTATIONS, LABELS, RELEASED_ANNOTATIONS, RELEASED_LABELS } from './marks';

const SERVER_FIELDS = [
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'generation',
  'managedFields',
  'resourceVersion',
  'selfLink',
  'uid',
  'ownerReferences',
  'finalizers',
];

export interface WorkIdentity {
  readonly name: string;
  readonly namespace: string;
  readonly permanentId: string;
}

/** What the manifest of a Work says of the binding that it came from. */
export interface BindingMark {
  readonly name: string;
  readonly namespace: string;
  readonly permanentId: string;
  readonly conflictResolution: 'abort' | 'overwrite';
}

/** Takes out what the API server filled in and a member must fill in for itself: metadata, status, cluster IPs (fact 39). */
export function pruneManifest(object: JsonObject): JsonObject {
  const pruned = cloneJson(object);
  for (const field of SERVER_FIELDS) removeAt(pruned, 'metadata', field);
  removeAt(pruned, 'status');
  switch (stringAt(pruned, 'kind')) {
    case 'Service': {
      const ip = stringAt(pruned, 'spec', 'clusterIP');
      if (ip !== undefined && ip !== 'None') {
        removeAt(pruned, 'spec', 'clusterIP');
        removeAt(pruned, 'spec', 'clusterIPs');
      }
      break;
    }
    case 'Secret':
      if (stringAt(pruned, 'type') === 'kubernetes.io/service-account-token') {
        removeAt(pruned, 'metadata', 'annotations', 'kubernetes.io/service-account.uid');
        setAt(pruned, null, 'data');
      }
      break;
    case 'ServiceAccount':
      removeAt(pruned, 'secrets');
      break;
    case undefined:
    default:
      break;
  }
  return pruned;
}

/**
 * The manifest of a Work: the overridden template with all marks of facts 8 and 9.
 * @param overridden the template as read, after overrides; its uid and generation are still those of the template
 */
export function buildManifest(
  overridden: JsonObject,
  work: WorkIdentity,
  binding: BindingMark | undefined,
): JsonObject {
  const { uid, generation } = readObject(overridden);
  const manifest = pruneManifest(overridden);
  const labels = stringsAt(manifest, 'metadata', 'labels');
  const annotations = stringsAt(manifest, 'metadata', 'annotations');
  labels[LABELS.managed] = 'true';
  labels[LABELS.workId] = work.permanentId;
  annotations[ANNOTATIONS.templateUid] = uid;
  annotations[ANNOTATIONS.workName] = work.name;
  annotations[ANNOTATIONS.workNamespace] = work.namespace;
  if (binding !== undefined) {
    labels[LABELS.bindingId] = binding.permanentId;
    annotations[ANNOTATIONS.bindingName] = binding.name;
    annotations[ANNOTATIONS.bindingNamespace] = binding.namespace;
    annotations[ANNOTATIONS.conflictResolution] = binding.conflictResolution;
    if (generation > 0) annotations[ANNOTATIONS.templateGeneration] = String(generation);
  }
  annotations[ANNOTATIONS.managedLabels] = Object.keys(labels).sort().join(',');
  annotations[ANNOTATIONS.managedAnnotations] = [
    ...new Set([...Object.keys(annotations), ANNOTATIONS.managedAnnotations]),
  ]
    .sort()
    .join(',');
  setAt(manifest, labels, 'metadata', 'labels');
  setAt(manifest, annotations, 'metadata', 'annotations');
  return manifest;
}

/**
 * What to PUT so that `observed` becomes `desired`: finalizers, owners, foreign labels and annotations, allocated addresses stay
 * (facts 36, 40); labels and annotations that were ours and are wanted no more go (fact 19). The status is not sent.
 */
export function retainFields(desired: JsonObject, observed: KubeObject): JsonObject {
  const merged = cloneJson(desired);
  keepText(merged, observed, 'labels', ANNOTATIONS.managedLabels);
  keepText(merged, observed, 'annotations', ANNOTATIONS.managedAnnotations);
  setAt(merged, observed.resourceVersion, 'metadata', 'resourceVersion');
  for (const field of ['finalizers', 'ownerReferences']) {
    const value = valueAt(observed.raw, 'metadata', field);
    if (value !== undefined) setAt(merged, cloneJson(value), 'metadata', field);
  }
  for (const path of retainedPaths(observed)) {
    const value = valueAt(observed.raw, ...path);
    if (value !== undefined && value !== '' && value !== 0) setAt(merged, cloneJson(value), ...path);
  }
  return merged;
}

function retainedPaths(observed: KubeObject): readonly (readonly string[])[] {
  switch (`${observed.apiVersion}/${observed.kind}`) {
    case 'v1/Service':
      return [
        ['spec', 'clusterIP'],
        ['spec', 'healthCheckNodePort'],
      ];
    case 'v1/PersistentVolumeClaim':
      return [['spec', 'volumeName']];
    case 'v1/ServiceAccount':
      return [['secrets'], ['imagePullSecrets']];
    default:
      return [];
  }
}

function keepText(
  merged: JsonObject,
  observed: KubeObject,
  part: 'labels' | 'annotations',
  record: string,
): void {
  const own = stringsAt(merged, 'metadata', part);
  const ours = new Set((observed.annotations[record] ?? '').split(','));
  for (const [key, value] of Object.entries(observed[part])) {
    if (!(key in own) && !ours.has(key)) own[key] = value;
  }
  if (Object.keys(own).length > 0) setAt(merged, own, 'metadata', part);
}

/** Whether a PUT of `wanted` (from {@link retainFields}) would change `observed`. */
export function differs(wanted: JsonObject, observed: KubeObject): boolean {
  const has = retainFields(pruneManifest(observed.raw), observed);
  return !equalJson(wanted, has);
}

/** The manifest that releases an object: every mark of ours is gone, the rest stays (fact 26). */
export function releaseManifest(manifest: JsonObject): JsonObject {
  const released = cloneJson(manifest);
  for (const label of RELEASED_LABELS) removeAt(released, 'metadata', 'labels', label);
  for (const annotation of RELEASED_ANNOTATIONS) removeAt(released, 'metadata', 'annotations', annotation);
  return released;
}

export const isManaged = (object: KubeObject): boolean => object.labels[LABELS.managed] === 'true';
