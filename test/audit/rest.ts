import { setTimeout as sleep } from 'node:timers/promises';
import { countRequests, isLeaseRenewal, isWrite, type AccessRequest } from '../support/access-requests';
import { readAuditLogs } from '../support/audit-log';
import type { Environment } from '../support/environment';
import { until } from '../support/until';

/** Reads are counted for as long as this; a long form is asked for by FEDSTATE_REST_SECONDS. */
const REST_SECONDS = Number(process.env['FEDSTATE_REST_SECONDS'] ?? 25);
const SETTLED_MS = 5_000;

const isOurs = ({ groups }: AccessRequest): boolean =>
  groups.includes('system:serviceaccounts:fedstate-system');
const isChange = (request: AccessRequest): boolean => isWrite(request) && !isLeaseRenewal(request);

/** What our accounts asked for while nothing happened. */
export interface Rest {
  readonly seconds: number;
  readonly writes: readonly AccessRequest[];
  /** Signs of life that members' managers give. */
  readonly renewals: readonly AccessRequest[];
  readonly reads: readonly AccessRequest[];
}

/** Resolves when our accounts have written nothing for a while from now on: what followed a creation is through. */
export async function awaitSettled(environment: Environment): Promise<void> {
  await sleep(SETTLED_MS);
  await until('no write of ours for 5 s', 60, () => {
    const writes = readAuditLogs(environment, Date.now() - SETTLED_MS).filter(
      (request) => isOurs(request) && isChange(request),
    );
    return Promise.resolve(
      writes.length === 0 ? { answer: true } : { reason: countRequests(writes).join('; ') },
    );
  });
}

/** Listens to the audit logs for some time. */
export async function listenAtRest(environment: Environment): Promise<Rest> {
  const since = Date.now();
  await sleep(REST_SECONDS * 1000);
  return judgeRest(readAuditLogs(environment, since), (Date.now() - since) / 1000);
}

/** Pure: what of these requests was ours, by what it does. */
export function judgeRest(requests: readonly AccessRequest[], seconds: number): Rest {
  const asked = requests.filter(isOurs);
  return {
    seconds,
    writes: asked.filter(isChange),
    renewals: asked.filter(isLeaseRenewal),
    reads: asked.filter((request) => !isWrite(request)),
  };
}

/** Reads a minute of each account on each kind of API server, e.g. `karmada fedstate-worker` → 40. */
export function readsPerMinute({ reads, seconds }: Rest): Map<string, number> {
  const rates = new Map<string, number>();
  for (const { cluster, user } of reads) {
    const who = `${cluster} ${user.replace(/^.*:/, '')}`;
    rates.set(who, (rates.get(who) ?? 0) + 60 / seconds);
  }
  return new Map([...rates].map(([who, rate]) => [who, Math.round(rate)]));
}
