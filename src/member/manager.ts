import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Kube } from '../kube/client';
import { createEventRecorder } from '../kube/event';
import { holdLease } from '../kube/lease';
import type { MemberConfig } from './config';
import type { Tell } from './context';
import { createLocalSet } from './local/keep-set';
import { startLoop } from './loop';
import { askMembers, watchRole } from './member-questions';
import { createMemberMetrics } from './metrics';
import { createTenures } from './tenure';

export interface MemberManagerOptions {
  readonly kube: Kube;
  readonly config: MemberConfig;
  readonly logger: Logger;
  readonly registry: Registry;
  /** Default 60. */
  readonly resyncSeconds?: number;
}

export interface MemberManager {
  /** A stand-by is ready too: it would act at once if the holder of the Lease went away. */
  ready(): boolean;
  stop(): Promise<void>;
}

const LEASE_NAME = 'fedstate-member-manager';
const RESYNC_SECONDS = 60;

/** The data plane of one cluster: builds, reports and, in Local mode, operates its MongoDBs. One acts per cluster. */
export function startMemberManager(options: MemberManagerOptions): Promise<MemberManager> {
  const { kube, config, logger } = options;
  const recorder = createEventRecorder(kube, { component: 'fedstate-member', instance: config.identity });
  const tell: Tell = (instance, type, reason, action, note) => {
    const { apiVersion, kind } = instance.owner;
    void recorder.record({ apiVersion, kind, metadata: instance.metadata }, { type, reason, action, note });
  };
  const tenures = createTenures(() =>
    startLoop({
      kube,
      config,
      logger,
      metrics,
      tell,
      questions: askMembers,
      watchRole,
      makeLocalSet: createLocalSet,
      resyncSeconds: options.resyncSeconds ?? RESYNC_SECONDS,
    }),
  );
  const metrics = createMemberMetrics(
    options.registry,
    () => tenures.acting()?.depth() ?? 0,
    () => tenures.acting()?.states() ?? new Map(),
  );

  const lease = holdLease(kube, {
    namespace: config.leaseNamespace,
    name: LEASE_NAME,
    identity: config.identity,
    onAcquired: () => {
      logger.info({ lease: LEASE_NAME }, 'acting: the lease is held');
      tenures.begin();
    },
    onLost: () => {
      logger.warn({ lease: LEASE_NAME }, 'standing by: the lease is lost');
      void tenures.end();
    },
    onFailure: (message) =>
      logger.warn({ lease: LEASE_NAME, message }, 'lease not renewed, will be tried again'),
  });

  return Promise.resolve({
    ready: () => tenures.acting()?.ready() ?? !lease.isHeld(),
    stop: async () => {
      await tenures.end();
      await lease.stop();
    },
  });
}
