import { heartbeat, sleep } from '@temporalio/activity';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { ANNOTATIONS, FIELD_MANAGER, LABELS } from '../domain/marks';
import {
  authSecretName,
  configMapName,
  customConfigPolicyName,
  hostConfName,
  hostConfPolicyName,
  memberName,
  policyLabelValue,
  pullSecretName,
  secretsPolicyName,
  servicePolicyName,
} from '../domain/names';
import { done, waitFor, type StageResult } from '../domain/operation';
import { listWorks, PERMANENT_ID, readBinding } from '../karmada/binding';
import {
  buildOverridePolicy,
  buildPropagationPolicy,
  type ClusterOverride,
  type Selected,
} from '../karmada/policy';
import { buildHostConf, instanceLabels, namespaceOf, ownerOf } from '../karmada/template';
import { KINDS, metadataSchema, type Kind, type Manifest } from '../kube/object';
import { annotateInstance, loadInstance, type ActivityContext, type InstanceInput } from './context';
import { describeWish } from './instance-marks';
import { findForeignObject } from './ownership';
import { findLayoutFault, readLayout, type Layout } from './layout';
import { sweepLeftovers } from './leftovers';
import { keepRetired, overrideRules, revisionOf } from './override-rules';
import { digestPodParts } from './pod-parts';
import { digestReferences, resolveReferences, type References } from './references';
import { buildTemplates, findRefusedTemplate, ordinalsOf, type Template } from './templates';

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
  const foreign = await findForeignObject(context, cr, layout);
  if (foreign !== undefined) return waitFor(foreign);
  const templates = buildTemplates(cr, layout, resolved.references);
  const suspended = await isFirstDispatch(context, cr);
  const refused = await findRefusedTemplate(context, templates);
  if (refused !== undefined) return waitFor(refused);
  heartbeat('override');
  const rules = overrideRules(layout);
  const before = keepRetired(rules, layout);
  await applyOverride(context, cr, before);
  await applyPolicies(context, cr, layout, resolved.references, suspended);
  heartbeat('templates');
  await applyTemplates(context, cr, templates);
  // Of a cluster that is dropped the Work goes, of the others it comes.
  const staying = before.filter((one) => rules.some((rule) => rule.cluster === one.cluster));
  const missing = await awaitWorks(context, cr, staying);
  if (missing !== undefined) return waitFor({ code: 'Dispatching', message: missing });
  if (suspended) await applyMongoDBPolicy(context, cr, layout, false);
  if (JSON.stringify(before) !== JSON.stringify(rules)) {
    const left = await sweepLeftovers(context, cr, layout);
    if (left !== undefined) return waitFor({ code: 'Removing', message: left });
    await applyOverride(context, cr, rules);
  }
  await annotateInstance(context, cr, {
    [ANNOTATIONS.appliedSpec]: describeWish(cr, digestReferences(resolved.references)),
    [ANNOTATIONS.appliedPods]: digestPodParts(cr, resolved.references),
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
  const manifest = buildOverridePolicy({
    namespace: namespaceOf(cr),
    name: cr.metadata.name,
    labels: instanceLabels(cr),
    owner: ownerOf(cr),
    rules,
    revisionAnnotation: ANNOTATIONS.overrideRevision,
    revisionOf,
  });
  await apply(context, KINDS.overridePolicy, manifest);
}

/** Members get nothing before every Work was seen; afterwards a change must not freeze what runs. */
async function isFirstDispatch(context: ActivityContext, cr: MultiCloudMongoDB): Promise<boolean> {
  const ref = { kind: KINDS.propagationPolicy, namespace: namespaceOf(cr), name: cr.metadata.name };
  const policy = await context.karmada.get(ref, propagationPolicySchema);
  return policy === undefined || policy.spec.suspension?.dispatching === true;
}

async function applyPolicies(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  references: References,
  suspended: boolean,
): Promise<void> {
  const { name } = cr.metadata;
  await applyMongoDBPolicy(context, cr, layout, suspended);
  const clusters = clustersOf(layout);
  const secrets: Selected[] = [
    { kind: KINDS.secret, name: authSecretName(name) },
    ...(references.dockerConfigJson === undefined
      ? []
      : [{ kind: KINDS.secret, name: pullSecretName(name) }]),
  ];
  await applyPolicy(context, cr, secretsPolicyName(name), LABELS.secretsPolicy, secrets, clusters);
  await applyPolicy(
    context,
    cr,
    hostConfPolicyName(name),
    LABELS.configMapPolicy,
    [{ kind: KINDS.configMap, name: hostConfName(name) }],
    clusters,
  );
  if (references.mongodYaml !== undefined) {
    const selected = [{ kind: KINDS.configMap, name: configMapName(name) }];
    await applyPolicy(
      context,
      cr,
      customConfigPolicyName(name),
      LABELS.customConfigPolicy,
      selected,
      clusters,
    );
  }
  for (const ordinal of ordinalsOf(layout)) {
    const holders = [...layout.members, ...layout.leaving]
      .filter((member) => member.ordinal === ordinal)
      .map((member) => member.cluster);
    const selected = [{ kind: KINDS.service, name: memberName(name, ordinal) }];
    await applyPolicy(context, cr, servicePolicyName(name, ordinal), LABELS.servicePolicy, selected, holders);
  }
}

/** Where members are, or still are. */
const clustersOf = (layout: Layout): string[] => [
  ...new Set([...layout.shares, ...layout.leaving].map(({ cluster }) => cluster)),
];

async function applyMongoDBPolicy(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  layout: Layout,
  suspended: boolean,
): Promise<void> {
  const manifest = buildPropagationPolicy({
    namespace: namespaceOf(cr),
    name: cr.metadata.name,
    labels: instanceLabels(cr),
    owner: ownerOf(cr),
    selects: [{ kind: KINDS.mongoDB, name: cr.metadata.name }],
    clusters: clustersOf(layout),
    suspended,
    preserve: true,
  });
  await apply(context, KINDS.propagationPolicy, manifest);
}

async function applyPolicy(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  name: string,
  purpose: string,
  selects: readonly Selected[],
  clusters: readonly string[],
): Promise<void> {
  const manifest = buildPropagationPolicy({
    namespace: namespaceOf(cr),
    name,
    labels: { ...instanceLabels(cr), [purpose]: policyLabelValue(cr.metadata.name, purpose) },
    owner: ownerOf(cr),
    selects,
    clusters,
    suspended: false,
    preserve: true,
  });
  await apply(context, KINDS.propagationPolicy, manifest);
}

async function applyTemplates(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  templates: readonly Template[],
): Promise<void> {
  const isService = ({ kind }: Template): boolean => kind === KINDS.service;
  for (const { kind, manifest } of templates.filter(isService)) await apply(context, kind, manifest);
  // Addresses are known once the Services have their NodePorts.
  const hosts = await readLayout(context, cr);
  if (hosts.done) await apply(context, KINDS.configMap, buildHostConf(cr, hostConfOf(hosts.value)));
  for (const { kind, manifest } of templates.filter((one) => !isService(one)))
    await apply(context, kind, manifest);
}

function hostConfOf(layout: Layout): { datas: string[]; arbiters: string[] } {
  const known = layout.members.flatMap((member) =>
    member.host === undefined ? [] : [{ ...member, host: member.host }],
  );
  return {
    datas: known.filter((member) => member.ordinal !== 'arbiter').map((member) => member.host),
    arbiters: known.filter((member) => member.ordinal === 'arbiter').map((member) => member.host),
  };
}

async function apply(context: ActivityContext, kind: Kind, manifest: Manifest): Promise<void> {
  // Forced: ownership was proven before, and only our own fields are in the manifest.
  await context.karmada.apply(kind, manifest, { fieldManager: FIELD_MANAGER, force: true });
}

/** Undefined once every cluster's Work carries this override; else what is missing. */
async function awaitWorks(
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
