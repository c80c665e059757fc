import type { Client } from '@temporalio/client';
import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import { z } from 'zod';
import type { TASK_QUEUE } from '../domain/task-queues';
import { messageOf } from '../domain/errors';
import { instanceWorkflowId } from '../domain/workflow-ids';
import type { Kube } from '../kube/client';
import { createEventRecorder } from '../kube/event';
import { KINDS, metadataSchema, type Kind } from '../kube/object';
import { pause } from '../kube/pause';
import { keyOf, watchObjects, type Watch, type WatchedObject } from '../kube/watch';
import { instanceViewSchema } from './instance-view';
import { createTriggerMetrics } from './metrics';
import { createPoker } from './poker';
import { isBehind } from './poke-decision';
import { registerRecoveryMetrics } from './recovery-metrics';
import { createRecoveryTally } from './recovery-tally';
import {
  bindingViewSchema,
  clusterViewSchema,
  compareClusters,
  isConcerned,
  type ClusterView,
} from './surroundings';
import { createEntityClient, type EntityClient, type RunningEntity } from './temporal-client';

export interface ControllerOptions {
  /** Karmada's API server. */
  readonly kube: Kube;
  readonly temporal: Client;
  readonly taskQueue: typeof TASK_QUEUE;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Between two comparisons of instances and running entities. */
  readonly resyncSeconds: number;
}

export interface Controller {
  /** Everything was listed once and the API server was heard lately. */
  ready(): boolean;
  /** Lets pokes under way end. */
  stop(): Promise<void>;
}

export interface TriggerOptions extends Omit<ControllerOptions, 'temporal' | 'taskQueue'> {
  readonly entities: EntityClient;
  /** Seconds after which the API server ends a watch. */
  readonly watchSeconds?: number;
  readonly stallMs?: number;
  /** Changes of one instance's surroundings within this time are one poke. */
  readonly settleMs?: number;
}

const WATCH_SECONDS = 240;
const STALL_MS = 30_000;
const SETTLE_MS = 1_000;
const RETRY_RESYNC_MS = 30_000;

/** Watches MultiCloudMongoDBs, Clusters and ResourceBindings, and pokes the entity workflows concerned. */
export function startController(options: ControllerOptions): Promise<Controller> {
  const { temporal, taskQueue, ...rest } = options;
  return Promise.resolve(startTriggers({ ...rest, entities: createEntityClient(temporal, taskQueue) }));
}

/** The same over any door to the entities. Returns at once; `ready` tells when it works. */
export function startTriggers(options: TriggerOptions): Controller {
  const { kube, logger, entities } = options;
  const watchSeconds = options.watchSeconds ?? WATCH_SECONDS;
  const stallMs = options.stallMs ?? STALL_MS;
  const settleMs = options.settleMs ?? SETTLE_MS;
  const abort = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    abort.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  const knownClusters = new Map<string, ClusterView>();
  const knownReports = new Map<string, { instance: string; reports: string }>();
  const listed = new Set<string>();
  let lastResync: number | undefined;
  let hasCompared = false;

  const poker = createPoker({
    kube,
    entities,
    logger,
    metrics: () => metrics,
    events: createEventRecorder(kube, {
      component: 'fedstate-controller',
      onFailure: (message) => logger.warn({ message }, 'an Event could not be written'),
    }),
    find: (key) => instances.get(key),
  });

  function follow<T extends WatchedObject>(
    kind: Kind,
    schema: z.ZodType<T>,
    onChange: (key: string) => void,
  ): Watch<T> {
    return watchObjects(kube, kind, schema, {
      timeoutSeconds: watchSeconds,
      stallMs,
      onChange: (key) => {
        metrics.sawChange(kind.kind);
        onChange(key);
      },
      onNews: (news, detail) => {
        metrics.sawNews(kind.kind, news);
        if (news === 'listed') listed.add(kind.kind);
        const level = news === 'failed' || news === 'stalled' || news === 'unreadable' ? 'warn' : 'debug';
        logger[level]({ kind: kind.kind, news, detail }, 'watch has news');
      },
    });
  }

  const tally = createRecoveryTally(options.registry);
  const instances = follow(KINDS.multiCloudMongoDB, instanceViewSchema, (key) => {
    tally.see(key, instances.get(key));
    // Before the first comparison nobody knows which entities run; it looks at every instance.
    if (hasCompared) poker.look(key);
  });
  const clusters = follow(KINDS.cluster, clusterViewSchema, (name) => {
    const before = knownClusters.get(name);
    const after = clusters.get(name);
    if (after === undefined) knownClusters.delete(name);
    else knownClusters.set(name, after);
    const change = compareClusters(before, after);
    if (change === undefined || !listed.has(KINDS.cluster.kind)) return;
    for (const instance of instances.list())
      if (isConcerned(instance, name, change)) poker.press(keyOf(instance), change, settleMs);
  });
  const bindings = follow(KINDS.resourceBinding, bindingViewSchema, (key) => {
    const before = knownReports.get(key);
    const after = bindings.get(key);
    if (after?.instance === undefined) knownReports.delete(key);
    else knownReports.set(key, { instance: after.instance, reports: after.reports });
    const instance = after?.instance ?? before?.instance;
    if (instance === undefined || before?.reports === after?.reports) return;
    if (!listed.has(KINDS.resourceBinding.kind) || instances.get(instance) === undefined) return;
    poker.press(instance, 'members', settleMs);
  });
  const watches: readonly [Kind, Watch<WatchedObject>][] = [
    [KINDS.multiCloudMongoDB, instances],
    [KINDS.cluster, clusters],
    [KINDS.resourceBinding, bindings],
  ];

  const metrics = createTriggerMetrics(options.registry, {
    queueDepth: poker.depth,
    instances: () => instances.list().length,
    lastSeen: () => new Map(watches.map(([kind, watch]) => [kind.kind, watch.lastSeen()])),
    lastResync: () => lastResync,
  });

  registerRecoveryMetrics(options.registry, () => instances.list());

  async function compare(): Promise<boolean> {
    const running = await entities.listRunning().catch((error: unknown) => {
      metrics.resyncFailed();
      logger.warn(
        { err: error },
        'the running entities cannot be listed: instances not seen before are poked',
      );
      return undefined;
    });
    poker.setRunning(running);
    hasCompared = true;
    for (const instance of instances.list()) {
      const { namespace, name, uid } = instance.ref;
      const entity = running?.get(instanceWorkflowId(namespace, name, uid));
      if (entity !== undefined && isBehind(instance, entity)) poker.press(keyOf(instance), 'spec', 0);
      else poker.look(keyOf(instance));
    }
    if (running === undefined) return false;
    for (const entity of running.values()) await sweep(entity);
    lastResync = Date.now();
    return true;
  }

  async function sweep(entity: RunningEntity): Promise<void> {
    const { namespace, name, uid } = entity;
    if (instances.get(`${namespace}/${name}`)?.ref.uid === uid) return;
    // The cache may be behind: only the API server's word makes an orphan.
    const there = await kube.get(
      { kind: KINDS.multiCloudMongoDB, namespace, name },
      z.looseObject({ metadata: metadataSchema }),
    );
    if (there?.metadata.uid === uid || !(await entities.tellGone(entity))) return;
    logger.info({ instance: `${namespace}/${name}`, uid }, 'entity without an object was told');
  }

  async function resync(): Promise<void> {
    await Promise.race([instances.synced, aborted]);
    while (!abort.signal.aborted) {
      const isDone = await compare().catch((error: unknown) => {
        metrics.resyncFailed();
        logger.warn({ message: messageOf(error) }, 'resync did not finish');
        return false;
      });
      const jitter = 0.9 + Math.random() * 0.2;
      const ms = options.resyncSeconds * 1000 * jitter;
      await pause(isDone ? ms : Math.min(ms, RETRY_RESYNC_MS), abort.signal);
    }
  }

  const resyncing = resync();
  return {
    ready: () => {
      const oldest = Date.now() - (watchSeconds * 1000 + stallMs + 30_000);
      return watches.every(([kind, watch]) => listed.has(kind.kind) && watch.lastSeen() > oldest);
    },
    stop: async () => {
      abort.abort();
      await Promise.all(watches.map(([, watch]) => watch.stop()));
      await resyncing;
      await poker.stop();
    },
  };
}
