import { createHash } from 'node:crypto';
import { cancellationSignal, heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { InstanceRef } from '../domain/instance';
import { dueLosses, dueReturns, nextDue } from '../domain/loss';
import { readBinding, reportsOf } from '../karmada/binding';
import { KINDS } from '../kube/object';
import { watchMember, type MemberSight } from '../mongodb/watch';
import { findInstance, type ActivityContext, type InstanceInput } from './context';
import { gatherEvidence, noteSightings, startProbes, type Probes } from './cluster-sight';
import { withHeartbeat } from './heartbeat';
import { isCreated } from './instance-marks';
import { lossFacts, lostClusters, readSightings } from './loss-marks';
import { sightInstance, type InstanceSight } from './status';
import { desiredMembers, readLayout } from './layout';
import { digestReferences, resolveReferences } from './references';
import { keyOf, readDeviations } from './upkeep';

export interface WatchInput extends InstanceInput {
  readonly digest?: string | undefined;
}

interface Look {
  readonly seen: HealthSeen;
  readonly isUneasy: boolean;
  /** When a streak will be long enough: no time is lost until somebody looks again. */
  readonly dueInMs?: number | undefined;
}

export type HealthSeen =
  { readonly gone: true } | { readonly gone: false; readonly digest: string; readonly summary: string };

const POLL_MS = 2_000;
const SHORTEST_POLL_MS = 250;
// Streams tell changes at once, and the controller what members report; a full look at this pace catches what nobody
// tells: lag, and our own mistakes. Anything faster would be most of what Karmada is asked at rest.
const FULL_LOOK_MS = 30_000;
/** While a cluster looks dead, or alive again, and while members do not serve, a streak must not wait for the next look. */
const UNEASY_LOOK_MS = 5_000;
/** What lasts longer is looked at as what is at rest: a streak that waits so long can wait for half a minute. */
const LONGEST_UNEASE_MS = 600_000;

export function createHealthActivities(context: ActivityContext) {
  return {
    /** Returns when what is seen differs from `digest`, or when the instance is gone. */
    async watchInstance({ instance, digest }: WatchInput): Promise<HealthSeen> {
      const stop = new AbortController();
      const signal = AbortSignal.any([stop.signal, cancellationSignal()]);
      const sights = new Map<string, MemberSight>();
      let changed = true;
      const watched = new Map<string, Promise<void>>();
      const follow = (hosts: readonly string[]): void => {
        for (const host of hosts) {
          if (watched.has(host)) continue;
          const watching = watchMember(host, {}, signal, (sight) => {
            sights.set(host, sight);
            changed = true;
          });
          watched.set(host, watching);
        }
      };
      try {
        let nextLook = 0;
        let uneasySince: number | undefined;
        for (;;) {
          heartbeat(digest);
          if (changed || Date.now() >= nextLook) {
            changed = false;
            const lastLook = Date.now();
            const { seen, isUneasy, dueInMs } = await withHeartbeat('look', () =>
              look(context, instance, follow),
            );
            if (seen.gone || seen.digest !== digest) return seen;
            uneasySince = isUneasy ? (uneasySince ?? Date.now()) : undefined;
            const isNews = uneasySince !== undefined && Date.now() - uneasySince < LONGEST_UNEASE_MS;
            nextLook = Math.min(
              lastLook + (isNews ? UNEASY_LOOK_MS : FULL_LOOK_MS),
              Date.now() + (dueInMs ?? Infinity),
            );
          }
          await sleep(Math.max(SHORTEST_POLL_MS, Math.min(POLL_MS, nextLook - Date.now())));
        }
      } finally {
        stop.abort();
        await Promise.all(watched.values());
      }
    },
  };
}

async function look(
  context: ActivityContext,
  instance: InstanceRef,
  follow: (hosts: readonly string[]) => void,
): Promise<Look> {
  const cr = await findInstance(context, instance);
  if (cr === undefined) return { seen: { gone: true }, isUneasy: false };
  const layout = await readLayout(context, cr);
  if (layout.done) follow(desiredMembers(cr, layout.value).map((member) => member.host));
  const probes = startProbes(context, isCreated(cr) ? suspects(cr) : []);
  const sight = await sightInstance(context, cr);
  const health = sight?.health;
  const losses =
    sight === undefined || !isCreated(cr) ? undefined : await lookForLosses(context, cr, sight, probes);
  const reports = await readBindingDigest(context, instance);
  const deviations = (await readDeviations(context, cr)).map((one) => `${keyOf(one)} is ${one.what}`);
  const facts = {
    word: health?.word,
    reasons: health?.reasons,
    primary: health?.primaryHost,
    // The same member elected again is an election too.
    term: health?.election?.term,
    featureVersion: health?.featureCompatibilityVersion,
    // Lag moves all the time: only that it became large, or small again, is news.
    members: health?.members.map(({ host, role, votes, lagSeconds }) => [
      host,
      role,
      votes,
      (lagSeconds ?? 0) > 30,
    ]),
    reports,
    deviations,
    // Nobody watches the ConfigMaps and Secrets that a spec names: this look sees that one has changed.
    references: await readReferencesDigest(context, cr),
    losses: losses?.facts,
  };
  const reasons = [...(health?.reasons ?? []), ...deviations, ...(losses?.told ?? [])];
  const summary = `${health?.word ?? 'UnKnown'}: ${reasons.join('; ') || 'as desired'}`;
  return {
    seen: {
      gone: false,
      digest: createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16),
      summary,
    },
    // Others miss a member only ten seconds after we do.
    isUneasy: (sight?.observation.unreachable.length ?? 0) > 0 || losses?.isOpen === true,
    dueInMs: losses?.dueInMs,
  };
}

interface Losses {
  /** Absent while there is nothing to tell: then the digest is what it was before. */
  readonly facts: unknown;
  readonly told: readonly string[];
  /** A streak grows. */
  readonly isOpen: boolean;
  /** Until the first of them is long enough; absent: none will be. */
  readonly dueInMs?: number;
}

/** Clusters that look dead in both views, or alive again: noted, and told when what was waited for has come. */
async function lookForLosses(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  { layout, observation }: InstanceSight,
  probes: Probes,
): Promise<Losses> {
  const evidence = await gatherEvidence(context, cr, layout, observation, probes);
  const sightings = await noteSightings(context, cr, evidence);
  const entries = Object.entries(sightings);
  if (entries.length === 0) return { facts: undefined, told: [], isOpen: false };
  const now = context.now();
  const facts = lossFacts(cr, sightings, now);
  const ripe = nextDue(facts);
  const due = [...dueLosses(facts), ...dueReturns(facts)];
  return {
    facts: [entries.map(([cluster, { looks, confirmed, hold }]) => [cluster, looks, confirmed, hold]), due],
    told: entries.map(([cluster, { looks, since }]) => `cluster ${cluster} looks ${looks} since ${since}`),
    isOpen: entries.some(
      ([cluster, { looks }]) =>
        !due.includes(cluster) && !(looks === 'dead' && layout.fenced.includes(cluster)),
    ),
    ...(ripe === undefined ? {} : { dueInMs: ripe.getTime() - now.getTime() }),
  };
}

/** Clusters that earlier looks have doubted. */
const suspects = (cr: MultiCloudMongoDB): string[] => [
  ...new Set([...Object.keys(readSightings(cr)), ...lostClusters(cr)]),
];

/** Undefined: something is missing, which an operation tells when there is one. */
async function readReferencesDigest(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<string | undefined> {
  const resolved = await resolveReferences(context, cr);
  return resolved.ok ? digestReferences(resolved.references) : undefined;
}

/** What the member managers report, in one word that changes with it. */
async function readBindingDigest(context: ActivityContext, instance: InstanceRef): Promise<string> {
  const binding = await readBinding(context.karmada, instance.namespace, instance.name, KINDS.mongoDB.kind);
  const reports = [...reportsOf(binding).values()].map((report) => [
    report.cluster,
    report.applied,
    report.status?.state,
    report.status?.currentRevision,
    report.status?.members?.map((member) => [member.ordinal, member.ready, member.reason]),
  ]);
  return createHash('sha256').update(JSON.stringify(reports)).digest('hex').slice(0, 16);
}
