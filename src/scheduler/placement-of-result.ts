import { FedStateError } from '../domain/errors';
import type { ClusterShare, Placement, SchedulerResult } from '../domain/placement';
import { composePlacement } from './compose-placement';
import { compareText, countFreeOrdinals } from './ordinals';
import type { MiddlewareProfile } from './profile';
import { refuseRequest } from './refusal';
import type { ScheduleRequest } from './request';
import { compareScores, scoreVoters } from './votes';

const CURE =
  'Members on three clusters, none with a blocking share, would cure it; the arbiter counts as one.';

/**
 * The placement that an annotation means, whoever wrote it: ordinals, votes, outlook, warnings. Its reasons are empty, as no
 * capacity is looked at. `config.arbiter` says whether there is an arbiter, the annotation where; without a word of it there,
 * it goes to the named cluster where it keeps most votes, then the one with the fewest members (S6, S8).
 * @throws FedStateError InvalidSpec naming the entry and the remedy
 */
export function placementOfResult(
  result: SchedulerResult,
  request: ScheduleRequest,
  clusters: readonly string[],
  profile: MiddlewareProfile,
): Placement {
  const entries = result.ClusterWithReplicaset;
  const refusal = refuseRequest(request, profile) ?? refuseEntries(entries, request, clusters);
  if (refusal !== undefined) throw new FedStateError('InvalidSpec', refusal);
  const named = entries.findIndex((entry) => entry.arbiter === true);
  const arbiterAt = !request.arbiter ? -1 : named === -1 ? chooseArbiterSeat(entries, profile) : named;
  const shares = entries.map(({ cluster, replicaset }, index): ClusterShare => ({
    cluster,
    replicaset,
    ...(index === arbiterAt ? { arbiter: true } : {}),
  }));
  const excluded = request.excludedClusters.filter(({ cluster }) =>
    shares.some((share) => share.cluster === cluster && (share.replicaset > 0 || share.arbiter === true)),
  );
  return composePlacement({
    shares,
    request,
    profile,
    reasons: [],
    cure: CURE,
    warnings: [
      ...(named !== -1 && !request.arbiter
        ? ['The arbiter that it names is left out, as config.arbiter is false.']
        : []),
      ...excluded.map(
        ({ cluster, reason }) => `It places members in ${cluster}, which takes none: ${reason}.`,
      ),
    ],
  });
}

function refuseEntries(
  entries: readonly ClusterShare[],
  request: ScheduleRequest,
  clusters: readonly string[],
): string | undefined {
  const seen = new Set<string>();
  for (const [index, { cluster, replicaset }] of entries.entries()) {
    const field = `ClusterWithReplicaset[${index}]`;
    if (seen.has(cluster)) return `${field}.cluster names ${cluster} a second time: make one entry of them.`;
    seen.add(cluster);
    if (!clusters.includes(cluster)) {
      const known = clusters.toSorted(compareText).join(', ') || 'none';
      return `${field}.cluster names ${cluster}, which is not registered with Karmada (registered: ${known}).`;
    }
    if (!Number.isInteger(replicaset) || replicaset < 0) {
      return `${field}.replicaset is ${replicaset}: write a whole number from 0.`;
    }
    const running = request.existing.filter(
      (member) => member.cluster === cluster && member.ordinal !== 'arbiter',
    ).length;
    const most = running + countFreeOrdinals(cluster, request);
    if (replicaset > most) {
      return `${field}.replicaset is ${replicaset}, but ${cluster} has ordinals for ${most} until retired members are gone: lower it, or wait.`;
    }
  }
  const arbiters = entries.filter((entry) => entry.arbiter === true).map(({ cluster }) => cluster);
  if (arbiters.length > 1) {
    return `ClusterWithReplicaset names an arbiter in ${arbiters.join(' and ')}: a set has at most one (S6), leave one.`;
  }
  const sum = entries.reduce((total, { replicaset }) => total + replicaset, 0);
  if (sum !== request.members) {
    return `ClusterWithReplicaset sums up to ${sum}, but replicaset is ${request.members}: make them equal.`;
  }
  return undefined;
}

function chooseArbiterSeat(entries: readonly ClusterShare[], { quorum }: MiddlewareProfile): number {
  const judged = entries.map(({ cluster, replicaset }, index) => ({
    index,
    cluster,
    replicaset,
    score: scoreVoters(
      entries.map((entry, at) => entry.replicaset + (at === index ? 1 : 0)),
      quorum,
    ),
  }));
  judged.sort(
    (a, b) =>
      compareScores(b.score, a.score) || a.replicaset - b.replicaset || compareText(a.cluster, b.cluster),
  );
  return judged[0]?.index ?? -1;
}
