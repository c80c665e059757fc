import { isReservedNamespace } from './names';
import type {
  ClusterAffinity,
  LabelSelector,
  PolicySpec,
  ResourceSelector,
  Toleration,
  Taint,
} from './schemas';
import type { KubeObject } from '../kube/object';

/** How well a selector fits: a name beats labels beat the whole kind (fact 58). */
export const FIT = { none: 0, kind: 1, labels: 2, name: 3 } as const;
export type Fit = (typeof FIT)[keyof typeof FIT];

export interface Candidate {
  readonly name: string;
  readonly region: string;
  readonly provider: string;
  readonly zones: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

export function fitOf(object: KubeObject, selector: ResourceSelector): Fit {
  if (object.apiVersion !== selector.apiVersion || object.kind !== selector.kind) return FIT.none;
  if (
    selector.namespace !== undefined &&
    selector.namespace !== '' &&
    selector.namespace !== object.namespace
  ) {
    return FIT.none;
  }
  if (selector.name !== undefined && selector.name !== '') {
    return selector.name === object.name ? FIT.name : FIT.none;
  }
  if (selector.labelSelector === undefined) return FIT.kind;
  return matchesLabels(object.labels, selector.labelSelector) ? FIT.labels : FIT.none;
}

export function bestFitOf(object: KubeObject, selectors: readonly ResourceSelector[]): Fit {
  return selectors.reduce<Fit>((best, selector) => {
    const fit = fitOf(object, selector);
    return fit > best ? fit : best;
  }, FIT.none);
}

export interface PolicyView {
  readonly name: string;
  readonly spec: PolicySpec;
}

/** The policy that may claim an unclaimed template: explicit priority, then fit, then the first in the alphabet (fact 58). */
export function choosePolicy<T extends PolicyView>(
  object: KubeObject,
  policies: readonly T[],
): T | undefined {
  if (isReservedNamespace(object.namespace)) return undefined;
  let best: { policy: T; fit: Fit; priority: number } | undefined;
  for (const policy of policies) {
    const fit = bestFitOf(object, policy.spec.resourceSelectors);
    if (fit === FIT.none) continue;
    const priority = policy.spec.priority ?? 0;
    const order =
      best === undefined ||
      priority > best.priority ||
      (priority === best.priority &&
        (fit > best.fit || (fit === best.fit && policy.name < best.policy.name)));
    if (order) best = { policy, fit, priority };
  }
  return best?.policy;
}

/** Empty and absent selectors match everything; unknown names are ignored (fact 59). */
export function matchesCluster(cluster: Candidate, affinity: ClusterAffinity): boolean {
  if (affinity.exclude?.includes(cluster.name) === true) return false;
  if (affinity.labelSelector !== undefined && !matchesLabels(cluster.labels, affinity.labelSelector))
    return false;
  for (const rule of affinity.fieldSelector?.matchExpressions ?? []) {
    if (!matchesField(cluster, rule)) return false;
  }
  const names = affinity.clusterNames ?? [];
  return names.length === 0 || names.includes(cluster.name);
}

function matchesField(
  cluster: Candidate,
  rule: { key: string; operator: string; values?: string[] | undefined },
): boolean {
  const values = rule.values ?? [];
  const own =
    rule.key === 'zone'
      ? cluster.zones
      : [rule.key === 'region' ? cluster.region : cluster.provider].filter((value) => value !== '');
  const found = own.some((value) => values.includes(value));
  return rule.operator === 'In' ? found : rule.operator === 'NotIn' && !found;
}

export function matchesLabels(labels: Readonly<Record<string, string>>, selector: LabelSelector): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {}))
    if (labels[key] !== value) return false;
  for (const rule of selector.matchExpressions ?? []) {
    const value = labels[rule.key];
    const found = value !== undefined && (rule.values ?? []).includes(value);
    if (rule.operator === 'In' && !found) return false;
    if (rule.operator === 'NotIn' && found) return false;
    if (rule.operator === 'Exists' && value === undefined) return false;
    if (rule.operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

/** The first taint that keeps a binding away, or undefined. */
export function findUntolerated(
  taints: readonly Taint[],
  tolerations: readonly Toleration[],
): Taint | undefined {
  return taints.find(
    (taint) =>
      (taint.effect === 'NoSchedule' || taint.effect === 'NoExecute') &&
      !tolerations.some((toleration) => tolerates(toleration, taint)),
  );
}

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if ((toleration.effect ?? '') !== '' && toleration.effect !== taint.effect) return false;
  if ((toleration.key ?? '') !== '' && toleration.key !== taint.key) return false;
  if (toleration.operator === 'Exists') return true;
  return (toleration.key ?? '') !== '' && (toleration.value ?? '') === (taint.value ?? '');
}
