import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { resolveImage } from '../domain/image';
import type { Wait } from '../domain/instance';
import { done, waitFor, type StageResult } from '../domain/operation';
import { namespaceOf, settingsOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { memoryBytesOf, mergeMongodConfig } from '../mongodb/mongod-config';
import { readApplicationUsers } from './application-users';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { makeDockerConfig, readPullSecretOf } from './pull-secret';
import { readPassword, readSecret } from './secret-value';
import { findSpecFault } from './spec-fault';

const CONFIG_KEY = 'mongod.yaml';
// A Work holds it as JSON, and etcd takes 1.5 MiB.
const MAX_CARRIED_BYTES = 1024 * 1024;

const configMapSchema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});

/** What a custom resource refers to, read. Values never leave the activity that read them. */
export interface References {
  readonly image: string;
  readonly replaced: boolean;
  readonly mongodYaml?: string | undefined;
  /** What members will run with: that file under the rest of `spec.config`, and ours. */
  readonly mergedYaml: string;
  /** base64 of a dockerconfigjson */
  readonly dockerConfigJson?: string | undefined;
  readonly rootPassword?: string | undefined;
  /** Versions of the Secrets that hold passwords. */
  readonly passwordVersions: readonly string[];
}

type Resolved =
  { readonly ok: true; readonly references: References } | { readonly ok: false; readonly wait: Wait };

/** Reads everything that the custom resource refers to; the first thing missing is the reason to wait. */
export async function resolveReferences(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Resolved> {
  const { spec } = cr;
  const fault = findSpecFault(cr);
  if (fault !== undefined) return missing('SpecRefused', fault);
  const image = resolveImage(spec.imageSetting.image, context.imageReplacements);
  if (image.outcome === 'refused') return missing('SpecRefused', `spec.imageSetting.image: ${image.message}`);

  const config = await readConfig(context, cr, image.image);
  if ('wait' in config) return { ok: false, wait: config.wait };
  const pull = await readPullSecret(context, cr, image.image);
  if ('wait' in pull) return { ok: false, wait: pull.wait };
  const password = await readRootPassword(context, cr);
  if ('wait' in password) return { ok: false, wait: password.wait };
  const users = await readApplicationUsers(context, cr);
  if ('wait' in users) return { ok: false, wait: users.wait };
  return {
    ok: true,
    references: {
      image: image.image,
      replaced: image.replaced !== undefined,
      mongodYaml: config.value,
      mergedYaml: config.merged,
      dockerConfigJson: pull.value,
      rootPassword: password.value,
      passwordVersions: [...(password.version === undefined ? [] : [password.version]), ...users.versions],
    },
  };
}

/** Changes with the content of what is carried to members. */
export function digestCarried({ image, mongodYaml, dockerConfigJson }: References): string {
  return digest([image, mongodYaml ?? null, dockerConfigJson ?? null]);
}

/**
 * Changes with all that the spec refers to. Of passwords nothing is in it but the versions of their Secrets: whoever reads
 * the record could try passwords against a digest.
 */
export function digestReferences(references: References): string {
  const carried = digestCarried(references);
  const { passwordVersions } = references;
  return passwordVersions.length === 0 ? carried : `${carried}.${digest(passwordVersions)}`;
}

const digest = (content: unknown): string =>
  createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 16);

type Reading =
  { readonly value: string | undefined; readonly version?: string | undefined } | { readonly wait: Wait };

type ConfigReading =
  { readonly value: string | undefined; readonly merged: string } | { readonly wait: Wait };

async function readConfig(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  image: string,
): Promise<ConfigReading> {
  const name = cr.spec.config.configRef;
  if (name === undefined || name === '') return judgeConfig(cr, image, undefined);
  const namespace = namespaceOf(cr);
  const map = await context.karmada.get({ kind: KINDS.configMap, namespace, name }, configMapSchema);
  const text = map?.data[CONFIG_KEY];
  if (text !== undefined) return judgeConfig(cr, image, { source: `ConfigMap ${namespace}/${name}`, text });
  const what =
    map === undefined
      ? `ConfigMap ${namespace}/${name} does not exist`
      : `ConfigMap ${namespace}/${name} has no key ${CONFIG_KEY}`;
  return wait(
    'ConfigMapMissing',
    `spec.config.configRef: ${what}. Create it with the key ${CONFIG_KEY}, or remove configRef.`,
  );
}

/** Merged as the members will, so that what they would refuse is told before anything is made. */
function judgeConfig(
  cr: MultiCloudMongoDB,
  image: string,
  custom: { readonly source: string; readonly text: string } | undefined,
): ConfigReading {
  const merged = mergeMongodConfig({
    custom,
    settings: settingsOf(cr),
    settingsField: 'spec.config.configSet',
    image,
    memoryBytes: memoryBytesOf(cr.spec.resource),
  });
  if (merged.outcome === 'refused') return wait('SpecRefused', `spec.config: ${merged.message}`);
  const carried = Buffer.byteLength(JSON.stringify(custom?.text ?? ''));
  return carried > MAX_CARRIED_BYTES
    ? wait(
        'SpecRefused',
        `spec.config.configRef: ${custom?.source ?? ''} has ${carried} bytes as JSON under key ${CONFIG_KEY}, ${MAX_CARRIED_BYTES} can be carried to members. Take comments out.`,
      )
    : { value: custom?.text, merged: merged.yaml };
}

async function readPullSecret(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  image: string,
): Promise<Reading> {
  const wish = readPullSecretOf(cr);
  switch (wish.kind) {
    case 'refused':
      return wait('SpecRefused', `spec.imageSetting.imagePullSecret: ${wish.message}.`);
    case 'none':
      return { value: undefined };
    case 'login':
      return { value: makeDockerConfig(image, wish.username, wish.password) };
    case 'named': {
      const secret = await readSecret(context, cr, wish.name);
      const value = secret?.data['.dockerconfigjson'];
      if (value !== undefined) return { value };
      const where = `${namespaceOf(cr)}/${wish.name}`;
      const what =
        secret === undefined
          ? `Secret ${where} does not exist`
          : `Secret ${where} has no key .dockerconfigjson`;
      return wait(
        'SecretMissing',
        `spec.imageSetting.imagePullSecret: ${what}. Create it with kubectl create secret docker-registry.`,
      );
    }
  }
}

async function readRootPassword(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Reading> {
  const { rootPasswd, rootPasswdSecretRef } = cr.spec.auth;
  if (rootPasswdSecretRef === undefined) return { value: rootPasswd };
  return readPassword(context, cr, 'spec.auth.rootPasswdSecretRef', rootPasswdSecretRef);
}

const missing = (code: Wait['code'], message: string): Resolved => ({ ok: false, wait: { code, message } });
const wait = (code: Wait['code'], message: string): { wait: Wait } => ({ wait: { code, message } });

export function createReferenceActivities(context: ActivityContext) {
  return {
    /** Done with the image that will run, once everything referred to is there. */
    async checkReferences({ instance }: InstanceInput): Promise<StageResult<string>> {
      const cr = await loadInstance(context, instance);
      const resolved = await resolveReferences(context, cr);
      if (!resolved.ok) return waitFor(resolved.wait);
      const { image, replaced } = resolved.references;
      if (replaced) {
        await context.events.record(cr, {
          type: 'Normal',
          reason: 'ImageReplaced',
          action: 'Create',
          note: `${cr.spec.imageSetting.image} is replaced by ${image} (images.replace).`,
        });
      }
      for (const warning of specWarnings(cr)) {
        await context.events.record(cr, {
          type: 'Warning',
          reason: 'SpecWarning',
          action: 'Create',
          note: warning,
        });
      }
      return done(replaced ? `image ${image} in place of ${cr.spec.imageSetting.image}` : `image ${image}`);
    },
  };
}

/** What is accepted but has no effect, or is not wise: said, never dropped silently. */
export function specWarnings(cr: MultiCloudMongoDB): string[] {
  const { spec } = cr;
  return [
    ...(spec.auth.rootPasswd === undefined
      ? []
      : [
          'spec.auth.rootPasswd is readable by whoever reads this object: use spec.auth.rootPasswdSecretRef.',
        ]),
    ...(spec.member.memberConfigRef === undefined
      ? []
      : [
          'spec.member.memberConfigRef has no effect: member addresses are computed; see ConfigMap N-hostconf.',
        ]),
  ];
}
