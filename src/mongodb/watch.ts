import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerDescription } from 'mongodb';
import { createClient, type ConnectOptions } from './connect';

/** What anybody may see of a member: it changes when a role or the configuration does. */
export interface MemberSight {
  readonly host: string;
  readonly reachable: boolean;
  /** `RSPrimary`, `RSSecondary`, `RSArbiter`, `RSOther`, `RSGhost` (no configuration), `Standalone`, `Unknown`. */
  readonly type: string;
  readonly primaryHost?: string | undefined;
  readonly configVersion?: number | undefined;
  /** Changes with every election that this member has won. */
  readonly electionId?: string | undefined;
}

/** Between two polls of servers that cannot stream, and between attempts to reach one. */
const POLL_MS = 2_000;

/**
 * Tells every change of one member until `signal` is aborted, the first sight included. The driver's monitor does the
 * work: awaitable `hello` from 4.4 on, `isMaster` every 2 s below (S31). It signs in nowhere.
 */
export async function watchMember(
  host: string,
  options: ConnectOptions,
  signal: AbortSignal,
  onChange: (sight: MemberSight) => void,
): Promise<void> {
  let last = '';
  const tell = (sight: MemberSight): void => {
    const seen = JSON.stringify(sight);
    if (seen === last || signal.aborted) return;
    last = seen;
    onChange(sight);
  };
  while (!signal.aborted) {
    const client = createClient(
      host,
      { credentials: { kind: 'none' }, options },
      { serverMonitoringMode: 'auto', heartbeatFrequencyMS: POLL_MS },
    );
    client.on('serverDescriptionChanged', ({ newDescription }) => {
      // A description without error is what the driver starts from, before it has asked.
      if (newDescription.type !== 'Unknown' || newDescription.error !== null)
        tell(describe(host, newDescription));
    });
    try {
      await client.connect();
      // From here on the monitor outlives outages by itself.
      await untilAborted(signal);
    } catch {
      tell({ host, reachable: false, type: 'Unknown' });
      await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
    } finally {
      await client.close().catch(() => undefined);
    }
  }
}

function describe(host: string, seen: ServerDescription): MemberSight {
  if (seen.type === 'Unknown') return { host, reachable: false, type: 'Unknown' };
  return {
    host,
    reachable: true,
    type: seen.type,
    primaryHost: seen.primary ?? undefined,
    configVersion: seen.setVersion ?? undefined,
    electionId: seen.electionId?.toHexString(),
  };
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
