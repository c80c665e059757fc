import { removeAt, setAt, type JsonObject } from '../kube/json';
import type { KubeObject } from '../kube/object';
import { ANNOTATIONS, LABELS } from './marks';

export interface Claim {
  readonly policyId: string;
  readonly name: string;
  readonly namespace: string;
}

/** The policy that a template or binding says it belongs to; undefined unless all three marks are there. */
export function readClaim(object: KubeObject): Claim | undefined {
  const policyId = object.labels[LABELS.policyId] ?? '';
  const name = object.annotations[ANNOTATIONS.policyName] ?? '';
  const namespace = object.annotations[ANNOTATIONS.policyNamespace] ?? '';
  return policyId === '' || name === '' || namespace === '' ? undefined : { policyId, name, namespace };
}

export function writeClaim(raw: JsonObject, claim: Claim): void {
  setAt(raw, claim.policyId, 'metadata', 'labels', LABELS.policyId);
  setAt(raw, claim.name, 'metadata', 'annotations', ANNOTATIONS.policyName);
  setAt(raw, claim.namespace, 'metadata', 'annotations', ANNOTATIONS.policyNamespace);
}

export function removeClaim(raw: JsonObject): void {
  removeAt(raw, 'metadata', 'labels', LABELS.policyId);
  removeAt(raw, 'metadata', 'annotations', ANNOTATIONS.policyName);
  removeAt(raw, 'metadata', 'annotations', ANNOTATIONS.policyNamespace);
}
