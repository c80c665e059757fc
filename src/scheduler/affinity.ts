import type { z } from 'zod';
import type { ClusterCapacity, NodeCapacity } from '../domain/capacity';
import { FedStateError, isFedStateError } from '../domain/errors';
import { LABELS } from '../domain/marks';
import { ownValue } from '../domain/record';
import {
  affinitySchema,
  instanceTermSchema,
  type NodeTermWish,
  type PodRulesWish,
  type PodTermWish,
} from './affinity-schema';
import { meetsRequirement, type LabelRequirement } from './label-match';

/** Topology keys of pod (anti-)affinity that speak of clusters; every other key speaks of nodes inside one. */
export const CLUSTER_TOPOLOGIES = ['cluster', 'region', 'zone', 'provider'] as const;
export type ClusterTopology = (typeof CLUSTER_TOPOLOGIES)[number];
const HOSTNAME = 'kubernetes.io/hostname';

export interface NodeTerm {
  readonly expressions: readonly LabelRequirement[];
  readonly fields: readonly LabelRequirement[];
}

/** Sets, as `namespace/name`, and the sense in which they are near. */
export interface SetTerm {
  readonly instances: readonly string[];
  readonly topology: ClusterTopology;
}

/** A core/v1 Affinity as the scheduler obeys it. */
export interface AffinityRules {
  /** A node must meet one of them; undefined: every node will do. */
  readonly required: readonly NodeTerm[] | undefined;
  readonly preferred: readonly { readonly weight: number; readonly term: NodeTerm }[];
  readonly near: readonly SetTerm[];
  readonly apart: readonly SetTerm[];
  /** Negative weight: rather apart. */
  readonly preferredSets: readonly { readonly weight: number; readonly term: SetTerm }[];
  /** At most one member of this set on a node. */
  readonly onePerNode: boolean;
}

export type AffinityReading =
  { readonly rules: AffinityRules } | { readonly refusal: string; readonly rules?: undefined };

/** Reads a core/v1 Affinity strictly: the first thing that is not supported is refused by its path, with a remedy. */
export function readAffinity(
  affinity: unknown,
  instance: { readonly namespace: string; readonly name: string },
): AffinityReading {
  const parsed = affinitySchema.safeParse(affinity ?? {});
  if (!parsed.success) return { refusal: `scheduler.affinity${describeIssue(parsed.error)}` };
  const { nodeAffinity, podAffinity, podAntiAffinity } = parsed.data;
  try {
    const near = readPodRules('podAffinity', podAffinity ?? {}, instance);
    const apart = readPodRules('podAntiAffinity', podAntiAffinity ?? {}, instance);
    return {
      rules: {
        required:
          nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms.map(readNodeTerm),
        preferred: (nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(
          ({ weight, preference }) => ({ weight, term: readNodeTerm(preference) }),
        ),
        near: near.required,
        apart: apart.required,
        preferredSets: [
          ...near.preferred,
          ...apart.preferred.map(({ weight, term }) => ({ weight: -weight, term })),
        ],
        onePerNode: apart.onePerNode,
      },
    };
  } catch (error) {
    if (isFedStateError(error, 'InvalidSpec')) return { refusal: error.message };
    throw error;
  }
}

/** Whether a node meets a term; a key that some Cluster object carries is read there, any other on the node. */
export function meetsNodeTerm(
  term: NodeTerm,
  cluster: Pick<ClusterCapacity, 'labels'>,
  node: Pick<NodeCapacity, 'labels' | 'name'>,
  clusterKeys: ReadonlySet<string>,
): boolean {
  if (term.expressions.length + term.fields.length === 0) return false;
  return (
    term.fields.every((field) => meetsRequirement(field, node.name)) &&
    term.expressions.every((expression) =>
      meetsRequirement(
        expression,
        ownValue((clusterKeys.has(expression.key) ? cluster : node).labels, expression.key),
      ),
    )
  );
}

type Path = 'podAffinity' | 'podAntiAffinity';

interface PodRules {
  readonly required: readonly SetTerm[];
  readonly preferred: readonly { readonly weight: number; readonly term: SetTerm }[];
  readonly onePerNode: boolean;
}

function readPodRules(
  path: Path,
  rules: PodRulesWish,
  instance: { readonly namespace: string; readonly name: string },
): PodRules {
  const own = `${instance.namespace}/${instance.name}`;
  const required: SetTerm[] = [];
  let onePerNode = false;
  (rules.requiredDuringSchedulingIgnoredDuringExecution ?? []).forEach((term, index) => {
    const where = `scheduler.affinity.${path}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`;
    const instances = readInstances(where, term, instance.namespace);
    const topology = clusterTopology(term.topologyKey);
    if (topology === undefined) {
      const ownOnly = instances.length === 1 && instances[0] === own;
      if (path === 'podAffinity' || term.topologyKey !== HOSTNAME || !ownOnly) {
        throw new FedStateError(
          'InvalidSpec',
          `${where}: topologyKey ${term.topologyKey} speaks of nodes, where only podAntiAffinity of this instance ` +
            `to itself by ${HOSTNAME} can be counted as room. Use ${CLUSTER_TOPOLOGIES.join(', ')}, or make it preferred.`,
        );
      }
      onePerNode = true;
      return;
    }
    required.push(refuseSelf(where, { instances, topology }, own));
  });
  const preferred = (rules.preferredDuringSchedulingIgnoredDuringExecution ?? []).flatMap(
    ({ weight, podAffinityTerm: term }, index) => {
      const where = `scheduler.affinity.${path}.preferredDuringSchedulingIgnoredDuringExecution[${index}].podAffinityTerm`;
      const topology = clusterTopology(term.topologyKey);
      // Between nodes a preference is the business of the member cluster's own scheduler.
      if (topology === undefined) return [];
      const instances = readInstances(where, term, instance.namespace);
      return [{ weight, term: refuseSelf(where, { instances, topology }, own) }];
    },
  );
  return { required, preferred, onePerNode };
}

function readInstances(where: string, term: PodTermWish, namespace: string): string[] {
  const parsed = instanceTermSchema.safeParse(term);
  if (!parsed.success) throw new FedStateError('InvalidSpec', `${where}${describeIssue(parsed.error)}`);
  const { labelSelector, namespaces } = parsed.data;
  const label = labelSelector.matchLabels?.[LABELS.instance];
  const listed = labelSelector.matchExpressions?.[0]?.values;
  // Both present must both hold, as in Kubernetes.
  const names = label === undefined ? listed : listed === undefined || listed.includes(label) ? [label] : [];
  if (names === undefined || names.length === 0) {
    throw new FedStateError(
      'InvalidSpec',
      `${where}.labelSelector selects no set: name one by ${LABELS.instance}.`,
    );
  }
  return (namespaces ?? [namespace]).flatMap((space) => names.map((name) => `${space}/${name}`));
}

function refuseSelf(where: string, term: SetTerm, own: string): SetTerm {
  if (!term.instances.includes(own)) return term;
  throw new FedStateError(
    'InvalidSpec',
    `${where} names this instance itself with topologyKey ${term.topology}: spread its own members with spreadConstraints.`,
  );
}

const clusterTopology = (key: string): ClusterTopology | undefined =>
  CLUSTER_TOPOLOGIES.find((topology) => topology === key);

const readNodeTerm = (term: NodeTermWish): NodeTerm => ({
  expressions: (term.matchExpressions ?? []).map(({ key, operator, values }) => ({
    key,
    operator,
    values: values ?? [],
  })),
  fields: term.matchFields ?? [],
});

function describeIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const path = (issue?.path ?? [])
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('');
  return `${path}: ${issue?.message ?? 'unreadable'}. Take it out or write it as docs/scheduling.md says.`;
}
