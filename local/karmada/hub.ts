import type { Connection } from './kube/connection';
import { RESOURCES } from './kube/object';
import { startReflector, type Reflector } from './kube/reflector';
import { createWorkQueue, type WorkQueue } from './kube/work-queue';
import { messageOf } from './kube/connection';
import { createEventRecorder, type EventRecorder } from './events';
import { createTemplates, type Templates } from './templates';

export interface Log {
  debug(detail: Record<string, unknown>, message: string): void;
  info(detail: Record<string, unknown>, message: string): void;
  warn(detail: Record<string, unknown>, message: string): void;
}

export interface Timing {
  /** How often the control plane is asked for new kinds; 30 000 like Karmada's own (fact 1). */
  readonly discoveryPeriodMs: number;
  readonly clusterStatusPeriodMs: number;
  readonly failureThresholdMs: number;
  readonly successThresholdMs: number;
}

/** What every controller shares: the control plane, caches of its objects, and the means to stop. */
export interface Hub {
  readonly connection: Connection;
  readonly log: Log;
  readonly timing: Timing;
  readonly clusters: Reflector;
  readonly policies: Reflector;
  readonly overrides: Reflector;
  readonly bindings: Reflector;
  readonly works: Reflector;
  readonly namespaces: Reflector;
  readonly templates: Templates;
  readonly events: EventRecorder;
  /** A queue that logs failures and ends with the hub. */
  queue(name: string, workers: number, work: (key: string) => Promise<void>): WorkQueue;
  onStop(stop: () => void): void;
  stop(): void;
}

export function createHub(connection: Connection, timing: Timing, log: Log): Hub {
  const stops: (() => void)[] = [];
  const reflect = (resource: (typeof RESOURCES)[keyof typeof RESOURCES]): Reflector => {
    const reflector = startReflector(connection, resource, (detail) => log.debug({ detail }, 'watch'));
    stops.push(() => reflector.stop());
    return reflector;
  };
  const templates = createTemplates(connection, timing.discoveryPeriodMs, log);
  stops.push(() => templates.stop());
  return {
    connection,
    log,
    timing,
    clusters: reflect(RESOURCES.cluster),
    policies: reflect(RESOURCES.policy),
    overrides: reflect(RESOURCES.override),
    bindings: reflect(RESOURCES.binding),
    works: reflect(RESOURCES.work),
    namespaces: reflect(RESOURCES.namespace),
    templates,
    events: createEventRecorder(connection, log),
    queue(name, workers, work) {
      const queue = createWorkQueue({
        workers,
        work,
        onFailure: (key, error) => log.debug({ queue: name, key, error: messageOf(error) }, 'try again'),
      });
      stops.push(() => queue.stop());
      return queue;
    },
    onStop: (stop) => stops.push(stop),
    stop() {
      for (const stop of stops) stop();
      connection.close();
    },
  };
}

/** Resolves when everything that the first decisions rest on has been read once. */
export async function waitSynced(hub: Hub): Promise<void> {
  await Promise.all(
    [hub.clusters, hub.policies, hub.overrides, hub.bindings, hub.works, hub.namespaces].map(
      (reflector) => reflector.whenSynced,
    ),
  );
}
