import type { Logger } from 'pino';
import type { InstanceRef } from '../domain/instance';
import { instanceWorkflowId } from '../domain/workflow-ids';
import type { Kube } from '../kube/client';
import type { EventRecorder } from '../kube/event';
import { createKeyedQueue } from '../kube/keyed-queue';
import type { ObjectKey } from '../kube/watch';
import { ensureFinalizer } from './finalizer';
import type { InstanceView } from './instance-view';
import type { TriggerMetrics } from './metrics';
import { decidePoke, seenOf, type PokeReason, type Seen } from './poke-decision';
import type { EntityClient, RunningEntity } from './temporal-client';

export interface PokerOptions {
  readonly kube: Kube;
  readonly entities: EntityClient;
  readonly events: EventRecorder;
  readonly logger: Logger;
  readonly metrics: () => TriggerMetrics;
  readonly find: (key: ObjectKey) => InstanceView | undefined;
}

/** Looks at instances one key at a time and pokes those whose entity does not know what they have become. */
export interface Poker {
  /** Looks again; pokes only on a difference. */
  look(key: ObjectKey): void;
  /** Pokes for a reason that does not show in the object, not sooner than in `delayMs`; kept until a poke was taken. */
  press(key: ObjectKey, reason: PokeReason, delayMs: number): void;
  /** What runs, as just listed; undefined: unknown, every instance not seen before is poked. */
  setRunning(running: ReadonlyMap<string, RunningEntity> | undefined): void;
  readonly depth: () => number;
  stop(): Promise<void>;
}

const CONCURRENCY = 16;
const LONGEST_BACKOFF_MS = 30_000;
/** The last deletion activity takes our finalizer off and then ends its workflow: the object is gone a moment before. */
const GONE_DELAY_MS = 5_000;

export function createPoker(options: PokerOptions): Poker {
  const { entities, logger } = options;
  const seen = new Map<ObjectKey, Seen>();
  const pressed = new Map<ObjectKey, PokeReason>();
  const refused = new Map<ObjectKey, string>();
  const goneSince = new Map<ObjectKey, number>();
  /** Uids of which an entity may run, also when the answer to its poke was lost: they are told when their object is gone. */
  const begun = new Map<ObjectKey, Set<string>>();
  let running = new Map<string, RunningEntity>();

  async function lookAt(key: ObjectKey): Promise<number | undefined> {
    const instance = options.find(key);
    if (instance === undefined) return tellGone(key);
    goneSince.delete(key);
    await tellEntitiesGone(key, instance.ref.uid);
    const id = instanceWorkflowId(instance.ref.namespace, instance.ref.name, instance.ref.uid);
    const reason = decidePoke({
      instance,
      seen: seen.get(key),
      entity: running.get(id),
      pressed: pressed.get(key),
    });
    if (reason === undefined) {
      noteBegun(key, instance.ref.uid);
      seen.set(key, seenOf(instance));
      return undefined;
    }
    if (instance.problem !== undefined && !instance.isDeleting) {
      await refuse(key, instance, instance.problem);
      return undefined;
    }
    await poke(key, id, instance, reason);
    return undefined;
  }

  async function poke(key: ObjectKey, id: string, instance: InstanceView, reason: PokeReason): Promise<void> {
    const startedAt = performance.now();
    // A reason that comes up while this poke is under way is news, so it is taken out before and put back on failure.
    const why = pressed.get(key);
    pressed.delete(key);
    try {
      if (!instance.isDeleting && !(await ensureFinalizer(options.kube, instance))) {
        logger.info(
          { instance: key, uid: instance.ref.uid },
          'vanished or was deleted before its first poke',
        );
        return;
      }
      noteBegun(key, instance.ref.uid);
      await entities.pokeInstance(instance.ref, {
        generation: instance.generation,
        deletionRequested: instance.isDeleting,
      });
    } catch (error) {
      if (why !== undefined && !pressed.has(key)) pressed.set(key, why);
      throw error;
    }
    seen.set(key, seenOf(instance));
    refused.delete(key);
    running.set(id, { ...instance.ref, generation: instance.generation });
    options.metrics().poked(reason, (performance.now() - startedAt) / 1000);
    logger.info({ instance: key, uid: instance.ref.uid, generation: instance.generation, reason }, 'poked');
  }

  async function refuse(key: ObjectKey, instance: InstanceView, problem: string): Promise<void> {
    pressed.delete(key);
    const about = `${instance.ref.uid} ${instance.generation} ${problem}`;
    if (refused.get(key) === about) return;
    refused.set(key, about);
    options.metrics().refused();
    logger.warn({ instance: key, problem }, 'spec cannot be read, not poked');
    await options.events.record(instance, {
      type: 'Warning',
      reason: 'SpecRefused',
      action: 'readSpec',
      note: `Nothing is done for this object: ${problem}. Correct it with kubectl edit; fields and values are in the CRD (kubectl explain multicloudmongodb.spec).`,
    });
  }

  async function tellGone(key: ObjectKey): Promise<number | undefined> {
    const since = goneSince.get(key) ?? Date.now();
    goneSince.set(key, since);
    const waitMs = since + GONE_DELAY_MS - Date.now();
    if (waitMs > 0) return waitMs;
    await tellEntitiesGone(key, undefined);
    for (const memory of [seen, pressed, refused, goneSince]) memory.delete(key);
    return undefined;
  }

  function noteBegun(key: ObjectKey, uid: string): void {
    begun.set(key, (begun.get(key) ?? new Set()).add(uid));
  }

  /** Those of objects that had this key before; `present`: uid of the one that has it now. */
  async function tellEntitiesGone(key: ObjectKey, present: string | undefined): Promise<void> {
    const uids = begun.get(key) ?? new Set();
    for (const uid of uids) {
      if (uid === present) continue;
      const ref = refOf(key, uid);
      running.delete(instanceWorkflowId(ref.namespace, ref.name, ref.uid));
      if (await entities.tellGone(ref))
        logger.info({ instance: key, uid }, 'its entity was told that it is gone');
      uids.delete(uid);
    }
    if (uids.size === 0) begun.delete(key);
  }

  const queue = createKeyedQueue({
    concurrency: CONCURRENCY,
    longestBackoffMs: LONGEST_BACKOFF_MS,
    run: lookAt,
    onError: (key, error, attempt) => {
      options.metrics().failed();
      logger.warn({ instance: key, attempt, err: error }, 'poke failed, it is tried again');
    },
  });

  return {
    look: (key) => queue.add(key),
    press(key, reason, delayMs) {
      pressed.set(key, reason);
      queue.add(key, delayMs);
    },
    setRunning: (now) => (running = new Map(now ?? [])),
    depth: queue.depth,
    stop: () => queue.stop(),
  };
}

function refOf(key: ObjectKey, uid: string): InstanceRef {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1), uid };
}
