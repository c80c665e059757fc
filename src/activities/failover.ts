import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { dueLosses, type LossMark, type Sightings } from '../domain/loss';
import { ANNOTATIONS } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import type { Evidence } from '../planner/judge-clusters';
import { gatherEvidence, noteSightings, startProbes } from './cluster-sight';
import { findCutOffVolume } from './cut-off-volume';
import { liftShutOff } from './shut-off';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { withHeartbeat } from './heartbeat';
import { knownHosts, readLayout, type Layout } from './layout';
import { dropEntry, holdsMembers, readLossMarks, readReturnTimes, writeEntries } from './loss-marks';
import { outageOfLoss } from './recoveries';
import { observeInstance } from './replica-set';

export interface ClusterInput extends InstanceInput {
  readonly cluster: string;
}

export interface LossInput extends ClusterInput {
  /** Who calls it lost, if a person does. */
  readonly by?: string | undefined;
  readonly why?: string | undefined;
}

/** What came of a look at a cluster that is called lost, with both views: this is what the history keeps (S20). */
export type LossVerdict =
  | {
      readonly lost: true;
      readonly views: string;
      readonly since: string;
      /** The most that writes can have stopped for because of it; absent: not known. */
      readonly writeOutageMs?: number | undefined;
    }
  | { readonly lost: false; readonly message: string };

export function createFailoverActivities(context: ActivityContext) {
  return {
    /**
     * Looks once more with both views, and marks the cluster: from then on it holds no member, and nothing is sent there.
     * A mark that stands is not judged again.
     */
    confirmLoss: (input: LossInput): Promise<LossVerdict> =>
      withHeartbeat('both views', () => confirmLoss(context, input)),

    /** The lost cluster answers, and Karmada says so; one that has gone again is fenced as before. */
    confirmReturn: ({ instance, cluster }: ClusterInput): Promise<StageResult<string>> =>
      withHeartbeat('both views', async () => {
        const cr = await loadInstance(context, instance);
        const mark = readLossMarks(cr)[cluster];
        if (mark === undefined) return done('it takes members');
        const { evidence } = await look(context, cr, cluster);
        const seen = evidence.looks[cluster];
        const kept =
          seen?.looks === 'alive' ? await findCutOffVolume(context, cr, cluster, mark.shut) : undefined;
        if (kept !== undefined) return waitFor({ code: 'ClusterUnreachable', message: kept });
        if (seen?.looks === 'alive') return done(seen.views);
        if (mark.returned !== undefined)
          await writeMark(context, cr, cluster, { ...mark, returned: undefined });
        return waitFor({
          code: 'ClusterUnreachable',
          message: `Cluster ${cluster} is not back: ${seen?.views ?? 'Karmada does not call it Ready, or its API server does not answer'}.`,
        });
      }),

    /** Lifts the fence, so that what is left there can be cleaned up; false: nothing was moved, there is nothing to clean. */
    liftFence: async ({ instance, cluster }: ClusterInput): Promise<boolean> => {
      const cr = await loadInstance(context, instance);
      const mark = readLossMarks(cr)[cluster];
      if (mark?.shut !== undefined && mark.shut.forced === undefined) {
        await liftShutOff(context, cr);
        return false;
      }
      if (mark === undefined || holdsMembers(cr, cluster)) return false;
      if (mark.returned === undefined)
        await writeMark(context, cr, cluster, { ...mark, returned: context.now().toISOString() });
      return true;
    },

    /** Takes the mark off: members may go there again. */
    forgetLoss: async ({ instance, cluster }: ClusterInput): Promise<void> => {
      const cr = await loadInstance(context, instance);
      const marks = readLossMarks(cr);
      if (marks[cluster] === undefined) return;
      const returns = { ...readReturnTimes(cr), [cluster]: context.now().toISOString() };
      await annotateInstance(context, cr, {
        [ANNOTATIONS.lost]: writeEntries(dropEntry(marks, cluster)),
        [ANNOTATIONS.givenBack]: writeEntries(returns),
      });
      await context.events.record(cr, {
        type: 'Normal',
        reason: 'ClusterReturned',
        action: 'Failback',
        note: `Cluster ${cluster}, lost since ${marks[cluster].since}, takes members again.`,
      });
    },
  };
}

async function confirmLoss(
  context: ActivityContext,
  { instance, cluster, by, why }: LossInput,
): Promise<LossVerdict> {
  const cr = await loadInstance(context, instance);
  const mark = readLossMarks(cr)[cluster];
  if (mark?.returned === undefined && mark !== undefined) {
    await forgetCall(context, cr, cluster);
    return { lost: true, views: mark.views, since: mark.since, ...costOf(cr, cluster, mark.since) };
  }
  const { evidence, sightings, layout } = await look(context, cr, cluster);
  const refusal =
    by === undefined
      ? findAlarmFault(context, cr, cluster, sightings)
      : findCallFault(cluster, evidence, layout, sightings);
  if (refusal !== undefined) {
    await forgetCall(context, cr, cluster);
    return { lost: false, message: refusal };
  }
  const now = context.now().toISOString();
  const views = evidence.looks[cluster]?.views ?? `${cluster}: every surviving member sees its mongods down`;
  const since = sightings[cluster]?.since ?? now;
  await writeMark(context, cr, cluster, { at: now, since, views, ...(by === undefined ? {} : { by }) });
  await context.events.record(cr, {
    type: 'Warning',
    reason: 'ClusterLost',
    action: 'Failover',
    note: `Cluster ${cluster} is taken to be lost${by === undefined ? '' : `, as ${by} says${why === undefined ? '' : ` (${why})`}`}: its members are replaced. ${views}`.slice(
      0,
      1000,
    ),
  });
  return { lost: true, views, since, ...costOf(cr, cluster, since) };
}

/** By the election that the status has told: it is minutes old by now. */
function costOf(cr: MultiCloudMongoDB, cluster: string, since: string): { writeOutageMs?: number } {
  const outage = outageOfLoss(cr.status, cluster, since);
  return outage === undefined ? {} : { writeOutageMs: Math.round(outage.seconds * 1000) };
}

/** A call by annotation is answered once. */
async function forgetCall(context: ActivityContext, cr: MultiCloudMongoDB, cluster: string): Promise<void> {
  if (cr.metadata.annotations[ANNOTATIONS.failover] !== cluster) return;
  await annotateInstance(context, cr, { [ANNOTATIONS.failover]: null });
}

/** By itself only after the whole streak, and with nothing that holds it. */
function findAlarmFault(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
  sightings: Sightings,
): string | undefined {
  const due = dueLosses({
    sightings,
    marks: {},
    returns: readReturnTimes(cr),
    delaySeconds: cr.spec.failover.delaySeconds,
    now: context.now(),
  });
  if (due.includes(cluster)) return undefined;
  const seen = sightings[cluster];
  return seen === undefined
    ? `Cluster ${cluster} is not lost after all: one of the two views sees it alive.`
    : `Cluster ${cluster} is not replaced: ${seen.hold ?? `it has looked so since ${seen.since} only`}.`;
}

/** A person's word needs no streak, but the surviving members must say the same. */
function findCallFault(
  cluster: string,
  { unseen, looks, majorityLost }: Evidence,
  layout: Layout | undefined,
  sightings: Sightings,
): string | undefined {
  if (majorityLost !== undefined) return `Cluster ${cluster} is not replaced: ${majorityLost}.`;
  const holds = [...(layout?.members ?? []), ...(layout?.leaving ?? [])].some(
    (one) => one.cluster === cluster,
  );
  if (!holds) return `Cluster ${cluster} holds no member of this instance: there is nothing to replace.`;
  if (unseen.includes(cluster)) return undefined;
  const views = looks[cluster]?.views ?? sightings[cluster]?.views;
  return (
    `Cluster ${cluster} is not lost: members elsewhere see its members, or the primary is there` +
    `${views === undefined ? '' : ` (${views})`}. To move its members elsewhere, send the Update ` +
    `drainCluster {"cluster":"${cluster}","by":"you"}.`
  );
}

interface Sight {
  readonly evidence: Evidence;
  readonly sightings: Sightings;
  readonly layout: Layout | undefined;
}

async function look(context: ActivityContext, cr: MultiCloudMongoDB, cluster: string): Promise<Sight> {
  const layout = await readLayout(context, cr);
  if (!layout.done)
    return { evidence: { looks: {}, silent: [], unseen: [] }, sightings: {}, layout: undefined };
  const probes = startProbes(context, [cluster]);
  const observation = await observeInstance(context, cr, allHosts(cr, layout.value));
  const evidence = await gatherEvidence(context, cr, layout.value, observation, probes);
  return { evidence, sightings: await noteSightings(context, cr, evidence), layout: layout.value };
}

/** Also those of a lost cluster: a member there that answers is a proof of life. */
const allHosts = (cr: MultiCloudMongoDB, layout: Layout): string[] => [
  ...new Set([
    ...knownHosts(cr, layout),
    ...layout.leaving.flatMap(({ host }) => (host === undefined ? [] : [host])),
  ]),
];

async function writeMark(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  cluster: string,
  mark: LossMark,
): Promise<void> {
  await annotateInstance(context, cr, {
    [ANNOTATIONS.lost]: writeEntries({ ...readLossMarks(cr), [cluster]: mark }),
    ...(cr.metadata.annotations[ANNOTATIONS.failover] === cluster ? { [ANNOTATIONS.failover]: null } : {}),
  });
}
