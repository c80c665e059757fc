import type { MultiCloudMongoDBStatus } from '../../src/api/multicloudmongodb';
import type { Overlap } from './primary-watch';
import type { Scenario } from './scenario';

/** What was seen of one run. */
export interface Facts {
  readonly status: MultiCloudMongoDBStatus | undefined;
  readonly notes: readonly string[];
  readonly outageMs: number;
  /** Undefined: not seen restored. */
  readonly restoredMs: number | undefined;
  readonly overlaps: readonly Overlap[];
  readonly writes: {
    readonly acknowledged: number;
    readonly lost: number;
    /** Why a writer's documents could not be read back. */
    readonly problems: readonly string[];
  };
}

/** A primary that is cut off from the others steps down when the election timeout is over, and a little later is seen to. */
const LONGEST_OVERLAP_MS = 20_000;

/** What an operation did, oldest first, and how it stands in the end. */
export function sayActual({ status, notes, overlaps }: Facts): string {
  const operations = (status?.operations ?? [])
    .filter(({ kind }) => kind !== 'createInstance')
    .map(({ kind, cluster, outcome }) => `${kind}${cluster === undefined ? '' : ` of ${cluster}`} ${outcome}`)
    .reverse();
  const primary = status?.members?.find(({ role }) => role === 'PRIMARY')?.cluster;
  return [
    ...notes,
    ...overlaps.map(({ from, to }) => `two primaries for ${((to - from) / 1000).toFixed(1)} s`),
    ...(operations.length === 0 ? ['no operation'] : operations),
    `${status?.state ?? 'no state'}, primary in ${primary ?? 'no cluster'}`,
  ].join('; ');
}

/** What should have been otherwise. */
export function nameProblems({ failovers, outageSeconds }: Scenario, facts: Facts): string[] {
  const { status, writes, overlaps, outageMs } = facts;
  const operations = status?.operations ?? [];
  const [fewest, most] = failovers;
  const count = operations.filter(({ kind }) => kind === 'failoverInstance').length;
  const failed = operations.filter(({ outcome }) => outcome === 'failed');
  return [
    ...(count < fewest || count > most ? [`${count} failovers, not ${fewest} to ${most}`] : []),
    ...(most === 0 && operations.length > 1
      ? [`operations were begun: ${operations.map(({ kind }) => kind).join(', ')}`]
      : []),
    ...failed.map(({ kind, message }) => `${kind} failed: ${message ?? 'nothing said'}`),
    ...overlaps
      .filter(({ from, to }) => to - from > LONGEST_OVERLAP_MS)
      .map(({ hosts, from, to }) => `two primaries for ${Math.round((to - from) / 1000)} s: ${hosts}`),
    ...(outageSeconds !== undefined && outageMs > outageSeconds * 1000
      ? [`writes stood still for ${(outageMs / 1000).toFixed(1)} s, not ${outageSeconds} s`]
      : []),
    ...(facts.restoredMs === undefined ? ['three voters were not seen to serve again'] : []),
    ...(writes.acknowledged === 0 ? ['no write was acknowledged'] : []),
    ...(writes.lost > 0 ? [`${writes.lost} of ${writes.acknowledged} acknowledged writes are lost`] : []),
    ...writes.problems.map((why) => `writes could not be read back: ${why}`),
  ];
}
