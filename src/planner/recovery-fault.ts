import { nameMajorityLoss } from '../domain/health';
import { majorityOf, type ReplicaSetConfig } from '../domain/replica-set';
import type { ClusterOf } from '../domain/survivors';
import { selfHost } from './assess';
import type { RecoverySight } from './recovery-sight';

/** Why nothing may be forced; undefined: every view agrees that a majority is gone (S4, S20). */
export function findRecoveryFault(
  facts: RecoverySight,
  config: ReplicaSetConfig,
  clusterOf: ClusterOf,
): string | undefined {
  return findLeader(facts) ?? findMajority(facts, config) ?? findLife(facts, config, clusterOf);
}

function findLeader({ observation: { reports } }: RecoverySight): string | undefined {
  const primary = reports.find(({ stateName }) => stateName === 'PRIMARY');
  if (primary !== undefined) return `${selfHost(primary)} is primary: nothing is forced (S4).`;
  const followed = reports
    .flatMap(({ views }) => views)
    .find((view) => view.health === 1 && view.stateName === 'PRIMARY');
  return followed === undefined
    ? undefined
    : `The survivors see a primary, ${followed.host}, that does not answer us: it is our side that is cut off (S4, S20).`;
}

/** Also members that only another survivor sees count: with them a primary comes by itself. */
function findMajority({ observation }: RecoverySight, config: ReplicaSetConfig): string | undefined {
  const { reports } = observation;
  if (nameMajorityLoss(config, reports) === undefined)
    return 'A majority of the voters answers: it elects a primary by itself, nothing is forced (S4).';
  const up = new Set([
    ...reports.map(selfHost),
    ...reports.flatMap(({ views }) => views.filter(({ health }) => health === 1).map(({ host }) => host)),
  ]);
  const voters = config.members.filter(({ votes }) => votes > 0);
  return voters.filter(({ host }) => up.has(host)).length >= majorityOf(voters.length)
    ? 'The survivors see a majority of the voters up: it elects a primary by itself, nothing is forced (S4).'
    : undefined;
}

/** A single sign of life in any view, of any of the others, is enough to wait for it (S20). */
function findLife(facts: RecoverySight, config: ReplicaSetConfig, clusterOf: ClusterOf): string | undefined {
  const { observation, platform, signs, untold } = facts;
  const answering = new Set(observation.reports.map(selfHost));
  const gone = config.members.filter(({ host }) => !answering.has(host)).map(({ host }) => host);
  for (const host of gone) {
    const seer = observation.reports.find(({ views }) =>
      views.some((view) => view.host === host && view.health === 1),
    );
    if (seer !== undefined) return `${host} is up to ${selfHost(seer)}: bring it back (S20).`;
    const sign = signs.get(host);
    if (sign !== undefined) return `${host} lives: ${sign}. Bring it back, nothing is forced (S20).`;
  }
  const holding = new Set([...answering].map(clusterOf));
  for (const cluster of new Set(gone.map(clusterOf))) {
    const sight = platform.find((one) => one.cluster === cluster);
    const why = untold.get(cluster);
    if (why !== undefined)
      return `Cluster ${cluster} answers and does not tell whether its members run (${why}): nothing is forced (S20).`;
    if (sight?.ready === true && sight.api !== true && !holding.has(cluster))
      return `Karmada calls cluster ${cluster} Ready, though its API server does not answer us: the views do not agree, nothing is forced (S20).`;
  }
  return undefined;
}
