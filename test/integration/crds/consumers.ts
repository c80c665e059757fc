import { desiredMembers, findLayoutFault, type Layout } from '../../../src/activities/layout';
import {
  buildCompanyPolicies,
  buildCopies,
  buildMongoDB,
  buildMongoDBPolicy,
  buildOverride,
  buildRecord,
  buildServices,
  type Built,
} from '../../../src/activities/manifests';
import { overrideRules } from '../../../src/activities/override-rules';
import { makeDockerConfig, readPullSecretOf } from '../../../src/activities/pull-secret';
import { specWarnings } from '../../../src/activities/references';
import { requestOf } from '../../../src/activities/schedule-request';
import { findSpecFault } from '../../../src/activities/spec-fault';
import { composeStatus } from '../../../src/activities/status-document';
import type { MultiCloudMongoDB } from '../../../src/api/multicloudmongodb';
import { multiCloudMongoDBStatusSchema } from '../../../src/api/multicloudmongodb-status';
import { mongoDBStatusSchema, type MongoDB } from '../../../src/api/mongodb';
import { readPullSecretWish } from '../../../src/api/pull-secret';
import { readSchedulerResult } from '../../../src/api/scheduler-result';
import { joinHostPort } from '../../../src/domain/address';
import type { ClusterCapacity } from '../../../src/domain/capacity';
import { isFedStateError } from '../../../src/domain/errors';
import { resolveImage } from '../../../src/domain/image';
import { ANNOTATIONS } from '../../../src/domain/marks';
import type { Ordinal } from '../../../src/domain/names';
import { done, waitFor, type StageResult } from '../../../src/domain/operation';
import type { Placement } from '../../../src/domain/placement';
import { settingsOf } from '../../../src/karmada/template';
import { KINDS, type Kind, type Manifest } from '../../../src/kube/object';
import { buildMongodConfig } from '../../../src/member/build/config';
import { buildDisruptionBudget } from '../../../src/member/build/disruption-budget';
import { buildExporterSecret, buildServiceMonitor } from '../../../src/member/build/exporter';
import { buildAuthSecret, buildPullSecret } from '../../../src/member/build/secret';
import { buildExporterService, buildMemberService } from '../../../src/member/build/service';
import { buildStatefulSet } from '../../../src/member/build/stateful-set';
import { partsOf } from '../../../src/member/build-members';
import type { MemberConfig } from '../../../src/member/config';
import { noFindings } from '../../../src/member/findings';
import { readInstance } from '../../../src/member/instance';
import { sortMembers } from '../../../src/member/membership-set';
import { computeStatus } from '../../../src/member/status';
import { memoryBytesOf, mergeMongodConfig } from '../../../src/mongodb/mongod-config';
import { desiredFault } from '../../../src/planner/config-rules';
import { mongodbProfile } from '../../../src/scheduler/mongodb-profile';
import { placementOfResult } from '../../../src/scheduler/placement-of-result';
import { scheduleMembers } from '../../../src/scheduler/schedule';
import { clusterOf } from '../../unit/scheduler/states';

const VIPS: Readonly<Record<string, string>> = {
  east: '10.0.0.1',
  west: 'fd00::2',
  north: 'north.example.com',
};
const NOW = '2026-01-02T03:04:05Z';

const CLUSTERS: readonly ClusterCapacity[] = Object.entries(VIPS).map(([name, vip]) =>
  clusterOf(name, 40, { vip, region: name, zones: [`${name}-1`], labels: { tier: 'gold' } }),
);

/** What the control plane makes of a custom resource: every pure path, in the order of the stages. */
export interface Federated {
  /** Said before anything is made; then nothing is. */
  readonly fault: string | undefined;
  readonly objects: readonly Built[];
}

/** @throws FedStateError InvalidSpec at most, and nothing else */
export function consumeMultiCloud(cr: MultiCloudMongoDB): Federated {
  const placement = readAnnotation(cr);
  const status = composeStatus({
    cr,
    now: NOW,
    annotation: cr.metadata.annotations[ANNOTATIONS.schedulerResult],
    placement,
    reports: new Map(),
    health: undefined,
    progress: null,
    record: undefined,
    created: false,
    connectionString: undefined,
    warnings: specWarnings(cr),
    strayed: [],
    deviations: [],
    image: undefined,
  });
  multiCloudMongoDBStatusSchema.parse(status);
  const fault = findSpecFault(cr) ?? imageFault(cr) ?? configFault(cr) ?? pullSecretFault(cr);
  if (fault !== undefined) return { fault, objects: [] };
  const verdict = scheduleMembers(requestOf(cr, []), CLUSTERS, mongodbProfile);
  if (verdict.outcome === 'unschedulable') return { fault: verdict.message, objects: [] };
  const layout = layoutOf(verdict.placement);
  const wrong = findLayoutFault(cr, layout);
  if (wrong !== undefined) return { fault: wrong.message, objects: [] };
  const desired = desiredMembers(cr, layout);
  if (desiredFault(desired) !== undefined) throw new Error('a layout without fault has members with one');
  return { fault: undefined, objects: buildObjects(cr, layout) };
}

function readAnnotation(cr: MultiCloudMongoDB): StageResult<Placement> {
  try {
    const result = readSchedulerResult(cr.metadata.annotations[ANNOTATIONS.schedulerResult] ?? '');
    return done(placementOfResult(result, requestOf(cr, []), Object.keys(VIPS), mongodbProfile));
  } catch (error) {
    if (!isFedStateError(error, 'InvalidSpec')) throw error;
    return waitFor({ code: 'SchedulerResultInvalid', message: error.message });
  }
}

function imageFault(cr: MultiCloudMongoDB): string | undefined {
  const image = resolveImage(cr.spec.imageSetting.image, [{ from: 'mongo:3.6', to: 'mongo:4.2' }]);
  return image.outcome === 'refused' ? `spec.imageSetting.image: ${image.message}` : undefined;
}

function configFault(cr: MultiCloudMongoDB): string | undefined {
  const merged = mergeMongodConfig({
    custom: undefined,
    settings: settingsOf(cr),
    image: cr.spec.imageSetting.image,
    memoryBytes: memoryBytesOf(cr.spec.resource),
  });
  return merged.outcome === 'refused' ? `spec.config: ${merged.message}` : undefined;
}

function pullSecretFault(cr: MultiCloudMongoDB): string | undefined {
  const pull = readPullSecretOf(cr);
  return pull.kind === 'refused' ? `spec.imageSetting.imagePullSecret: ${pull.message}` : undefined;
}

function layoutOf(placement: Placement): Layout {
  const [first] = placement.members;
  return {
    shares: placement.shares.map((share) => ({
      cluster: share.cluster,
      vip: VIPS[share.cluster] ?? '',
      replicaset: share.replicaset,
      arbiter: share.arbiter === true,
    })),
    members: placement.members.map((member, index) => ({
      ...member,
      host: joinHostPort(VIPS[member.cluster] ?? '', 31000 + index),
    })),
    leaving: [],
    dispatched: [],
    seed: { cluster: first?.cluster ?? '', ordinal: 0 },
    survivesAnyCluster: placement.quorum.survivesAnyCluster,
    fenced: [],
    strayed: [],
    clusterLabels: new Set(['tier']),
  };
}

function buildObjects(cr: MultiCloudMongoDB, layout: Layout): Built[] {
  const pull = readPullSecretOf(cr);
  const has = { config: true, pull: pull.kind === 'login' };
  // Their kinds are Karmada's: only that they can be made is seen here.
  JSON.stringify([
    buildOverride(cr, overrideRules(layout)),
    buildMongoDBPolicy(cr, layout, true),
    ...buildCompanyPolicies(cr, layout, has),
  ]);
  return [
    ...buildServices(cr, layout),
    ...buildCopies(cr, {
      mongodYaml: 'net: {}',
      dockerConfigJson:
        pull.kind === 'login' ? makeDockerConfig('mongo:4.2', pull.username, pull.password) : undefined,
    }),
    buildMongoDB(cr, layout, { image: 'mongo:4.2', hasConfig: true, hasPullSecret: has.pull }),
    buildRecord(cr, layout),
  ];
}

const CONFIG: MemberConfig = {
  fedstateImage: 'fedstate:1',
  exporterImage: 'exporter:1',
  imageReplacements: [],
  vip: 'fd00::9',
  leaseNamespace: 'fedstate-system',
  identity: 'test',
};

/** Every object that the member manager makes of a MongoDB; none when its configuration is refused. */
export function consumeMongoDB(
  mongoDB: MongoDB,
): readonly { readonly kind: Kind; readonly manifest: Manifest }[] {
  const instance = readInstance(mongoDB);
  const { spec } = instance;
  const snapshot = {
    statefulSets: new Map(),
    pods: new Map(),
    claims: new Map(),
    services: new Map(),
    configMaps: [],
  };
  const members = sortMembers(spec, [0, 'arbiter']);
  mongoDBStatusSchema.parse(computeStatus(instance, snapshot, noFindings(members), NOW));
  const merged = mergeMongodConfig({
    custom: undefined,
    settings: spec.config ?? [],
    image: spec.image,
    memoryBytes: memoryBytesOf(spec.resources),
    ipv6: true,
  });
  if (merged.outcome === 'refused') return [];
  const wish = readPullSecretWish(spec.imagePullSecret, { user: 'username', password: 'password' });
  const parts = partsOf({ config: CONFIG }, instance, {
    outcome: 'ready',
    image: spec.image,
    replaced: undefined,
    credentialsSecret: spec.credentialsSecretRef ?? 'orders-auth',
    credentials: undefined,
    pull: wish.kind === 'refused' ? { kind: 'none' } : wish,
    mongodYaml: merged.yaml,
    customConfigRevision: undefined,
    missingDefaultConfig: undefined,
    revisions: { keyfile: undefined, monitor: undefined },
    ignored: merged.ignored,
  });
  const ordinals: readonly Ordinal[] = [0, 49, 'arbiter'];
  JSON.stringify(buildServiceMonitor(instance));
  return [
    { kind: KINDS.configMap, manifest: buildMongodConfig(instance, merged.yaml) },
    { kind: KINDS.secret, manifest: buildAuthSecret(instance, (bytes) => 'a'.repeat(bytes)) },
    { kind: KINDS.secret, manifest: buildExporterSecret(instance, spec.rootPassword ?? '') },
    ...(wish.kind === 'login'
      ? [{ kind: KINDS.secret, manifest: buildPullSecret(instance, wish, spec.image) }]
      : []),
    { kind: KINDS.podDisruptionBudget, manifest: buildDisruptionBudget(instance) },
    ...ordinals.flatMap((ordinal) => [
      { kind: KINDS.service, manifest: buildMemberService(instance, ordinal, true) },
      { kind: KINDS.service, manifest: buildExporterService(instance, ordinal) },
      { kind: KINDS.statefulSet, manifest: buildStatefulSet(instance, ordinal, parts).manifest },
    ]),
  ];
}
