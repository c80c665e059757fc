import { Counter, Histogram, type Registry } from 'prom-client';
import type { InstanceView, RecoveryView } from './instance-view';

export interface RecoveryTally {
  /** An instance as it is now; undefined: it is gone. */
  see(key: string, view: Pick<InstanceView, 'metadata' | 'recoveries'> | undefined): void;
}

const OUTAGE_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 300, 1800];
const SECONDS_BUCKETS = [1, 5, 10, 30, 60, 90, 120, 300, 600, 1800, 3600, 14_400];

/**
 * Counts what the ledgers of all instances come to hold, each entry and each of its figures once. What a ledger held before
 * this process saw it was counted by the one before, or is in the status.
 */
export function createRecoveryTally(registry: Registry): RecoveryTally {
  const registers = [registry];
  const labelNames = ['kind'] as const;
  const total = new Counter({
    name: 'fedstate_recoveries_total',
    help: 'Failovers, failbacks, switchovers, step-downs in passing, and elections that nobody of us asked for.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const outage = new Histogram({
    name: 'fedstate_write_outage_seconds',
    help: 'The most that writes can have stopped for, for each entry of the ledgers that knows it.',
    labelNames,
    buckets: OUTAGE_BUCKETS,
    registers,
  });
  const detection = new Histogram({
    name: 'fedstate_detection_seconds',
    help: 'From the first sight of a loss to the decision, or from an election until it was seen.',
    labelNames,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const restored = new Histogram({
    name: 'fedstate_redundancy_restored_seconds',
    help: 'From the first sight of a loss, or from an election, to full redundancy.',
    labelNames,
    buckets: SECONDS_BUCKETS,
    registers,
  });
  const known = new Map<string, { readonly uid: string; readonly counted: Set<string> }>();

  function count(counted: Set<string>, entry: RecoveryView, isNews: boolean): void {
    const { key, kind, outcome } = entry;
    const once = (part: string, value: number | undefined, tell: (value: number) => void): void => {
      if (value === undefined || counted.has(`${key} ${part}`)) return;
      counted.add(`${key} ${part}`);
      if (isNews) tell(value);
    };
    once('', 1, () => total.inc({ kind, outcome }));
    once('outage', entry.writeOutageSeconds, (value) => outage.observe({ kind }, value));
    once('detection', entry.detectionSeconds, (value) => detection.observe({ kind }, value));
    once('restored', entry.restoredSeconds, (value) => restored.observe({ kind }, value));
  }

  return {
    see(key, view) {
      if (view === undefined) {
        known.delete(key);
        return;
      }
      const { uid } = view.metadata;
      const before = known.get(key);
      const isNews = before?.uid === uid;
      const counted = isNews ? before.counted : new Set<string>();
      for (const entry of view.recoveries) count(counted, entry, isNews);
      // The ledger forgets what is old, and so may we.
      const kept = [...counted].filter((one) =>
        view.recoveries.some((entry) => one.startsWith(`${entry.key} `)),
      );
      known.set(key, { uid, counted: new Set(kept) });
    },
  };
}
