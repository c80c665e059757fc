import { Gauge, type Registry } from 'prom-client';
import { CONDITIONS } from '../domain/instance';
import type { InstanceView } from './instance-view';

/** What instances tell of lost clusters, for alerts; read from their status when somebody asks. */
export function registerRecoveryMetrics(registry: Registry, list: () => readonly InstanceView[]): void {
  const registers = [registry];
  new Gauge({
    name: 'fedstate_lost_clusters',
    help: 'Clusters that an instance takes to be lost, or that are back and have not been given their members yet.',
    labelNames: ['namespace', 'name', 'cluster'],
    registers,
    collect() {
      this.reset();
      for (const { ref, lostClusters } of list())
        for (const cluster of lostClusters)
          this.set({ namespace: ref.namespace, name: ref.name, cluster }, 1);
    },
  });
  new Gauge({
    name: 'fedstate_majority_lost',
    help: 'Instances of which too few voters answer to elect a primary.',
    labelNames: ['namespace', 'name'],
    registers,
    collect() {
      this.reset();
      for (const { ref, trueConditions } of list())
        if (trueConditions.has(CONDITIONS.majorityLost))
          this.set({ namespace: ref.namespace, name: ref.name }, 1);
    },
  });
  new Gauge({
    name: 'fedstate_forced_timestamp_seconds',
    help: 'When the majority of an instance was last recovered by a forced configuration; absent while its status remembers none.',
    labelNames: ['namespace', 'name'],
    registers,
    collect() {
      this.reset();
      for (const { ref, forcedAt } of list())
        if (forcedAt !== undefined)
          this.set({ namespace: ref.namespace, name: ref.name }, Date.parse(forcedAt) / 1000);
    },
  });
  new Gauge({
    name: 'fedstate_last_recovery_seconds',
    help: 'Of the last failover of an instance: seconds from the first sight of the loss to the decision (detected) and to full redundancy (restored), and the most that writes can have stopped for (writeOutage).',
    labelNames: ['namespace', 'name', 'part'],
    registers,
    collect() {
      this.reset();
      for (const { ref, lastFailover } of list()) {
        const labels = { namespace: ref.namespace, name: ref.name };
        const { detectionSeconds, restoredSeconds, writeOutageSeconds } = lastFailover ?? {};
        if (detectionSeconds !== undefined) this.set({ ...labels, part: 'detected' }, detectionSeconds);
        if (restoredSeconds !== undefined) this.set({ ...labels, part: 'restored' }, restoredSeconds);
        if (writeOutageSeconds !== undefined)
          this.set({ ...labels, part: 'writeOutage' }, writeOutageSeconds);
      }
    },
  });
}
