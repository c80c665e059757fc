import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface MemberMetrics {
  readonly passSeconds: Histogram;
  readonly passFailures: Counter;
  readonly watchNews: Counter<'kind' | 'news'>;
}

/** @param depth keys waiting or in work; @param states instances by state */
export function createMemberMetrics(
  registry: Registry,
  depth: () => number,
  states: () => ReadonlyMap<string, number>,
): MemberMetrics {
  const registers = [registry];
  new Gauge({
    name: 'fedstate_member_queue_depth',
    help: 'MongoDB objects waiting for a pass or in one',
    registers,
    collect() {
      this.set(depth());
    },
  });
  new Gauge({
    name: 'fedstate_member_instances',
    help: 'MongoDB objects of this cluster by state',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      for (const [state, count] of states()) this.set({ state }, count);
    },
  });
  return {
    passSeconds: new Histogram({
      name: 'fedstate_member_pass_seconds',
      help: 'Time of one pass over one MongoDB object',
      buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60],
      registers,
    }),
    passFailures: new Counter({
      name: 'fedstate_member_pass_failures_total',
      help: 'Passes that ended in an error and are made again',
      registers,
    }),
    watchNews: new Counter({
      name: 'fedstate_member_watch_news_total',
      help: 'Transitions of the watches: listed, connected, broken, expired, stalled, failed, unreadable',
      labelNames: ['kind', 'news'],
      registers,
    }),
  };
}
