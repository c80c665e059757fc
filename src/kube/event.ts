import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { z } from 'zod';
import { messageOf, isFedStateError } from '../domain/errors';
import { GROUP } from '../domain/marks';
import type { Kube } from './client';
import { apiVersionOf, KINDS, type ObjectRef } from './object';

/** The object that an Event is about. */
export interface Regarding {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
  };
}

export interface EventNews {
  readonly type: 'Normal' | 'Warning';
  /** One UpperCamelCase word for programs, e.g. `OperationFailed`. */
  readonly reason: string;
  /** What was being done, e.g. `createInstance`. */
  readonly action: string;
  /** A sentence for people; cut at 1024 bytes. Never a secret. */
  readonly note: string;
}

/** Tells people about objects. Never throws and never rejects: an Event that cannot be written is only counted. */
export interface EventRecorder {
  /**
   * Writes an events.k8s.io/v1 Event beside the object (namespace `default` when it has none). The same news again,
   * from this or another process, raises `series.count` of the Event that is there instead of making another.
   */
  record(regarding: Regarding, news: EventNews): Promise<void>;
}

export interface EventRecorderOptions {
  /** Program that reports, e.g. `fedstate-controller`. */
  readonly component: string;
  /** Which one of several; default: the host's name. */
  readonly instance?: string;
  readonly onFailure?: (message: string) => void;
  readonly now?: () => number;
}

const SERIES_WRITE_MS = 60_000;
const BURST = 25;
const REFILL_MS = 30_000;
const REMEMBERED = 2_000;
const LONGEST_STEM = 200;

const seriesSchema = z.looseObject({ series: z.looseObject({ count: z.number() }).nullish() });

interface Series {
  count: number;
  /** Ms since the epoch; 0: nothing written yet. */
  writtenAt: number;
}

interface Bucket {
  tokens: number;
  filledAt: number;
}

/**
 * Repeats are written at once the first time and then at most once a minute, with the count of all. One object may
 * cause 25 different Events in a burst and 2 a minute after that; more are dropped.
 * Source: Kubernetes API reference, events.k8s.io/v1 Event.
 */
export function createEventRecorder(kube: Kube, options: EventRecorderOptions): EventRecorder {
  const now = options.now ?? Date.now;
  const seen = new Map<string, Series>();
  const buckets = new Map<string, Bucket>();
  const chains = new Map<string, Promise<void>>();

  async function write(ref: ObjectRef, regarding: Regarding, news: EventNews): Promise<void> {
    const series = remember(seen, ref.name, () => ({ count: 0, writtenAt: 0 }));
    series.count += 1;
    if (series.count > 2 && now() - series.writtenAt < SERIES_WRITE_MS) return;
    if (series.writtenAt === 0 && !spend(regarding)) return;
    if (series.count > 1 && (await raise(ref, series))) return;
    series.count = 1;
    try {
      await kube.create(KINDS.event, { ...bodyOf(ref, regarding, news) });
      series.writtenAt = now();
    } catch (error) {
      if (!isFedStateError(error, 'Conflict')) throw error;
      const there = await kube.get(ref, seriesSchema);
      series.count = (there?.series?.count ?? 1) + 1;
      await raise(ref, series);
    }
  }

  /** False when the Event has expired since. */
  async function raise(ref: ObjectRef, series: Series): Promise<boolean> {
    try {
      await kube.mergePatch(ref, { series: { count: series.count, lastObservedTime: microTime(now()) } });
      series.writtenAt = now();
      return true;
    } catch (error) {
      if (isFedStateError(error, 'NotFound')) return false;
      throw error;
    }
  }

  function spend(regarding: Regarding): boolean {
    const { namespace = '', name, uid = '' } = regarding.metadata;
    const bucket = remember(buckets, `${regarding.kind}/${namespace}/${name}/${uid}`, () => ({
      tokens: BURST,
      filledAt: now(),
    }));
    const refilled = Math.floor((now() - bucket.filledAt) / REFILL_MS);
    if (refilled > 0) {
      bucket.tokens = Math.min(BURST, bucket.tokens + refilled);
      bucket.filledAt += refilled * REFILL_MS;
    }
    if (bucket.tokens === 0) return false;
    bucket.tokens -= 1;
    return true;
  }

  function bodyOf(ref: ObjectRef, regarding: Regarding, news: EventNews) {
    return {
      apiVersion: apiVersionOf(KINDS.event),
      kind: KINDS.event.kind,
      metadata: { name: ref.name, namespace: ref.namespace ?? 'default' },
      eventTime: microTime(now()),
      reportingController: `${GROUP}/${options.component}`,
      reportingInstance: (options.instance ?? hostname()).slice(0, 128),
      type: news.type,
      reason: news.reason.slice(0, 128),
      action: news.action.slice(0, 128),
      note: cutBytes(news.note, 1024),
      regarding: {
        apiVersion: regarding.apiVersion,
        kind: regarding.kind,
        name: regarding.metadata.name,
        ...(regarding.metadata.namespace === undefined ? {} : { namespace: regarding.metadata.namespace }),
        ...(regarding.metadata.uid === undefined ? {} : { uid: regarding.metadata.uid }),
      },
    };
  }

  return {
    record(regarding, news) {
      const namespace = regarding.metadata.namespace ?? 'default';
      const name = eventName(options.component, regarding, news);
      const key = `${namespace}/${name}`;
      const before = chains.get(key) ?? Promise.resolve();
      const mine = before
        .then(() => write({ kind: KINDS.event, namespace, name }, regarding, news))
        .catch((error: unknown) => {
          options.onFailure?.(messageOf(error));
        })
        .finally(() => {
          if (chains.get(key) === mine) chains.delete(key);
        });
      chains.set(key, mine);
      return mine;
    },
  };
}

// The name follows from the content, so that a second process or a restarted one finds the Event that is there.
function eventName(component: string, regarding: Regarding, news: EventNews): string {
  const text = [
    component,
    regarding.apiVersion,
    regarding.kind,
    regarding.metadata.uid ?? '',
    news.type,
    news.reason,
    news.action,
    news.note,
  ].join('\n');
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 16);
  return `${regarding.metadata.name.slice(0, LONGEST_STEM).replace(/[^a-z0-9]+$/, '')}.${hash}`;
}

function remember<V>(map: Map<string, V>, key: string, make: () => V): V {
  const known = map.get(key) ?? make();
  map.delete(key);
  map.set(key, known);
  const oldest = map.keys().next().value;
  if (map.size > REMEMBERED && oldest !== undefined) map.delete(oldest);
  return known;
}

/** metav1.MicroTime. */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z');

function cutBytes(text: string, bytes: number): string {
  const whole = Buffer.from(text);
  if (whole.length <= bytes) return text;
  return `${whole
    .subarray(0, bytes - 4)
    .toString('utf8')
    .replace(/\uFFFD$/, '')}…`;
}
