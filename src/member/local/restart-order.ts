import type { Ordinal } from '../../domain/names';
import type { ReplicaSetObservation } from '../../domain/replica-set';

export type RestartStep =
  | { readonly kind: 'restart'; readonly ordinal: Ordinal }
  /** The primary is next: another takes over first. */
  | { readonly kind: 'stepDown'; readonly host: string }
  | { readonly kind: 'wait'; readonly message: string };

const SERVING = new Set(['PRIMARY', 'SECONDARY', 'ARBITER']);

/**
 * Whose turn it is to be restarted: one at a time and only while every member serves, in the view of each that answers
 * (S2, S9); the primary last and after a hand-over (S14), unless nobody else may be elected.
 * @param pending members whose pod has an old template, with their hosts
 */
export function nextRestart(
  pending: ReadonlyMap<Ordinal, string>,
  observation: ReplicaSetObservation,
): RestartStep | undefined {
  if (pending.size === 0) return undefined;
  const { reports, unreachable } = observation;
  const silent = unreachable.map(({ host }) => host);
  const troubled = reports.flatMap((report) => [
    ...(SERVING.has(report.stateName) ? [] : [`${report.host} is ${report.stateName}`]),
    ...report.views
      .filter((view) => view.health !== 1 || !SERVING.has(view.stateName))
      .map((view) => `${report.host} sees ${view.host} as ${view.stateName}`),
  ]);
  const problems = [...silent.map((host) => `${host} does not answer`), ...troubled];
  if (problems.length > 0)
    return { kind: 'wait', message: `No restart while a member is away (S2): ${problems.join('; ')}.` };
  const primary = reports.find(({ stateName }) => stateName === 'PRIMARY');
  if (primary === undefined)
    return { kind: 'wait', message: 'No restart without a primary (S9): an election is awaited.' };
  const follower = [...pending].find(([, host]) => host !== primary.host);
  if (follower !== undefined) return { kind: 'restart', ordinal: follower[0] };
  const heirs = (primary.config?.members ?? []).filter(
    ({ host, priority }) => host !== primary.host && priority > 0,
  );
  const last = [...pending][0];
  if (heirs.length > 0) return { kind: 'stepDown', host: primary.host };
  return last === undefined ? undefined : { kind: 'restart', ordinal: last[0] };
}
