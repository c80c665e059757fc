import { Gauge, type Registry } from 'prom-client';
import { z } from 'zod';

/** Fields of replSetGetStatus and serverStatus that become metrics. */
const statusSchema = z.looseObject({
  set: z.string(),
  myState: z.number(),
  members: z.array(
    z.looseObject({
      name: z.string(),
      state: z.number(),
      stateStr: z.string(),
      health: z.number(),
      optimeDate: z.date().optional(),
    }),
  ),
});
const serverSchema = z.looseObject({
  connections: z.looseObject({ current: z.number(), available: z.number() }),
});

/** What one scrape found; a part that could not be read is undefined. */
export interface Scrape {
  readonly up: boolean;
  readonly replicaSet: unknown;
  readonly server: unknown;
}

/** Gauges under the names of percona/mongodb_exporter in compatible mode. */
export function createReplicaMetrics(registry: Registry): { readonly record: (scrape: Scrape) => void } {
  const gauge = (name: string, help: string, labelNames: string[]): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  const memberLabels = ['set', 'name', 'state'];
  const up = gauge('mongodb_up', 'Whether the server answered the last scrape.', []);
  const myState = gauge('mongodb_mongod_replset_my_state', 'State of this member (replSetGetStatus).', [
    'set',
  ]);
  const state = gauge('mongodb_mongod_replset_member_state', 'State of a member.', memberLabels);
  const health = gauge(
    'mongodb_mongod_replset_member_health',
    '1 when this member reaches it.',
    memberLabels,
  );
  const optime = gauge(
    'mongodb_mongod_replset_member_optime_date',
    'Last applied operation, seconds since the epoch.',
    memberLabels,
  );
  const lag = gauge(
    'mongodb_mongod_replset_member_replication_lag',
    'Seconds behind the primary.',
    memberLabels,
  );
  const connections = gauge('mongodb_connections', 'Client connections.', ['state']);

  return {
    record(scrape) {
      for (const each of [myState, state, health, optime, lag, connections]) each.reset();
      up.set(scrape.up ? 1 : 0);
      const server = serverSchema.safeParse(scrape.server);
      if (server.success) {
        connections.set({ state: 'current' }, server.data.connections.current);
        connections.set({ state: 'available' }, server.data.connections.available);
      }
      const status = statusSchema.safeParse(scrape.replicaSet);
      if (!status.success) return;
      const { set, members } = status.data;
      myState.set({ set }, status.data.myState);
      const newest = members.find((member) => member.stateStr === 'PRIMARY')?.optimeDate;
      for (const member of members) {
        const labels = { set, name: member.name, state: member.stateStr };
        state.set(labels, member.state);
        health.set(labels, member.health);
        // An arbiter has no operations.
        if (member.optimeDate === undefined || member.stateStr === 'ARBITER') continue;
        optime.set(labels, member.optimeDate.getTime() / 1000);
        if (newest === undefined) continue;
        lag.set(labels, Math.max(0, (newest.getTime() - member.optimeDate.getTime()) / 1000));
      }
    },
  };
}
