import { heartbeat, sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, FIELD_MANAGER } from '../domain/marks';
import { fnv1a32 } from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { listWorks, PERMANENT_ID, readBinding } from '../karmada/binding';
import type { ClusterOverride } from '../karmada/policy';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { awaitFence } from './fence';
import { withHeartbeat } from './heartbeat';
import { describeCarried } from './instance-marks';
import { describePorts, recordedPorts } from './known-ports';
import { findLayoutFault, portsOf, readLayout, suspendedClusters } from './layout';
import {
  buildCompanyPolicies,
  buildCopies,
  buildMongoDB,
  buildMongoDBPolicy,
  buildOverride,
  buildRecord,
  buildServices,
  digestOf,
  type Built,
} from './manifests';
import { keepMemberNamespaces, protectNamespace } from './namespace-guard';
import { settleNodePorts } from './node-ports';
import { sweepLeftovers } from './leftovers';
import { keepRetired, overrideRules, revisionOf } from './override-rules';
import { digestPodParts, isNewImage } from './pod-parts';
import { findForeignObject } from './ownership';
import { digestCarried, resolveReferences } from './references';
import { findRefusedTemplate } from './templates';

const propagationPolicySchema = z.looseObject({
  metadata: metadataSchema,
  spec: z.looseObject({ suspension: z.looseObject({ dispatching: z.boolean().optional() }).optional() }),
});

const WORKS_DEADLINE_MS = 60_000;

export function createDispatchActivities(context: ActivityContext) {
  return {
    /**
     * Override, then policies, then templates; the Works are looked at before anything reaches a member. Repeating it
     * changes nothing (server-side apply of the same input).
     */
    async dispatchInstance({ instance }: InstanceInput): Promise<StageResult<string>> {
      return dispatch(context, await loadInstance(context, instance));
    },
  };
}

/** What is asked for, to Karmada; what has been retired is swept, and only then forgotten. */
export async function dispatch(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
): Promise<StageResult<string>> {
  const resolved = await resolveReferences(context, cr);
  if (!resolved.ok) return waitFor(resolved.wait);
  const laidOut = await readLayout(context, cr);
  if (!laidOut.done) return laidOut;
  const layout = laidOut.value;
  const fault = findLayoutFault(cr, layout);
  if (fault !== undefined) return waitFor(fault);
  // A cluster that was cut off lets each question hang for as long as a heartbeat may be missing.
  const foreign = await withHeartbeat('foreign objects', () => findForeignObject(context, cr, layout));
  if (foreign !== undefined) return waitFor(foreign);
  const { references } = resolved;
  const has = {
    config: references.mongodYaml !== undefined,
    pull: references.dockerConfigJson !== undefined,
  };
  const services = buildServices(cr, layout);
  const copies = buildCopies(cr, references);
  const template = buildMongoDB(cr, layout, {
    image: references.image,
    hasConfig: has.config,
    hasPullSecret: has.pull,
  });
  const refused = await findRefusedTemplate(context, [...services, ...copies, template]);
  if (refused !== undefined) return waitFor(refused);
  await protectNamespace(context, namespaceOf(cr));
  heartbeat('override');
  const suspended = await isFirstDispatch(context, cr);
  const rules = overrideRules(layout);
  const before = keepRetired(rules, layout);
  const policies = [buildMongoDBPolicy(cr, layout, suspended), ...buildCompanyPolicies(cr, layout, has)];
  const isFenced = layout.fenced.length > 0;
  // A fence stands before anything changes behind it; else a new policy must find its override there.
  if (isFenced) {
    for (const policy of policies) await apply(context, policy);
    const open = await awaitFence(context, cr, suspendedClusters(layout));
    if (open !== undefined) return waitFor({ code: 'Dispatching', message: open });
  }
  await applyOverride(context, cr, before);
  if (!isFenced) for (const policy of policies) await apply(context, policy);
  heartbeat('templates');
  for (const service of services) await apply(context, service);
  await applyRecord(context, cr, 'settling');
  for (const copy of copies) await apply(context, copy);
  await apply(context, template);
  // Of a cluster that is dropped the Work goes, of the others it comes; of one that is lost it does not matter.
  const staying = before.filter(
    ({ cluster }) => rules.some((rule) => rule.cluster === cluster) && !layout.fenced.includes(cluster),
  );
  const missing = await awaitWorks(context, cr, staying);
  if (missing !== undefined) return waitFor({ code: 'Dispatching', message: missing });
  const unkept = await withHeartbeat('namespaces', () => keepMemberNamespaces(context, cr, layout));
  if (unkept !== undefined) return waitFor(unkept);
  const hindered = await withHeartbeat('NodePorts', () => settleNodePorts(context, cr, layout));
  if (hindered !== undefined) return waitFor(hindered);
  await applyRecord(context, cr, 'settled');
  if (suspended) await apply(context, buildMongoDBPolicy(cr, layout, false));
  if (JSON.stringify(before) !== JSON.stringify(rules)) {
    const left = await sweepLeftovers(context, cr, layout);
    if (left !== undefined) return waitFor({ code: 'Removing', message: left });
    await applyOverride(context, cr, rules);
  }
  await annotateInstance(context, cr, {
    [ANNOTATIONS.appliedSpec]: describeCarried(cr, digestCarried(references)),
    [ANNOTATIONS.appliedPods]: digestPodParts(cr, references),
    [ANNOTATIONS.appliedTemplate]: digestOf(template),
    // Another image has all of its soak before it.
    ...(isNewImage(cr, references) ? { [ANNOTATIONS.soaking]: null } : {}),
    [ANNOTATIONS.appliedConfig]: references.mongodYaml === undefined ? null : fnv1a32(references.mongodYaml),
  });
  return done(
    `${rules.length} clusters: ${rules.map((rule) => `${rule.cluster} ${rule.members}`).join(', ')}`,
  );
}

/** Server-side apply: the same rules change nothing. */
export async function applyOverride(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  rules: readonly ClusterOverride[],
): Promise<void> {
  await apply(context, buildOverride(cr, rules));
}

/** Members get nothing before every Work was seen; afterwards a change must not freeze what runs. */
async function isFirstDispatch(context: ActivityContext, cr: MultiCloudMongoDB): Promise<boolean> {
  const ref = { kind: KINDS.propagationPolicy, namespace: namespaceOf(cr), name: cr.metadata.name };
  const policy = await context.karmada.get(ref, propagationPolicySchema);
  return policy === undefined || policy.spec.suspension?.dispatching === true;
}

/** Hosts as the Services have them by now; the port of an ordinal that is gone is forgotten before its Service is. */
async function applyRecord(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  ports: 'settling' | 'settled',
): Promise<void> {
  const layout = await readLayout(context, cr);
  if (!layout.done) return;
  await apply(context, buildRecord(cr, layout.value));
  const recorded = recordedPorts(cr);
  // A port that was not seen to stand in its clusters may still be replaced.
  if (ports === 'settling' && recorded === undefined) return;
  const kept = [...portsOf(layout.value)].filter(
    ([ordinal]) => ports === 'settled' || recorded?.has(ordinal) === true,
  );
  const record = describePorts(new Map(kept));
  if (cr.metadata.annotations[ANNOTATIONS.nodePorts] !== record)
    await annotateInstance(context, cr, { [ANNOTATIONS.nodePorts]: record });
}

export async function apply(context: ActivityContext, { kind, manifest }: Built): Promise<void> {
  // Forced: ownership was proven before, and only our own fields are in the manifest.
  await context.karmada.apply(kind, manifest, { fieldManager: FIELD_MANAGER, force: true });
}

/** Undefined once every cluster's Work carries this override; else what is missing. */
export async function awaitWorks(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  rules: readonly ClusterOverride[],
): Promise<string | undefined> {
  const deadline = Date.now() + WORKS_DEADLINE_MS;
  for (;;) {
    heartbeat('works');
    const missing = await missingWorks(context, cr, rules);
    if (missing === undefined || Date.now() > deadline) return missing;
    await sleep(300);
  }
}

async function missingWorks(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  rules: readonly ClusterOverride[],
): Promise<string | undefined> {
  const binding = await readBinding(context.karmada, namespaceOf(cr), cr.metadata.name, KINDS.mongoDB.kind);
  const id = binding?.metadata.labels[PERMANENT_ID];
  if (id === undefined)
    return 'Karmada has not bound the MongoDB template yet (a new kind is seen after some 30 s).';
  const lacking: string[] = [];
  for (const rule of rules) {
    const works = await listWorks(context.karmada, rule.cluster, id);
    const carried = works.some((work) =>
      work.spec.workload.manifests.some((manifest) => carriesRevision(manifest, revisionOf(rule))),
    );
    if (!carried) lacking.push(rule.cluster);
  }
  return lacking.length === 0
    ? undefined
    : `Karmada has no Work with the present override for: ${lacking.join(', ')}.`;
}

const manifestSchema = z.looseObject({
  metadata: z.looseObject({ annotations: z.record(z.string(), z.string()).default({}) }),
});

function carriesRevision(manifest: unknown, revision: string): boolean {
  const parsed = manifestSchema.safeParse(manifest);
  return parsed.success && parsed.data.metadata.annotations[ANNOTATIONS.overrideRevision] === revision;
}
