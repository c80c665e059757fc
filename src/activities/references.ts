import { z } from 'zod';
import type { MultiCloudMongoDB } from '../api/multicloudmongodb';
import { resolveImage } from '../domain/image';
import type { Wait } from '../domain/instance';
import { done, waitFor, type StageResult } from '../domain/operation';
import { namespaceOf } from '../karmada/template';
import { KINDS, metadataSchema } from '../kube/object';
import { loadInstance, type ActivityContext, type InstanceInput } from './context';
import { makeDockerConfig, secretSchema, type Secret } from './pull-secret';

const CONFIG_KEY = 'mongod.yaml';

const configMapSchema = z.looseObject({
  metadata: metadataSchema,
  data: z.record(z.string(), z.string()).default({}),
});

/** What a custom resource refers to, read. Values never leave the activity that read them. */
export interface References {
  readonly image: string;
  readonly replaced: boolean;
  readonly mongodYaml?: string | undefined;
  /** base64 of a dockerconfigjson */
  readonly dockerConfigJson?: string | undefined;
  readonly rootPassword?: string | undefined;
}

type Resolved =
  { readonly ok: true; readonly references: References } | { readonly ok: false; readonly wait: Wait };

/** Reads everything that the custom resource refers to; the first thing missing is the reason to wait. */
export async function resolveReferences(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Resolved> {
  const { spec } = cr;
  const image = resolveImage(spec.imageSetting.image, context.imageReplacements);
  if (image.outcome === 'refused') return missing('SpecRefused', `spec.imageSetting.image: ${image.message}`);

  const config = await readConfig(context, cr);
  if ('wait' in config) return { ok: false, wait: config.wait };
  const pull = await readPullSecret(context, cr, image.image);
  if ('wait' in pull) return { ok: false, wait: pull.wait };
  const password = await readRootPassword(context, cr);
  if ('wait' in password) return { ok: false, wait: password.wait };
  return {
    ok: true,
    references: {
      image: image.image,
      replaced: image.replaced !== undefined,
      mongodYaml: config.value,
      dockerConfigJson: pull.value,
      rootPassword: password.value,
    },
  };
}

type Reading = { readonly value: string | undefined } | { readonly wait: Wait };

async function readConfig(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Reading> {
  const name = cr.spec.config.configRef;
  if (name === undefined || name === '') return { value: undefined };
  const namespace = namespaceOf(cr);
  const map = await context.karmada.get({ kind: KINDS.configMap, namespace, name }, configMapSchema);
  const text = map?.data[CONFIG_KEY];
  if (text !== undefined) return { value: text };
  const what =
    map === undefined
      ? `ConfigMap ${namespace}/${name} does not exist`
      : `ConfigMap ${namespace}/${name} has no key ${CONFIG_KEY}`;
  return wait(
    'ConfigMapMissing',
    `spec.config.configRef: ${what}. Create it with the key ${CONFIG_KEY}, or remove configRef.`,
  );
}

async function readPullSecret(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  image: string,
): Promise<Reading> {
  const asked = cr.spec.imageSetting.imagePullSecret;
  if (asked === undefined || asked === '') return { value: undefined };
  if (typeof asked !== 'string') {
    const { user, passwd } = asked;
    if (user === undefined && passwd === undefined) return { value: undefined };
    if (user === undefined || passwd === undefined) {
      return wait(
        'SpecRefused',
        'spec.imageSetting.imagePullSecret: give both user and passwd, or the name of a Secret.',
      );
    }
    return { value: makeDockerConfig(image, user, passwd) };
  }
  const secret = await readSecret(context, cr, asked);
  const value = secret?.data['.dockerconfigjson'];
  if (value !== undefined) return { value };
  const where = `${namespaceOf(cr)}/${asked}`;
  const what =
    secret === undefined ? `Secret ${where} does not exist` : `Secret ${where} has no key .dockerconfigjson`;
  return wait(
    'SecretMissing',
    `spec.imageSetting.imagePullSecret: ${what}. Create it with kubectl create secret docker-registry.`,
  );
}

async function readRootPassword(context: ActivityContext, cr: MultiCloudMongoDB): Promise<Reading> {
  const { rootPasswd, rootPasswdSecretRef } = cr.spec.auth;
  if (rootPasswdSecretRef === undefined) return { value: rootPasswd };
  const secret = await readSecret(context, cr, rootPasswdSecretRef.name);
  const encoded = secret?.data[rootPasswdSecretRef.key];
  if (encoded !== undefined && encoded !== '')
    return { value: Buffer.from(encoded, 'base64').toString('utf8') };
  const where = `${namespaceOf(cr)}/${rootPasswdSecretRef.name}`;
  const what =
    secret === undefined
      ? `Secret ${where} does not exist`
      : `Secret ${where} has no value under key ${rootPasswdSecretRef.key}`;
  return wait(
    'SecretMissing',
    `spec.auth.rootPasswdSecretRef: ${what}. Create it, or correct the reference.`,
  );
}

export function readSecret(
  context: ActivityContext,
  cr: MultiCloudMongoDB,
  name: string,
): Promise<Secret | undefined> {
  return context.karmada.get({ kind: KINDS.secret, namespace: namespaceOf(cr), name }, secretSchema);
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
