import type { Logger } from 'pino';
import { messageOf } from '../domain/errors';
import type { Kube } from '../kube/client';
import { createKeyedQueue } from '../kube/keyed-queue';
import { KINDS } from '../kube/object';
import { watchCluster } from './cluster-cache';
import type { MemberConfig } from './config';
import type { MemberContext, Tell } from './context';
import { readInstance } from './instance';
import type { LocalSet } from './local/local-set';
import type { MemberMetrics } from './metrics';
import { createObjectWriter } from './object-writer';
import { reconcileInstance } from './pass';
import { createReplicaProbe, memberHosts, type MemberQuestions } from './replica-probe';
import { createRoleWatch, type WatchRole } from './role-watch';

export interface LoopOptions {
  readonly kube: Kube;
  readonly config: MemberConfig;
  readonly logger: Logger;
  readonly metrics: MemberMetrics;
  readonly tell: Tell;
  readonly questions: MemberQuestions;
  readonly watchRole: WatchRole;
  readonly makeLocalSet: (context: MemberContext) => LocalSet;
  /** Seconds between two looks at an instance that nothing happened to. */
  readonly resyncSeconds: number;
}

/** The reconcile loop while this process is the one that acts. */
export interface MemberLoop {
  /** Everything was listed once and the API server was heard lately. */
  ready(): boolean;
  readonly depth: () => number;
  readonly states: () => ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Instances worked on at one time: passes wait for mongods more than they compute. */
const CONCURRENCY = 8;
const SILENCE_MS = 6 * 60_000;
const MONITOR_RECHECK_MS = 5 * 60_000;

/** Watches, queues and reconciles until stopped. An instance that fails is retried with back-off, never dropped. */
export function startLoop(options: LoopOptions): MemberLoop {
  const { kube, logger, metrics } = options;
  const cache = watchCluster(kube, {
    onChange: (key) => queue.add(key),
    onNews: (kind, news, detail) => {
      metrics.watchNews.inc({ kind: kind.kind, news });
      if (news === 'unreadable' || news === 'failed')
        logger.warn({ kind: kind.kind, news, detail }, 'watch has news');
    },
  });
  const context: MemberContext = {
    kube,
    config: options.config,
    cache,
    writer: createObjectWriter(kube, (kind, namespace, name) =>
      cache.watches(kind) ? cache.metadata(kind, namespace, name) : 'unwatched',
    ),
    probe: createReplicaProbe(options.questions),
    tell: options.tell,
    logger,
    now: () => new Date(),
    deletePod: async ({ namespace }, name, uid) => {
      await kube.delete({ kind: KINDS.pod, namespace, name }, { uid });
    },
    servesServiceMonitors: rememberFor(MONITOR_RECHECK_MS, () => kube.serves(KINDS.serviceMonitor)),
  };
  const localSet = options.makeLocalSet(context);
  const queue = createKeyedQueue({
    concurrency: CONCURRENCY,
    longestBackoffMs: 30_000,
    run: async (key) => {
      await cache.synced;
      const end = metrics.passSeconds.startTimer();
      try {
        const again = await reconcileInstance(context, localSet, key);
        const present = cache.instance(key);
        const running =
          present === undefined ? [] : memberHosts(cache.snapshot(readInstance(present))).values();
        roles.follow(key, running);
        return again ?? (present === undefined ? undefined : jitter(options.resyncSeconds));
      } finally {
        end();
      }
    },
    onError: (key, error, attempt) => {
      metrics.passFailures.inc();
      logger.warn({ instance: key, attempt, error: messageOf(error) }, 'pass failed, will be made again');
    },
  });
  const roles = createRoleWatch(options.watchRole, (key) => queue.add(key));
  let synced = false;
  void cache.synced.then(() => (synced = true));
  return {
    ready: () => synced && Date.now() - cache.lastSeen() < SILENCE_MS,
    depth: () => queue.depth(),
    states: () => countStates(cache.instanceKeys().map((key) => cache.instance(key)?.status?.state)),
    stop: async () => {
      roles.stop();
      await queue.stop();
      roles.stop();
      await cache.stop();
    },
  };
}

// Spread, so that a fleet of instances that began together does not stay in step.
const jitter = (seconds: number): number => seconds * 1000 * (0.8 + Math.random() * 0.4);

function countStates(states: readonly (string | undefined)[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const state of states) counts.set(state ?? 'New', (counts.get(state ?? 'New') ?? 0) + 1);
  return counts;
}

function rememberFor(ms: number, ask: () => Promise<boolean>): () => Promise<boolean> {
  let known: { readonly answer: boolean; readonly until: number } | undefined;
  return async () => {
    if (known === undefined || known.until < Date.now())
      known = { answer: await ask(), until: Date.now() + ms };
    return known.answer;
  };
}
