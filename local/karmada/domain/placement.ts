import { gvkOf } from '../kube/object';
import type { BindingSpec, SpreadConstraint, Taint } from './schemas';
import { findUntolerated, matchesCluster, type Candidate } from './selectors';

export interface Site extends Candidate {
  readonly taints: readonly Taint[];
  /** Deleted clusters get nothing. */
  readonly deleting: boolean;
  /** Kinds it serves, as `apiVersion, Kind`. */
  readonly kinds: ReadonlySet<string>;
}

export type Choice =
  | { readonly kind: 'chosen'; readonly clusters: readonly string[] }
  /** No cluster fits: the binding loses its clusters. */
  | { readonly kind: 'unfit'; readonly message: string }
  /** The constraint cannot be met: the binding keeps its clusters. */
  | { readonly kind: 'error'; readonly message: string };

/** Where a binding goes, in the words of a real Karmada's scheduler (facts 2, 48, 59 and the refusals). */
export function choosePlacement(spec: BindingSpec, sites: readonly Site[]): Choice {
  const bound = new Set(spec.clusters.map((cluster) => cluster.name));
  const reasons = new Map<string, number>();
  const feasible: Site[] = [];
  for (const site of sites) {
    if (site.deleting) continue;
    const reason = refuse(site, spec, bound);
    if (reason === undefined) feasible.push(site);
    else reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  if (feasible.length === 0) {
    const parts = [...reasons].map(([reason, count]) => `${count} ${reason}`).sort();
    const detail = parts.length === 0 ? 'no cluster exists' : parts.join(', ');
    return { kind: 'unfit', message: `0/${sites.length} clusters are available: ${detail}.` };
  }
  // Clusters that have it already come first, then the alphabet.
  const ordered = feasible.sort(
    (a, b) => Number(bound.has(b.name)) - Number(bound.has(a.name)) || (a.name < b.name ? -1 : 1),
  );
  return select(ordered, spec.placement?.spreadConstraints ?? []);
}

function refuse(site: Site, spec: BindingSpec, bound: ReadonlySet<string>): string | undefined {
  const { placement } = spec;
  if (!bound.has(site.name)) {
    if (!site.kinds.has(gvkOf(spec.resource.apiVersion, spec.resource.kind))) {
      return 'cluster(s) did not have the API resource';
    }
    const taint = findUntolerated(site.taints, placement?.clusterTolerations ?? []);
    if (taint !== undefined) {
      const value = (taint.value ?? '') === '' ? '' : `=${taint.value ?? ''}`;
      return `cluster(s) had untolerated taint {${taint.key}${value}:${taint.effect}}`;
    }
  }
  if (placement?.clusterAffinity !== undefined && !matchesCluster(site, placement.clusterAffinity)) {
    return 'cluster(s) did not match the placement cluster affinity constraint';
  }
  for (const { spreadByField } of placement?.spreadConstraints ?? []) {
    if (spreadByField === 'provider' && site.provider === '')
      return 'cluster(s) did not have provider property';
    if (spreadByField === 'region' && site.region === '') return 'cluster(s) did not have region property';
    if (spreadByField === 'zone' && site.zones.length === 0) return 'cluster(s) did not have zones property';
  }
  return undefined;
}

function select(ordered: readonly Site[], constraints: readonly SpreadConstraint[]): Choice {
  const names = (sites: readonly Site[]): readonly string[] => sites.map((site) => site.name);
  const byCluster = constraints.find((constraint) => constraint.spreadByField === 'cluster');
  const byRegion = constraints.find((constraint) => constraint.spreadByField === 'region');
  if (byRegion !== undefined) return selectRegions(ordered, byRegion, byCluster ?? {});
  if (byCluster === undefined) return { kind: 'chosen', clusters: names(ordered) };
  if (ordered.length < (byCluster.minGroups ?? 0)) {
    return failure('the number of feasible clusters is less than spreadConstraint.MinGroups');
  }
  return { kind: 'chosen', clusters: names(ordered.slice(0, limitOf(byCluster, ordered.length))) };
}

function selectRegions(
  ordered: readonly Site[],
  byRegion: SpreadConstraint,
  byCluster: SpreadConstraint,
): Choice {
  const regions = new Map<string, Site[]>();
  for (const site of ordered) regions.set(site.region, [...(regions.get(site.region) ?? []), site]);
  if (regions.size < (byRegion.minGroups ?? 0)) {
    return failure('the number of feasible region is less than spreadConstraint.MinGroups');
  }
  const largest = [...regions.values()].sort((a, b) => b.length - a.length);
  for (
    let count = Math.max(byRegion.minGroups ?? 1, 1);
    count <= limitOf(byRegion, largest.length);
    count += 1
  ) {
    const taken = largest.slice(0, count);
    if (taken.flat().length < (byCluster.minGroups ?? 0)) continue;
    const first = taken.flatMap((region) => region.slice(0, 1));
    const rest = taken.flatMap((region) => region.slice(1));
    const limit = Math.max(limitOf(byCluster, first.length + rest.length), first.length);
    return { kind: 'chosen', clusters: [...first, ...rest].slice(0, limit).map((site) => site.name) };
  }
  return failure('the number of clusters is less than the cluster spreadConstraint.MinGroups');
}

const limitOf = (constraint: SpreadConstraint, all: number): number =>
  (constraint.maxGroups ?? 0) > 0 ? Math.min(constraint.maxGroups ?? 0, all) : all;

const failure = (message: string): Choice => ({
  kind: 'error',
  message: `failed to select clusters: ${message}`,
});
