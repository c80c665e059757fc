import { randomBytes } from 'node:crypto';
import { isIPv6 } from '../domain/address';
import { ANNOTATIONS } from '../domain/marks';
import { isFedStateError, messageOf } from '../domain/errors';
import {
  claimName,
  exporterName,
  exporterServiceName,
  memberName,
  podName,
  type Ordinal,
} from '../domain/names';
import { bytes } from '../domain/quantity';
import { KINDS, type Kind, type Manifest, type Metadata } from '../kube/object';
import { vipOf } from './addresses';
import { buildDefaultConfig, buildMongodConfig, isMongodConfig } from './build/config';
import { buildDisruptionBudget } from './build/disruption-budget';
import { buildExporterSecret, buildServiceMonitor } from './build/exporter';
import type { MemberParts } from './build/pod-template';
import { buildAuthSecret, buildPullSecret, type Credentials } from './build/secret';
import { buildExporterService, buildMemberService } from './build/service';
import { buildStatefulSet, claimSize, wrapTemplate } from './build/stateful-set';
import type { Snapshot } from './cluster-cache';
import type { MemberContext } from './context';
import type { ReadyInputs } from './inputs';
import { isOurs, type Instance } from './instance';
import { hasStarted } from './member-pods';
import type { WriteOutcome } from './object-writer';
import { decideTemplate, ranEver } from './rollout';

export interface BuildReport {
  readonly conflicts: string[];
  /** What the API server does not take, in its words. */
  readonly refusals: string[];
  readonly pendingTemplates: Ordinal[];
  readonly waits: string[];
  readonly notes: { type: string; message: string }[];
}

/** Local mode: what the object refers to and nobody but the manager makes. Made once, never overwritten. */
export async function makeLocalInputs(
  context: MemberContext,
  instance: Instance,
  inputs: ReadyInputs,
): Promise<void> {
  if (inputs.missingDefaultConfig !== undefined) {
    const name = inputs.missingDefaultConfig;
    await createOnce(context, KINDS.configMap, buildDefaultConfig(instance.namespace, name));
    context.tell(instance, 'Normal', 'DefaultConfigMade', 'Create', `ConfigMap ${name} with our defaults`);
  }
  if (inputs.credentials === undefined) {
    const random = (bytes: number): string => randomBytes(bytes).toString('base64');
    await createOnce(context, KINDS.secret, buildAuthSecret(instance, random));
    context.tell(instance, 'Normal', 'CredentialsMade', 'Create', `Secret ${inputs.credentialsSecret}`);
  }
}

async function createOnce({ kube }: MemberContext, kind: Kind, manifest: Manifest): Promise<void> {
  try {
    await kube.create(kind, manifest);
  } catch (error) {
    if (!isFedStateError(error, 'Conflict')) throw error;
  }
}

/**
 * Makes everything of the wanted members as it should be.
 * @param allowed ordinals that may take a new pod template now
 */
export async function buildMembers(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  request: {
    readonly wanted: readonly Ordinal[];
    readonly allowed: readonly Ordinal[];
    readonly inputs: ReadyInputs;
    readonly credentials: Credentials;
  },
): Promise<BuildReport> {
  const report: BuildReport = {
    conflicts: [],
    refusals: [],
    pendingTemplates: [],
    waits: [],
    notes: [],
  };
  const ensure = async (kind: Kind, manifest: Manifest): Promise<boolean> => {
    const outcome = await ensureTaken(context, instance, kind, manifest, report);
    const what = `${kind.kind} ${manifest.metadata.name}`;
    if (outcome === 'foreign') report.conflicts.push(what);
    if (outcome === 'leaving') report.waits.push(`${what} is still being deleted`);
    return outcome === 'kept' || outcome === 'written';
  };
  const { inputs, wanted } = request;
  const config = buildMongodConfig(instance, inputs.mongodYaml, snapshot.configMaps);
  const shared = [await ensure(KINDS.configMap, config)];
  if (inputs.pull.kind === 'login')
    shared.push(await ensure(KINDS.secret, buildPullSecret(instance, inputs.pull, inputs.image)));
  const exported = instance.spec.metricsExporterSpec.enable;
  const exporterSecret = buildExporterSecret(instance, request.credentials.clusterMonitorPassword);
  if (exported) shared.push(await ensure(KINDS.secret, exporterSecret));
  if (wanted.length > 0) await ensure(KINDS.podDisruptionBudget, buildDisruptionBudget(instance));
  // A pod that names an object which is not ours would start with somebody else's content.
  if (shared.includes(false)) return report;
  const parts = partsOf(context, instance, inputs, snapshot.configMaps);
  const ipv6 = isIPv6(vipOf(instance, context.config) ?? '');
  for (const ordinal of wanted) {
    if (instance.spec.control === 'Local')
      await ensure(KINDS.service, buildMemberService(instance, ordinal, ipv6));
    await buildMember(
      context,
      instance,
      snapshot,
      { ordinal, parts, allowed: request.allowed },
      report,
      ensure,
    );
    if (exported) await ensure(KINDS.service, buildExporterService(instance, ordinal));
  }
  if (exported && (await context.servesServiceMonitors()))
    await ensure(KINDS.serviceMonitor, buildServiceMonitor(instance));
  await dropUnused(context, instance, snapshot, { config: config.metadata.name, exported });
  return report;
}

/** Undefined when the API server refuses it: that goes into the report, as it would be refused in every pass. */
async function ensureTaken(
  context: MemberContext,
  instance: Instance,
  kind: Kind,
  manifest: Manifest,
  report: BuildReport,
): Promise<WriteOutcome | undefined> {
  try {
    return await context.writer.ensure(instance, kind, manifest);
  } catch (error) {
    if (!isFedStateError(error, 'InvalidSpec')) throw error;
    report.refusals.push(error.message);
    return undefined;
  }
}

/** What pods are made of, by the names that the objects will have. */
export function partsOf(
  { config }: Pick<MemberContext, 'config'>,
  instance: Instance,
  inputs: ReadyInputs,
  configMaps: readonly Metadata[] = [],
): MemberParts {
  return {
    image: inputs.image,
    imagePullPolicy: config.imagePullPolicy ?? instance.spec.imagePullPolicy,
    pullSecret: pullSecretOf(instance, inputs),
    credentialsSecret: inputs.credentialsSecret,
    credentialsRevision: inputs.revisions,
    mongodConfig: buildMongodConfig(instance, inputs.mongodYaml, configMaps).metadata.name,
    fedstateImage: config.fedstateImage,
    exporter: instance.spec.metricsExporterSpec.enable
      ? { image: config.exporterImage, secret: exporterName(instance.name) }
      : undefined,
  };
}

function pullSecretOf(instance: Instance, inputs: ReadyInputs): string | undefined {
  switch (inputs.pull.kind) {
    case 'none':
      return undefined;
    case 'named':
      return inputs.pull.name;
    case 'login':
      return buildPullSecret(instance, inputs.pull, inputs.image).metadata.name;
  }
}

async function buildMember(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  member: { readonly ordinal: Ordinal; readonly parts: MemberParts; readonly allowed: readonly Ordinal[] },
  report: BuildReport,
  ensure: (kind: Kind, manifest: Manifest) => Promise<boolean>,
): Promise<void> {
  const { ordinal, parts } = member;
  const statefulSet = snapshot.statefulSets.get(ordinal);
  const pod = snapshot.pods.get(ordinal);
  const name = memberName(instance.name, ordinal);
  const claimed = claimName(instance.name, instance.instanceUid, ordinal);
  const claim = snapshot.claims.get(ordinal)?.find(({ metadata }) => metadata.name === claimed);
  if (statefulSet === undefined && claim?.metadata.deletionTimestamp !== undefined) {
    report.waits.push(`claim ${claimed} of an earlier member is still being deleted`);
    return;
  }
  const storage =
    statefulSet?.spec.volumeClaimTemplates[0]?.spec.resources.requests['storage'] ??
    claimSize(instance, ordinal);
  const built = buildStatefulSet(instance, ordinal, parts, storage);
  const step = decideTemplate(
    ordinal,
    built.templateHash,
    member.allowed,
    statefulSet,
    pod,
    parts.fedstateImage,
  );
  if (step.kind === 'hold') {
    report.pendingTemplates.push(ordinal);
    if (statefulSet !== undefined && statefulSet.spec.replicas !== 1) {
      const held = statefulSet.metadata.annotations[ANNOTATIONS.templateHash] ?? '';
      await ensure(
        KINDS.statefulSet,
        wrapTemplate(instance, ordinal, statefulSet.spec.template, held, storage),
      );
    }
  } else {
    const ours = await ensure(KINDS.statefulSet, built.manifest);
    if (ours && statefulSet === undefined)
      context.tell(instance, 'Normal', 'MemberMade', 'Create', `StatefulSet ${name}`);
    if (step.pending) report.pendingTemplates.push(ordinal);
    if (ours && step.deleteUnstarted && pod !== undefined) {
      // It never ran mongod, so that nothing is lost: a StatefulSet would wait for it for ever.
      await context.deletePod(instance, podName(instance.name, ordinal), pod.metadata.uid);
    }
  }
  if (statefulSet !== undefined && isOurs(instance, statefulSet.metadata)) {
    if (hasStarted(pod) && !ranEver(statefulSet, undefined)) {
      await context.kube.mergePatch(
        { kind: KINDS.statefulSet, namespace: instance.namespace, name },
        { metadata: { uid: statefulSet.metadata.uid, annotations: { [ANNOTATIONS.memberStarted]: 'true' } } },
      );
    }
  }
  if (claim !== undefined) await growClaim(context, instance, ordinal, claim, report);
}

/** The claim template of a StatefulSet never changes: the claim itself is made bigger, where the class allows it. */
async function growClaim(
  context: MemberContext,
  instance: Instance,
  ordinal: Ordinal,
  claim: NonNullable<ReturnType<Snapshot['claims']['get']>>[number],
  report: BuildReport,
): Promise<void> {
  const asked = claimSize(instance, ordinal);
  const present = claim.spec.resources?.requests['storage'];
  if (present === undefined || claim.metadata.deletionTimestamp !== undefined) return;
  if (bytes(asked) <= bytes(present)) return;
  const name = claim.metadata.name;
  try {
    await context.kube.mergePatch(
      { kind: KINDS.persistentVolumeClaim, namespace: instance.namespace, name },
      { spec: { resources: { requests: { storage: asked } } } },
    );
    context.tell(instance, 'Normal', 'ClaimGrown', 'Resize', `${name}: ${present} to ${asked}`);
  } catch (error) {
    report.notes.push({
      type: 'ClaimResize',
      message: `${name} stays at ${present}: ${messageOf(error)}. Use a storage class with allowVolumeExpansion.`,
    });
  }
}

/** Files that no pod refers to any more, and the exporter's objects when it is switched off. */
async function dropUnused(
  context: MemberContext,
  instance: Instance,
  snapshot: Snapshot,
  inUse: { readonly config: string; readonly exported: boolean },
): Promise<void> {
  const { namespace } = instance;
  const templates = [...snapshot.statefulSets.values()].map(({ spec }) => JSON.stringify(spec.template));
  for (const metadata of snapshot.configMaps) {
    const { name } = metadata;
    if (name === inUse.config || !isMongodConfig(name) || !isOurs(instance, metadata)) continue;
    if (templates.some((text) => text.includes(`"${name}"`))) continue;
    await context.kube.delete({ kind: KINDS.configMap, namespace, name }, { uid: metadata.uid });
  }
  if (inUse.exported) return;
  for (const ordinal of snapshot.statefulSets.keys()) {
    const name = exporterServiceName(instance.name, ordinal);
    const metadata = context.cache.metadata(KINDS.service, namespace, name);
    if (metadata !== undefined && isOurs(instance, metadata))
      await context.kube.delete({ kind: KINDS.service, namespace, name }, { uid: metadata.uid });
  }
}
