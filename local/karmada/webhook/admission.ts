import { cloneJson, equalJson, isObject, objectAt, stringAt, type Json, type JsonObject } from '../kube/json';
import { applyOverrideDefaults, applyPolicyDefaults } from '../domain/policy-defaults';
import { patchBetween } from '../domain/json-patch';
import { LABELS } from '../domain/marks';
import { checkOverrides, checkPropagation } from './validation';

/** What an admission webhook is asked; the fields that are used here. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: string;
  readonly namespace: string;
  readonly object: JsonObject;
  readonly oldObject: JsonObject;
}

/** @throws Error when the body is no AdmissionReview */
export function readRequest(review: Json): AdmissionRequest {
  const request = isObject(review) ? review['request'] : undefined;
  const uid = stringAt(request, 'uid');
  if (uid === undefined) throw new Error('The body is no AdmissionReview.');
  return {
    uid,
    operation: stringAt(request, 'operation') ?? '',
    namespace: stringAt(request, 'namespace') ?? '',
    object: objectAt(request, 'object'),
    oldObject: objectAt(request, 'oldObject'),
  };
}

export const allow = (request: AdmissionRequest): JsonObject => answer(request, { allowed: true });

export const deny = (request: AdmissionRequest, message: string): JsonObject =>
  answer(request, { allowed: false, status: { code: 403, reason: 'Forbidden', message } });

function answer(request: AdmissionRequest, response: JsonObject): JsonObject {
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid: request.uid, ...response },
  };
}

function mutate(request: AdmissionRequest, change: (raw: JsonObject) => void): JsonObject {
  const after = cloneJson(request.object);
  change(after);
  if (equalJson(after, request.object)) return allow(request);
  const patch = patchBetween(request.object, after).map(({ op, path, value }) =>
    value === undefined ? { op, path } : { op, path, value },
  );
  const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
  return answer(request, { allowed: true, patchType: 'JSONPatch', patch: encoded });
}

const firstRefusal = (request: AdmissionRequest, refusals: readonly string[]): JsonObject => {
  const distinct = [...new Set(refusals)];
  if (distinct.length === 0) return allow(request);
  return deny(request, distinct.length === 1 ? distinct.join('') : `[${distinct.join(', ')}]`);
};

/** One handler per path, named as a real karmada-webhook serves them. */
export const HANDLERS: Readonly<Record<string, (request: AdmissionRequest) => JsonObject>> = {
  '/mutate-propagationpolicy': (request) =>
    mutate(request, (raw) => applyPolicyDefaults(raw, request.operation === 'CREATE')),
  '/mutate-overridepolicy': (request) => mutate(request, applyOverrideDefaults),
  '/validate-propagationpolicy': (request) => {
    const id = (raw: JsonObject): string | undefined => stringAt(raw, 'metadata', 'labels', LABELS.policyId);
    if (request.operation === 'UPDATE') {
      const scheduler = (raw: JsonObject): string | undefined => stringAt(raw, 'spec', 'schedulerName');
      if (scheduler(request.object) !== scheduler(request.oldObject)) {
        return deny(request, 'the schedulerName should not be updated');
      }
      if (id(request.object) !== id(request.oldObject)) {
        return deny(
          request,
          `label ${LABELS.policyId} is immutable, it can only be set by the system during creation`,
        );
      }
    }
    if (id(request.object) === undefined) {
      return deny(
        request,
        `label ${LABELS.policyId} is required, it should be set by the mutating admission webhook during creation`,
      );
    }
    return firstRefusal(request, checkPropagation(objectAt(request.object, 'spec'), request.namespace));
  },
  '/validate-overridepolicy': (request) =>
    firstRefusal(request, checkOverrides(objectAt(request.object, 'spec'), request.namespace)),
  '/validate-resourcedeletionprotection': (request) =>
    stringAt(request.oldObject, 'metadata', 'labels', LABELS.deletionProtected) === 'Always'
      ? deny(
          request,
          `This resource is protected, please make sure to remove the label: ${LABELS.deletionProtected}`,
        )
      : allow(request),
};
