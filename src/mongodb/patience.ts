import { FedStateError } from '../domain/errors';
import type { MemberReport } from '../domain/replica-set';

/** One SYN may be lost: it is sent again after a second. */
const DOWN_PATIENCE_MS = 1_500;
/** Of who was waited for in vain a moment ago: one that is back is soon seen so by others, and then waited for again. */
const AGAIN_PATIENCE_MS = 250;
const MOMENT_MS = 30_000;

/** How long members that others call down are waited for; times in ms of one clock. */
export interface Patience {
  /** @returns whether it has been waited for long enough since then */
  isOver(host: string, since: number, now: number): boolean;
  /** It was given up after being waited for since then. */
  giveUp(host: string, since: number, now: number): void;
  answered(host: string): void;
}

export function createPatience(): Patience {
  const silentAt = new Map<string, number>();
  return {
    isOver(host, since, now) {
      const wasSilent = now - (silentAt.get(host) ?? -Infinity) < MOMENT_MS;
      return now - since >= (wasSilent ? AGAIN_PATIENCE_MS : DOWN_PATIENCE_MS);
    },
    giveUp(host, since, now) {
      // Only the whole patience tells anything: else one that is slow would never be heard again.
      if (now - since >= DOWN_PATIENCE_MS) silentAt.set(host, now);
    },
    answered: (host) => void silentAt.delete(host),
  };
}

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

export const hopeless = (host: string, waitedMs: number): FedStateError =>
  new FedStateError(
    'Unreachable',
    `${host} cannot be reached: no answer within ${Math.round(waitedMs)} ms, and the members that answer call it down`,
    { host, action: 'connect', timedOut: true },
  );
