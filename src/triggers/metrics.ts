import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { WatchNews } from '../kube/watch';
import type { PokeReason } from './poke-decision';

export interface MetricSources {
  readonly queueDepth: () => number;
  readonly instances: () => number;
  /** Ms since the epoch of the last sign of life, by kind. */
  readonly lastSeen: () => ReadonlyMap<string, number>;
  /** Ms since the epoch of the last comparison with Temporal that went well; undefined: none yet. */
  readonly lastResync: () => number | undefined;
}

export interface TriggerMetrics {
  sawChange(kind: string): void;
  sawNews(kind: string, news: WatchNews): void;
  poked(reason: PokeReason, seconds: number): void;
  failed(): void;
  refused(): void;
  resyncFailed(): void;
}

const READ_MS = 1000;

/** Registers what docs and alerts name; one controller per registry. */
export function createTriggerMetrics(registry: Registry, sources: MetricSources): TriggerMetrics {
  const registers = [registry];
  const events = new Counter({
    name: 'fedstate_watch_events_total',
    help: 'Objects that were added, changed or removed, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const restarts = new Counter({
    name: 'fedstate_watch_restarts_total',
    help: 'Watches that were begun again, by kind and reason; ended is everyday life.',
    labelNames: ['kind', 'reason'],
    registers,
  });
  const unreadable = new Counter({
    name: 'fedstate_watch_unreadable_total',
    help: 'Objects that could not be read at all and are ignored, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const pokes = new Counter({
    name: 'fedstate_pokes_total',
    help: 'Pokes that Temporal has taken, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const seconds = new Histogram({
    name: 'fedstate_poke_seconds',
    help: 'Seconds from an instance being due to Temporal having its poke, finalizer included; waiting in the queue is not.',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const failures = new Counter({
    name: 'fedstate_poke_failures_total',
    help: 'Pokes that failed; each is tried again until it is taken.',
    registers,
  });
  const refusals = new Counter({
    name: 'fedstate_specs_refused_total',
    help: 'Instances that were not poked because their spec cannot be read; each has a Warning Event.',
    registers,
  });
  const resyncFailures = new Counter({
    name: 'fedstate_resync_failures_total',
    help: 'Comparisons with the entities that Temporal runs that failed.',
    registers,
  });
  new Gauge({
    name: 'fedstate_queue_depth',
    help: 'Instances that wait for a look, or are being looked at.',
    registers,
    collect() {
      this.set(sources.queueDepth());
    },
  });
  new Gauge({
    name: 'fedstate_instances',
    help: 'MultiCloudMongoDB objects known.',
    registers,
    collect() {
      this.set(sources.instances());
    },
  });
  new Gauge({
    name: 'fedstate_last_sync_age_seconds',
    help: 'Seconds since the API server was heard, by kind.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, at] of sources.lastSeen()) this.set({ kind }, (Date.now() - at) / READ_MS);
    },
  });
  new Gauge({
    name: 'fedstate_last_resync_age_seconds',
    help: 'Seconds since instances and running entities were compared; absent before the first time.',
    registers,
    collect() {
      const at = sources.lastResync();
      if (at === undefined) this.remove();
      else this.set((Date.now() - at) / READ_MS);
    },
  });
  return {
    sawChange: (kind) => events.inc({ kind }),
    sawNews(kind, news) {
      switch (news) {
        case 'listed':
        case 'connected':
          return;
        case 'unreadable':
          unreadable.inc({ kind });
          return;
        case 'ended':
        case 'broken':
        case 'stalled':
        case 'expired':
        case 'failed':
          restarts.inc({ kind, reason: news });
      }
    },
    poked(reason, took) {
      pokes.inc({ reason });
      seconds.observe(took);
    },
    failed: () => failures.inc(),
    refused: () => refusals.inc(),
    resyncFailed: () => resyncFailures.inc(),
  };
}
