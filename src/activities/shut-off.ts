import { heartbeat, sleep } from '@temporalio/activity';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import type { InstanceRef } from '../domain/instance';
import type { LossMark, LossMarks } from '../domain/loss';
import { ANNOTATIONS } from '../domain/marks';
import { done, waitFor, type StageResult } from '../domain/operation';
import { listWorks, PERMANENT_ID, readBinding } from '../karmada/binding';
import { listClusters } from '../karmada/cluster';
import { namespaceOf } from '../karmada/template';
import { KINDS } from '../kube/object';
import { awaitReport } from './cluster-order';
import { probe } from './cluster-sight';
import { annotateInstance, loadInstance, type ActivityContext } from './context';
import { apply, applyOverride, awaitWorks } from './dispatch';
import { readLayout, type Layout } from './layout';
import { dropEntry, readLossMarks, writeEntries } from './loss-marks';
import { buildMongoDBPolicy } from './manifests';
import { keepRetired, overrideRules, revisionOf } from './override-rules';

const POLL_MS = 300;
const PATIENCE_MS = 30_000;

export interface ShutOrder {
  readonly clusters: readonly string[];
  /** Since when the majority has been missed, RFC 3339. */
  readonly since: string;
  readonly views: string;
  readonly by: string;
}

/**
 * Orders the members of these clusters to go, and sees that the order stands in Karmada, which carries it out whenever it
 * reaches them, with or without us; where a cluster answers, sees it done.
 */
export async function shutOff(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  order: ShutOrder,
): Promise<StageResult<string>> {
  const laidOut = await readLayout(context, cr);
  if (!laidOut.done) return laidOut;
  const at = context.now().toISOString();
  const marks = readLossMarks(cr);
  const added = order.clusters.map((cluster): [string, LossMark] => {
    const before = marks[cluster];
    const mark = before ?? { at, since: order.since, views: order.views, by: order.by };
    const shut = before?.shut ?? { at, ordinals: ordinalsIn(laidOut.value, cluster) };
    return [cluster, { ...mark, returned: undefined, shut }];
  });
  await annotateInstance(context, cr, {
    [ANNOTATIONS.lost]: writeEntries({ ...marks, ...Object.fromEntries(added) }),
  });
  return giveOrders(context, await loadInstance(context, refIn(cr)), order.clusters);
}

/** Takes the orders back that nothing was forced after: the members come up again as they were. */
export async function liftShutOff(context: ActivityContext, cr: MultiCloudMongoDB): Promise<string[]> {
  const marks = readLossMarks(cr);
  const open = Object.entries(marks).filter(
    ([, { shut }]) => shut !== undefined && shut.forced === undefined,
  );
  if (open.length === 0) return [];
  const left = open.reduce<LossMarks>((rest, [cluster, mark]) => {
    const others = dropEntry(rest, cluster);
    // One that was lost before stays so.
    return mark.at === mark.shut?.at ? others : { ...others, [cluster]: { ...mark, shut: undefined } };
  }, marks);
  await annotateInstance(context, cr, { [ANNOTATIONS.lost]: writeEntries(left) });
  const after = await loadInstance(context, refIn(cr));
  const layout = await readLayout(context, after);
  if (layout.done) await writeOrders(context, after, layout.value);
  return open.map(([cluster]) => cluster);
}

/** From now on what was cut off cannot be taken back without a loss. */
export async function noteForced(context: ActivityContext, cr: MultiCloudMongoDB): Promise<void> {
  const forced = context.now().toISOString();
  const marks = Object.entries(readLossMarks(cr)).map(([cluster, mark]): [string, LossMark] => [
    cluster,
    mark.shut === undefined || mark.shut.forced !== undefined
      ? mark
      : { ...mark, shut: { ...mark.shut, forced } },
  ]);
  await annotateInstance(context, cr, { [ANNOTATIONS.lost]: writeEntries(Object.fromEntries(marks)) });
}

const refIn = (cr: MultiCloudMongoDB): InstanceRef => ({
  namespace: namespaceOf(cr),
  name: cr.metadata.name,
  uid: cr.metadata.uid,
});

const ordinalsIn = ({ members, leaving }: Layout, cluster: string): (number | 'arbiter')[] => [
  ...new Set(
    [...members, ...leaving].filter((place) => place.cluster === cluster).map(({ ordinal }) => ordinal),
  ),
];

async function writeOrders(context: ActivityContext, cr: MultiCloudMongoDB, layout: Layout) {
  const rules = keepRetired(overrideRules(layout), layout);
  // The order first: a Work that is let go before it has it would start what it holds.
  await applyOverride(context, cr, rules);
  await apply(context, buildMongoDBPolicy(cr, layout, false));
  return rules;
}

async function giveOrders(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  clusters: readonly string[],
): Promise<StageResult<string>> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return layout;
  const registered = new Set((await listClusters(context.karmada)).map(({ metadata }) => metadata.name));
  const reached = clusters.filter((cluster) => registered.has(cluster));
  const rules = (await writeOrders(context, cr, layout.value)).filter(({ cluster }) =>
    reached.includes(cluster),
  );
  const missing = await awaitWorks(context, cr, rules);
  if (missing !== undefined) return waitFor({ code: 'Dispatching', message: missing });
  const held = await awaitRelease(context, cr, reached);
  if (held !== undefined) return waitFor({ code: 'Dispatching', message: held });
  for (const rule of rules) {
    heartbeat(rule.cluster);
    if (!(await probe(context, rule.cluster))) continue;
    const gone = await awaitReport(context, cr, rule.cluster, revisionOf(rule), ({ status }) => {
      const left = (status?.members ?? []).map(({ ordinal }) => `${rule.cluster}/${ordinal}`);
      return left.length === 0 ? undefined : `${left.join(', ')} not shut off yet`;
    });
    if (!gone.done) return gone;
  }
  return done(`${clusters.join(', ')} ordered to shut off`);
}

/** A Work that was suspended for a lost cluster carries no order. */
async function awaitRelease(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  clusters: readonly string[],
): Promise<string | undefined> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
    const id = binding?.metadata.labels[PERMANENT_ID] ?? '';
    const works = await Promise.all(
      clusters.map(async (cluster) => ({ cluster, works: await listWorks(context.karmada, cluster, id) })),
    );
    const held = works
      .filter(({ works: own }) => own.some((work) => work.spec.suspendDispatching === true))
      .map(({ cluster }) => cluster);
    if (held.length === 0) return undefined;
    heartbeat(held);
    if (Date.now() > deadline) return `Karmada still holds the Works of ${held.join(', ')} back.`;
    await sleep(POLL_MS);
  }
}
