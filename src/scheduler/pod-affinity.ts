import { CLUSTER_TOPOLOGIES } from './affinity';

type Loose = Readonly<Record<string, unknown>>;

const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

/**
 * The part of `scheduler.affinity` that member pods take along: without what speaks of clusters, which no node could meet.
 * `clusterKeys` are the label keys that some Cluster object carries. Undefined when nothing is left.
 */
export function affinityOfPods(affinity: unknown, clusterKeys: ReadonlySet<string>): Loose | undefined {
  const asked = looseOf(affinity);
  return compact({
    nodeAffinity: nodePart(looseOf(asked['nodeAffinity']), clusterKeys),
    podAffinity: podPart(looseOf(asked['podAffinity'])),
    podAntiAffinity: podPart(looseOf(asked['podAntiAffinity'])),
  });
}

function nodePart(rules: Loose, clusterKeys: ReadonlySet<string>): Loose | undefined {
  const terms = listOf(looseOf(rules[REQUIRED])['nodeSelectorTerms']).map((term) =>
    nodeTerm(term, clusterKeys),
  );
  const preferred = listOf(rules[PREFERRED]).flatMap((entry) => {
    const preference = nodeTerm(looseOf(entry['preference']), clusterKeys);
    return preference === undefined ? [] : [{ ...entry, preference }];
  });
  return compact({
    // One term that spoke of clusters alone: in a cluster that was chosen by it, every node will do.
    [REQUIRED]: terms.length === 0 || terms.includes(undefined) ? undefined : { nodeSelectorTerms: terms },
    [PREFERRED]: preferred.length === 0 ? undefined : preferred,
  });
}

function nodeTerm(term: Loose, clusterKeys: ReadonlySet<string>): Loose | undefined {
  const all = listOf(term['matchExpressions']);
  const kept = all.filter((expression) => !clusterKeys.has(String(expression['key'])));
  if (all.length > 0 && kept.length === 0) return compact({ matchFields: term['matchFields'] });
  return compact({ ...term, matchExpressions: all.length === 0 ? undefined : kept });
}

function podPart(rules: Loose): Loose | undefined {
  const speaksOfNodes = (term: Loose): boolean =>
    !CLUSTER_TOPOLOGIES.some((topology) => topology === term['topologyKey']);
  const required = listOf(rules[REQUIRED]).filter(speaksOfNodes);
  const preferred = listOf(rules[PREFERRED]).filter((entry) =>
    speaksOfNodes(looseOf(entry['podAffinityTerm'])),
  );
  return compact({
    [REQUIRED]: required.length === 0 ? undefined : required,
    [PREFERRED]: preferred.length === 0 ? undefined : preferred,
  });
}

function compact(parts: Loose): Loose | undefined {
  const present = Object.entries(parts).filter(([, part]) => part !== undefined && part !== null);
  return present.length === 0 ? undefined : Object.fromEntries(present);
}

const looseOf = (value: unknown): Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};

const listOf = (value: unknown): readonly Loose[] => (Array.isArray(value) ? value.map(looseOf) : []);
