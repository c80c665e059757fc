// Clusters that look lost, and those that are taken to be: what annotations keep of them.

/** Of one cluster, while it looks dead, or while one that was taken to be lost looks alive again. */
export interface Sighting {
  readonly looks: 'dead' | 'alive';
  /** Since when it has looked so without a break, RFC 3339. */
  readonly since: string;
  /** When that was seen last and written down. */
  readonly last: string;
  /** Both views in a sentence (S20). */
  readonly views: string;
  /** Karmada says the same. */
  readonly confirmed: boolean;
  /** Why nothing is done about it, however long it lasts. */
  readonly hold?: string | undefined;
}

export type Sightings = Readonly<Record<string, Sighting>>;

/** A cluster that is taken to be lost: it holds no member, and nothing is sent there. */
export interface LossMark {
  /** When it was decided, RFC 3339. */
  readonly at: string;
  /** Since when it had looked dead. */
  readonly since: string;
  readonly views: string;
  /** Who asked for it, if a person did. */
  readonly by?: string | undefined;
  /** Set once it is back: things are sent there again, to clean up; members come only when the mark is gone. */
  readonly returned?: string | undefined;
  /** Set when a majority was recovered without it. */
  readonly shut?: ShutMark | undefined;
}

/** Members that a recovery of the majority cuts off: shut off as soon as their cluster is reached (S4). */
export interface ShutMark {
  /** When they were ordered to be, RFC 3339. */
  readonly at: string;
  readonly ordinals: readonly (number | 'arbiter')[];
  /** When the configuration was forced without them; absent: it was not, and nothing is lost by taking the order back. */
  readonly forced?: string | undefined;
}

export type LossMarks = Readonly<Record<string, LossMark>>;

/** The last time that each cluster was given its members back. */
export type ReturnTimes = Readonly<Record<string, string>>;

/** Between two looks that are one streak; a worker that starts again is back well within it. */
const GAP_MS = 60_000;
/** A member that is gone is called down after ten seconds without a heartbeat; the look that sees it takes some more. */
const NOTICE_MS = 15_000;
/** How long after a cluster was given back its next loss must last longer, in delays. */
const WARY_DELAYS = 60;
const WARY_FACTOR = 10;
/** How long a cluster must be well before it is given back, in delays; never less than this many seconds. */
const RETURN_DELAYS = 2;
const SHORTEST_RETURN_SECONDS = 10;

/** What one look says of a cluster. */
export interface Look {
  readonly looks: 'dead' | 'alive';
  readonly views: string;
  readonly confirmed: boolean;
  /** Since when Karmada says what it says of the cluster: it vouches for the time when nobody of us looked. */
  readonly karmadaSince?: string | undefined;
  /** When a surviving member last heard of the cluster. */
  readonly heardAt?: string | undefined;
  readonly hold?: string | undefined;
}

/**
 * The streak goes on, or a new one begins: from recorded times, so that it outlives the process that looks. It began when
 * the cluster was heard of last; how long it took to be noticed is not its time to live.
 */
export function continueSighting(before: Sighting | undefined, look: Look, now: Date): Sighting {
  const at = now.toISOString();
  const { karmadaSince, heardAt, ...seen } = look;
  const isVouched =
    look.confirmed &&
    before !== undefined &&
    karmadaSince !== undefined &&
    Date.parse(karmadaSince) <= Date.parse(before.last);
  const goesOn =
    before?.looks === look.looks && (now.getTime() - Date.parse(before.last) <= GAP_MS || isVouched);
  return { ...seen, since: goesOn ? before.since : beginningOf(heardAt, now), last: at };
}

/** Not long before the look that noticed it: of the API server nobody knows when it answered last. */
function beginningOf(heardAt: string | undefined, now: Date): string {
  const heard = heardAt === undefined ? now.getTime() : Date.parse(heardAt);
  return new Date(Math.min(now.getTime(), Math.max(heard, now.getTime() - NOTICE_MS))).toISOString();
}

export const ageSeconds = ({ since }: Pick<Sighting, 'since'>, now: Date): number =>
  Math.max(0, (now.getTime() - Date.parse(since)) / 1000);

/** Seconds that a cluster must look dead: longer for a while after it came back, so that one that flaps moves nothing. */
export function neededSeconds(delaySeconds: number, returnedAt: string | undefined, now: Date): number {
  if (returnedAt === undefined) return delaySeconds;
  const wary = now.getTime() - Date.parse(returnedAt) < delaySeconds * WARY_DELAYS * 1000;
  return wary ? delaySeconds * WARY_FACTOR : delaySeconds;
}

/** Seconds that a cluster must look alive before it gets members again. */
export const returnSeconds = (delaySeconds: number): number =>
  Math.max(SHORTEST_RETURN_SECONDS, delaySeconds * RETURN_DELAYS);

export interface LossFacts {
  readonly sightings: Sightings;
  readonly marks: LossMarks;
  readonly returns: ReturnTimes;
  readonly delaySeconds: number;
  readonly now: Date;
}

/** Clusters that have looked dead for long enough, in both views, and that nothing holds. */
export function dueLosses(facts: LossFacts): string[] {
  return clustersIn(facts.sightings, (cluster, sighting) => {
    if (sighting.looks !== 'dead' || !sighting.confirmed || sighting.hold !== undefined) return false;
    const mark = facts.marks[cluster];
    if (mark !== undefined && mark.returned === undefined) return false;
    const needed = neededSeconds(facts.delaySeconds, facts.returns[cluster], facts.now);
    return ageSeconds(sighting, facts.now) >= needed;
  });
}

/** When the first loss will be due if nothing changes; undefined: none will be, or all that will be are. */
export function nextDue(facts: LossFacts): Date | undefined {
  const times = Object.entries(facts.sightings).flatMap(([cluster, sighting]) => {
    const needed = neededSeconds(facts.delaySeconds, facts.returns[cluster], facts.now);
    const at = Date.parse(sighting.since) + needed * 1000;
    const then = { ...facts, now: new Date(at) };
    return at > facts.now.getTime() && dueLosses(then).includes(cluster) ? [at] : [];
  });
  return times.length === 0 ? undefined : new Date(Math.min(...times));
}

/** Lost clusters that have looked well for long enough to get members again. */
export function dueReturns(facts: LossFacts): string[] {
  return clustersIn(
    facts.sightings,
    (cluster, sighting) =>
      sighting.looks === 'alive' &&
      facts.marks[cluster] !== undefined &&
      // What was cut off may hold what nobody else has: a person gives it back.
      facts.marks[cluster].shut === undefined &&
      ageSeconds(sighting, facts.now) >= returnSeconds(facts.delaySeconds),
  );
}

const clustersIn = (
  sightings: Sightings,
  holds: (cluster: string, sighting: Sighting) => boolean,
): string[] =>
  Object.entries(sightings)
    .filter(([cluster, sighting]) => holds(cluster, sighting))
    .map(([cluster]) => cluster)
    .sort();
