import type { Hub } from '../hub';
import { removeClaim, readClaim, writeClaim, type Claim } from '../domain/claims';
import { FINALIZERS, LABELS } from '../domain/marks';
import { bindingNameOf, isReservedNamespace } from '../domain/names';
import { policySpecSchema, readSpec, type PolicySpec } from '../domain/schemas';
import { bestFitOf, choosePolicy, FIT } from '../domain/selectors';
import { applyPolicyDefaults } from '../domain/policy-defaults';
import { keyOf, RESOURCES, splitKey, type KubeObject } from '../kube/object';
import { equalJson, listAt, removeAt, setAt, stringAt, type Json, type JsonObject } from '../kube/json';
import { readLive, updateObject } from '../kube/writer';
import { applyPolicy } from './policy-application';

interface TemplateKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const encode = (key: TemplateKey): string => [key.apiVersion, key.kind, key.namespace, key.name].join('|');

function decode(text: string): TemplateKey {
  const [apiVersion = '', kind = '', namespace = '', name = ''] = text.split('|');
  return { apiVersion, kind, namespace, name };
}

/** Policies claim templates; a claimed template has a ResourceBinding that follows it and its policy. */
export function startDetector(hub: Hub): void {
  const templates = hub.queue('template', 5, (key) => reconcileTemplate(hub, decode(key)));
  const policies = hub.queue('policy', 5, (key) =>
    reconcilePolicy(hub, key, (template) => templates.add(encode(template))),
  );

  hub.templates.subscribe({
    onAdd: (object) => templates.add(encode(object)),
    onUpdate: (before, after) => {
      if (specificationChanged(before, after)) templates.add(encode(after));
    },
  });
  const wantKinds = (policy: KubeObject): void => {
    for (const selector of specOf(policy)?.resourceSelectors ?? []) {
      hub.templates.want(selector.apiVersion, selector.kind);
    }
  };
  hub.policies.subscribe({
    onAdd(policy) {
      wantKinds(policy);
      policies.add(keyOf(policy.namespace, policy.name));
    },
    onUpdate(before, policy) {
      wantKinds(policy);
      if (before.generation !== policy.generation || before.deleting !== policy.deleting) {
        policies.add(keyOf(policy.namespace, policy.name));
      }
    },
  });
}

/** Anything but status and bookkeeping. */
function specificationChanged(before: KubeObject, after: KubeObject): boolean {
  const essence = (object: KubeObject): JsonObject => {
    const copy: JsonObject = {
      ...object.raw,
      metadata: { labels: object.labels, annotations: object.annotations },
    };
    removeAt(copy, 'status');
    return copy;
  };
  return before.deleting !== after.deleting || !equalJson(essence(before), essence(after));
}

function specOf(policy: KubeObject): PolicySpec | undefined {
  try {
    return readSpec(policy, policySpecSchema);
  } catch {
    return undefined;
  }
}

async function reconcileTemplate(hub: Hub, key: TemplateKey): Promise<void> {
  if (isReservedNamespace(key.namespace)) return;
  const template = await hub.templates.read(key.apiVersion, key.kind, key.namespace, key.name);
  if (template === undefined) return;
  const claim = readClaim(template);
  if (claim !== undefined) {
    await followClaim(hub, template, claim);
    return;
  }
  const candidates = hub.policies
    .list()
    .filter((policy) => policy.namespace === template.namespace && !policy.deleting)
    .flatMap((policy) => {
      const spec = specOf(policy);
      return spec === undefined ? [] : [{ name: policy.name, spec, policy }];
    });
  const chosen = choosePolicy(template, candidates);
  if (chosen !== undefined) await claimAndApply(hub, template, chosen.policy, chosen.spec);
}

async function followClaim(hub: Hub, template: KubeObject, claim: Claim): Promise<void> {
  const policy =
    hub.policies.get(keyOf(claim.namespace, claim.name)) ??
    (await readLive(hub.connection, RESOURCES.policy, claim.namespace, claim.name));
  if (policy === undefined) {
    // A policy that went without its finalizer leaves its claim behind until the template changes (fact 30).
    await dropClaim(hub, template, claim.policyId);
    return;
  }
  if (policy.deleting) throw new Error(`policy(${policy.namespace}/${policy.name}) is being deleted`);
  const spec = readSpec(policy, policySpecSchema);
  if (bestFitOf(template, spec.resourceSelectors) === FIT.none) return;
  await claimAndApply(hub, template, policy, spec);
}

async function claimAndApply(
  hub: Hub,
  template: KubeObject,
  policy: KubeObject,
  spec: PolicySpec,
): Promise<void> {
  const policyId = policy.labels[LABELS.policyId];
  if (policyId === undefined)
    throw new Error(`policy(${policy.namespace}/${policy.name}) has no permanent id yet`);
  const claim = { policyId, name: policy.name, namespace: policy.namespace };
  const resource = hub.templates.resourceOf(template.apiVersion, template.kind);
  if (resource === undefined) return;
  const claimed =
    template.labels[LABELS.policyId] === policyId
      ? template
      : await updateObject(hub.connection, resource, template, (raw) => writeClaim(raw, claim));
  if (claimed !== undefined) await applyPolicy(hub, claimed, claim, policy, spec);
}

/** The binding first: the template is not found again by its label once it has lost it. */
async function dropClaim(hub: Hub, template: KubeObject, policyId: string): Promise<void> {
  const binding = await readBindingOf(hub, template);
  if (binding?.labels[LABELS.policyId] === policyId) {
    await updateObject(hub.connection, RESOURCES.binding, binding, (raw) => removeClaimOf(raw, policyId));
  }
  const resource = hub.templates.resourceOf(template.apiVersion, template.kind);
  if (resource !== undefined && template.labels[LABELS.policyId] === policyId) {
    await updateObject(hub.connection, resource, template, (raw) => removeClaimOf(raw, policyId));
  }
}

function removeClaimOf(raw: JsonObject, policyId: string): void {
  if (stringAt(raw, 'metadata', 'labels', LABELS.policyId) === policyId) removeClaim(raw);
}

async function readBindingOf(hub: Hub, template: KubeObject): Promise<KubeObject | undefined> {
  const name = bindingNameOf(template.kind, template.name);
  return (
    hub.bindings.get(keyOf(template.namespace, name)) ??
    (await readLive(hub.connection, RESOURCES.binding, template.namespace, name))
  );
}

async function reconcilePolicy(
  hub: Hub,
  key: string,
  enqueue: (template: TemplateKey) => void,
): Promise<void> {
  const { namespace, name } = splitKey(key);
  const policy = hub.policies.get(keyOf(namespace, name));
  if (policy === undefined) return;
  const policyId = policy.labels[LABELS.policyId];
  if (policyId === undefined) {
    // Only without the webhook: what it would have filled in.
    if (!policy.deleting) {
      await updateObject(hub.connection, RESOURCES.policy, policy, (raw) => applyPolicyDefaults(raw, true));
    }
    return;
  }
  const spec = readSpec(policy, policySpecSchema);
  const claimed = await claimedTemplates(hub, policy.namespace, policyId, spec);
  if (policy.deleting) {
    for (const template of claimed) await dropClaim(hub, template, policyId);
    await updateObject(hub.connection, RESOURCES.policy, policy, (raw) => {
      const rest = listAt(raw, 'metadata', 'finalizers').filter((entry) => entry !== FINALIZERS.policy);
      setAt(raw, rest, 'metadata', 'finalizers');
    });
    return;
  }
  for (const template of claimed) {
    if (bestFitOf(template, spec.resourceSelectors) === FIT.none) await dropClaim(hub, template, policyId);
    else enqueue(template);
  }
  for (const selector of spec.resourceSelectors) {
    for (const template of hub.templates.list(selector.apiVersion, selector.kind)) {
      const free = template.namespace === policy.namespace && readClaim(template) === undefined;
      if (free && bestFitOf(template, [selector]) !== FIT.none) enqueue(template);
    }
  }
}

/** Found by the label on bindings and on templates: either may be missing after a crash. */
async function claimedTemplates(
  hub: Hub,
  namespace: string,
  policyId: string,
  spec: PolicySpec,
): Promise<KubeObject[]> {
  const found = new Map<string, KubeObject>();
  for (const binding of hub.bindings.list()) {
    if (binding.namespace !== namespace || binding.labels[LABELS.policyId] !== policyId) continue;
    for (const owner of listAt(binding.raw, 'metadata', 'ownerReferences')) {
      const template = await readOwner(hub, namespace, owner);
      if (template !== undefined) found.set(encode(template), template);
    }
  }
  for (const selector of spec.resourceSelectors) {
    for (const template of hub.templates.list(selector.apiVersion, selector.kind)) {
      if (template.namespace === namespace && template.labels[LABELS.policyId] === policyId) {
        found.set(encode(template), template);
      }
    }
  }
  return [...found.values()];
}

async function readOwner(hub: Hub, namespace: string, owner: Json): Promise<KubeObject | undefined> {
  const apiVersion = stringAt(owner, 'apiVersion') ?? '';
  const kind = stringAt(owner, 'kind') ?? '';
  if (hub.templates.resourceOf(apiVersion, kind) === undefined) return undefined;
  return hub.templates.read(apiVersion, kind, namespace, stringAt(owner, 'name') ?? '');
}
