import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { isIPv6 } from '../domain/address';
import { ANNOTATIONS, LABELS } from '../domain/marks';
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
  type Ordinal,
} from '../domain/names';
import {
  buildOverridePolicy,
  buildPropagationPolicy,
  type ClusterOverride,
  type Selected,
} from '../karmada/policy';
import {
  buildConfigCopy,
  buildHostConf,
  buildMongoDBTemplate,
  buildPullSecret,
  buildServiceTemplate,
  instanceLabels,
  namespaceOf,
  ownerOf,
  type TemplateChoices,
} from '../karmada/template';
import { KINDS, type Kind, type Manifest } from '../kube/object';
import { affinityOfPods } from '../scheduler/pod-affinity';
import { knownPorts } from './known-ports';
import { suspendedClusters, type Layout } from './layout';
import { revisionOf } from './override-rules';
import type { References } from './references';

/** One object of an instance as it should stand on Karmada. */
export interface Built {
  readonly kind: Kind;
  readonly manifest: Manifest;
}

export function buildOverride(cr: MultiCloudMongoDB, rules: readonly ClusterOverride[]): Built {
  const manifest = buildOverridePolicy({
    namespace: namespaceOf(cr),
    name: cr.metadata.name,
    labels: instanceLabels(cr),
    owner: ownerOf(cr),
    rules,
    revisionAnnotation: ANNOTATIONS.overrideRevision,
    revisionOf,
  });
  return { kind: KINDS.overridePolicy, manifest };
}

/** The policy of the MongoDB itself: only this one is ever held back. */
export function buildMongoDBPolicy(cr: MultiCloudMongoDB, layout: Layout, suspended: boolean): Built {
  const manifest = buildPropagationPolicy({
    namespace: namespaceOf(cr),
    name: cr.metadata.name,
    labels: instanceLabels(cr),
    owner: ownerOf(cr),
    selects: [{ kind: KINDS.mongoDB, name: cr.metadata.name }],
    clusters: clustersOf(layout),
    suspended,
    fenced: suspendedClusters(layout),
    preserve: true,
  });
  return { kind: KINDS.propagationPolicy, manifest };
}

/** Policies of what the MongoDB needs beside it: Secrets, record of hosts, configuration, Services. */
export function buildCompanyPolicies(
  cr: MultiCloudMongoDB,
  layout: Layout,
  has: { readonly config: boolean; readonly pull: boolean },
): Built[] {
  const { name } = cr.metadata;
  const { fenced } = layout;
  const clusters = clustersOf(layout);
  const secrets: Selected[] = [
    { kind: KINDS.secret, name: authSecretName(name) },
    ...(has.pull ? [{ kind: KINDS.secret, name: pullSecretName(name) }] : []),
  ];
  const hostConf: Selected[] = [{ kind: KINDS.configMap, name: hostConfName(name) }];
  const config: Selected[] = [{ kind: KINDS.configMap, name: configMapName(name) }];
  return [
    policy(cr, secretsPolicyName(name), LABELS.secretsPolicy, secrets, clusters, fenced),
    policy(cr, hostConfPolicyName(name), LABELS.configMapPolicy, hostConf, clusters, fenced),
    ...(has.config
      ? [policy(cr, customConfigPolicyName(name), LABELS.customConfigPolicy, config, clusters, fenced)]
      : []),
    ...ordinalsOf(layout).map((ordinal) => {
      const service: Selected[] = [{ kind: KINDS.service, name: memberName(name, ordinal) }];
      const holders = holdersOf(layout, ordinal);
      return policy(cr, servicePolicyName(name, ordinal), LABELS.servicePolicy, service, holders, fenced);
    }),
  ];
}

function policy(
  cr: MultiCloudMongoDB,
  name: string,
  purpose: string,
  selects: readonly Selected[],
  clusters: readonly string[],
  fenced: readonly string[],
): Built {
  const manifest = buildPropagationPolicy({
    namespace: namespaceOf(cr),
    name,
    labels: { ...instanceLabels(cr), [purpose]: policyLabelValue(cr.metadata.name, purpose) },
    owner: ownerOf(cr),
    selects,
    clusters,
    suspended: false,
    fenced,
    preserve: true,
  });
  return { kind: KINDS.propagationPolicy, manifest };
}

export function buildServices(cr: MultiCloudMongoDB, layout: Layout): Built[] {
  const ipv6 = layout.shares.some((share) => isIPv6(share.vip));
  const ports = knownPorts(cr);
  return ordinalsOf(layout).map((ordinal) => ({
    kind: KINDS.service,
    manifest: buildServiceTemplate(cr, ordinal, { ipv6, nodePort: ports.get(ordinal) }),
  }));
}

/** The record of hosts; complete once every Service has its port. */
export function buildRecord(cr: MultiCloudMongoDB, layout: Layout): Built {
  const known = layout.members.flatMap(({ ordinal, host }) =>
    host === undefined ? [] : [{ ordinal, host }],
  );
  const hosts = {
    datas: known.filter(({ ordinal }) => ordinal !== 'arbiter').map(({ host }) => host),
    arbiters: known.filter(({ ordinal }) => ordinal === 'arbiter').map(({ host }) => host),
  };
  return { kind: KINDS.configMap, manifest: buildHostConf(cr, hosts) };
}

/** The template itself: what the spec says, whatever is in the objects that it refers to. */
export function buildMongoDB(
  cr: MultiCloudMongoDB,
  layout: Layout,
  choices: Omit<TemplateChoices, 'affinity'>,
): Built {
  const affinity = affinityOfPods(cr.spec.scheduler.affinity, layout.clusterLabels);
  return { kind: KINDS.mongoDB, manifest: buildMongoDBTemplate(cr, { ...choices, affinity }) };
}

/** Copies of what the spec refers to, so that no policy of ours selects an object of the user's. */
export function buildCopies(
  cr: MultiCloudMongoDB,
  references: Pick<References, 'mongodYaml' | 'dockerConfigJson'>,
): Built[] {
  const { mongodYaml, dockerConfigJson } = references;
  return [
    ...(mongodYaml === undefined
      ? []
      : [{ kind: KINDS.configMap, manifest: buildConfigCopy(cr, mongodYaml) }]),
    ...(dockerConfigJson === undefined
      ? []
      : [{ kind: KINDS.secret, manifest: buildPullSecret(cr, dockerConfigJson) }]),
  ];
}

/** One word for what a template asks for: tells whether it can be built again as it was, and whether it was taken up. */
export const digestOf = ({ manifest }: Built): string =>
  manifest.metadata.annotations?.[ANNOTATIONS.templateRevision] ?? '';

export const ordinalsOf = (layout: Layout): Ordinal[] => [
  ...new Set([...layout.members, ...layout.leaving].map((member) => member.ordinal)),
];

/** Clusters that hold a member of this ordinal. */
export const holdersOf = (layout: Layout, ordinal: Ordinal): string[] =>
  [...layout.members, ...layout.leaving]
    .filter((member) => member.ordinal === ordinal)
    .map((member) => member.cluster);

/** Where members are, or still are. */
const clustersOf = (layout: Layout): string[] => [
  ...new Set([...layout.shares, ...layout.leaving].map(({ cluster }) => cluster)),
];
