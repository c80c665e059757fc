import { posix } from 'node:path';
import type { MongoDBSpec } from '../../api/mongodb';
import { ANNOTATIONS, LABELS } from '../../domain/marks';
import { claimTemplateName, EXPORTER_PORT, MONGO_PORT, type Ordinal } from '../../domain/names';
import { MONGOD_PATHS } from '../../mongodb/mongod-paths';
import { digestOf } from '../digest';
import { memberLabels, type Instance } from '../instance';

/** Everything a member's pod is made of besides the spec, already found and checked. */
export interface MemberParts {
  /** After `images.replace`. */
  readonly image: string;
  readonly imagePullPolicy: 'Always' | 'IfNotPresent' | 'Never';
  readonly pullSecret: string | undefined;
  readonly credentialsSecret: string;
  /** Revisions of the keyfile, and of the password that exporters have: pods take both at their start only. */
  readonly credentialsRevision?: {
    readonly keyfile: string | undefined;
    readonly monitor: string | undefined;
  };
  /** ConfigMap with the merged `mongod.yaml`. */
  readonly mongodConfig: string;
  readonly fedstateImage: string;
  /** Absent: no exporter. */
  readonly exporter: { readonly image: string; readonly secret: string } | undefined;
}

export interface PodTemplate {
  readonly metadata: {
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
  };
  readonly spec: Record<string, unknown>;
}

const CONFIG_PATH = '/etc/mongod';
const KEYFILE_SOURCE = '/etc/fedstate/auth';
const KEYFILE_PATH = posix.dirname(MONGOD_PATHS.keyfile);

/** Exporter resources when none are asked for (spec: webhook default). */
const EXPORTER_RESOURCES = {
  requests: { cpu: '50m', memory: '100Mi' },
  limits: { cpu: '50m', memory: '100Mi' },
};

const confined = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  capabilities: { drop: ['ALL'] },
};

/**
 * The pod template of one member with its hash. A new image of ours alone does not move the hash: an upgrade of the
 * manager must not restart databases.
 */
export function buildPodTemplate(
  instance: Instance,
  ordinal: Ordinal,
  parts: MemberParts,
): { template: PodTemplate; hash: string } {
  const spec = buildPodSpec(instance, ordinal, parts);
  const labels = memberLabels(instance, ordinal);
  const restart = instance.metadata.annotations[ANNOTATIONS.restart];
  const credentials = describeCredentials(ordinal, parts);
  const asked = {
    ...(restart === undefined ? {} : { [ANNOTATIONS.restart]: restart }),
    ...(credentials === undefined ? {} : { [ANNOTATIONS.credentialsRevision]: credentials }),
  };
  const bare = buildPodSpec(instance, ordinal, { ...parts, fedstateImage: '' });
  const hash = digestOf({
    labels,
    ...(restart === undefined ? {} : { restart }),
    ...(credentials === undefined ? {} : { credentials }),
    spec: bare,
  });
  return {
    hash,
    template: { metadata: { labels, annotations: { [ANNOTATIONS.templateHash]: hash, ...asked } }, spec },
  };
}

/** Undefined: nothing was rotated that this pod has. An arbiter holds no users, so that its exporter has no password. */
function describeCredentials(
  ordinal: Ordinal,
  { credentialsRevision, exporter }: MemberParts,
): string | undefined {
  const keyfile = credentialsRevision?.keyfile;
  const monitor = exporter === undefined || ordinal === 'arbiter' ? undefined : credentialsRevision?.monitor;
  return keyfile === undefined && monitor === undefined ? undefined : `${keyfile ?? '0'}/${monitor ?? '0'}`;
}

function buildPodSpec(instance: Instance, ordinal: Ordinal, parts: MemberParts): Record<string, unknown> {
  const { podSpec, resources, metricsExporterSpec } = instance.spec;
  return {
    terminationGracePeriodSeconds: 60,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: buildSecurityContext(podSpec?.securityContext),
    ...(parts.pullSecret === undefined ? {} : { imagePullSecrets: [{ name: parts.pullSecret }] }),
    ...(podSpec?.nodeSelector ? { nodeSelector: podSpec.nodeSelector } : {}),
    ...(podSpec?.tolerations ? { tolerations: podSpec.tolerations } : {}),
    affinity: buildAffinity(instance, podSpec?.affinity),
    ...buildSpread(instance, podSpec?.topologySpreadConstraints),
    initContainers: [buildPrepareContainer(instance, parts)],
    containers: [
      {
        name: 'mongo',
        image: parts.image,
        imagePullPolicy: parts.imagePullPolicy,
        command: ['mongod', '--config', `${CONFIG_PATH}/mongod.yaml`],
        // A mongod that dies says why in its last lines: they stand in the member's status then.
        terminationMessagePolicy: 'FallbackToLogsOnError',
        ports: [{ name: 'mongo', containerPort: MONGO_PORT, protocol: 'TCP' }],
        resources,
        securityContext: confined,
        // The delay spares a kubelet the warning that a mongod which is still starting does not listen.
        startupProbe: tcpProbe({ initialDelaySeconds: 2, periodSeconds: 2, failureThreshold: 900 }),
        readinessProbe: tcpProbe({ periodSeconds: 5, failureThreshold: 3 }),
        // A mongod under load answers late: only one that is silent for three minutes is restarted.
        livenessProbe: tcpProbe({ periodSeconds: 20, failureThreshold: 9 }),
        volumeMounts: [
          { name: claimTemplateName(instance.instanceUid), mountPath: MONGOD_PATHS.data },
          { name: 'config', mountPath: CONFIG_PATH, readOnly: true },
          { name: 'keyfile', mountPath: KEYFILE_PATH, readOnly: true },
          { name: 'tmp', mountPath: '/tmp' },
        ],
      },
      ...(parts.exporter === undefined
        ? []
        : [buildExporterContainer(ordinal, parts.exporter, parts, metricsExporterSpec)]),
    ],
    volumes: [
      { name: 'config', configMap: { name: parts.mongodConfig } },
      {
        name: 'auth',
        secret: {
          secretName: parts.credentialsSecret,
          items: [{ key: 'keyfile', path: 'keyfile' }],
        },
      },
      { name: 'keyfile', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
      { name: 'tmp', emptyDir: {} },
    ],
  };
}

// A Secret volume with fsGroup has mode 0440, which mongod refuses: the copy has 0400 and mongod's own uid.
function buildPrepareContainer(instance: Instance, parts: MemberParts): Record<string, unknown> {
  return {
    name: 'prepare',
    image: parts.fedstateImage,
    imagePullPolicy: parts.imagePullPolicy === 'Never' ? 'Never' : 'IfNotPresent',
    command: [
      'node',
      '/app/prepare.js',
      `${KEYFILE_SOURCE}/keyfile`,
      MONGOD_PATHS.keyfile,
      MONGOD_PATHS.data,
    ],
    terminationMessagePolicy: 'FallbackToLogsOnError',
    resources: { requests: { cpu: '10m', memory: '32Mi' }, limits: { memory: '128Mi' } },
    securityContext: confined,
    volumeMounts: [
      { name: 'auth', mountPath: KEYFILE_SOURCE, readOnly: true },
      { name: 'keyfile', mountPath: KEYFILE_PATH },
      { name: claimTemplateName(instance.instanceUid), mountPath: MONGOD_PATHS.data },
    ],
  };
}

function buildExporterContainer(
  ordinal: Ordinal,
  exporter: { readonly image: string; readonly secret: string },
  parts: MemberParts,
  spec: MongoDBSpec['metricsExporterSpec'],
): Record<string, unknown> {
  return {
    name: 'metrics-exporter',
    image: exporter.image,
    imagePullPolicy: parts.imagePullPolicy === 'Always' ? 'IfNotPresent' : parts.imagePullPolicy,
    ports: [{ name: 'metrics', containerPort: EXPORTER_PORT, protocol: 'TCP' }],
    env: [
      {
        name: 'MONGODB_URI',
        valueFrom: {
          secretKeyRef: { name: exporter.secret, key: ordinal === 'arbiter' ? 'arbiter-uri' : 'uri' },
        },
      },
    ],
    resources: spec.resources ?? EXPORTER_RESOURCES,
    securityContext: confined,
    volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
  };
}

const tcpProbe = (times: {
  initialDelaySeconds?: number;
  periodSeconds: number;
  failureThreshold: number;
}): Record<string, unknown> => ({
  tcpSocket: { port: 'mongo' },
  timeoutSeconds: 5,
  ...times,
});

/** Ours under the user's: what the object says wins, field by field. */
export function buildSecurityContext(
  asked: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> {
  const merged: Record<string, unknown> = {
    runAsNonRoot: true,
    runAsUser: 999,
    runAsGroup: 999,
    fsGroup: 999,
    fsGroupChangePolicy: 'OnRootMismatch',
    seccompProfile: { type: 'RuntimeDefault' },
    ...asked,
  };
  // Root was asked for by number: our own default must not make the kubelet refuse it.
  if (asked?.['runAsUser'] === 0 && asked['runAsNonRoot'] === undefined) delete merged['runAsNonRoot'];
  return merged;
}

/** Members of one instance keep off each other's nodes where they can; the user's rules stand beside ours. */
export function buildAffinity(
  instance: Pick<Instance, 'name'>,
  asked: Readonly<Record<string, unknown>> | null | undefined,
): Record<string, unknown> {
  const theirs = asRecord(asked?.['podAntiAffinity']);
  const theirPreferred = theirs['preferredDuringSchedulingIgnoredDuringExecution'];
  return {
    ...asked,
    podAntiAffinity: {
      ...theirs,
      preferredDuringSchedulingIgnoredDuringExecution: [
        ...(Array.isArray(theirPreferred) ? (theirPreferred as unknown[]) : []),
        {
          weight: 100,
          podAffinityTerm: {
            topologyKey: 'kubernetes.io/hostname',
            labelSelector: { matchLabels: { [LABELS.instance]: instance.name, [LABELS.role]: 'replset' } },
          },
        },
      ],
    },
  };
}

// A constraint without a selector counts no pods at all: it can only have meant this instance's.
function buildSpread(
  instance: Instance,
  asked: readonly Readonly<Record<string, unknown>>[] | null | undefined,
): Record<string, unknown> {
  if (!asked || asked.length === 0) return {};
  return {
    topologySpreadConstraints: asked.map((constraint) => ({
      labelSelector: { matchLabels: { [LABELS.instance]: instance.name, [LABELS.role]: 'replset' } },
      ...constraint,
    })),
  };
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
