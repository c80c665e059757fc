import { FedStateError } from '../domain/errors';
import type { MemberReport } from '../domain/replica-set';

/** One SYN may be lost: it is sent again after a second. */
export const DOWN_PATIENCE_MS = 1_500;

/**
 * Who is not worth the whole timeout: with packets dropped each look would take it, and an operation that looks at every
 * step would lose minutes. Only when most of the set has answered, and each that sees the member calls it down.
 * @param open hosts that have not answered
 * @param asked how many were asked
 */
export function listHopeless(
  open: readonly string[],
  asked: number,
  reports: readonly Pick<MemberReport, 'views'>[],
): string[] {
  if (reports.length * 2 <= asked) return [];
  return open.filter((host) => {
    const views = reports.flatMap((report) => report.views.filter((view) => view.host === host));
    return views.length > 0 && views.every((view) => view.health === 0);
  });
}

export const hopeless = (host: string): FedStateError =>
  new FedStateError(
    'Unreachable',
    `${host} cannot be reached: no answer within ${DOWN_PATIENCE_MS} ms, and the members that answer call it down`,
    { host, action: 'connect', timedOut: true },
  );
