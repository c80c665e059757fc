import { readPullSecretWish } from '../api/pull-secret';
import { resolveImage, type ImageReplacement } from '../domain/image';
import { isIPv6 } from '../domain/address';
import { isFedStateError } from '../domain/errors';
import { authSecretName, fnv1a32 } from '../domain/names';
import { bytes } from '../domain/quantity';
import type { Kube } from '../kube/client';
import { KINDS } from '../kube/object';
import { memoryBytesOf, mergeMongodConfig } from '../mongodb/mongod-config';
import { readKeys } from '../mongodb/keyfile';
import { findPasswordFault } from '../mongodb/password';
import { vipOf } from './addresses';
import { DEFAULT_CONFIG_TEXT, isDefaultConfigName } from './build/config';
import type { Credentials } from './build/secret';
import type { MemberConfig } from './config';
import { isOurs, type Instance } from './instance';
import { configMapSchema, secretSchema } from './objects';

/** All that a member is made of, found and checked before anything is made. */
export interface ReadyInputs {
  readonly outcome: 'ready';
  readonly image: string;
  readonly replaced: ImageReplacement | undefined;
  readonly credentialsSecret: string;
  /** Undefined: Local mode makes them now. */
  readonly credentials: Credentials | undefined;
  readonly revisions: CredentialsRevisions;
  readonly pull:
    | { readonly kind: 'none' }
    | { readonly kind: 'named'; readonly name: string }
    | { readonly kind: 'login'; readonly username: string; readonly password: string };
  readonly mongodYaml: string;
  /** Digest of what customConfigRef holds; undefined: it names nothing. */
  readonly customConfigRevision: string | undefined;
  /** The well-known ConfigMap of defaults that is asked for and missing: made now. */
  readonly missingDefaultConfig: string | undefined;
  readonly ignored: readonly string[];
}

/** Revisions that the control plane gives its Secret: another one, and pods that hold the old content must be replaced. */
export interface CredentialsRevisions {
  readonly keyfile: string | undefined;
  readonly monitor: string | undefined;
}

export interface NotReady {
  /** `wait`: something will come. `refused`: the spec must change. */
  readonly outcome: 'wait' | 'refused';
  readonly reason: string;
  readonly message: string;
}

export type Inputs = ReadyInputs | NotReady;

const CREDENTIAL_KEYS = [
  'rootPassword',
  'clusterAdminPassword',
  'clusterMonitorPassword',
  'keyfile',
] as const;

const wait = (reason: string, message: string): NotReady => ({ outcome: 'wait', reason, message });
const refuse = (reason: string, message: string): NotReady => ({ outcome: 'refused', reason, message });

/** Reads what the spec refers to. Makes nothing. */
export async function gatherInputs(kube: Kube, config: MemberConfig, instance: Instance): Promise<Inputs> {
  const { spec } = instance;
  const bad = checkSpec(instance);
  if (bad !== undefined) return bad;
  const image = resolveImage(spec.image, config.imageReplacements);
  if (image.outcome === 'refused') return refuse('ImageRefused', image.message);
  const credentials = await readCredentials(kube, instance);
  if (credentials.outcome !== 'found') return credentials;
  const pull = await readPull(kube, instance);
  if ('outcome' in pull) return pull;
  const custom = await readCustomConfig(kube, instance);
  if ('outcome' in custom) return custom;
  const merged = mergeMongodConfig({
    custom:
      custom.text === undefined
        ? undefined
        : { source: `ConfigMap ${spec.customConfigRef ?? ''}`, text: custom.text },
    settings: spec.config ?? [],
    image: image.image,
    memoryBytes: memoryBytesOf(spec.resources),
    ipv6: isIPv6(vipOf(instance, config) ?? ''),
  });
  if (merged.outcome === 'refused') return refuse('ConfigRefused', merged.message);
  return {
    outcome: 'ready',
    image: image.image,
    replaced: image.replaced,
    credentialsSecret: credentials.name,
    credentials: credentials.value,
    revisions: credentials.revisions,
    pull,
    mongodYaml: merged.yaml,
    customConfigRevision: custom.text === undefined ? undefined : fnv1a32(custom.text),
    missingDefaultConfig: custom.missing,
    ignored: merged.ignored,
  };
}

function checkSpec({ spec }: Instance): NotReady | undefined {
  const { podSpec, dbUserSpec } = spec;
  const sizeFault = findSizeFault(spec);
  if (sizeFault !== undefined) return refuse('SpecRefused', sizeFault);
  const passwordFault = findPasswordFault(spec.rootPassword ?? '');
  if ((spec.rootPassword ?? '') !== '' && passwordFault !== undefined)
    return refuse('SpecRefused', `spec.rootPassword cannot be used, as ${passwordFault}.`);
  if (podSpec?.restartPolicy && podSpec.restartPolicy !== 'Always') {
    return refuse(
      'SpecRefused',
      `spec.podSpec.restartPolicy ${podSpec.restartPolicy}: a StatefulSet allows only Always. Take it out.`,
    );
  }
  if (dbUserSpec?.enable === true) {
    const missing = (['name', 'user', 'password'] as const).filter(
      (field) => (dbUserSpec[field] ?? '') === '',
    );
    if (missing.length > 0) {
      return refuse(
        'SpecRefused',
        `spec.dbUserSpec is enabled but has no ${missing.join(', ')}: set it, or set enable: false.`,
      );
    }
    const fault = findPasswordFault(dbUserSpec.password ?? '');
    if (fault !== undefined)
      return refuse('SpecRefused', `spec.dbUserSpec.password cannot be used, as ${fault}.`);
  }
  return undefined;
}

function findSizeFault({ resources, persistence }: Instance['spec']): string | undefined {
  try {
    memoryBytesOf(resources);
    bytes(persistence.storage);
    return undefined;
  } catch (error) {
    if (!isFedStateError(error, 'InvalidSpec')) throw error;
    return `spec.resources or spec.persistence.storage: ${error.message}`;
  }
}

type FoundCredentials =
  | {
      readonly outcome: 'found';
      readonly name: string;
      readonly value: Credentials | undefined;
      readonly revisions: CredentialsRevisions;
    }
  | NotReady;

async function readCredentials(kube: Kube, instance: Instance): Promise<FoundCredentials> {
  const { spec, namespace } = instance;
  const named = spec.credentialsSecretRef;
  if (named === undefined && spec.control === 'Federated') {
    return wait('CredentialsMissing', 'spec.credentialsSecretRef is not set: the control plane names it.');
  }
  const name = named ?? authSecretName(instance.name);
  const secret = await kube.get({ kind: KINDS.secret, namespace, name }, secretSchema);
  if (secret === undefined) {
    if (named === undefined)
      return {
        outcome: 'found',
        name,
        value: undefined,
        revisions: { keyfile: undefined, monitor: undefined },
      };
    return wait('CredentialsMissing', `Secret ${name} (spec.credentialsSecretRef) is not there: create it.`);
  }
  if (named === undefined && !isOurs(instance, secret.metadata)) {
    return refuse(
      'Conflict',
      `Secret ${name} exists and was not made for this object: name it in spec.credentialsSecretRef to use it, or remove it.`,
    );
  }
  const decode = (key: string): string => Buffer.from(secret.data[key] ?? '', 'base64').toString('utf8');
  const value = Object.fromEntries(CREDENTIAL_KEYS.map((key) => [key, decode(key)]));
  const missing = CREDENTIAL_KEYS.filter((key) => value[key] === '');
  if (missing.length > 0) {
    return wait('CredentialsIncomplete', `Secret ${name} has no ${missing.join(', ')}: add the keys.`);
  }
  for (const key of ['rootPassword', 'clusterAdminPassword', 'clusterMonitorPassword'] as const) {
    const fault = findPasswordFault(value[key] ?? '');
    if (fault !== undefined)
      return refuse('CredentialsRefused', `Secret ${name}, key ${key}, cannot be used, as ${fault}.`);
  }
  return {
    outcome: 'found',
    name,
    value: {
      rootPassword: value['rootPassword'] ?? '',
      clusterAdminPassword: value['clusterAdminPassword'] ?? '',
      clusterMonitorPassword: value['clusterMonitorPassword'] ?? '',
      // While keys are changed the file holds two, and every member takes the first.
      keyfile: readKeys(value['keyfile'] ?? '')[0],
    },
    revisions: {
      keyfile: decode('keyfileRevision') || undefined,
      monitor: decode('monitorRevision') || undefined,
    },
  };
}

async function readPull(kube: Kube, { spec, namespace }: Instance): Promise<ReadyInputs['pull'] | NotReady> {
  const wish = readPullSecretWish(spec.imagePullSecret, { user: 'username', password: 'password' });
  if (wish.kind === 'refused') return refuse('SpecRefused', `spec.imagePullSecret: ${wish.message}.`);
  if (wish.kind !== 'named') return wish;
  const { name } = wish;
  const secret = await kube.get({ kind: KINDS.secret, namespace, name }, secretSchema);
  if (secret === undefined) {
    return wait('PullSecretMissing', `Secret ${name} (spec.imagePullSecret) is not there: create it.`);
  }
  if (secret.type !== 'kubernetes.io/dockerconfigjson' && secret.type !== 'kubernetes.io/dockercfg') {
    return wait(
      'PullSecretInvalid',
      `Secret ${name} (spec.imagePullSecret) has type ${secret.type ?? 'Opaque'}: make it with kubectl create secret docker-registry.`,
    );
  }
  return wish;
}

async function readCustomConfig(
  kube: Kube,
  { spec, namespace }: Instance,
): Promise<{ text: string | undefined; missing: string | undefined } | NotReady> {
  const name = spec.customConfigRef;
  if (name === undefined || name === '') return { text: undefined, missing: undefined };
  const map = await kube.get({ kind: KINDS.configMap, namespace, name }, configMapSchema);
  if (map === undefined) {
    if (spec.control === 'Local' && isDefaultConfigName(name))
      return { text: DEFAULT_CONFIG_TEXT, missing: name };
    return wait('ConfigMapMissing', `ConfigMap ${name} (spec.customConfigRef) is not there: create it.`);
  }
  const text = map.data['mongod.yaml'];
  if (text === undefined) {
    return wait(
      'ConfigMapInvalid',
      `ConfigMap ${name} (spec.customConfigRef) has no key mongod.yaml: add it.`,
    );
  }
  return { text, missing: undefined };
}
