import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { FedStateError, isFedStateError, messageOf } from '../domain/errors';
import type { Kube } from './client';
import { microTime } from './event';
import { apiVersionOf, KINDS, metadataSchema, type ObjectRef } from './object';
import { pause } from './pause';

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who holds it, for people; a random part is added, so that two processes of one name never share it. */
  readonly identity: string;
  /** Others wait this long after our last renewal that they saw. Default 15 s. */
  readonly durationMs?: number;
  /** Without a renewal for this long we no longer count ourselves as holder; must be less than durationMs. Default 10 s. */
  readonly renewDeadlineMs?: number;
  /** Between two tries. Default 2 s. */
  readonly retryMs?: number;
  readonly onAcquired?: () => void;
  /** Called once per loss, at the latest renewDeadlineMs after the last renewal was sent. Not called by `stop`. */
  readonly onLost?: () => void;
  /** A try that failed; the next one follows by itself. */
  readonly onFailure?: (message: string) => void;
  /** Ms of a clock that never jumps. */
  readonly monotonic?: () => number;
}

export interface Lease {
  /** Whether we may act right now: also false after this process was frozen beyond the deadline. */
  isHeld(): boolean;
  /** Resolves when it is first held; never, when stopped before. */
  readonly acquired: Promise<void>;
  /** Stops renewing and, when held, gives it back so that the next one need not wait. Never rejects. */
  stop(): Promise<void>;
}

const leaseSchema = z.looseObject({
  metadata: metadataSchema,
  spec: z
    .looseObject({
      holderIdentity: z.string().nullish(),
      leaseDurationSeconds: z.number().nullish(),
      renewTime: z.string().nullish(),
      acquireTime: z.string().nullish(),
      leaseTransitions: z.number().nullish(),
    })
    .default({}),
});
type LeaseObject = z.infer<typeof leaseSchema>;

/**
 * Tries to hold a coordination.k8s.io/v1 Lease until stopped; after a loss it stands as a candidate again. Renewals of
 * others are timed by the local clock from when they were seen, so that clocks that differ do no harm.
 * @throws FedStateError InvalidSpec when the deadline is not shorter than the duration
 */
export function holdLease(kube: Kube, options: LeaseOptions): Lease {
  const durationMs = options.durationMs ?? 15_000;
  const deadlineMs = options.renewDeadlineMs ?? 10_000;
  const retryMs = options.retryMs ?? 2_000;
  if (deadlineMs >= durationMs || retryMs >= deadlineMs) {
    throw new FedStateError(
      'InvalidSpec',
      `Lease ${options.name}: retryMs ${retryMs} < renewDeadlineMs ${deadlineMs} < durationMs ${durationMs} must hold; else two could act at one time.`,
    );
  }
  const ref: ObjectRef = { kind: KINDS.lease, namespace: options.namespace, name: options.name };
  const identity = `${options.identity}_${randomUUID()}`;
  const clock = options.monotonic ?? (() => performance.now());
  const abort = new AbortController();
  let held = false;
  let validUntil = 0;
  let watchdog: NodeJS.Timeout | undefined;
  let seen = { text: '', at: 0 };
  let ours: LeaseObject | undefined;
  let markAcquired = (): void => undefined;
  const acquired = new Promise<void>((resolve) => (markAcquired = resolve));

  /** True when the lease is ours after this try. */
  async function tryOnce(): Promise<boolean> {
    const there = ours ?? (await kube.get(ref, leaseSchema));
    ours = undefined;
    if (there === undefined) {
      await kube.create(KINDS.lease, {
        apiVersion: apiVersionOf(KINDS.lease),
        kind: KINDS.lease.kind,
        metadata: { name: options.name, namespace: options.namespace },
        spec: { ...claim(), acquireTime: microTime(Date.now()), leaseTransitions: 0 },
      });
      return true;
    }
    const isOurs = there.spec.holderIdentity === identity;
    if (!isOurs && isAlive(there)) return false;
    const answer = await kube.mergePatch(ref, {
      metadata: { resourceVersion: there.metadata.resourceVersion },
      spec: {
        ...claim(),
        ...(isOurs
          ? {}
          : {
              acquireTime: microTime(Date.now()),
              leaseTransitions: (there.spec.leaseTransitions ?? 0) + 1,
            }),
      },
    });
    ours = leaseSchema.parse(answer);
    return true;
  }

  const claim = () => ({
    holderIdentity: identity,
    leaseDurationSeconds: Math.ceil(durationMs / 1000),
    renewTime: microTime(Date.now()),
  });

  function isAlive(there: LeaseObject): boolean {
    const { holderIdentity, leaseDurationSeconds, renewTime } = there.spec;
    if (holderIdentity === undefined || holderIdentity === null || holderIdentity === '') return false;
    const text = `${holderIdentity} ${renewTime ?? ''}`;
    if (text !== seen.text) seen = { text, at: clock() };
    return clock() < seen.at + Math.max((leaseDurationSeconds ?? 0) * 1000, durationMs);
  }

  function setHeld(until: number): void {
    validUntil = until;
    clearTimeout(watchdog);
    watchdog = setTimeout(lose, Math.max(0, until - clock()));
    watchdog.unref();
    if (held) return;
    held = true;
    markAcquired();
    options.onAcquired?.();
  }

  function lose(): void {
    clearTimeout(watchdog);
    ours = undefined;
    if (!held) return;
    held = false;
    options.onLost?.();
  }

  async function run(): Promise<void> {
    while (!isStopped()) {
      const startedAt = clock();
      try {
        // A try that hangs must not eat the time of the next one; should it land late, its resourceVersion guards it.
        const isOurs = await within(tryOnce(), deadlineMs / 2);
        if (isStopped()) return;
        if (isOurs) setHeld(startedAt + deadlineMs);
        else lose();
      } catch (error) {
        ours = undefined;
        // Somebody wrote between our read and our write: the next try reads who.
        if (!isFedStateError(error, 'Conflict')) options.onFailure?.(messageOf(error));
      }
      await pause(retryMs * (0.8 + Math.random() * 0.4), abort.signal);
    }
  }

  async function release(): Promise<void> {
    const there = await kube.get(ref, leaseSchema);
    if (there?.spec.holderIdentity !== identity) return;
    await kube.mergePatch(ref, {
      metadata: { resourceVersion: there.metadata.resourceVersion },
      spec: { holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(Date.now()) },
    });
  }

  const isStopped = (): boolean => abort.signal.aborted;
  const running = run();
  return {
    isHeld: () => held && clock() < validUntil,
    acquired,
    stop: async () => {
      abort.abort();
      await running;
      clearTimeout(watchdog);
      held = false;
      await within(release(), deadlineMs / 2).catch((error: unknown) => {
        options.onFailure?.(messageOf(error));
      });
    },
  };
}

function within<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new FedStateError('Unreachable', `The API server did not answer within ${ms} ms.`));
    }, ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
