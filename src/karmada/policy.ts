import { isIPv6 } from '../domain/address';
import { ANNOTATIONS, LABELS } from '../domain/marks';
import { apiVersionOf, KINDS, type Kind, type Manifest, type OwnerReference } from '../kube/object';

export interface Selected {
  readonly kind: Kind;
  readonly name: string;
}

export interface PolicyFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly selects: readonly Selected[];
  readonly clusters: readonly string[];
  /** Nothing is created or changed in members while true (recorded fact 54). */
  readonly suspended: boolean;
  /** Lost clusters: nothing is changed there, whatever comes back (recorded facts 54 to 56). */
  readonly fenced: readonly string[];
  /** False only on the way to removal for good (S28). */
  readonly preserve: boolean;
}

/** A PropagationPolicy: Duplicated, explicit clusters, never evicted, never deleting by itself. */
export function buildPropagationPolicy(facts: PolicyFacts): Manifest {
  return {
    apiVersion: apiVersionOf(KINDS.propagationPolicy),
    kind: KINDS.propagationPolicy.kind,
    metadata: {
      name: facts.name,
      namespace: facts.namespace,
      labels: { ...facts.labels, [LABELS.deletionProtected]: 'Always' },
      ownerReferences: [facts.owner],
    },
    spec: {
      resourceSelectors: facts.selects.map((selected) => ({
        apiVersion: apiVersionOf(selected.kind),
        kind: selected.kind.kind,
        name: selected.name,
        namespace: facts.namespace,
      })),
      placement: {
        clusterAffinity: { clusterNames: facts.clusters },
        clusterTolerations: [{ operator: 'Exists' }],
        replicaScheduling: { replicaSchedulingType: 'Duplicated' },
      },
      preserveResourcesOnDeletion: facts.preserve,
      conflictResolution: 'Overwrite',
      ...suspensionOf(facts),
    },
  };
}

/** Karmada takes one of the two at a time. */
function suspensionOf({ suspended, fenced, clusters }: PolicyFacts): object {
  if (suspended) return { suspension: { dispatching: true } };
  const clusterNames = fenced.filter((cluster) => clusters.includes(cluster));
  return clusterNames.length === 0 ? {} : { suspension: { dispatchingOnClusters: { clusterNames } } };
}

/** What one cluster's MongoDB has beyond the template. */
export interface ClusterOverride {
  readonly cluster: string;
  readonly vip: string;
  readonly members: number;
  readonly arbiter: boolean;
  readonly rsInit: boolean;
  readonly retired: readonly (number | 'arbiter')[];
  readonly rollout: readonly (number | 'arbiter')[];
  /** Volumes of what goes stay, whatever the spec says. Absent: as the spec says. */
  readonly keepsVolumes?: true | undefined;
}

export interface OverrideFacts {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly owner: OwnerReference;
  readonly rules: readonly ClusterOverride[];
  /** Annotation and value that the member's status echoes. */
  readonly revisionAnnotation: string;
  readonly revisionOf: (rule: ClusterOverride) => string;
}

/**
 * The OverridePolicy `N`: a rule per cluster that *adds* the count, so that a bare template (override lost) has none
 * and the member manager holds (recorded facts 17 and 21).
 */
export function buildOverridePolicy(facts: OverrideFacts): Manifest {
  return {
    apiVersion: apiVersionOf(KINDS.overridePolicy),
    kind: KINDS.overridePolicy.kind,
    metadata: {
      name: facts.name,
      namespace: facts.namespace,
      labels: { ...facts.labels, [LABELS.deletionProtected]: 'Always' },
      ownerReferences: [facts.owner],
    },
    spec: {
      resourceSelectors: [
        {
          apiVersion: apiVersionOf(KINDS.mongoDB),
          kind: KINDS.mongoDB.kind,
          name: facts.name,
          namespace: facts.namespace,
        },
      ],
      overrideRules: facts.rules.map((rule) => ({
        targetCluster: { clusterNames: [rule.cluster] },
        overriders: {
          plaintext: plaintextOf(rule),
          // A label cannot hold an IPv6 address.
          ...(isIPv6(rule.vip)
            ? {}
            : { labelsOverrider: [{ operator: 'add', value: { [LABELS.vip]: rule.vip } }] }),
          annotationsOverrider: [
            {
              operator: 'add',
              value: {
                [facts.revisionAnnotation]: facts.revisionOf(rule),
                ...(isIPv6(rule.vip) ? { [ANNOTATIONS.vip]: rule.vip } : {}),
              },
            },
          ],
        },
      })),
    },
  };
}

function plaintextOf(rule: ClusterOverride): { path: string; operator: 'add'; value: unknown }[] {
  const add = (path: string, value: unknown) => ({ path, operator: 'add' as const, value });
  return [
    add('/spec/members', rule.members),
    ...(rule.arbiter ? [add('/spec/arbiter', true)] : []),
    ...(rule.rsInit ? [add('/spec/rsInit', true)] : []),
    ...(rule.retired.length > 0 ? [add('/spec/retired', rule.retired)] : []),
    ...(rule.rollout.length > 0 ? [add('/spec/rollout', rule.rollout)] : []),
    ...(rule.keepsVolumes === true ? [add('/spec/persistence/whenScaled', 'Retain')] : []),
  ];
}
